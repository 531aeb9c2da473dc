"""What the status stack knows of a shipment after its updates went through both stacks."""

from datetime import datetime, timedelta, timezone

import pytest

from tests.integration.companion import ROW, Companion

pytestmark = pytest.mark.own_stack("deploys a pair of stacks")

MORNING, NOON, EVENING = (f"2026-03-01T{hour:02}:00:00.000Z" for hour in (6, 12, 18))
NOON_MS, HOUR_MS = 1_772_366_400_000, 3_600_000


def test_an_update_becomes_its_shipment_s_status(companion: Companion) -> None:
    place = {"location": "Memphis, TN", "carrier": "FedEx"}
    shipment = companion.put("in transit", eventTime=NOON, **place)
    assert companion.wait_for_item(shipment) == {
        "shipmentId": shipment,
        "status": "IN_TRANSIT",
        "since": NOON,
        "timestamp": NOON_MS,
        "eventTime": NOON,
        "updates": 1,
        **place,
    }


def test_a_status_holds_since_its_first_update(companion: Companion) -> None:
    shipment = companion.put("PICKED_UP", eventTime=MORNING)
    for event_time in (NOON, EVENING):
        companion.put("IN_TRANSIT", shipment, eventTime=event_time)
    item = companion.wait_for_item(shipment, updates=3)
    assert (item["status"], item["since"], item["eventTime"]) == ("IN_TRANSIT", NOON, EVENING)


def test_a_late_update_counts_and_changes_no_status(companion: Companion) -> None:
    shipment = companion.put("DELIVERED", eventTime=NOON, location="Memphis, TN")
    companion.put("IN_TRANSIT", shipment, eventTime=MORNING, location="Tupelo, MS")
    item = companion.wait_for_item(shipment, updates=2)
    assert (item["status"], item["since"]) == ("DELIVERED", NOON)
    assert (item["eventTime"], item["location"]) == (NOON, "Memphis, TN")


def test_the_latest_event_is_the_status_in_whatever_order_a_batch_has_them(
    companion: Companion,
) -> None:
    shipment = companion.pipeline.shipment()
    with companion.paused():
        for status, event_time in (("C", EVENING), ("A", MORNING), ("B", NOON)):
            companion.put(status, shipment, eventTime=event_time)
    assert companion.wait_for_item(shipment)["status"] == "C"


def test_an_update_that_its_producer_repeats_counts_once(companion: Companion) -> None:
    pipeline, fields = companion.pipeline, {"updateId": "scan 7", "eventTime": NOON}
    shipment = companion.put("IN_TRANSIT", **fields)
    pipeline.put({"shipmentId": shipment, "status": "IN_TRANSIT", **fields})
    pipeline.wait_for_log(shipment, 2)
    companion.catch_up()
    assert companion.wait_for_item(shipment)["updates"] == 1


def test_records_that_the_stream_gives_again_change_nothing(companion: Companion) -> None:
    shipment = companion.put("LOST", eventTime=MORNING)
    companion.put("FOUND", shipment, eventTime=NOON)
    assert len(companion.wait_for_mails(shipment)) == 1
    before = companion.item(shipment)
    records = companion.pipeline.records(shipment)
    assert {record["eventName"] for record in records} == {"INSERT", "MODIFY"}  # a mark on LOST
    for again in (records, records[::-1], records[:1]):
        given = [record for record in again if record["eventName"] == "INSERT"]
        assert companion.do({"Records": given}).answer == {"batchItemFailures": []}
    assert companion.item(shipment) == before
    assert len(companion.mails(shipment)) == 1


def test_a_replay_changes_nothing(companion: Companion) -> None:
    pipeline, events, name = companion.pipeline, companion.client("events"), "status-replay"
    bus = events.describe_event_bus(Name=pipeline.stack["EventBusName"])["Arn"]
    archive = events.create_archive(ArchiveName=name, EventSourceArn=bus)["ArchiveArn"]
    shipment = companion.put("LOST")
    pipeline.wait_for_log(shipment)
    assert len(companion.wait_for_mails(shipment)) == 1
    before, now = companion.item(shipment), datetime.now(timezone.utc)
    events.start_replay(
        ReplayName=name,
        EventSourceArn=archive,
        EventStartTime=now - timedelta(hours=1),
        EventEndTime=now + timedelta(hours=1),
        Destination={"Arn": bus},
    )
    pipeline.wait_for_log(shipment, 2)
    events.delete_archive(ArchiveName=name)
    companion.catch_up()
    assert companion.item(shipment) == before
    assert len(companion.mails(shipment)) == 1


def test_a_shipment_whose_rows_are_deleted_has_no_status(companion: Companion) -> None:
    shipment = companion.put("IN_TRANSIT", eventTime=MORNING)
    companion.put("IN_TRANSIT", shipment, eventTime=NOON)
    companion.wait_for_item(shipment, updates=2)
    for row in companion.pipeline.rows(shipment):
        companion.delete_row(shipment, row["timestamp"])
    assert companion.pipeline.until(lambda: companion.item(shipment) is None)


def test_a_shipment_that_comes_back_after_its_deletion_begins_anew(companion: Companion) -> None:
    shipment = companion.put("LOST", eventTime=NOON)
    companion.wait_for_item(shipment)
    companion.delete_row(shipment, NOON_MS)
    companion.pipeline.until(lambda: companion.item(shipment) is None)
    companion.put("IN_TRANSIT", shipment, eventTime=MORNING)
    item = companion.wait_for_item(shipment)
    assert (item["status"], item["updates"], "heard" in item) == ("IN_TRANSIT", 1, False)


# ---- a shipment that cannot be read


def poison(companion: Companion) -> str:
    """Put a row without a status into the log; return its shipment."""
    shipment = companion.pipeline.shipment()
    companion.put_row(shipment, NOON_MS, **ROW)
    return shipment


def test_a_row_that_cannot_be_read_blocks_nobody(companion: Companion) -> None:
    with companion.paused():
        before = companion.put("IN_TRANSIT")
        poisoned = poison(companion)
        after = companion.put("LOST")
    for shipment in (before, after):
        companion.wait_for_item(shipment)
    assert len(companion.wait_for_mails(after)) == 1
    assert companion.item(poisoned) is None


def test_a_row_that_cannot_be_read_is_on_the_queue_once(companion: Companion) -> None:
    shipment = poison(companion)
    companion.catch_up()
    assert companion.pipeline.wait_for_failed(shipment) == [
        {
            "reason": f"status: {shipment} could not be refreshed: KeyError: 'status'",
            "refresh": {"shipmentId": shipment, "since": ROW["processedAt"]},
        }
    ]


def test_what_is_on_the_queue_is_refreshed_once_its_row_is_repaired(companion: Companion) -> None:
    shipment = poison(companion)
    (kept,) = companion.pipeline.wait_for_failed(shipment)
    with companion.paused():  # or the repair would be in the stream, too
        companion.delete_row(shipment, NOON_MS)
        companion.put_row(shipment, NOON_MS, status="LOST", **ROW)
        request = {
            "do": "refresh",
            "shipments": [kept["refresh"]["shipmentId"]],
            "since": kept["refresh"]["since"],
        }
        assert companion.do(request).answer == {"refreshed": 1, "failed": {}}
        assert companion.wait_for_item(shipment)["status"] == "LOST"
    assert len(companion.wait_for_mails(shipment)) == 1
