"""The one line of an invocation: log record and metrics in one, identifiers only."""

import json
import math
from typing import Any

import pytest

from tests.unit.handler import gate
from tests.unit.handler.account import REQUEST_ID, Account
from tests.unit.handler.test_status import KNOWN
from tests.unit.handler.updates import EVENT_ID, TIME_MS, critical, envelope, update

BY_ENVIRONMENT = ("Environment",)
BY_STATUS = ("Environment", "Status")
SECRET = "jane.doe@example.com, 12 Elm Street"
Metrics = dict[str, tuple[str, float, set[tuple[str, ...]]]]


def metrics(log: dict[str, Any]) -> Metrics:
    """Return what CloudWatch makes of a line: by metric its unit, value and dimension sets.

    Asserts what the embedded metric format asks for; CloudWatch drops what breaks it.
    """
    assert isinstance(log["_aws"]["Timestamp"], int)
    found: Metrics = {}
    for directive in log["_aws"]["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        assert directive["Namespace"] == "LogisticsProcessing"
        assert 1 <= len(directive["Metrics"]) <= 100
        for names in directive["Dimensions"]:
            assert len(names) <= 30
            assert all(isinstance(log[name], str) and 1 <= len(log[name]) <= 1024 for name in names)
        for metric in directive["Metrics"]:
            value = log[metric["Name"]]
            assert type(value) in {int, float}
            assert math.isfinite(value)
            assert metric["Name"] not in found
            sets = {tuple(names) for names in directive["Dimensions"]}
            found[metric["Name"]] = (metric["Unit"], value, sets)
    return found


def test_a_stored_update_is_reported(account: Account, now_ms: int) -> None:
    log = account.deliver(update(eventTime=TIME_MS + 34)).log
    assert metrics(log) == {
        "ProcessingErrors": ("Count", 0, {BY_ENVIRONMENT}),
        "EndToEndLatency": ("Milliseconds", 1_200, {BY_ENVIRONMENT}),
        "ShipmentUpdatesProcessed": ("Count", 1, {BY_ENVIRONMENT, BY_STATUS}),
    }
    assert log.pop("_aws")["Timestamp"] == now_ms
    assert log == {
        "Environment": "test",
        "Status": "IN_TRANSIT",
        "outcome": "stored",
        "requestId": REQUEST_ID,
        "shipmentId": "SHIP-12345",
        "updateId": EVENT_ID,
        "ProcessingErrors": 0,
        "EndToEndLatency": 1_200,
        "ShipmentUpdatesProcessed": 1,
    }


def test_a_critical_update_is_counted_as_alerted_too(account: Account) -> None:
    found = metrics(account.deliver(critical()).log)
    assert found["CriticalAlerts"] == ("Count", 1, {BY_ENVIRONMENT})
    assert set(found) == {
        "CriticalAlerts",
        "ProcessingErrors",
        "EndToEndLatency",
        "ShipmentUpdatesProcessed",
    }


@pytest.mark.parametrize("event", [update(), critical()])
def test_a_redelivery_is_a_property_and_no_metric(account: Account, event: dict[str, Any]) -> None:
    account.deliver(event)
    log = account.deliver(event).log
    assert metrics(log) == {"ProcessingErrors": ("Count", 0, {BY_ENVIRONMENT})}
    del log["_aws"]
    assert log == {
        "Environment": "test",
        "outcome": "duplicate",
        "requestId": REQUEST_ID,
        "shipmentId": "SHIP-12345",
        "updateId": EVENT_ID,
        "ProcessingErrors": 0,
    }


def test_an_alert_made_good_by_a_redelivery_is_counted(account: Account) -> None:
    account.gate.break_calls("Publish", gate.killed, times=1)
    account.attempt(critical())
    assert set(metrics(account.deliver(critical()).log)) == {"CriticalAlerts", "ProcessingErrors"}


def test_probes_are_told(account: Account) -> None:
    logs = [account.deliver(update(updateId=str(number))).log for number in (0, 1, 2, 2)]
    assert [log.get("probes") for log in logs] == [None, 1, 2, 2]


def test_a_refused_update_is_reported(account: Account, now_ms: int) -> None:
    log = account.deliver(update(shipmentId=" SHIP-9 ", status=" ")).log
    assert metrics(log) == {
        "ProcessingErrors": ("Count", 1, {BY_ENVIRONMENT}),
        "RejectedUpdates": ("Count", 1, {BY_ENVIRONMENT}),
    }
    assert log.pop("_aws")["Timestamp"] == now_ms
    assert log == {
        "Environment": "test",
        "outcome": "rejected",
        "requestId": REQUEST_ID,
        "reason": "status: is required",
        "shipmentId": "SHIP-9",
        "status": "",
        "carrier": "FedEx",
        "ProcessingErrors": 1,
        "RejectedUpdates": 1,
    }


def test_a_refused_updates_long_fields_are_cut_in_the_log(account: Account) -> None:
    log = account.deliver(update(shipmentId="S" * 500, status="X" * 500, carrier="C" * 500)).log
    assert (log["shipmentId"], log["status"], log["carrier"]) == ("S" * 128, "X" * 128, "C" * 128)


def test_a_failed_update_is_reported(account: Account, now_ms: int) -> None:
    account.gate.break_calls("PutItem", gate.refusal(400, "AccessDeniedException"))
    log = account.attempt(update()).log
    assert metrics(log) == {"ProcessingErrors": ("Count", 1, {BY_ENVIRONMENT})}
    assert log.pop("_aws")["Timestamp"] == now_ms
    assert log == {
        "Environment": "test",
        "outcome": "failed",
        "requestId": REQUEST_ID,
        "shipmentId": "SHIP-12345",
        "updateId": EVENT_ID,
        "error": "ClientError AccessDeniedException",
        "ProcessingErrors": 1,
    }


def test_a_refused_update_that_could_not_be_kept_is_reported_as_failed(account: Account) -> None:
    account.gate.break_calls("SendMessage", gate.no_connection)
    log = account.attempt(update(status=None)).log
    assert metrics(log) == {"ProcessingErrors": ("Count", 1, {BY_ENVIRONMENT})}
    assert (log["outcome"], log["error"]) == ("failed", "EndpointConnectionError")
    assert log["reason"] == "status: is required"


def test_an_alert_that_could_not_be_sent_is_not_counted(account: Account) -> None:
    account.gate.break_calls("Publish", gate.no_connection)
    log = account.attempt(critical()).log
    assert metrics(log) == {"ProcessingErrors": ("Count", 1, {BY_ENVIRONMENT})}


@pytest.mark.usefixtures("now_ms")
@pytest.mark.parametrize(("ahead", "latency"), [(1_233, 1), (1_234, 0), (1_235, 0), (60_000, 0)])
def test_latency_is_never_negative(account: Account, ahead: int, latency: int) -> None:
    log = account.deliver(update(eventTime=TIME_MS + ahead)).log
    assert log["EndToEndLatency"] == latency


@pytest.mark.parametrize("status", KNOWN)
def test_a_known_status_is_counted_by_its_name(account: Account, status: str) -> None:
    assert account.deliver(update(status=status.lower())).log["Status"] == status


def test_at_most_16_statuses_are_counted_by_name(account: Account) -> None:
    assert len(account.handler.KNOWN_STATUSES) <= 16


@pytest.mark.parametrize("status", ["unknown", "HELD", "x", "LOST AND FOUND", "\u914d\u9001\u4e2d"])
def test_any_other_status_is_counted_as_other(account: Account, status: str) -> None:
    account.restart(CRITICAL_STATUSES="HELD,LOST")
    assert account.deliver(update(status=status)).log["Status"] == "OTHER"


def test_the_dimensions_of_a_hostile_producer_are_as_few(account: Account) -> None:
    seen = set()
    for number in range(20):
        fields = {"status": f"S{number}", "Status": "LOST", "Environment": str(number)}
        log = account.deliver(update(shipmentId=str(number), **fields)).log
        seen.add((log["Environment"], log["Status"]))
    assert seen == {("test", "OTHER")}


HOSTILE = [
    update(location=SECRET, note=SECRET),
    critical(location=SECRET, note=SECRET),
    update(location=[SECRET]),
    update(location=SECRET * 10),
    update(status=None, location=SECRET, note=SECRET),
    update(eventTime=SECRET, location=SECRET),
    update(updateId=[SECRET]),
    update(shipmentId={"a": SECRET}),
    envelope(SECRET),
    envelope(update()["detail"], time=SECRET),
    SECRET,
    [SECRET],
]


@pytest.mark.parametrize("event", HOSTILE)
@pytest.mark.parametrize("broken", ["", "PutItem", "Publish", "UpdateItem", "SendMessage"])
def test_a_log_has_neither_place_nor_address_nor_raw_event(
    account: Account, event: Any, broken: str
) -> None:
    account.gate.break_calls(broken, gate.refusal(400, "AccessDeniedException"))
    printed = account.attempt(event).printed
    assert "@" not in printed
    assert "Elm Street" not in printed
    assert "Memphis" not in printed


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31m", "\u2028", "\ud83d", "\uffff", "K\u00f8ge"])
def test_a_line_is_ascii_whatever_was_sent(account: Account, text: str) -> None:
    for event in (
        update(updateId=text),
        update(carrier=text, status=None),
        update(shipmentId=text),
    ):
        printed = account.deliver(event).printed
        assert printed.isascii()
        assert printed.removesuffix("\n").isprintable()
        assert printed.count("\n") == 1


def test_a_line_is_compact(account: Account) -> None:
    printed = account.deliver(update()).printed
    assert len(REQUEST_ID) == len(EVENT_ID) == 36
    assert len(printed) <= 700
    assert printed == json.dumps(json.loads(printed), separators=(",", ":")) + "\n"
