"""Finds lines of the function's log: what it logged, and Lambda's reports of what it ended."""

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shipments.stack import Stack

OUTCOMES = ("stored", "duplicate", "rejected", "failed")
# Lambda's own reports of an invocation or a start that did not end by itself.
REPORTS = {"platform.report", "platform.initReport"}
UNSUCCESSFUL = ("timeout", "error", "failure")
PLAIN = re.compile(r"[\w.:/#-]+", re.ASCII)  # needs no escape in a pattern, where * is a wildcard


@dataclass(frozen=True)
class Entry:
    """A line of the log: when it was written (epoch ms), its outcome and its fields."""

    time_ms: int
    outcome: str
    fields: dict[str, Any]

    @property
    def why(self) -> str:
        """What a person needs to know of it besides the outcome."""
        fields = self.fields
        if "record" in fields:
            return f"Lambda reports: {fields['record']['status']}"
        probes = f"{fields['probes']} occupied places" if "probes" in fields else ""
        return str(fields.get("reason") or fields.get("error") or probes)


def find(  # noqa: PLR0913 - a condition each
    stack: Stack,
    since: datetime,
    *,
    outcomes: Iterable[str],
    shipment: str | None,
    limit: int,
    progress: Callable[[float], None],
) -> list[Entry]:
    """Return the newest entries, the newest last. No outcomes: any. progress: gets pages read."""
    wanted = set(outcomes) or set(OUTCOMES)
    found: deque[Entry] = deque(maxlen=limit)
    pages = (
        stack.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=stack["ShipmentProcessorLogGroupName"],
            startTime=int(since.timestamp() * 1000),
            filterPattern=pattern(wanted, shipment),
        )
    )
    for page in pages:
        found.extend(_entries(page["events"], wanted, shipment))
        progress(1)
    return sorted(found, key=lambda entry: entry.time_ms)


def pattern(outcomes: set[str], shipment: str | None) -> str:
    """Return the filter for CloudWatch. It may let more through: the emulator lets all through."""
    conditions = [f'$.outcome = "{outcome}"' for outcome in sorted(outcomes)]
    if shipment and PLAIN.fullmatch(shipment):
        return f'{{ ({" || ".join(conditions)}) && $.shipmentId = "{shipment}" }}'
    if "failed" in outcomes:
        conditions += [f'$.record.status = "{status}"' for status in UNSUCCESSFUL]
    return f"{{ {' || '.join(conditions)} }}"


def _entries(
    events: list[dict[str, Any]], outcomes: set[str], shipment: str | None
) -> Iterator[Entry]:
    for event in events:
        fields = _fields(event["message"])
        outcome = fields.get("outcome") or _ended(fields)
        if outcome in outcomes and shipment in {None, fields.get("shipmentId")}:
            yield Entry(event["timestamp"], outcome, fields)


def _ended(fields: dict[str, Any]) -> str:
    record = fields.get("record")
    status = record.get("status") if isinstance(record, dict) else None
    return "failed" if fields.get("type") in REPORTS and status in UNSUCCESSFUL else ""


def _fields(message: str) -> dict[str, Any]:
    try:
        fields = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}
