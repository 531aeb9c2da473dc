"""The rules that an update must keep to: the handler's own code."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import boto3

from shipments.handler import load

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
    make_client = boto3.client
    try:
        boto3.client = lambda *_, **__: None
        return load({**SETTINGS, "CRITICAL_STATUSES": critical})
    finally:
        boto3.client = make_client
