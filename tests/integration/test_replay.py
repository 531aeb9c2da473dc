"""Replaying history changes nothing that it has already done."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from tests.integration.pipeline import Pipeline

pytestmark = pytest.mark.own_stack("makes an archive and replays it to the bus")


@pytest.fixture
def history(pipeline: Pipeline) -> Iterator[list[str]]:
    """Archive what is put on the bus: an ordinary and a critical update; replay them.

    Return their shipments once both have been processed twice.
    """
    events, name = pipeline.client("events"), pipeline.run
    rule = events.describe_rule(Name=pipeline.stack["ShipmentUpdateRuleArn"].rsplit("/", 1)[1])
    bus = events.describe_event_bus(Name=pipeline.stack["EventBusName"])["Arn"]
    archive = events.create_archive(
        ArchiveName=name, EventSourceArn=bus, EventPattern=rule["EventPattern"]
    )
    shipments = [pipeline.shipment() for _ in range(2)]
    for shipment, status in zip(shipments, ("IN_TRANSIT", "LOST"), strict=True):
        pipeline.put({"shipmentId": shipment, "status": status})
        pipeline.wait_for_log(shipment)
    now = datetime.now(timezone.utc)
    events.start_replay(
        ReplayName=name,
        EventSourceArn=archive["ArchiveArn"],
        EventStartTime=now - timedelta(hours=1),
        EventEndTime=now + timedelta(hours=1),
        Destination={"Arn": bus},
    )
    for shipment in shipments:
        pipeline.wait_for_log(shipment, number=2)
    yield shipments
    events.delete_archive(ArchiveName=name)


def test_a_replay_adds_no_row_and_sends_no_alert(pipeline: Pipeline, history: list[str]) -> None:
    ordinary, critical = history
    assert [len(pipeline.rows(shipment)) for shipment in history] == [1, 1]
    assert [len(pipeline.alerts(shipment)) for shipment in (ordinary, critical)] == [0, 1]
