"""Shipments without news are mailed of once a day, each once for a silence."""

import json
from itertools import chain

import pytest

from tests.unit.handler import gate
from tests.unit.handler.updates import TIME_MS
from tests.unit.status.account import StatusAccount, iso, row
from tests.unit.status.conftest import NOW_MS, Clock
from tests.unit.status.items import DAY_MS, LIMIT_BYTES, STUCK, WIDEST, due, silent, size


def named(account: StatusAccount) -> list[str]:
    """Run the daily mail; return the shipments it names, in order."""
    account.do(STUCK)
    lines = chain.from_iterable(mail.body.splitlines()[1:-6] for mail in account.digests())
    return [line.split()[1].rstrip(":") for line in lines if line.startswith(" ")]


def test_a_mail_about_shipments_without_news_reads_well(account: StatusAccount) -> None:
    account.put_items(
        silent("S-1", 4), silent("S-2", 6, carrier="DHL", location="Bergen"), silent("S-3", 5)
    )
    assert account.do(STUCK) == {"mailed": 3}
    mail = account.digest()
    assert mail.subject == "Shipments without news: 3 - test"
    assert mail.body.splitlines() == [
        "No update for 3 days:",
        "",
        "DHL",
        f" {iso(NOW_MS - 6 * DAY_MS)} S-2: IN_TRANSIT, Bergen",
        "",
        "UPS",
        f" {iso(NOW_MS - 5 * DAY_MS)} S-3: IN_TRANSIT, Oslo",
        f" {iso(NOW_MS - 4 * DAY_MS)} S-1: IN_TRANSIT, Oslo",
        "",
        "Environment: test",
        "",
        "What to do next:",
        "shipments list --stale 3d --environment test",
        "https://example.com/runbook#stuck-shipments",
    ]
    assert mail.attributes == {"alertType": "STUCK_SHIPMENTS", "environment": "test"}


def test_an_ordinary_update_is_silent_in_the_end(account: StatusAccount, clock: Clock) -> None:
    account.follow(row("IN_TRANSIT"), row("DELIVERED", 0, "S-2"))
    assert named(account) == []
    clock.pass_(4 * 86_400)
    assert named(account) == ["S-1"]


@pytest.mark.parametrize(("ms", "expected"), [(-1, []), (0, []), (1, ["S-1"])])
def test_a_shipment_is_silent_after_more_than_the_days(
    account: StatusAccount, ms: int, expected: list[str]
) -> None:
    account.put_items(silent("S-1", timestamp=NOW_MS - 3 * DAY_MS - ms))
    assert named(account) == expected


def test_how_many_days_are_a_silence_is_the_stack_s_parameter(account: StatusAccount) -> None:
    account.restart_status(STUCK_AFTER_DAYS="10")
    account.put_items(silent("S-1", 9), silent("S-2", 11))
    account.do(STUCK)
    body = account.digest().body
    assert "No update for 10 days:" in body
    assert "shipments list --stale 10d " in body
    assert ("S-1" in body, "S-2" in body) == (False, True)


@pytest.mark.parametrize("status", ["DELIVERED", "RETURNED", "CANCELLED"])
def test_a_shipment_in_a_final_status_is_not_silent(account: StatusAccount, status: str) -> None:
    account.put_items(silent("S-1", status=status), silent("S-2"))
    assert named(account) == ["S-2"]


@pytest.mark.parametrize(
    "status", ["NOT_DELIVERED", "DELIVERED_LATE", "RETURNED_", "CANCELED", "LOST", "delivered"]
)
def test_a_status_that_is_not_final_word_for_word_is_not_final(
    account: StatusAccount, status: str
) -> None:
    account.put_items(silent("S-1", status=status))
    assert named(account) == ["S-1"]


def test_final_statuses_are_written_as_people_write_them(account: StatusAccount) -> None:
    account.restart_status(FINAL_STATUSES="returned To-Sender, handedOver")
    account.put_items(
        silent("S-1", status="RETURNED_TO_SENDER"),
        silent("S-2", status="HANDED_OVER"),
        silent("S-3", status="DELIVERED"),
    )
    assert named(account) == ["S-3"]


def test_as_many_final_statuses_as_dynamodb_compares_are_possible(account: StatusAccount) -> None:
    account.restart_status(FINAL_STATUSES=",".join(f"F{number}" for number in range(99)))
    account.put_items(silent("S-1", status="F98"), silent("S-2", status="F"))
    assert named(account) == ["S-2"]


def test_a_shipment_is_mailed_of_once_for_a_silence(account: StatusAccount, clock: Clock) -> None:
    account.put_items(silent("S-1"))
    assert named(account) == ["S-1"]
    for _ in range(3):
        clock.pass_(86_400)
        assert account.do(STUCK) == {"mailed": 0}
    assert account.digests() == []
    assert account.item()["silenceMailed"] == account.item()["timestamp"]


def test_a_shipment_is_mailed_of_again_when_it_is_silent_after_news(
    account: StatusAccount, clock: Clock
) -> None:
    account.put_items(silent("S-1"))
    account.do(STUCK)
    account.follow(row("IN_TRANSIT"))
    clock.pass_(2 * 86_400)
    account.digests()
    assert named(account) == []
    clock.pass_(2 * 86_400)
    assert named(account) == ["S-1"]


