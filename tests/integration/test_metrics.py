"""The metrics that the local stack is given are what was sent, by the dashboard's dimensions."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import TEMPLATE
from scripts.forwarder import running
from tests.integration.metrics import CRITICAL, REJECTED, STORED, by_status, dashboard, send, values
from tests.integration.permissions import without
from tests.integration.pipeline import EMULATED, Pipeline

pytestmark = pytest.mark.own_stack("puts metrics, which AWS makes itself")

Deploy = Callable[..., Pipeline]


@pytest.fixture(scope="module")
def sent(client: Callable[[str], Any]) -> Iterator[Pipeline]:
    """Send 4 updates in transit, one of them twice, 1 critical and 2 rejected."""
    parameters = {**ministack.PARAMETERS, "EnvironmentSuffix": "metrics", "EventBusName": "metrics"}
    client("events").create_event_bus(Name="metrics")
    text = TEMPLATE.read_text("utf-8")
    stack = deployment.deploy(client, "stack-metrics", text, parameters)
    pipeline = Pipeline(stack, client, EMULATED)
    with running(client, stack, seconds=0.05):
        for _ in range(3):
            send(pipeline, STORED)
        send(pipeline, STORED, times=2)
        send(pipeline, CRITICAL)
        for _ in range(2):
            send(pipeline, REJECTED)
    yield pipeline
    pipeline.close()
    deployment.delete(client, stack.name)
    client("events").delete_event_bus(Name="metrics")


COUNTS = {
    ("LogisticsProcessing", "CriticalAlerts"): 1,
    ("LogisticsProcessing", "RejectedUpdates"): 2,
    ("LogisticsProcessing", "ProcessingErrors"): 2,
    ("AWS/Lambda", "Invocations"): 8,
    ("AWS/Lambda", "Errors"): 0,
    ("AWS/Lambda", "Throttles"): 0,
    # One for each valid update, and one for the mark that the critical one has alerted.
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits"): 7,
    ("AWS/SNS", "NumberOfNotificationsDelivered"): 3,
}


@pytest.mark.parametrize(("metric", "number"), COUNTS.items(), ids=str)
def test_a_metric_of_the_dashboard_counts_what_was_sent(
    sent: Pipeline, metric: tuple[str, str], number: float
) -> None:
    assert dashboard(sent, *metric) == number


@pytest.mark.parametrize(("status", "number"), [("IN_TRANSIT", 4), ("LOST", 1)])
def test_updates_are_counted_by_their_status(sent: Pipeline, status: str, number: float) -> None:
    assert by_status(sent, status) == number


def test_updates_are_counted_together(sent: Pipeline) -> None:
    of = ("LogisticsProcessing", "ShipmentUpdatesProcessed")
    assert values(sent, *of, "Sum", {"Environment": "metrics"}) == 5


def test_durations_are_one_per_invocation(sent: Pipeline) -> None:
    assert dashboard(sent, "AWS/Lambda", "Duration", "SampleCount") == 8


def test_the_failed_updates_on_the_queue_are_counted(sent: Pipeline) -> None:
    waiting = ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    assert dashboard(sent, *waiting, "Maximum") == 2
    assert dashboard(sent, *waiting, "Minimum") == 0


def test_the_deliveries_are_the_alerts_that_a_subscriber_got(sent: Pipeline) -> None:
    delivered = dashboard(sent, "AWS/SNS", "NumberOfNotificationsDelivered")
    assert delivered == len(sent.alerts(""))


def test_invocations_by_the_rule_and_by_the_api_count_once_each(deploy: Deploy) -> None:
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
