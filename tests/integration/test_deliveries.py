"""Updates that come again, at once, or in a crowd."""

import pytest

from tests.integration.pipeline import IN_FLIGHT, Pipeline

NOON = "2025-03-01T12:00:00Z"
NOON_MS = 1740830400000
DAY_MS = 86_400_000


@pytest.mark.parametrize("status", ["IN_TRANSIT", "LOST"])
def test_an_event_delivered_12_times_4_at_a_time_is_one_row(
    pipeline: Pipeline, status: str
) -> None:
    shipment = pipeline.shipment()
    envelope = pipeline.envelope({"shipmentId": shipment, "status": status})
    answers = pipeline.each(pipeline.invoke, [envelope] * 12)
    assert {answer["statusCode"] for answer in answers} == {200}
    assert len(pipeline.rows(shipment)) == 1


def test_a_critical_event_delivered_4_at_a_time_alerts(pipeline: Pipeline) -> None:
    shipment = pipeline.shipment()
    envelope = pipeline.envelope({"shipmentId": shipment, "status": "LOST"})
    pipeline.each(pipeline.invoke, [envelope] * 12)
    # Twins in flight in the same instant may alert each: that is what never losing one costs.
    assert 1 <= len(pipeline.wait_for_alerts(shipment)) <= IN_FLIGHT


def test_a_critical_event_delivered_12_times_in_turn_alerts_once(pipeline: Pipeline) -> None:
    shipment = pipeline.shipment()
    envelope = pipeline.envelope({"shipmentId": shipment, "status": "LOST"})
    for _ in range(12):
        pipeline.invoke(envelope)
    pipeline.wait_for_alerts(shipment)
    assert len(pipeline.alerts(shipment)) == 1


def test_an_update_that_its_producer_puts_twice_is_one_row(pipeline: Pipeline) -> None:
    shipment = pipeline.shipment()
    detail = {"shipmentId": shipment, "status": "LOST", "updateId": "scan-1", "eventTime": NOON}
    for number in (1, 2):
        pipeline.put(detail)
        pipeline.wait_for_log(shipment, number)
    assert len(pipeline.rows(shipment)) == 1
    assert len(pipeline.wait_for_alerts(shipment)) == 1


def test_20_updates_of_one_second_are_20_rows(pipeline: Pipeline) -> None:
    shipment = pipeline.shipment()
    envelopes = [
        pipeline.envelope({"shipmentId": shipment, "status": "IN_TRANSIT"}, time=NOON)
        for _ in range(20)
    ]
    pipeline.each(pipeline.invoke, envelopes)
    rows = pipeline.rows(shipment)
    assert [row["timestamp"] for row in rows] == list(range(NOON_MS, NOON_MS + 20))
    assert {row["updateId"] for row in rows} == {envelope["id"] for envelope in envelopes}


def test_updates_of_one_second_that_come_in_turn_keep_their_order(pipeline: Pipeline) -> None:
    shipment = pipeline.shipment()
    statuses = ["PRE_TRANSIT", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED"]
    for status in statuses:
        detail = {"shipmentId": shipment, "status": status}
        pipeline.invoke(pipeline.envelope(detail, time=NOON))
    assert [row["status"] for row in pipeline.rows(shipment)] == statuses


def test_history_is_in_the_order_of_event_times_not_of_arrival(pipeline: Pipeline) -> None:
    shipment = pipeline.shipment()
    for hour, status in ((15, "DELIVERED"), (9, "PRE_TRANSIT"), (12, "IN_TRANSIT")):
        event_time = f"2025-03-01T{hour:02}:00:00.5+01:00"
        detail = {"shipmentId": shipment, "status": status, "eventTime": event_time}
        pipeline.invoke(pipeline.envelope(detail))
    statuses = [row["status"] for row in pipeline.rows(shipment)]
    assert statuses == ["PRE_TRANSIT", "IN_TRANSIT", "DELIVERED"]


def test_of_a_day_s_200_updates_none_is_lost_and_none_doubled(pipeline: Pipeline) -> None:
    shipments = [pipeline.shipment() for _ in range(8)]
    sent: set[tuple[str, str]] = set()

    def deliver(number: int) -> None:
        """Put an update and await its row; every twentieth one is sent once more."""
        shipment, timestamp = shipments[number % 8], NOON_MS + number * DAY_MS // 200
        key = {"shipmentId": shipment, "updateId": f"scan-{number}"}
        detail = {**key, "status": "IN_TRANSIT", "eventTime": timestamp}
        pipeline.put(detail)
        sent.add((shipment, key["updateId"]))
        pipeline.until(lambda: pipeline.row(shipment, timestamp))
        if number % 20 == 0:
            pipeline.invoke(pipeline.envelope(detail))

    pipeline.each(deliver, range(200))
    stored = [(s, row["updateId"]) for s in shipments for row in pipeline.rows(s)]
    assert len(sent) == 200
    assert set(stored) == sent
    assert len(stored) == 200