def test_news_while_the_mail_is_sent_begin_another_silence(
    account: StatusAccount, clock: Clock
) -> None:
    account.put_items(silent("S-1"))
    account.gate.after("Publish", lambda: account.follow(row("IN_TRANSIT")))
    assert named(account) == ["S-1"]
    assert "silenceMailed" not in account.item()
    account.gate.reset()
    clock.pass_(4 * 86_400)
    assert named(account) == ["S-1"]


def test_a_shipment_that_is_erased_while_the_mail_is_sent_does_not_come_back(
    account: StatusAccount,
) -> None:
    account.put_items(silent("S-1"))
    account.gate.after("Publish", lambda: account.delete_rows(account.status_table))
    account.do(STUCK)
    assert account.items() == {}


def test_what_waits_for_a_mail_is_no_shipment(account: StatusAccount) -> None:
    account.put_items(
        {"shipmentId": "\nmail", "turnAt": 5},
        {"shipmentId": "\nrejected 1", "reason": "r", "example": "e", "dueAt": iso(TIME_MS)},
    )
    assert named(account) == []


def test_a_shipment_that_waits_for_another_mail_is_silent_too(account: StatusAccount) -> None:
    account.put_items({**silent("S-1"), "unheard": ["1 LOST"], "dueAt": due("S-1")["dueAt"]})
    assert named(account) == ["S-1"]


def test_a_mail_that_fails_fails_the_run_so_that_lambda_tries_again(
    account: StatusAccount,
) -> None:
    account.put_items(silent("S-1"))
    account.gate.break_calls("Publish", gate.refusal(500, "InternalError"))
    delivery = account.ask(STUCK)
    assert delivery.error is not None
    assert delivery.log["error"].endswith(" InternalError")
    assert "StuckShipmentsMailed" not in delivery.log
    account.gate.repair()
    assert named(account) == ["S-1"]


@pytest.mark.parametrize(("number", "times"), [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2)])
def test_a_process_that_ends_repeats_the_mail_rather_than_lose_it(
    account: StatusAccount, number: int, times: int
) -> None:
    account.put_items(silent("S-1"), silent("S-2"))
    account.gate.end_at(number, is_done=False)
    assert isinstance(account.ask(STUCK).error, gate.Killed)
    account.gate.repair()
    account.do(STUCK)
    account.do(STUCK)
    assert len(account.digests()) == times


def test_of_too_many_the_longest_silent_are_mailed_of_and_the_others_the_next_day(
    account: StatusAccount,
) -> None:
    account.limit(MAILED=2)
    account.put_items(silent("S-1", 5), silent("S-2", 7), silent("S-3", 4), silent("S-4", 6))
    assert named(account) == ["S-2", "S-4"]
    assert named(account) == ["S-1", "S-3"]
    assert named(account) == []


def test_a_mail_names_so_many_shipments_and_counts_the_others(account: StatusAccount) -> None:
    account.limit(NAMED=2)
    account.put_items(silent("S-1", 5), silent("S-2", 7), silent("S-3", 4), silent("S-4", 6))
    account.do(STUCK)
    mail = account.digest()
    assert mail.subject == "Shipments without news: 4 - test"
    lines = mail.body.splitlines()[3:-6]
    assert [line.split()[1] for line in lines[:-1]] == ["S-2:", "S-4:"]
    assert lines[-1] == "and 2 more"


def test_a_table_of_many_pages_is_read_to_its_end(account: StatusAccount) -> None:
    account.put_items(*(silent(f"S-{number}", location="x" * 300_000) for number in range(8)))
    account.gate.break_calls("Publish", gate.killed)
    delivery = account.ask(STUCK)
    assert delivery.calls.count("Scan") > 1
    assert publication(account).startswith("Shipments without news: 8 ")


def publication(account: StatusAccount) -> str:
    """Return the subject of the last message that was to be published."""
    at = max(at for at, call in enumerate(account.gate.calls) if call == "Publish")
    subject: str = account.gate.requests[at]["body"]["Subject"]
    return subject


def test_the_longest_mail_is_within_the_limit_of_sns(account: StatusAccount) -> None:
    account.put_items(
        *(
            silent(
                WIDEST * 125 + f"{number:03}",
                status=WIDEST * 64,
                location=WIDEST * 256,
                carrier=f"{number:03}" + WIDEST * 253,
            )
            for number in range(60)
        )
    )
    account.gate.break_calls("Publish", gate.killed)
    account.ask(STUCK)
    assert LIMIT_BYTES / 2 < size(account) < LIMIT_BYTES


def test_only_shipments_that_are_silent_are_read_from_dynamodb(account: StatusAccount) -> None:
    account.do(STUCK)
    asked = json.loads(account.gate.requests[0]["body"])
    assert asked["TableName"] == account.status_table
    assert asked["ExpressionAttributeValues"][":cutoff"] == {"N": str(NOW_MS - 3 * DAY_MS)}
