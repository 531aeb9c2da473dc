"""What becomes of one update that is put on the bus."""

import json

from tests.integration.pipeline import Pipeline

MEMPHIS = {"status": "IN_TRANSIT", "location": "Memphis, TN", "carrier": "FedEx"}
# An updateId names the run in messages that have no shipment.
BROKEN = {"status": "DELAYED", "location": "Memphis, TN", "weight": 1.5}


def test_an_update_becomes_one_row_with_its_attributes(pipeline: Pipeline) -> None:
    detail = {"shipmentId": pipeline.shipment(), **MEMPHIS, "temperature": [-2.5, None]}
    (event_id,) = pipeline.put(detail)
    (row,) = pipeline.wait_for_rows(detail["shipmentId"])
    assert json.loads(row.pop("rawEvent")) == detail
    assert row.pop("processedAt") >= row["eventTime"]
    assert row.pop("eventTime").endswith(".000Z")
    assert row.pop("timestamp") % 1000 == 0
    assert row == {"shipmentId": detail["shipmentId"], "updateId": event_id, **MEMPHIS}


def test_an_update_with_an_event_time_is_stored_at_that_millisecond(pipeline: Pipeline) -> None:
    detail = {"shipmentId": pipeline.shipment(), **MEMPHIS, "eventTime": "2025-03-01T12:00:00.25Z"}
    pipeline.put(detail)
    (row,) = pipeline.wait_for_rows(detail["shipmentId"])
    assert (row["timestamp"], row["eventTime"]) == (1740830400250, "2025-03-01T12:00:00.250Z")


def test_a_critical_update_alerts_in_words(pipeline: Pipeline) -> None:
    detail = {"shipmentId": pipeline.shipment(), **MEMPHIS, "status": "Delayed"}
    pipeline.put(detail)
    (alert,) = pipeline.wait_for_alerts(detail["shipmentId"])
    (row,) = pipeline.rows(detail["shipmentId"])
    environment = alert.attributes["environment"]
    assert alert.subject == f"Logistics Alert: DELAYED - {detail['shipmentId']}"
    *lines, link = alert.body.splitlines()
    assert lines == [
        "ALERT: Critical Shipment Status Detected",
        "",
        f"Shipment ID: {detail['shipmentId']}",
        "Status: DELAYED",
        "Location: Memphis, TN",
        "Carrier: FedEx",
        f"Event time: {row['eventTime']}",
        f"Environment: {environment}",
        "",
        "What to do next:",
        f"shipments track {detail['shipmentId']} --environment {environment}",
    ]
    assert link.endswith("#critical-status")


def test_a_critical_update_s_row_says_when_it_was_alerted(pipeline: Pipeline) -> None:
    detail = {"shipmentId": pipeline.shipment(), "status": "LOST"}
    pipeline.put(detail)
    row = pipeline.until(
        lambda: next((r for r in pipeline.rows(detail["shipmentId"]) if "alertedAt" in r), None)
    )
    assert row["alertedAt"] >= row["processedAt"]


def test_an_alert_carries_attributes_to_filter_by(pipeline: Pipeline) -> None:
    detail = {"shipmentId": pipeline.shipment(), "status": "DAMAGED"}
    pipeline.put(detail)
    (alert,) = pipeline.wait_for_alerts(detail["shipmentId"])
    (line,) = pipeline.wait_for_log(detail["shipmentId"])
    assert alert.attributes == {
        "alertType": "CRITICAL_STATUS",
        "environment": line["Environment"],
        "shipmentId": detail["shipmentId"],
        "status": "DAMAGED",
        "carrier": "Unknown",
    }


def test_a_subscriber_who_filters_by_status_gets_only_that_status(pipeline: Pipeline) -> None:
    mailbox = pipeline.subscribe({"status": ["LOST"], "environment": [{"exists": True}]})
    try:
        lost, *others = (
            {"shipmentId": pipeline.shipment(), "status": status}
            for status in ("LOST", "DELAYED", "EXCEPTION")
        )
        pipeline.put(*others, lost)
        for detail in (lost, *others):
            pipeline.wait_for_alerts(detail["shipmentId"])
        alerts = pipeline.until(lambda: mailbox.alerts(pipeline.pace.linger))
        # Alerts of others reach a deployed stack's topic meanwhile: look for ours.
        ours = {alert.attributes["shipmentId"] for alert in alerts}
        assert ours & {d["shipmentId"] for d in (lost, *others)} == {lost["shipmentId"]}
    finally:
        mailbox.close()


def test_an_ordinary_update_alerts_nobody(pipeline: Pipeline) -> None:
    detail = {"shipmentId": pipeline.shipment(), **MEMPHIS}
    pipeline.put(detail)
    pipeline.wait_for_log(detail["shipmentId"])  # it comes last
    assert pipeline.alerts(detail["shipmentId"]) == []


def test_a_rejected_update_is_kept_whole_with_its_reason(pipeline: Pipeline) -> None:
    detail = {**BROKEN, "updateId": pipeline.shipment()}
    (event_id,) = pipeline.put(detail, Resources=["arn:aws:s3:::manifest"])
    (kept,) = pipeline.wait_for_failed(detail["updateId"])
    envelope = kept["envelope"]
    assert kept["reason"] == "shipmentId: is required"
    assert envelope["detail"] == detail
    assert envelope["id"] == event_id
    assert envelope["resources"] == ["arn:aws:s3:::manifest"]
    assert {"version", "source", "detail-type", "account", "time", "region"} <= envelope.keys()


def test_a_rejected_update_is_not_stored(pipeline: Pipeline) -> None:
    detail = {"shipmentId": pipeline.shipment(), "status": ["LOST"]}
    pipeline.put(detail)
    pipeline.wait_for_failed(detail["shipmentId"])
    assert pipeline.rows(detail["shipmentId"]) == []


def test_a_rejected_update_is_reported_by_one_error_alert(pipeline: Pipeline) -> None:
    detail = {"shipmentId": pipeline.shipment(), "status": "   "}
    pipeline.put(detail)
    pipeline.wait_for_log(detail["shipmentId"])
    (alert,) = pipeline.wait_for_alerts(detail["shipmentId"])
    environment = alert.attributes["environment"]
    assert alert.subject == f"Logistics Processing Error - {environment}"
    assert "Reason: status: is required" in alert.body.splitlines()
    assert alert.body.endswith("#processing-error")
    assert alert.attributes["alertType"] == "PROCESSING_ERROR"


def test_events_of_other_sources_and_types_are_left_alone(pipeline: Pipeline) -> None:
    ours, others = pipeline.shipment(), pipeline.shipment()
    pipeline.put({"shipmentId": others, "status": "LOST"}, Source="logistics.invoices")
    pipeline.put({"shipmentId": others, "status": "LOST"}, DetailType="Shipment Deleted")
    pipeline.put({"shipmentId": ours, "status": "LOST"})
    pipeline.wait_for_log(ours)
    assert pipeline.log(others) == []
    assert pipeline.rows(others) == []
