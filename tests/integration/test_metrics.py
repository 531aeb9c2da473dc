"""The metrics that the local stack is given are what was sent, by the dashboard's dimensions."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from scripts import emulator as ministack
from scripts import stack as stacks
from scripts.embed import TEMPLATE
from scripts.forwarder import running
from tests.integration.metrics import (
    CRITICAL,
    REJECTED,
    STORED,
    by_status,
    dashboard,
    leftovers,
    send,
    values,
)
from tests.integration.permissions import without
from tests.integration.pipeline import EMULATED, Pipeline

pytestmark = pytest.mark.own_stack("puts metrics, which AWS makes itself")

Deploy = Callable[..., Pipeline]
# Of four KB, for the row has it once, as raw text, and at most 700 bytes besides.
LARGE = {"status": "DELIVERED", "note": "." * 3300}


@pytest.fixture(scope="module")
def sent(
    client: Callable[[str], Any],
) -> Iterator[Pipeline]:
    """Send 9 updates: 4 in transit (one of them twice), 1 large, 1 critical, 2 rejected."""
    parameters = {**ministack.PARAMETERS, "EnvironmentSuffix": "metrics", "EventBusName": "metrics"}
    client("events").create_event_bus(Name="metrics")
    text = TEMPLATE.read_text("utf-8")
    stack = stacks.deploy(client("cloudformation"), "stack-metrics", text, parameters)
    pipeline = Pipeline(stack, client, EMULATED)
    before = leftovers(pipeline)
    with running(client, stack, seconds=0.05):
        for _ in range(3):
            send(pipeline, STORED)
        send(pipeline, STORED, times=2)
        send(pipeline, LARGE)
        send(pipeline, CRITICAL)
        for _ in range(2):
            send(pipeline, REJECTED)
    assert leftovers(pipeline) == before
    yield pipeline
    pipeline.close()
    stacks.delete(client("cloudformation"), stack.name)
    client("events").delete_event_bus(Name="metrics")


COUNTS = {
    ("LogisticsProcessing", "CriticalAlerts"): 1,
    ("LogisticsProcessing", "RejectedUpdates"): 2,
    ("LogisticsProcessing", "ProcessingErrors"): 2,
    ("AWS/Events", "TriggeredRules"): 9,
    ("AWS/Lambda", "Invocations"): 9,
    ("AWS/Lambda", "Errors"): 0,
    ("AWS/Lambda", "Throttles"): 0,
    # A unit a row, the large one's four, and one for the mark that the critical one has alerted.
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits"): 10,
}


@pytest.mark.parametrize(("metric", "number"), COUNTS.items(), ids=str)
def test_a_metric_of_the_dashboard_counts_what_was_sent(
    sent: Pipeline, metric: tuple[str, str], number: float
) -> None:
    assert dashboard(sent, *metric) == number


@pytest.mark.parametrize(("status", "number"), [("IN_TRANSIT", 4), ("DELIVERED", 1), ("LOST", 1)])
def test_updates_are_counted_by_their_status(sent: Pipeline, status: str, number: float) -> None:
    assert by_status(sent, status) == number


def test_updates_are_counted_together(sent: Pipeline) -> None:
    by = {"Environment": "metrics"}
    name = "ShipmentUpdatesProcessed"
    assert values(sent, "LogisticsProcessing", name, "Sum", by) == 6
    now = datetime.now(timezone.utc)
    answer = sent.client("cloudwatch").get_metric_statistics(
        Namespace="LogisticsProcessing",
        MetricName=name,
        Dimensions=[{"Name": "Environment", "Value": "metrics"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7 * 86_400,
        Statistics=["Sum", "SampleCount"],
    )
    (point,) = answer["Datapoints"]
    assert (point["Sum"], point["SampleCount"], point["Unit"]) == (6, 6, "Count")


def test_latencies_and_durations_are_one_an_update(sent: Pipeline) -> None:
    latency = ("LogisticsProcessing", "EndToEndLatency")
    assert dashboard(sent, *latency, "SampleCount") == 6
    assert dashboard(sent, *latency, "Minimum") > 0
    assert dashboard(sent, "AWS/Lambda", "Duration", "SampleCount") == 9


def test_the_failed_updates_that_wait_are_counted(sent: Pipeline) -> None:
    waiting = ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    assert dashboard(sent, *waiting, "Maximum") == 2
    assert dashboard(sent, *waiting, "Minimum") == 0


def test_the_alerts_are_those_that_a_subscriber_got(sent: Pipeline) -> None:
    types = [alert.attributes["alertType"] for alert in sent.alerts("")]
    assert types == ["CRITICAL_STATUS", "PROCESSING_ERROR", "PROCESSING_ERROR"]
    assert dashboard(sent, "AWS/SNS", "NumberOfNotificationsDelivered") == len(types)


def test_a_queue_that_is_empty_again_is_told_so(deploy: Deploy) -> None:
    pipeline = deploy("emptied")
    by = {"QueueName": pipeline.stack["FailedUpdatesQueueUrl"].rpartition("/")[2]}
    name = "ApproximateNumberOfMessagesVisible"
    with running(pipeline.client, pipeline.stack, seconds=0.01):
        shipment = send(pipeline, REJECTED)
        pipeline.until(lambda: values(pipeline, "AWS/SQS", name, "Maximum", by) == 1)
        samples = values(pipeline, "AWS/SQS", name, "SampleCount", by)
        assert len(pipeline.failed(shipment)) == 1
    assert values(pipeline, "AWS/SQS", name, "SampleCount", by) > samples
    assert values(pipeline, "AWS/SQS", name, "Sum", by) <= samples


def test_a_replayed_update_triggers_the_rule_again(deploy: Deploy) -> None:
    pipeline = deploy("replayed")
    events, bus = pipeline.client("events"), pipeline.stack["EventBusName"]
    bus_arn = events.describe_event_bus(Name=bus)["Arn"]
    archive = events.create_archive(ArchiveName=pipeline.run, EventSourceArn=bus_arn)["ArchiveArn"]
    with running(pipeline.client, pipeline.stack, seconds=0.05):
        shipment, now = send(pipeline, STORED), datetime.now(timezone.utc)
        events.start_replay(
            ReplayName=pipeline.run,
            EventSourceArn=archive,
            EventStartTime=now - timedelta(hours=1),
            EventEndTime=now + timedelta(hours=1),
            Destination={"Arn": bus_arn},
        )
        pipeline.wait_for_log(shipment, number=2)
    events.delete_archive(ArchiveName=pipeline.run)
    assert dashboard(pipeline, "AWS/Events", "TriggeredRules") == 2


def test_what_ministack_records_itself_is_not_counted_twice(deploy: Deploy) -> None:
    pipeline = deploy("twice")
    with running(pipeline.client, pipeline.stack, seconds=0.05):
        send(pipeline, STORED)
        pipeline.invoke(pipeline.envelope({"shipmentId": pipeline.shipment(), **STORED}))
        send(pipeline, STORED)
    found = [dashboard(pipeline, "AWS/Lambda", name) for name in ("Invocations", "Errors")]
    assert found == [3, 0]
    assert dashboard(pipeline, "AWS/Lambda", "Duration", "SampleCount") == 3


def test_an_update_that_fails_three_times_is_three_invocations_and_errors(deploy: Deploy) -> None:
    pipeline = deploy("failing")
    shipment = pipeline.shipment()
    with running(pipeline.client, pipeline.stack, seconds=0.05):
        with without(pipeline, "dynamodb:PutItem"):
            pipeline.invoke_later(pipeline.envelope({"shipmentId": shipment, **STORED}))
            pipeline.wait_for_failed(shipment)
        # The last attempt's line is there a moment after its record is on the queue.
        pipeline.wait_for_log(shipment, number=3)
    found = [dashboard(pipeline, "AWS/Lambda", name) for name in ("Invocations", "Errors")]
    assert found == [3, 3]
    assert dashboard(pipeline, "AWS/Lambda", "Duration", "SampleCount") == 3
