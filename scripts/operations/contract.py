"""The contract of an update, as the deployed function has it: the rules are the handler's own."""

import importlib.util
import os
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
    "ROW_RETENTION_DAYS": "0",
}
# The template's default of CriticalStatuses.
CRITICAL = "DELAYED,LOST,DAMAGED,EXCEPTION"


@dataclass(frozen=True)
class Identity:
    """What makes an update that update; event_ms: its event time in epoch milliseconds."""

    shipment: str
    event_ms: int
    update_id: str
    critical: bool = False


def broken_rule(envelope: Any) -> str:
    """Return the rule that an envelope's update breaks, with the field's name, or nothing."""
    try:
        handler().parse(envelope)
    except handler().Rejected as why:
        return str(why)
    return ""


def identity(envelope: Any, critical: str = CRITICAL) -> Identity | None:
    """Return an update's identity, or nothing if it breaks a rule.

    critical: the statuses that alert, separated by commas.
    """
    rules = handler(critical)
    try:
        fields, event_ms = rules.parse(envelope)
    except rules.Rejected:
        return None
    alerts = fields["status"] in rules.CRITICAL
    return Identity(fields["shipmentId"], event_ms, fields["updateId"], alerts)


def epoch_ms(text: str) -> int:
    """Return a time (ISO 8601 with zone) in epoch milliseconds; raise ValueError."""
    try:
        milliseconds: int = handler().epoch_ms({"time": text}, "time")
    except handler().Rejected as why:
        raise ValueError(str(why)) from None
    return milliseconds


def to_json(value: Any) -> str:
    """Return a value as compact ASCII JSON, in the very text that a row keeps."""
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
