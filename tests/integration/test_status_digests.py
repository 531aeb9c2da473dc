"""What people are mailed by the status stack: few mails, and each thing once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest

from scripts.mailbox import Alert
from tests.integration.companion import ROW, WINDOW_SECONDS, Companion

pytestmark = pytest.mark.own_stack("deploys a pair of stacks")

STORM, SQUALL = 40, 16
DAY, HOUR = timedelta(days=1), 3_600


@pytest.fixture(autouse=True)
def nothing_waits(companion: Companion) -> None:
    """Mail what other tests left."""
    companion.settle()


def mail(companion: Companion, word: str) -> Alert:
    """Return the only digest with a word in it."""
    (only,) = companion.wait_for_mails(word)
    return only


def ago(days: float) -> str:
    return (datetime.now(timezone.utc) - days * DAY).isoformat(timespec="milliseconds")


# ---- shipments that enter a critical status


def test_a_shipment_that_enters_a_critical_status_is_mailed(companion: Companion) -> None:
    place = {"location": "Memphis, TN", "carrier": "FedEx"}
    shipment = companion.put("Customs delay", eventTime="2026-03-01T12:00:00Z", **place)
    found = mail(companion, shipment)
    assert found.subject == f"Logistics Alert: CUSTOMS_DELAY - {shipment}"
    assert found.body.splitlines() == [
        "ALERT: Critical Shipment Status Detected",
        "",
        f"{shipment}: CUSTOMS_DELAY since 2026-03-01T12:00:00.000Z",
        " Memphis, TN, FedEx",
        "",
        "Environment: statuses",
        "",
        "What to do next:",
        f"shipments track {shipment} --environment statuses",
        "docs/runbook.md#critical-status",
    ]


def test_a_digest_of_one_shipment_carries_what_to_filter_by(companion: Companion) -> None:
    shipment = companion.put("LOST")
    assert mail(companion, shipment).attributes == {
        "alertType": "CRITICAL_STATUS",
        "environment": "statuses",
        "shipmentId": shipment,
        "status": "LOST",
    }


def test_nobody_is_mailed_about_an_ordinary_update(companion: Companion) -> None:
    shipment = companion.put("IN_TRANSIT")
    assert companion.mails(shipment) == []


def test_each_scan_in_the_same_critical_status_is_one_mail_together(companion: Companion) -> None:
    shipment = companion.put("DELAYED")
    assert len(companion.wait_for_mails(shipment)) == 1
    for _ in range(3):
        companion.put("DELAYED", shipment, eventTime=ago(0))
    assert len(companion.mails(shipment)) == 1
    assert companion.wait_for_item(shipment)["updates"] == 4


def test_a_shipment_that_is_critical_once_more_is_mailed_once_more(companion: Companion) -> None:
    shipment = companion.put("DELAYED", eventTime=ago(3))
    assert len(companion.wait_for_mails(shipment)) == 1
    companion.put("IN_TRANSIT", shipment, eventTime=ago(2))
    companion.put("DELAYED", shipment, eventTime=ago(1))
    assert len(companion.mails(shipment)) == 2


def test_a_critical_update_that_comes_late_is_mailed_with_the_status_of_now(
    companion: Companion,
) -> None:
    shipment = companion.put("DELIVERED", eventTime="2026-03-02T12:00:00Z")
    companion.put("DAMAGED", shipment, eventTime="2026-03-01T12:00:00Z")
    line = f"{shipment}: DAMAGED since 2026-03-01T12:00:00.000Z, now DELIVERED"
    assert line in mail(companion, shipment).body.splitlines()


# ---- storms


def named_in(mails: list[Alert], shipments: list[str]) -> list[str]:
    """Return the shipments that the mails name, each as often as they do."""
    lines = [line for each in mails for line in each.body.splitlines()]
    return sorted(s for s in shipments for line in lines if line.startswith(f"{s}: DELAYED"))


def test_a_storm_within_one_window_is_one_or_two_mails(companion: Companion) -> None:
    shipments = [companion.pipeline.shipment() for _ in range(STORM)]
    with companion.paused():  # as the batching window does
        for shipment in shipments:
            companion.put_row(shipment, status="DELAYED", **ROW)
    ours = [each for each in companion.mails("ALERT") if named_in([each], shipments)]
    assert named_in(ours, shipments) == sorted(shipments)
    assert len(ours) in {1, 2}  # the rule may run while the batch is read
    if len(ours) == 1:
        assert ours[0].subject == f"Logistics Alert: {STORM} shipments ({STORM} DELAYED) - statuses"


def test_a_storm_over_several_windows_is_one_mail_each_and_names_each_shipment_once(
    companion: Companion,
) -> None:
    start = time.monotonic()
    shipments = companion.pipeline.each(companion.put, ["DELAYED"] * SQUALL)
    ours = [each for each in companion.mails("ALERT") if named_in([each], shipments)]
    windows = (time.monotonic() - start) / WINDOW_SECONDS + 1
    assert named_in(ours, shipments) == sorted(shipments)
    assert len(ours) <= windows


def test_a_shipment_that_finds_no_turn_waits_for_the_next(companion: Companion) -> None:
    companion.end_turn(HOUR)
    shipment = companion.put("LOST")
    companion.catch_up()
    assert companion.do({"do": "mail"}).answer == {"mailed": 0}
    assert "dueAt" in companion.wait_for_item(shipment)
    companion.end_turn(0)
    assert len(companion.wait_for_mails(shipment)) == 1
    item = companion.wait_for_item(shipment)
    assert ("dueAt" in item, "unheard" in item, "alertedAt" in item) == (False, False, True)


@contextmanager
def nobody_subscribed(companion: Companion) -> Iterator[None]:
    """Let nobody get the digests for the length of a with block."""
    sns, topic = companion.client("sns"), {"TopicArn": companion.stack["DigestTopicArn"]}
    subscribers = sns.list_subscriptions_by_topic(**topic)["Subscriptions"]
    for each in subscribers:
        sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    try:
        yield
    finally:
        for each in subscribers:
            sns.subscribe(**topic, Protocol=each["Protocol"], Endpoint=each["Endpoint"])


def test_a_mail_that_nobody_would_get_waits_until_somebody_is_subscribed(
    companion: Companion,
) -> None:
    with nobody_subscribed(companion):
        shipment = companion.put("LOST")
        companion.catch_up()
        assert companion.do({"do": "mail"}).answer == {"mailed": 0}
        assert "dueAt" in companion.wait_for_item(shipment)
    assert len(companion.wait_for_mails(shipment)) == 1


# ---- rejected updates


def reject(companion: Companion, *details: dict[str, object]) -> list[str]:
    """Put updates on the bus that are rejected, and return their shipments once all are noted."""
    companion.end_turn(HOUR)
    shipments = [companion.pipeline.shipment() for _ in details]
    for shipment, detail in zip(shipments, details, strict=True):
        companion.pipeline.put({"shipmentId": shipment, **detail})
    companion.pipeline.until(lambda: len(companion.rejected()) == len(details))
    companion.end_turn(0)
    return shipments


def test_rejected_updates_are_counted_in_one_mail_by_reason_and_carrier(
    companion: Companion,
) -> None:
    broken = {"status": 7, "carrier": "DHL"}
    shipments = reject(companion, broken, broken, {"status": ""})
    found = mail(companion, "rejected")
    assert found.subject == "Logistics Processing Error: 3 updates - statuses"
    assert found.attributes == {"alertType": "PROCESSING_ERROR", "environment": "statuses"}
    counts = [line for line in found.body.splitlines() if " x " in line]
    assert counts == ["2 x status: must be a string (DHL)", "1 x status: is required (Unknown)"]
    assert sum(shipment in found.body for shipment in shipments) == 2  # an example of each
    assert companion.rejected() == []


def test_an_alert_of_the_main_stack_about_a_shipment_is_no_rejected_update(
    companion: Companion,
) -> None:
    shipment = companion.put("LOST")
    companion.pipeline.wait_for_alerts(shipment)
    companion.settle()
    reject(companion, {"status": 7})  # which comes after the alert
    (noted,) = companion.rejected()
    assert noted["reason"] == "status: must be a string (Unknown)"


# ---- shipments without news


@pytest.fixture
def silence(companion: Companion) -> Iterator[dict[str, str]]:
    """Put updates that are days old, and have the daily run mail them; return the shipments."""
    companion.clear()
    shipments = {
        name: companion.put(status, eventTime=ago(days))
        for name, status, days in (
            ("silent", "IN_TRANSIT", 10),
            ("moving", "IN_TRANSIT", 2),
            ("delivered", "DELIVERED", 10),
        )
    }
    companion.catch_up()
    companion.do({"do": "stuck"})
    yield shipments
    for shipment in shipments.values():
        for row in companion.pipeline.rows(shipment):
            companion.delete_row(shipment, row["timestamp"])
    companion.catch_up()


def test_only_a_shipment_that_should_have_moved_is_mailed(
    companion: Companion, silence: dict[str, str]
) -> None:
    found = {name: len(companion.mails(shipment)) for name, shipment in silence.items()}
    assert found == {"silent": 1, "moving": 0, "delivered": 0}
    (only,) = companion.mails(silence["silent"])
    assert only.subject == "Shipments without news: 1 - statuses"
    assert only.attributes == {"alertType": "STUCK_SHIPMENTS", "environment": "statuses"}


def test_a_silence_is_mailed_once(companion: Companion, silence: dict[str, str]) -> None:
    companion.do({"do": "stuck"})
    assert len(companion.mails(silence["silent"])) == 1


def test_a_silence_after_news_is_mailed_again(
    companion: Companion, silence: dict[str, str]
) -> None:
    companion.put("IN_TRANSIT", silence["silent"], eventTime=ago(9))
    companion.wait_for_item(silence["silent"], updates=2)
    companion.do({"do": "stuck"})
    assert len(companion.mails(silence["silent"])) == 2
