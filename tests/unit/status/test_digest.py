"""What people are mailed about shipments: one mail, however many they are, within its limits."""

import json

import pytest

from tests.account import Fields
from tests.unit.handler import gate
from tests.unit.handler.updates import TIME_MS
from tests.unit.status.account import StatusAccount, iso, row
from tests.unit.status.conftest import Clock
from tests.unit.status.items import LIMIT_BYTES, MAIL, WIDEST, due, size, waiting


def test_shipments_of_a_batch_are_in_one_mail(account: StatusAccount) -> None:
    account.follow(
        row("DELAYED", 3, "S-3"), row("LOST", 1), row("DELAYED", 2, "S-2"), row("HELD", 0, "S-4")
    )
    mail = account.digest()
    assert mail.subject == "Logistics Alert: 3 shipments (2 DELAYED, 1 LOST) - test"
    assert mail.body.splitlines() == [
        "ALERT: Critical Shipment Status Detected",
        "",
        "S-1: LOST since 2026-01-15T12:00:00.001Z",
        " Memphis, TN, FedEx",
        "S-2: DELAYED since 2026-01-15T12:00:00.002Z",
        " Memphis, TN, FedEx",
        "S-3: DELAYED since 2026-01-15T12:00:00.003Z",
        " Memphis, TN, FedEx",
        "",
        "Environment: test",
        "",
        "What to do next:",
        "shipments list --critical --environment test",
        "https://example.com/runbook#critical-status",
    ]
    assert mail.attributes == {"alertType": "CRITICAL_STATUS", "environment": "test"}


def test_a_shipment_with_two_statuses_counts_as_the_last(account: StatusAccount) -> None:
    account.follow(row("DELAYED"), row("LOST", 1), row("LOST", 2, "S-2"))
    assert account.subjects() == ["Logistics Alert: 2 shipments (2 LOST) - test"]


def test_a_subject_about_many_statuses_has_at_most_100_characters(account: StatusAccount) -> None:
    statuses = [f"LOST_{number:059}" for number in range(3)]
    account.follow(*(row(status, 0, f"S-{status}") for status in statuses))
    (subject,) = account.subjects()
    assert subject == f"Logistics Alert: 3 shipments (1 {statuses[0]}, 1"[:97] + "..."
    assert len(subject) == 100


def numbered(count: int) -> list[Fields]:
    """Return items that wait for their mail."""
    return [due(f"S-{number}") for number in range(count)]


def test_a_mail_is_about_up_to_five_hundred_shipments_and_names_fifty(
    account: StatusAccount,
) -> None:
    assert (account.status.MAILED, account.status.NAMED) == (500, 50)


@pytest.mark.parametrize(("count", "more"), [(3, []), (4, ["and 1 more"]), (5, ["and 2 more"])])
def test_a_mail_names_the_first_shipments_and_counts_the_others(
    account: StatusAccount, count: int, more: list[str]
) -> None:
    account.limit(NAMED=3)
    account.put_items(*numbered(count))
    assert account.do(MAIL) == {"mailed": count}
    mail = account.digest()
    assert mail.subject == f"Logistics Alert: {count} shipments ({count} LOST) - test"
    assert mail.body.splitlines()[2:-6] == [
        *(f"S-0: LOST since {iso(TIME_MS)}", " Oslo, UPS"),
        *(f"S-1: LOST since {iso(TIME_MS)}", " Oslo, UPS"),
        *(f"S-2: LOST since {iso(TIME_MS)}", " Oslo, UPS"),
        *more,
    ]
    assert waiting(account) == []


def test_what_is_too_many_for_a_mail_is_in_the_next(account: StatusAccount, clock: Clock) -> None:
    account.limit(MAILED=3)
    account.put_items(*numbered(4))
    assert account.do(MAIL) == {"mailed": 3}
    assert account.subjects() == ["Logistics Alert: 3 shipments (3 LOST) - test"]
    (left,) = waiting(account)
    clock.pass_(20)
    assert account.do(MAIL) == {"mailed": 1}
    assert account.subjects() == [f"Logistics Alert: LOST - {left}"]
    clock.pass_(20)
    assert account.do(MAIL) == {"mailed": 0}
    assert account.subjects() == []


def test_the_shipments_of_a_batch_are_mailed_before_those_that_wait(
    account: StatusAccount,
) -> None:
    account.limit(MAILED=3)
    account.put_items(*numbered(4))
    account.follow(row("DELAYED", 1, "Z-9"))
    assert account.subjects() == ["Logistics Alert: 3 shipments (2 LOST, 1 DELAYED) - test"]
    assert "Z-9" not in waiting(account)


def test_whoever_waits_is_mailed_with_the_shipments_of_a_batch(account: StatusAccount) -> None:
    account.put_items(due("S-0"))
    account.follow(row("DELAYED"))
    assert account.subjects() == ["Logistics Alert: 2 shipments (1 LOST, 1 DELAYED) - test"]


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (100, [100]), (101, [100, 1]), (200, [100, 100]), (0, [])]
)
def test_items_are_read_a_hundred_at_a_time_and_as_they_are_now(
    account: StatusAccount, count: int, sizes: list[int]
) -> None:
    keys = [f"S-{number}" for number in range(count)]
    account.status.read_items(keys)
    asked = [
        json.loads(request["body"])["RequestItems"][account.status_table]
        for request in account.gate.requests
    ]
    assert [len(request["Keys"]) for request in asked] == sizes
    assert [key["shipmentId"]["S"] for request in asked for key in request["Keys"]] == keys
    assert all(request["ConsistentRead"] is True for request in asked)


def test_of_those_that_wait_twice_as_many_are_looked_at_as_one_mail_takes(
    account: StatusAccount,
) -> None:
    account.do(MAIL)
    (scan,) = account.gate.requests
    assert json.loads(scan["body"]) == {
        "TableName": account.status_table,
        "IndexName": "due-index",
        "Limit": 1_000,
    }


def test_what_dynamodb_does_not_give_now_stays_due(account: StatusAccount, clock: Clock) -> None:
    account.put_items(*numbered(2))
    account.gate.break_calls("BatchGetItem", gate.answer('{"Responses": {}}'), times=1)
    assert account.do(MAIL) == {"mailed": 0}
    assert account.subjects() == []
    clock.pass_(20)
    assert account.do(MAIL) == {"mailed": 2}


def test_the_longest_mail_is_within_the_limit_of_sns(account: StatusAccount) -> None:
    # A critical word of one character leaves most room for the widest ones.
    status = "X" + WIDEST * 63
    account.restart_status(
        CRITICAL_STATUSES="X", ENVIRONMENT="e" * 38, RUNBOOK_URL="https://" + "u" * 192
    )
    entries = [f"{TIME_MS + number} {status}" for number in range(5)]
    texts = {"status": WIDEST * 64, "location": WIDEST * 256, "carrier": WIDEST * 256}
    account.put_items(
        *(due(WIDEST * 125 + f"{number:03}", *entries, **texts) for number in range(60))
    )
    account.gate.break_calls("Publish", gate.killed)  # before it takes a minute to mark them
    account.ask(MAIL)
    assert LIMIT_BYTES * 3 / 4 < size(account) < LIMIT_BYTES
