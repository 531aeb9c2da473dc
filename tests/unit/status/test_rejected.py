"""Rejected updates, as the other handler reports them, are mailed of together, by reason."""

import shlex
from typing import Any

import pytest

from tests.account import Fields
from tests.unit.handler import gate
from tests.unit.handler.updates import ABSENT, EVENT_ID, envelope, update
from tests.unit.status.account import StatusAccount, iso, row
from tests.unit.status.conftest import NOW_MS, Clock
from tests.unit.status.items import LIMIT_BYTES, MAIL, WIDEST, due, rejected, size, waiting

NO_STATUS = "status: is required"


def keep(account: StatusAccount, *events: Any) -> None:
    """Hand over rejections, each in an invocation of its own, as SNS does."""
    for number, event in enumerate(events):
        assert account.do({"Records": [rejected(account, event, number)]}) == {}


def test_a_rejected_update_waits_for_its_mail(account: StatusAccount) -> None:
    keep(account, update(status=ABSENT))
    assert account.digests() == []
    assert account.items() == {
        "\nrejected 5a9bf1c0-0": {
            "shipmentId": "\nrejected 5a9bf1c0-0",
            "reason": "status: is required (FedEx)",
            "example": f"SHIP-12345: shipments failed --id {EVENT_ID} --environment test",
            "dueAt": iso(NOW_MS),
        }
    }


def test_a_mail_about_one_rejected_update_reads_well(account: StatusAccount) -> None:
    keep(account, update(status=ABSENT))
    assert account.do(MAIL) == {"mailed": 1}
    mail = account.digest()
    assert mail.subject == "Logistics Processing Error - test"
    assert mail.body.splitlines() == [
        "Updates that were rejected and are on the failed-updates queue:",
        "",
        "1 x status: is required (FedEx)",
        f" such as SHIP-12345: shipments failed --id {EVENT_ID} --environment test",
        "",
        "Environment: test",
        "",
        "What to do next:",
        "shipments failed --environment test",
        "https://example.com/runbook#processing-error",
    ]
    assert mail.attributes == {"alertType": "PROCESSING_ERROR", "environment": "test"}


def test_a_mail_about_two_rejected_updates_says_so_in_its_subject(account: StatusAccount) -> None:
    keep(account, update(status=ABSENT), update(status=ABSENT))
    account.do(MAIL)
    assert account.subjects() == ["Logistics Processing Error: 2 updates - test"]


def test_rejected_updates_are_counted_by_reason_and_carrier(account: StatusAccount) -> None:
    dhl = update(status=ABSENT, carrier="DHL")
    keep(account, dhl, update(status=ABSENT), dhl, update(shipmentId=7, carrier="DHL"), dhl)
    account.do(MAIL)
    mail = account.digest()
    assert mail.subject == "Logistics Processing Error: 5 updates - test"
    assert mail.body.splitlines()[2:-6] == [
        "3 x status: is required (DHL)",
        f" such as SHIP-12345: shipments failed --id {EVENT_ID} --environment test",
        "1 x status: is required (FedEx)",
        f" such as SHIP-12345: shipments failed --id {EVENT_ID} --environment test",
        "1 x shipmentId: must be a string (DHL)",
        f" such as 7: shipments failed --id {EVENT_ID} --environment test",
    ]


@pytest.mark.parametrize("status", ["LOST", "X" * 300 + " LOST", "Delay\u200bed"])
def test_a_rejected_update_with_a_critical_status_is_marked(
    account: StatusAccount, status: str
) -> None:
    keep(account, update(status=status, shipmentId=ABSENT), update(shipmentId=ABSENT))
    account.do(MAIL)
    assert account.digest().body.splitlines()[2:-6:2] == [
        "1 x CRITICAL STATUS, shipmentId: is required (FedEx)",
        "1 x shipmentId: is required (FedEx)",
    ]


@pytest.mark.parametrize("event", [None, [], "text", {}, envelope("text"), envelope([])])
def test_what_is_no_update_is_named_unknown(account: StatusAccount, event: Any) -> None:
    keep(account, event)
    account.do(MAIL)
    lines = account.digest().body.splitlines()
    assert lines[2] == "1 x detail: must be a JSON object (Unknown)"
    assert lines[3].startswith(" such as Unknown: shipments failed --id ")


def test_a_message_without_a_line_of_ours_is_named_unknown(account: StatusAccount) -> None:
    message = {"MessageId": "m", "Message": "title\nNo Reason: none"}
    account.do({"Records": [{"Sns": message}]})
    item = account.items()["\nrejected m"]
    assert (item["reason"], item["example"]) == (
        "Unknown (Unknown)",
        "Unknown: shipments failed --id Unknown --environment test",
    )


def test_the_title_is_no_line_of_ours(account: StatusAccount) -> None:
    account.do({"Records": [{"Sns": {"MessageId": "m", "Message": "Reason: no\n\nCarrier: x: y"}}]})
    assert account.items()["\nrejected m"]["reason"] == "Unknown (x: y)"


