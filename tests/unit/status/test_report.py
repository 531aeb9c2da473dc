"""The one line of an invocation: log record and metrics in one, without a shipment's data."""

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import pytest

from tests.account import Fields
from tests.unit.handler import emf, gate
from tests.unit.handler.account import REQUEST_ID, Delivery
from tests.unit.handler.updates import ABSENT, TIME_MS, update
from tests.unit.status.account import StatusAccount, iso, row
from tests.unit.status.conftest import NOW_MS, Clock
from tests.unit.status.items import MAIL, STUCK, due, rejected, silent

SETS = {("Environment",)}


def metrics(delivery: Delivery) -> dict[str, tuple[str, Any]]:
    """Return the unit and value of each metric of an invocation's line, which must be valid."""
    line = emf.read(delivery.printed)
    found = emf.metrics(line)
    assert all(metric.sets == SETS for metric in found.values())
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "LogisticsProcessing"
    assert line["_aws"]["Timestamp"] == NOW_MS
    return {name: (metric.unit, metric.value) for name, metric in found.items()}


def test_a_batch_is_reported(account: StatusAccount) -> None:
    records = account.store(row("HELD", 200), row("HELD", 100, "S-2"), row("HELD", 300))
    delivery = account.ask({"Records": records})
    assert metrics(delivery) == {
        "DigestMails": ("Count", 0),
        "StatusLag": ("Milliseconds", NOW_MS - TIME_MS - 100),
        "ShipmentsRefreshed": ("Count", 2),
    }
    line = delivery.log
    del line["_aws"]
    assert line == {
        "Environment": "test",
        "requestId": REQUEST_ID,
        "DigestMails": 0,
        "StatusLag": NOW_MS - TIME_MS - 100,
        "ShipmentsRefreshed": 2,
    }


def test_a_batch_that_is_mailed_of_is_reported(account: StatusAccount) -> None:
    found = metrics(account.ask({"Records": account.store(row("LOST"), row("LOST", 0, "S-2"))}))
    assert found["DigestMails"] == ("Count", 1)
    assert found["ShipmentsMailed"] == ("Count", 2)


def test_a_batch_of_which_some_fails_is_reported(account: StatusAccount) -> None:
    records = account.store(row("HELD"))
    account.gate.break_calls("Query", gate.refusal(400, "AccessDeniedException"))
    delivery = account.ask({"Records": records})
    assert metrics(delivery)["RefreshFailures"] == ("Count", 1)
    assert "ShipmentsRefreshed" not in delivery.log
    assert delivery.log["error"] == "ClientError AccessDeniedException"


@pytest.mark.parametrize("ahead", [0, 1, 3_600_000])
def test_a_lag_is_never_negative(account: StatusAccount, ahead: int) -> None:
    records = account.store(row("HELD", processedAt=iso(NOW_MS + ahead)))
    assert account.ask({"Records": records}).log["StatusLag"] == 0


def test_a_lag_is_that_of_the_oldest_row(account: StatusAccount, clock: Clock) -> None:
    lags = (5, 9, 7)
    records = account.store(
        *(row("HELD", at, processedAt=iso(clock.ms - lag)) for at, lag in enumerate(lags))
    )
    assert account.ask({"Records": records}).log["StatusLag"] == 9


def test_a_row_s_end_has_no_lag(account: StatusAccount) -> None:
    account.store(row("HELD"))
    log = account.ask({"Records": account.remove(row("HELD"))}).log
    assert "StatusLag" not in log
    assert log["ShipmentsRefreshed"] == 1


def test_the_minute_s_run_is_reported(account: StatusAccount) -> None:
    account.do({"Records": [rejected(account, update(status=ABSENT))]})
    account.put_items(due("S-1", dueAt=iso(NOW_MS - 5)), due("S-2"))
    assert metrics(account.ask(MAIL)) == {
        "DigestMails": ("Count", 2),
        "OldestUnmailedAge": ("Milliseconds", NOW_MS - TIME_MS),
        "ShipmentsMailed": ("Count", 2),
        "RejectionsMailed": ("Count", 1),
    }


