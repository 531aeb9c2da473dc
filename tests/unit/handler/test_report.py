"""The one line of an invocation: log record and metrics in one, identifiers only."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.handler import gate
from tests.unit.handler.account import REQUEST_ID, Account
from tests.unit.handler.emf import metrics
from tests.unit.handler.test_status import KNOWN
from tests.unit.handler.updates import EVENT_ID, TIME_MS, critical, envelope, update

BY_ENVIRONMENT = ("Environment",)
BY_STATUS = ("Environment", "Status")
HOUR_MS, DAY_MS, YEAR_MS = 3_600_000, 86_400_000, 31_556_952_000
SECRET = "jane.doe@example.com, 12 Elm Street"


def test_a_stored_update_is_reported(account: Account, now_ms: int) -> None:
    log = account.deliver(update(updateId="scan-1", eventTime=TIME_MS + 34)).log
    assert metrics(log) == {
        "ShipmentUpdatesProcessed": ("Count", 1, {BY_ENVIRONMENT, BY_STATUS}),
    }
    assert log.pop("_aws")["Timestamp"] == now_ms
    assert log == {
        "Environment": "test",
        "Status": "IN_TRANSIT",
        "outcome": "stored",
        "shipmentId": "SHIP-12345",
        "updateId": "scan-1",
        "EndToEndLatency": 1_200,
        "ShipmentUpdatesProcessed": 1,
    }


def test_a_critical_update_is_counted_as_alerted_too(account: Account) -> None:
    found = metrics(account.deliver(critical()).log)
    assert found["CriticalAlerts"] == ("Count", 1, {BY_ENVIRONMENT})
    assert set(found) == {"CriticalAlerts", "ShipmentUpdatesProcessed"}


@pytest.mark.parametrize("event", [update(), critical()])
def test_a_redelivery_is_a_property_and_no_metric(
    account: Account, now_ms: int, event: dict[str, Any]
) -> None:
    account.deliver(event)
    assert account.deliver(event).log == {
        "_aws": {"Timestamp": now_ms, "CloudWatchMetrics": []},
        "Environment": "test",
        "outcome": "duplicate",
        "shipmentId": "SHIP-12345",
        "updateId": EVENT_ID,
    }


def test_an_alert_made_good_by_a_redelivery_is_counted(account: Account) -> None:
    account.gate.break_calls("Publish", gate.killed, times=1)
    account.attempt(critical())
    assert set(metrics(account.deliver(critical()).log)) == {"CriticalAlerts"}


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
        "reason": "status: is required",
        "shipmentId": "SHIP-9",
        "status": "Unknown",
        "carrier": "FedEx",
        "ProcessingErrors": 1,
        "RejectedUpdates": 1,
    }


def test_a_refused_updates_long_fields_are_cut_in_the_log(account: Account) -> None:
    log = account.deliver(update(shipmentId="S" * 500, status="X" * 500, carrier="C" * 500)).log
    cut = [letter * 255 + "\u2026" for letter in "SXC"]
    assert [log["shipmentId"], log["status"], log["carrier"]] == cut


@pytest.mark.parametrize("value", [{"mail": SECRET}, [SECRET], None, 7])
@pytest.mark.parametrize("name", ["shipmentId", "status", "carrier"])
def test_only_a_refused_updates_strings_are_in_the_log(
    account: Account, name: str, value: Any
) -> None:
    log = account.deliver(update(**{"updateId": 1, name: value})).log
    assert {"shipmentId", "status", "carrier"} - log.keys() == {name}


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


@settings(max_examples=100)
@given(
    ahead=st.integers(-10 * YEAR_MS, HOUR_MS - DAY_MS),
    clock=st.integers(-DAY_MS, DAY_MS),
    took=st.integers(-1_000, 30_000),
)
def test_latency_is_the_time_from_event_to_row_and_never_negative(
    shared_account: Account, ahead: int, clock: int, took: int
) -> None:
    # The function's clock may differ from the producer's, and be set back in an invocation.
    start, end = TIME_MS + clock, TIME_MS + clock + took
    times = iter([start])
    account = shared_account
    account.empty()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: next(times, end) * 1_000_000)
        log = account.deliver(update(eventTime=TIME_MS + ahead)).log
    assert log["_aws"]["Timestamp"] == start
    assert log["EndToEndLatency"] == max(0, end - (TIME_MS + ahead))


@pytest.mark.parametrize("event", [update(), critical(), update(status=None)])
def test_all_metrics_are_in_the_namespace_that_alarms_and_dashboard_ask_for(
    account: Account, event: dict[str, Any]
) -> None:
    directives = account.deliver(event).log["_aws"]["CloudWatchMetrics"]
    assert {directive["Namespace"] for directive in directives} == {"LogisticsProcessing"}


@pytest.mark.parametrize("status", KNOWN)
def test_a_known_status_is_counted_by_its_name(account: Account, status: str) -> None:
    assert account.deliver(update(status=status.lower())).log["Status"] == status


def test_at_most_20_statuses_are_counted_by_name(account: Account) -> None:
    assert len(account.handler.KNOWN_STATUSES) <= 20


@pytest.mark.parametrize("status", ["known", "HELD", "x", "LOST AND FOUND", "\u914d\u9001\u4e2d"])
def test_any_other_status_is_counted_as_other(account: Account, status: str) -> None:
    account.restart(CRITICAL_STATUSES="HELD,LOST")
    assert account.deliver(update(status=status)).log["Status"] == "OTHER"


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
    assert len(printed) <= 440
    assert printed == json.dumps(json.loads(printed), separators=(",", ":")) + "\n"
