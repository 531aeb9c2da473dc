"""Sends one marked update through the whole way, and takes its row away again."""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from shipments import rules
from shipments.check.model import WARNING, Finding, Main, aws, not_checked
from shipments.errors import CommandError, explain
from shipments.events import DETAIL_TYPE, SOURCE
from shipments.tracking import History

STATUS = "IN_TRANSIT"
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.2


@dataclass
class Canary:
    """What became of the update: (step, ms since it was sent) in order, and what went wrong."""

    shipment: str
    steps: list[tuple[str, int]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def send(d: Main) -> Canary:
    """Send the update and follow it; raise CommandError if it would alert people.

    It has no eventTime, so that a wrong clock here cannot make the function reject it.
    """
    critical = d.parameters.get("CriticalStatuses", rules.CRITICAL)
    if rules.handler(critical).is_critical(STATUS):
        raise CommandError(f"--canary: {STATUS} is critical for this stack: it would alert people")
    canary = Canary(f"shipments-check-{secrets.token_hex(6)}")
    try:
        _follow(d, canary)
    except ClientError as error:
        canary.findings.append(not_checked(error))
    return canary


def _follow(d: Main, canary: Canary) -> None:
    """Send the update and note each step; raise ClientError if a step cannot be looked at."""
    clock = _Clock()
    if refused := _put(d, canary.shipment):
        remedy = aws("events describe-event-bus", name=d.bus)
        canary.findings.append(Finding(f"the bus did not take the update: {refused}", remedy))
        return
    canary.steps.append(("accepted by the bus", clock.ms()))
    history = History(d.stack, canary.shipment)
    rows: list[dict[str, Any]] = clock.until(history.rows)
    if rows:
        canary.steps.append(("row stored", clock.ms()))
    lines = clock.until(lambda: _log(d, canary.shipment))
    if lines:
        canary.steps.append(("line in the function's log", clock.ms()))
    if rows and not (kept := _remove(d, canary.shipment, rows)):
        canary.steps.append(("row removed", clock.ms()))
    elif rows:
        canary.findings += kept
    canary.findings += _missing(d, canary.shipment, rows, lines)


class _Clock:
    """The time since a canary was sent."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def ms(self) -> int:
        return round((time.monotonic() - self._start) * 1000)

    def until(self, look: Callable[[], list[Any]]) -> list[Any]:
        """Return what look finds once it finds something, or nothing when patience ends."""
        while not (found := look()) and self.ms() < PATIENCE_SECONDS * 1000:
            time.sleep(POLL_SECONDS)
        return found


def _put(d: Main, shipment: str) -> str:
    """Put the update on the bus; return why it was not taken, or nothing."""
    detail = {
        "shipmentId": shipment,
        "status": STATUS,
        "location": "shipments check --canary",
        "updateId": shipment,
    }
    entry = {"EventBusName": d.bus, "Source": SOURCE, "DetailType": DETAIL_TYPE}
    answer = d.stack.client("events").put_events(Entries=[{**entry, "Detail": json.dumps(detail)}])
    (result,) = answer["Entries"]
    return f"{result['ErrorCode']}: {result.get('ErrorMessage')}" if "ErrorCode" in result else ""


def _log(d: Main, shipment: str) -> list[dict[str, Any]]:
    """Return the function's own log lines for a shipment."""
    found = d.ask(
        "logs",
        "filter_log_events",
        logGroupName=d.stack["ShipmentProcessorLogGroupName"],
        startTime=int((time.time() - 2 * PATIENCE_SECONDS) * 1000),
        filterPattern=f'"{shipment}"',
    )
    texts = [event["message"].strip() for event in found["events"]] if found else []
    return [json.loads(text) for text in texts if text.startswith('{"_aws"')]


def _remove(d: Main, shipment: str, rows: list[dict[str, Any]]) -> list[Finding]:
    """Delete the rows; return what was found if they stay."""
    for row in rows:
        key = {"shipmentId": {"S": shipment}, "timestamp": {"N": str(row["timestamp"])}}
        try:
            d.stack.client("dynamodb").delete_item(TableName=d.table, Key=key)
        except ClientError as error:
            remedy = aws("dynamodb delete-item", table_name=d.table, key=key)
            return [Finding(f"its row was not removed: {explain(error)}", remedy, WARNING)]
    return []


def _missing(d: Main, shipment: str, rows: list[Any], lines: list[Any]) -> list[Finding]:
    """Return what did not come of the update, and where to look for it."""
    waited = f"after {PATIENCE_SECONDS:.0f} s"
    if rows and lines:
        return []
    if rows:
        groups = aws(
            "logs describe-log-groups",
            log_group_name_prefix=d.stack["ShipmentProcessorLogGroupName"],
        )
        return [Finding(f"the update is stored, but the log has no line of it {waited}", groups)]
    if lines:
        last = lines[-1]
        why = last.get("reason") or last.get("error") or "no reason given"
        what = f"no row {waited}: the function's log says {last.get('outcome')}: {why}"
    else:
        what = f"no row and no line in the log {waited}: the update did not reach the function"
    return [
        Finding(
            f"{what}. If it fails for good it comes to the failed-updates queue; if it is stored "
            f"later, its row stays (shipment {shipment})",
            f"shipments failed --stack-name {d.stack.name}",
        )
    ]