def test_a_mail_that_fails_is_not_counted(account: StatusAccount) -> None:
    account.do({"Records": [rejected(account, update(status=ABSENT))]})
    account.put_items(due("S-1"))
    account.gate.break_calls("Publish", gate.no_connection)
    assert set(metrics(account.ask(MAIL))) == {"DigestMails", "OldestUnmailedAge"}


def test_the_minute_s_run_without_anything_to_mail_is_reported(account: StatusAccount) -> None:
    assert metrics(account.ask(MAIL)) == {
        "DigestMails": ("Count", 0),
        "OldestUnmailedAge": ("Milliseconds", 0),
    }


@pytest.mark.parametrize("count", [0, 2])
def test_the_daily_run_is_reported(account: StatusAccount, count: int) -> None:
    account.put_items(*(silent(f"S-{number}") for number in range(count)))
    assert metrics(account.ask(STUCK)) == {
        "DigestMails": ("Count", min(count, 1)),
        "StuckShipmentsMailed": ("Count", count),
    }


def test_a_rejection_is_reported(account: StatusAccount) -> None:
    delivery = account.ask({"Records": [rejected(account, update(status=ABSENT))]})
    assert metrics(delivery) == {"DigestMails": ("Count", 0)}


def test_an_invocation_without_an_id_is_reported(account: StatusAccount) -> None:
    with redirect_stdout(io.StringIO()) as printed:
        account.status.lambda_handler(MAIL, None)
    assert emf.read(printed.getvalue())["requestId"] == ""


@pytest.mark.parametrize("environment", ["-", "0", "x" * 38])
def test_a_line_is_valid_in_any_environment(account: StatusAccount, environment: str) -> None:
    account.restart_status(ENVIRONMENT=environment)
    assert emf.read(account.ask(MAIL).printed)["Environment"] == environment


# ---- whatever fails

LOST = row("LOST")
REQUESTS: dict[str, Callable[[StatusAccount], Fields]] = {
    "a batch": lambda account: {"Records": account.store(LOST)},
    "the end of a row": lambda account: {"Records": account.records(LOST, event="REMOVE")},
    "a rejection": lambda account: {"Records": [rejected(account, update(status=ABSENT))]},
    "a refresh": lambda account: {"do": "refresh", "shipments": ["S-1"], **_stored(account)},
    "the minute's run": lambda account: _put(account, due("S-1")) or MAIL,
    "the daily run": lambda account: _put(account, silent("S-1")) or STUCK,
}
SECRET = "jane.doe@example.com, 12 Elm Street"
FAULTS = [
    gate.refusal(400, "ValidationException", {"message": SECRET}),
    gate.refusal(500, "InternalServerError", {"message": SECRET}),
    gate.no_connection,
    gate.lost_response,
    gate.killed,
]
OPERATIONS = ("Query", "UpdateItem", "DeleteItem", "PutItem", "Scan", "BatchGetItem", "Publish")


def _stored(account: StatusAccount) -> Fields:
    account.store(LOST)
    return {}


def _put(account: StatusAccount, item: Fields) -> None:
    account.put_items(item)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("request_", REQUESTS)
def test_an_invocation_in_which_a_call_fails_is_one_valid_line(
    account: StatusAccount, request_: str, operation: str
) -> None:
    event = REQUESTS[request_](account)
    for fault in FAULTS:
        account.gate.repair()
        account.gate.break_calls(operation, fault)
        printed = account.ask(event).printed
        emf.read(printed)
        assert "@" not in printed
        assert "Elm" not in printed
        assert "S-1" not in printed


def test_a_line_is_compact(account: StatusAccount) -> None:
    printed = account.ask({"Records": account.store(LOST)}).printed
    assert printed == json.dumps(json.loads(printed), separators=(",", ":")) + "\n"
