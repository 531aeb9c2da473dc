"""What people are mailed about a critical update, and that it is one mail."""

import shlex

import pytest

from tests.unit.handler import gate
from tests.unit.handler.account import Account
from tests.unit.handler.updates import TIME_MS, critical, update


def test_an_alert_reads_well_in_a_mail(account: Account) -> None:
    account.deliver(critical(eventTime="2026-01-15T09:30:00+01:00", location=" K\u00f8ge, DK "))
    (alert,) = account.alerts()
    assert alert.subject == "Logistics Alert: DELAYED - SHIP-12345"
    assert alert.body.splitlines() == [
        "ALERT: Critical Shipment Status Detected",
        "",
        "Shipment ID: SHIP-12345",
        "Status: DELAYED",
        "Location: K\u00f8ge, DK",
        "Carrier: FedEx",
        "Event time: 2026-01-15T08:30:00.000Z",
        "Environment: test",
        "",
        "What to do next:",
        "shipments track SHIP-12345 --environment test",
        "https://example.com/runbook#critical-status",
    ]


def test_a_command_in_an_alert_is_safe_to_paste(account: Account) -> None:
    shipment_id = "$(rm -rf ~); 'x'\u00a0\u202e`y`"
    account.deliver(critical(shipmentId=shipment_id))
    (alert,) = account.alerts()
    shown = shipment_id.replace("\u00a0", " ").replace("\u202e", "?")
    assert shlex.split(alert.body.splitlines()[-2]) == [
        *("shipments", "track", shown, "--environment", "test")
    ]


def test_an_alert_can_be_filtered_by(account: Account) -> None:
    account.deliver(critical())
    (alert,) = account.alerts()
    assert alert.attributes == {
        "shipmentId": "SHIP-12345",
        "status": "DELAYED",
        "carrier": "FedEx",
        "environment": "test",
        "alertType": "CRITICAL_STATUS",
    }


@pytest.mark.parametrize("length", [1, 72, 73, 74, 128])
def test_a_subject_has_at_most_100_characters(account: Account, length: int) -> None:
    account.deliver(critical(shipmentId="S" * length))
    whole = "Logistics Alert: DELAYED - " + "S" * length
    (alert,) = account.alerts()
    assert alert.subject == (whole if len(whole) <= 100 else whole[:97] + "...")
    assert len(alert.subject) == min(100, len(whole))


@pytest.mark.parametrize(
    ("shipment_id", "shown"),
    [
        ("K\u00f8ge-1", "K?ge-1"),
        ("\U0001f69a-1", "?-1"),
        ("a\u2028b\u200fc", "a b?c"),
        ("a b~!", "a b~!"),
        ("a\ud83d", "a\\ud83d"),
    ],
)
def test_a_subject_is_printable_ascii(account: Account, shipment_id: str, shown: str) -> None:
    account.deliver(critical(shipmentId=shipment_id))
    (alert,) = account.alerts()
    assert alert.subject == f"Logistics Alert: DELAYED - {shown}"


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x7f", "\u202e", "\u200b", "\uffff", "\ue000"])
def test_an_alert_shows_a_question_mark_for_what_cannot_be_shown(
    account: Account, char: str
) -> None:
    account.deliver(critical(location=f"a{char}b"))
    (alert,) = account.alerts()
    assert "Location: a?b" in alert.body.splitlines()


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("\u6771\u4eac\u3000\u6e2f\u533a", "\u6771\u4eac \u6e2f\u533a"),
        ("12\u00a0rue", "12 rue"),
        ("Dock  x 4", "Dock x 4"),
        ("\u0645\u06cc\u200c\u0631\u0648\u062f", "\u0645\u06cc\u200c\u0631\u0648\u062f"),
        ("\U0001f468\u200d\U0001f527", "\U0001f468\u200d\U0001f527"),
        ("\u2764\ufe0f  7", "\u2764\ufe0f 7"),
    ],
)
def test_an_alert_shows_what_a_mail_can_show(account: Account, sent: str, shown: str) -> None:
    account.deliver(critical(location=sent))
    (alert,) = account.alerts()
    assert f"Location: {shown}" in alert.body.splitlines()


def test_an_attribute_has_a_question_mark_for_what_cannot_be_shown(account: Account) -> None:
    account.deliver(critical(shipmentId="K\u00f8ge \U0001f69a\u2028\uffff1"))
    (alert,) = account.alerts()
    assert alert.attributes["shipmentId"] == "K\u00f8ge \U0001f69a ?1"


def test_an_ordinary_update_alerts_nobody(account: Account) -> None:
    account.deliver(update())
    assert account.alerts() == []
    assert "alertedAt" not in account.row()


def test_an_update_is_stored_before_it_is_alerted(account: Account) -> None:
    account.gate.break_calls("PutItem", gate.refusal(400, "AccessDeniedException"))
    account.attempt(critical())
    assert account.alerts() == []


def test_a_crash_before_the_alert_only_delays_it(account: Account) -> None:
    account.gate.break_calls("Publish", gate.killed, times=1)
    assert isinstance(account.attempt(critical()).error, gate.Killed)
    assert account.alerts() == []
    again = account.deliver(critical())
    assert again.attempts == ["PutItem", "Publish", "UpdateItem"]
    assert len(account.alerts()) == 1
    assert "alertedAt" in account.row()


def test_a_crash_between_alert_and_mark_repeats_the_alert_rather_than_lose_it(
    account: Account,
) -> None:
    account.gate.break_calls("UpdateItem", gate.killed, times=1)
    assert isinstance(account.attempt(critical()).error, gate.Killed)
    account.deliver(critical())
    account.deliver(critical())
    assert len(account.alerts()) == 2


def test_a_row_deleted_meanwhile_does_not_come_back_as_marks_alone(account: Account) -> None:
    account.gate.after("Publish", account.delete_rows)
    delivery = account.attempt(critical())
    assert (
        delivery.log["error"] == "ConditionalCheckFailedException ConditionalCheckFailedException"
    )
    assert account.rows() == []


def test_a_mark_is_put_on_the_updates_own_row(account: Account) -> None:
    account.deliver(update(updateId="u-1"))
    account.deliver(critical(updateId="u-2"))
    assert [(row["timestamp"], "alertedAt" in row) for row in account.rows()] == [
        (TIME_MS, False),
        (TIME_MS + 1, True),
    ]


def test_an_update_that_became_critical_alerts_when_redelivered(account: Account) -> None:
    account.deliver(update(status="HELD"))
    account.restart(CRITICAL_STATUSES="HELD")
    account.deliver(update(status="HELD"))
    account.deliver(update(status="HELD"))
    assert len(account.alerts()) == 1
