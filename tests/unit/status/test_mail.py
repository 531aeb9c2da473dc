"""What people are mailed about shipments: one readable mail, however many shipments there are."""

import shlex

import pytest

from tests.unit.status.account import StatusAccount, row
from tests.unit.status.items import MAIL, due


def test_a_mail_about_one_shipment_reads_well(account: StatusAccount) -> None:
    account.follow(row("DELAYED", location="K\u00f8ge, DK"))
    mail = account.digest()
    assert mail.subject == "Logistics Alert: DELAYED - S-1"
    assert mail.body.splitlines() == [
        "ALERT: Critical Shipment Status Detected",
        "",
        "S-1: DELAYED since 2026-01-15T12:00:00.000Z",
        " K\u00f8ge, DK, FedEx",
        "",
        "Environment: test",
        "",
        "What to do next:",
        "shipments track S-1 --environment test",
        "https://example.com/runbook#critical-status",
    ]


def test_a_mail_about_one_shipment_can_be_filtered_by(account: StatusAccount) -> None:
    account.follow(row("DELAYED"))
    assert account.digest().attributes == {
        "alertType": "CRITICAL_STATUS",
        "environment": "test",
        "shipmentId": "S-1",
        "status": "DELAYED",
    }


def test_a_mail_says_where_a_shipment_is_by_now(account: StatusAccount) -> None:
    account.follow(row("DELAYED"), row("DELIVERED", 1, location="Oslo", carrier="UPS"))
    mail = account.digest()
    assert mail.subject == "Logistics Alert: DELAYED - S-1"
    assert mail.body.splitlines()[2:4] == [
        "S-1: DELAYED since 2026-01-15T12:00:00.000Z, now DELIVERED",
        " Oslo, UPS",
    ]
    assert mail.attributes["status"] == "DELAYED"


def test_a_mail_names_the_last_two_statuses_in_order_and_the_last_first_of_all(
    account: StatusAccount,
) -> None:
    # As texts, 10 would come before 9, and DAMAGED before DELAYED.
    account.put_items(due("S-1", "10 LOST", "9 DELAYED", "8 DAMAGED TWICE"))
    account.do(MAIL)
    mail = account.digest()
    assert mail.subject == "Logistics Alert: LOST - S-1"
    assert mail.body.splitlines()[2:5] == [
        "S-1: DELAYED since 1970-01-01T00:00:00.009Z, now LOST",
        "S-1: LOST since 1970-01-01T00:00:00.010Z",
        " Oslo, UPS",
    ]


def test_a_status_of_several_words_is_named_whole(account: StatusAccount) -> None:
    account.follow(row("LOST,OR DAMAGED"))
    assert account.digest().body.splitlines()[2].startswith("S-1: LOST,OR DAMAGED since 2026")


@pytest.mark.parametrize("length", [1, 75, 76, 77, 128])
def test_a_subject_has_at_most_100_characters(account: StatusAccount, length: int) -> None:
    account.follow(row("LOST", 0, "S" * length))
    whole = "Logistics Alert: LOST - " + "S" * length
    (subject,) = account.subjects()
    assert subject == (whole if len(whole) <= 100 else whole[:97] + "...")
    assert len(subject) == min(100, len(whole))


def test_a_subject_is_printable_ascii(account: StatusAccount) -> None:
    account.follow(row("LOST", 0, "K\u00f8ge \u2028\u202e\U0001f69a-1"))
    assert account.subjects() == ["Logistics Alert: LOST - K?ge ??-1"]


def test_an_attribute_has_a_question_mark_for_what_cannot_be_shown(account: StatusAccount) -> None:
    account.follow(row("LOST \u202e", 0, "K\u00f8ge  \uffff1"))
    attributes = account.digest().attributes
    assert (attributes["shipmentId"], attributes["status"]) == ("K\u00f8ge ?1", "LOST ?")


def test_a_command_in_a_mail_is_safe_to_paste(account: StatusAccount) -> None:
    shipment = "$(rm -rf ~); 'x'\u00a0\u202e`y`"
    account.follow(row("LOST", 0, shipment))
    shown = shipment.replace("\u00a0", " ").replace("\u202e", "?")
    assert shlex.split(account.digest().body.splitlines()[-2]) == [
        *("shipments", "track", shown, "--environment", "test")
    ]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("a\x00b", "a?b"),
        ("a\u200bb", "a?b"),
        ("\u6771\u4eac\u3000 \u6e2f\u533a", "\u6771\u4eac \u6e2f\u533a"),
        ("\u0645\u06cc\u200c\u0631\u0648\u062f", "\u0645\u06cc\u200c\u0631\u0648\u062f"),
        ("\u2764\ufe0f  7", "\u2764\ufe0f 7"),
        ("a\nS-9: LOST since x", "a S-9: LOST since x"),
    ],
)
def test_a_mail_shows_what_a_mail_can_show(account: StatusAccount, sent: str, shown: str) -> None:
    account.follow(row("LOST", location=sent))
    assert account.digest().body.splitlines()[3] == f" {shown}, FedEx"
