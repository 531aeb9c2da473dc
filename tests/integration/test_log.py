"""The one line that each invocation leaves in CloudWatch Logs."""

import pytest

from scripts.mailbox import Fields
from tests.integration.pipeline import Pipeline

KINDS: dict[str, Fields] = {
    "stored": {"status": "IN_TRANSIT", "location": "Memphis, TN", "carrier": "FedEx"},
    "critical": {"status": "LOST"},
    "rejected": {"status": 4},
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_invocation_logs_one_line(pipeline: Pipeline, kind: str) -> None:
    detail = {"shipmentId": pipeline.shipment(), **KINDS[kind]}
    pipeline.invoke(pipeline.envelope(detail))
    (line,) = pipeline.wait_for_log(detail["shipmentId"])
    assert line["outcome"] == ("rejected" if kind == "rejected" else "stored")


def test_a_redelivery_logs_that_it_is_one(pipeline: Pipeline) -> None:
    shipment = pipeline.shipment()
    envelope = pipeline.envelope({"shipmentId": shipment, "status": "IN_TRANSIT"})
    for _ in range(2):
        pipeline.invoke(envelope)
    lines = pipeline.wait_for_log(shipment, number=2)
    assert sorted(line["outcome"] for line in lines) == ["duplicate", "stored"]


def test_a_line_declares_the_metrics_that_it_holds(pipeline: Pipeline) -> None:
    detail = {"shipmentId": pipeline.shipment(), **KINDS["critical"]}
    pipeline.invoke(pipeline.envelope(detail))
    (line,) = pipeline.wait_for_log(detail["shipmentId"])
    declared = {
        (metric["Name"], *dimensions)
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
        for dimensions in directive["Dimensions"]
    }
    assert declared == {
        ("ShipmentUpdatesProcessed", "Environment", "Status"),
        ("ShipmentUpdatesProcessed", "Environment"),
        ("CriticalAlerts", "Environment"),
    }
    assert all(word in line for names in declared for word in names)


def test_a_line_tells_neither_place_nor_text_of_the_update(pipeline: Pipeline) -> None:
    detail = {"shipmentId": pipeline.shipment(), **KINDS["stored"], "phone": "+1 901 555 0100"}
    pipeline.put(detail)
    pipeline.wait_for_log(detail["shipmentId"])
    (line,) = pipeline.log_lines(detail["shipmentId"])
    assert "Memphis" not in line
    assert "555 0100" not in line


def test_the_line_of_a_plain_update_has_at_most_700_bytes(pipeline: Pipeline) -> None:
    shipment = pipeline.shipment()
    pipeline.put({"shipmentId": shipment, **KINDS["stored"]})
    (parsed,) = pipeline.wait_for_log(shipment)
    (line,) = pipeline.log_lines(shipment)
    # As long as it is for a shipment named SHIP-12345 in an environment named dev.
    longer = len(shipment) - len("SHIP-12345") + len(parsed["Environment"]) - len("dev")
    assert len(line.encode()) - longer <= 700