def test_a_command_in_an_example_is_safe_to_paste(account: StatusAccount) -> None:
    event = update(status=ABSENT)
    event["id"] = "$(reboot); 'x'"
    keep(account, event)
    account.do(MAIL)
    (line,) = (text for text in account.digest().body.splitlines() if text.startswith(" such as"))
    assert shlex.split(line)[3:] == [
        *("shipments", "failed", "--id", "$(reboot); 'x'"),
        *("--environment", "test"),
    ]


def test_several_rejections_of_one_event_are_kept(account: StatusAccount) -> None:
    records = [rejected(account, update(status=ABSENT), number) for number in range(2)]
    account.do({"Records": records})
    assert len(waiting(account)) == 2


def test_a_rejection_that_comes_twice_is_mailed_of_once(account: StatusAccount) -> None:
    record = rejected(account, update(status=ABSENT))
    for _ in range(2):
        account.do({"Records": [record]})
    assert account.do(MAIL) == {"mailed": 1}


def test_a_rejection_that_cannot_be_noted_fails_so_that_lambda_tries_again(
    account: StatusAccount,
) -> None:
    record = rejected(account, update(status=ABSENT))
    account.gate.break_calls("PutItem", gate.refusal(500, "InternalServerError"))
    delivery = account.ask({"Records": [record]})
    assert delivery.error is not None
    assert delivery.log["error"].endswith(" InternalServerError")


def test_what_is_mailed_is_forgotten(account: StatusAccount, clock: Clock) -> None:
    keep(account, update(status=ABSENT))
    account.do(MAIL)
    clock.pass_(20)
    assert account.do(MAIL) == {"mailed": 0}
    assert list(account.items()) == ["\nmail"]
    assert len(account.digests()) == 1


def test_a_process_that_ends_before_it_forgets_repeats_the_mail(
    account: StatusAccount, clock: Clock
) -> None:
    keep(account, update(status=ABSENT))
    account.gate.break_calls("DeleteItem", gate.killed)
    assert isinstance(account.ask(MAIL).error, gate.Killed)
    account.gate.repair()
    clock.pass_(60)
    assert account.do(MAIL) == {"mailed": 1}
    assert len(account.digests()) == 2


def test_shipments_and_rejected_updates_are_two_mails_in_one_turn(account: StatusAccount) -> None:
    keep(account, update(status=ABSENT))
    account.follow(row("LOST"))
    assert account.subjects() == [
        "Logistics Alert: LOST - S-1",
        "Logistics Processing Error - test",
    ]
    assert waiting(account) == []


def test_both_count_in_what_is_mailed(account: StatusAccount) -> None:
    keep(account, update(status=ABSENT))
    account.put_items(due("S-1"), due("S-2"))
    assert account.do(MAIL) == {"mailed": 3}


def test_shipments_that_cannot_be_mailed_keep_the_rejections_waiting(
    account: StatusAccount,
) -> None:
    keep(account, update(status=ABSENT))
    account.put_items(due("S-1"))
    account.gate.break_calls("Publish", gate.no_connection, times=2)
    account.do(MAIL)
    assert account.digests() == []
    assert len(waiting(account)) == 2


def waiting_items(count: int, **texts: str) -> list[Fields]:
    """Return rejections of as many reasons."""
    return [
        {
            "shipmentId": f"\nrejected {number}",
            "reason": f"{number}{texts.get('reason', '')}",
            "example": f"S-{number}{texts.get('example', '')}",
            "dueAt": iso(NOW_MS),
        }
        for number in range(count)
    ]


@pytest.mark.parametrize(("count", "more"), [(2, []), (3, ["and 1 more"])])
def test_a_mail_names_so_many_reasons_and_counts_the_others(
    account: StatusAccount, count: int, more: list[str]
) -> None:
    account.limit(NAMED=2)
    account.put_items(*waiting_items(count), {**waiting_items(1)[0], "shipmentId": "\nrejected x"})
    account.do(MAIL)
    mail = account.digest()
    assert mail.subject == f"Logistics Processing Error: {count + 1} updates - test"
    lines = mail.body.splitlines()[2:-6]
    assert lines[:2] == ["2 x 0", " such as S-0"]
    assert len(lines[:4]) == 4
    assert lines[4:] == more


def test_the_longest_mail_is_within_the_limit_of_sns(account: StatusAccount) -> None:
    event = update(status=" ", shipmentId=WIDEST * 256, carrier=WIDEST * 256)
    event["id"] = "'" * 256
    keep(account, event)
    (item,) = account.items().values()
    items = [
        {
            **item,
            "shipmentId": f"\nrejected {number}",
            "reason": f"CRITICAL STATUS, {number:02}" + item["reason"],
        }
        for number in range(60)
    ]
    account.put_items(*items)
    account.gate.break_calls("Publish", gate.killed)
    account.ask(MAIL)
    assert LIMIT_BYTES / 2 < size(account) < LIMIT_BYTES
