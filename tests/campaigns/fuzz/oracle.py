"""What has to hold for any events, whatever fails while they are delivered."""

import json
import math
import re
from typing import Any

from tests.campaigns.hostile.outcome import check_alert, shown
from tests.unit.handler import gate
from tests.unit.handler.account import Account, Alert, Delivery, Fields

# One of these words makes a status critical (the template's default).
CRITICAL = {"DELAYED", "DELAY", "LOST", "LOSS", "DAMAGED", "DAMAGE", "EXCEPTION"}
WORD = re.compile(r"[^\W\d_]+")
# What SQS takes in a message (SendMessage), and how much.
SENDABLE = re.compile("[\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
MESSAGE_BYTES, ITEM_BYTES, LOG_BYTES = 1_048_576, 409_600, 262_144
METRICS = {"Count", "Milliseconds"}
Broken = tuple[str, gate.Fault, int]
# An update that differs in one of these is another one.
IDENTITY = ("shipmentId", "eventTime", "updateId", "status", "location", "carrier")
Identity = tuple[str, ...]
# Two faults of three requests each.
MOST_FAILURES = 6


def check(account: Account, events: list[Any], broken: list[Broken]) -> int:
    """Deliver events while calls break, and again once none does; return how many deliveries.

    Raises AssertionError if anything is lost, doubled or malformed.
    """
    alone = [_alone(account, event) for event in events]
    account.empty()
    for operation, fault, times in broken:
        account.gate.break_calls(operation, fault, times)
    failures = sum(_deliver(account, event, bool(broken)) for event in events)
    account.gate.repair()
    first = account.rows()
    for event in events:
        check_log(account.deliver(event))
    rows = account.rows()
    assert rows == first, "a redelivery changed the rows"
    check_rows(rows, alone)
    refused = [event for event, identity in zip(events, alone, strict=True) if not identity]
    check_kept(account.kept_texts(), refused)
    check_alerts(account.alerts(), rows, refused)
    return failures + 3 * len(events)


def _alone(account: Account, event: Any) -> Identity | None:
    """Return the identity and text that an event gets if it is the only one; None if refused."""
    account.empty()
    check_log(account.deliver(event))
    rows = account.rows()
    assert len(rows) <= 1, "one event is two rows"
    return _identity(rows[0]) if rows else None


def _deliver(account: Account, event: Any, broken: bool) -> int:  # noqa: FBT001 - one of two
    """Deliver an event until it does not raise; return how often it did."""
    failures = 0
    while (delivery := account.attempt(event)).error is not None:
        failures += 1
        assert broken, f"raises without a reason: {delivery.error!r}"
        assert failures <= MOST_FAILURES, f"raises for ever: {delivery.error!r}"
        log = check_log(delivery)
        assert (log["outcome"], log["ProcessingErrors"]) == ("failed", 1), "a failure in silence"
    check_log(delivery)
    return failures


def _identity(row: Fields) -> Identity:
    return tuple(row[name] for name in IDENTITY)


def _is_critical(row: Fields) -> bool:
    return not CRITICAL.isdisjoint(WORD.findall(row["status"]))


def check_log(delivery: Delivery) -> Fields:
    """Return the invocation's line; fail unless it is one of ASCII and valid EMF."""
    assert delivery.printed.isascii(), "a line that is not of ASCII"
    assert len(delivery.printed) <= LOG_BYTES, "too long a line"
    assert delivery.printed.count("\n") == 1, "not one line"
    log = delivery.log
    emf = log["_aws"]
    assert isinstance(emf["Timestamp"], int)
    for directive in emf["CloudWatchMetrics"]:
        assert directive["Namespace"] == "LogisticsProcessing"
        assert 1 <= len(directive["Metrics"]) <= 100
        for names in directive["Dimensions"]:
            assert all(log[name] and isinstance(log[name], str) for name in names)
        for metric in directive["Metrics"]:
            assert metric["Unit"] in METRICS
            assert isinstance(log[metric["Name"]], int)
            assert math.isfinite(log[metric["Name"]])
    return log


def check_rows(rows: list[Fields], alone: list[Identity | None]) -> None:
    """Fail unless each identity is one row, and one that DynamoDB takes."""
    found = sorted(map(_identity, rows))
    assert found == sorted(set(filter(None, alone))), "an identity is lost or doubled"
    for row in rows:
        texts = [value for value in row.values() if isinstance(value, str)]
        assert all(texts), "an empty attribute"
        assert sum(len(text.encode()) for text in texts) < ITEM_BYTES, "too big an item"
        assert _is_critical(row) is ("alertedAt" in row), "critical and not marked, or the reverse"


def check_kept(bodies: list[str], refused: list[Any]) -> None:
    """Fail unless every refused event lies whole on the queue, and none but those."""
    for body in bodies:
        assert SENDABLE.fullmatch(body), "SQS would not take the message"
        assert len(body.encode()) <= MESSAGE_BYTES, "too big a message"
    kept = [json.loads(body)["envelope"] for body in bodies]
    assert all(event in kept for event in refused), "a refused event is not kept"
    assert all(event in refused for event in kept), "kept, and not refused"


def check_alerts(alerts: list[Alert], rows: list[Fields], refused: list[Any]) -> None:
    """Fail unless every critical row and every refusal is told, no more, and SNS takes it."""
    for alert in alerts:
        check_alert(alert)
    told = {
        alert.attributes["shipmentId"]
        for alert in alerts
        if alert.attributes["alertType"] == "CRITICAL_STATUS"
    }
    critical = {row["shipmentId"] for row in rows if _is_critical(row)}
    assert told == set(map(shown, critical)), "critical and not alerted, or the reverse"
    errors = sum(alert.attributes["alertType"] == "PROCESSING_ERROR" for alert in alerts)
    assert errors >= 2 * len(refused), "refused, and nobody told"
