"""Events as carriers send them: alerted, told apart, rejected for the true reason, readable."""

import json
from typing import Any

import pytest

from tests.integration.pipeline import Fields, Pipeline

NOON, NOON_MS = "2025-03-01T12:00:00Z", 1_740_830_400_000
CROWD = 5_000
BATCH = 25  # BatchWriteItem takes no more


def critical(pipeline: Pipeline, **fields: Any) -> Fields:
    return {"shipmentId": pipeline.shipment(), "status": "LOST", **fields}


# ---- which updates alert


@pytest.mark.parametrize(
    "status", ["Delivery exception", "Shipment Delayed", "LOST_IN_TRANSIT", "Exception_004"]
)
def test_a_carrier_s_own_word_for_trouble_alerts(pipeline: Pipeline, status: str) -> None:
    detail = critical(pipeline, status=status)
    pipeline.put(detail)
    (alert,) = pipeline.wait_for_alerts(detail["shipmentId"])
    assert alert.attributes["alertType"] == "CRITICAL_STATUS"


def test_a_part_of_a_word_does_not_alert(pipeline: Pipeline) -> None:
    detail = critical(pipeline, status="UNDAMAGED")
    pipeline.put(detail)
    pipeline.wait_for_log(detail["shipmentId"])
    assert pipeline.alerts(detail["shipmentId"]) == []


# ---- which updates are the same


def test_delayed_and_then_lost_under_one_update_id_and_time_are_two_updates(
    pipeline: Pipeline,
) -> None:
    detail = critical(pipeline, updateId="scan-1", eventTime=NOON)
    for number, status in enumerate(("DELAYED", "LOST"), 1):
        pipeline.put({**detail, "status": status})
        pipeline.wait_for_log(detail["shipmentId"], number)
    assert [row["status"] for row in pipeline.rows(detail["shipmentId"])] == ["DELAYED", "LOST"]
    alerts = pipeline.alerts(detail["shipmentId"])
    assert [alert.attributes["status"] for alert in alerts] == ["DELAYED", "LOST"]


def test_the_same_detail_in_three_envelopes_is_one_row_and_one_mail(pipeline: Pipeline) -> None:
    detail = critical(pipeline, eventTime=NOON)
    for number in (1, 2, 3):
        pipeline.put(detail)
        pipeline.wait_for_log(detail["shipmentId"], number)
    assert len(pipeline.rows(detail["shipmentId"])) == 1
    assert len(pipeline.alerts(detail["shipmentId"])) == 1


# ---- which updates are rejected, and for what reason

AHEAD = "is more than an hour ahead of the function's clock"
SECONDS = "is before the year 2000; were seconds meant as milliseconds?"
REJECTED: dict[str, tuple[Fields, Fields, str]] = {
    "an eventTime of 2099": ({"eventTime": "2099-01-01T00:00:00Z"}, {}, f"eventTime: {AHEAD}"),
    "both times of 2099": (
        {"eventTime": "2099-01-01T00:00:00Z"},
        {"time": "2099-01-01T00:00:00Z"},
        f"eventTime: {AHEAD}",
    ),
    "an envelope's time of 2099": ({}, {"time": "2099-01-01T00:00:00Z"}, f"time: {AHEAD}"),
    "epoch seconds": ({"eventTime": NOON_MS // 1000}, {}, f"eventTime: {SECONDS}"),
    "64 characters and a hump": (
        {"status": "a" * 32 + "B" * 32},
        {},
        "status: must have 1 to 64 characters once normalised",
    ),
}


@pytest.mark.parametrize("kind", REJECTED)
def test_an_update_is_rejected_for_the_true_reason(pipeline: Pipeline, kind: str) -> None:
    fields, envelope, reason = REJECTED[kind]
    detail = critical(pipeline, **fields)
    assert pipeline.invoke(pipeline.envelope(detail, **envelope))["statusCode"] == 400
    (kept,) = pipeline.wait_for_failed(detail["shipmentId"])
    assert (kept["reason"], pipeline.rows(detail["shipmentId"])) == (reason, [])


@pytest.mark.parametrize(
    ("field", "sent", "stored"),
    [
        ("location", {"city": "Memphis", "zip": 38118}, '{"city":"Memphis","zip":38118}'),
        ("carrier", 7, "7"),
    ],
)
def test_a_description_that_is_no_string_rejects_no_update(
    pipeline: Pipeline, field: str, sent: Any, stored: str
) -> None:
    detail = critical(pipeline, **{field: sent})
    pipeline.put(detail)
    (row,) = pipeline.wait_for_rows(detail["shipmentId"])
    assert row[field] == stored
    assert json.loads(row["rawEvent"])[field] == sent
    assert len(pipeline.wait_for_alerts(detail["shipmentId"])) == 1


# ---- a crowd


@pytest.fixture
def crowded(pipeline: Pipeline) -> Fields:
    """Return a critical update whose millisecond and the 4,999 after it have rows of others."""
    detail = critical(pipeline, eventTime=NOON_MS)
    table = pipeline.stack["ShipmentLogsTableName"]

    def occupy(first: int) -> None:
        items = [
            {"shipmentId": {"S": detail["shipmentId"]}, "timestamp": {"N": str(first + number)}}
            for number in range(BATCH)
        ]
        requests = [{"PutRequest": {"Item": item}} for item in items]
        answer = pipeline.client("dynamodb").batch_write_item(RequestItems={table: requests})
        assert not answer.get("UnprocessedItems")

    pipeline.each(occupy, range(NOON_MS, NOON_MS + CROWD, BATCH))
    return detail


def test_an_update_behind_5000_occupied_milliseconds_is_stored_once_and_alerts(
    pipeline: Pipeline, crowded: Fields
) -> None:
    shipment = crowded["shipmentId"]
    for number in (1, 2):
        pipeline.put(crowded)
        outcomes = [line["outcome"] for line in pipeline.wait_for_log(shipment, number)]
    assert sorted(outcomes) == ["duplicate", "stored"]
    assert len(pipeline.rows(shipment)) == CROWD + 1
    assert len(pipeline.alerts(shipment)) == 1


# ---- what a person reads


def test_a_mail_has_no_forged_line_and_every_script(pipeline: Pipeline) -> None:
    blanks = " " * 150
    location = f"北京\u3000東区\u00a0می\u200cروم{blanks}Status: DELIVERED\nCarrier: nobody"
    detail = critical(pipeline, location=location)
    pipeline.put(detail)
    (alert,) = pipeline.wait_for_alerts(detail["shipmentId"])
    lines = alert.body.splitlines()
    assert "Location: 北京 東区 می\u200cروم Status: DELIVERED Carrier: nobody" in lines
    assert [line for line in lines if line.startswith(("Status:", "Carrier:"))] == [
        "Status: LOST",
        "Carrier: Unknown",
    ]


def test_the_mail_of_a_rejected_update_says_what_a_person_needs(pipeline: Pipeline) -> None:
    detail = critical(pipeline, carrier="FedEx", eventTime="noon")
    (event_id,) = pipeline.put(detail)
    (alert,) = pipeline.wait_for_alerts(detail["shipmentId"])
    assert alert.body.splitlines()[:8] == [
        "CRITICAL STATUS LOST: Error processing shipment update",
        "",
        "Reason: eventTime: must be ISO 8601 with zone, or whole epoch milliseconds",
        "Value: noon",
        f"Shipment ID: {detail['shipmentId']}",
        "Status: LOST",
        "Carrier: FedEx",
        f"Event ID: {event_id}",
    ]
