"""The contract of an update, as the deployed function has it: the rules are the handler's own."""

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import boto3

from scripts.embed import HANDLER

# What the handler reads as it starts. Its rules depend on none of it but the critical statuses.
SETTINGS = {
    "DYNAMODB_TABLE": "-",
    "SNS_TOPIC_ARN": "-",
    "FAILED_UPDATES_QUEUE_URL": "-",
    "ENVIRONMENT": "-",
    "RUNBOOK_URL": "-",
    "ROW_RETENTION_DAYS": "0",
}
# The template's default of CriticalStatuses.
CRITICAL = "DELAYED,DELAY,LOST,LOSS,DAMAGED,DAMAGE,EXCEPTION"
# An update with one of these unlike another's is another update (the handler's store).
SAME = ("updateId", "eventTime", "status", "location", "carrier")


@dataclass(frozen=True)
class Identity:
    """What makes an update that update.

    event_ms: its event time in epoch ms; attributes: those of SAME, as DynamoDB takes them.
    """

    shipment: str
    event_ms: int
    attributes: Mapping[str, Any]
    critical: bool = False


def broken_rule(envelope: Mapping[str, Any]) -> str:
    """Return the rule that an envelope's update breaks, with the field's name, or nothing."""
    rules = handler()
    try:
        rules.parse(envelope, rules.clock_ms())
    except rules.Rejected as error:
        return str(error.args[0])
    return ""


def identity(envelope: Any, critical: str = CRITICAL) -> Identity | None:
    """Return an update's identity, or nothing if it breaks a rule.

    critical: the stack's CriticalStatuses.
    """
    rules = handler(critical)
    if not isinstance(envelope, dict):
        return None
    try:
        update = rules.parse(envelope, rules.clock_ms())
    except rules.Rejected:
        return None
    row = rules.row(update, 0)
    attributes = {name: row[name] for name in SAME}
    alerts = rules.is_critical(update.status)
    return Identity(update.shipment_id, update.event_ms, attributes, alerts)


def epoch_ms(text: str) -> int:
    """Return a time (ISO 8601 with zone) in epoch milliseconds; raise ValueError."""
    milliseconds: int = handler().epoch_ms(text)
    return milliseconds


def to_json(value: Any) -> str:
    """Return a value as compact JSON, in the very text that a row keeps."""
    text: str = handler().to_json(value)
    return text


@cache
def handler(critical: str = CRITICAL) -> ModuleType:
    """Return the handler's module, which gets no client: only its rules are wanted here."""
    spec = importlib.util.spec_from_file_location("shipment_handler", HANDLER)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(HANDLER)
    module = importlib.util.module_from_spec(spec)
    before, make_client = dict(os.environ), boto3.client
    try:
        os.environ.update(SETTINGS, CRITICAL_STATUSES=critical)
        boto3.client = lambda *_, **__: None
        spec.loader.exec_module(module)
    finally:
        boto3.client = make_client
        for name in {*SETTINGS, "CRITICAL_STATUSES"} - before.keys():
            del os.environ[name]
        os.environ.update(before)
    return module
