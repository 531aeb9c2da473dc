"""Finds the rules on a stack's bus that get the same updates, such as another environment's."""

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shipments.errors import explain
from shipments.events import DETAIL_TYPE, SOURCE
from shipments.output import Output, number
from shipments.stack import Stack

MOST_TESTS = 50  # of patterns that only EventBridge can match; a bus has up to 300 rules
MOST_NAMES = 5  # in a warning
SAMPLE: dict[str, Any] = {
    "version": "0",
    "id": "00000000-0000-0000-0000-000000000000",
    "source": SOURCE,
    "detail-type": DETAIL_TYPE,
    "account": "123456789012",
    "time": "2026-01-01T00:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {"shipmentId": "SHIP-12345", "status": "IN_TRANSIT"},
}


def rules_that_match(stack: Stack) -> list[str]:
    """Return the names of the other enabled rules on the stack's bus that match an update.

    Rules that AWS manages are not among them: an archive has one. Raises ClientError if
    events:ListRules or, for a pattern that is not a plain one, events:TestEventPattern is denied.
    """
    events = stack.client("events")
    own = stack["ShipmentUpdateRuleArn"]
    matching, tests = [], 0
    for rule in _enabled(events, stack["EventBusName"]):
        if rule["Arn"] == own:
            continue
        matches = _by_hand(json.loads(rule["EventPattern"]))
        if matches is None and tests < MOST_TESTS:
            tests += 1
            matches = _by_eventbridge(events, rule["EventPattern"])
        if matches:
            matching.append(rule["Name"])
    return matching


def warn_of_other_rules(stack: Stack, output: Output) -> None:
    """Warn if other rules get the same updates, or that this cannot be known."""
    try:
        others = rules_that_match(stack)
    except (ClientError, BotoCoreError) as error:
        output.say(f"Whether other rules get the same updates is not known: {explain(error)}")
        return
    if others:
        names = ", ".join(others[:MOST_NAMES]) + (", ..." if others[MOST_NAMES:] else "")
        output.say(
            f"Warning: on bus {stack['EventBusName']} {number(len(others), 'other rule')} matches "
            f"the same updates: {names}. Use one bus per environment."
        )


def _enabled(events: Any, bus: str) -> Iterator[dict[str, Any]]:
    for page in events.get_paginator("list_rules").paginate(EventBusName=bus):
        for rule in page["Rules"]:
            managed = "ManagedBy" in rule
            if rule.get("State") != "DISABLED" and rule.get("EventPattern") and not managed:
                yield rule


def _by_hand(pattern: dict[str, Any]) -> bool | None:
    """Return whether a plain pattern matches an update, or None if EventBridge has to say."""
    for field in ("source", "detail-type"):
        wanted = pattern.get(field, [SAMPLE[field]])
        if not all(isinstance(value, str) for value in wanted):
            return None
        if SAMPLE[field] not in wanted:
            return False
    return True if pattern.keys() <= {"source", "detail-type"} else None


def _by_eventbridge(events: Any, pattern: str) -> bool:
    answer = events.test_event_pattern(EventPattern=pattern, Event=json.dumps(SAMPLE))
    return bool(answer["Result"])
