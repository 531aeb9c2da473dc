"""The metrics that the local stack gets: from its function's log, and from its queue."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws

from scripts.forwarder import IDLE_SECONDS, Forwarder, main, running
from scripts.function_metrics import LATE_MS
from shipments.stack import Clients, Stack

GROUP, FUNCTION = "/aws/lambda/processor", "processor"
BY_FUNCTION = {"FunctionName": FUNCTION}
FAILED = "Traceback (most recent call last):"
NAMES = ("Invocations", "Errors", "Throttles", "Duration")
PATIENCE_SECONDS = 20


@cache
def client() -> Clients:
    """Return one set of clients for all tests, as each session reads botocore's models anew."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return Clients(boto3.Session(region_name="us-east-1", **keys))


@pytest.fixture
def stack() -> Iterator[Stack]:
    """Yield a stack of an account in memory, whose function has logged nothing yet."""
    with mock_aws():
        client()("logs").create_log_group(logGroupName=GROUP)
        outputs = {
            "ShipmentProcessorFunctionName": FUNCTION,
            "ShipmentProcessorLogGroupName": GROUP,
            "ShipmentLogsTableName": "rows",
            "FailedUpdatesQueueUrl": client()("sqs").create_queue(QueueName="failed")["QueueUrl"],
            "AlertTopicArn": "arn:aws:sns:us-east-1:123456789012:alerts",
        }
        yield Stack("tapstack", outputs, {}, client())


@pytest.fixture
def passes(stack: Stack) -> Forwarder:
    return Forwarder(client(), stack)


def invoke(
    name: str, *lines: str, milliseconds: int = 10, ago_ms: int = 0, group: str = GROUP
) -> None:
    """Log an invocation as MiniStack does: in a stream of its own, all lines at one time."""
    moment = time.time_ns() // 1_000_000 - ago_ms
    report = f"REPORT RequestId: {name}\tDuration: {milliseconds} ms\tBilled Duration: 10 ms"
    texts = [f"START RequestId: {name} Version: $LATEST", *lines, f"END RequestId: {name}", report]
    logs = client()("logs")
    logs.create_log_stream(logGroupName=group, logStreamName=name)
    events = [{"timestamp": moment, "message": text} for text in texts]
    logs.put_log_events(logGroupName=group, logStreamName=name, logEvents=events)


def line(outcome: str = "stored", **fields: Any) -> str:
    """Return a line as the function prints it, with fields of its own."""
    updates = {"Name": "Updates", "Unit": "Count"}
    latency = {"Name": "Latency", "Unit": "Milliseconds"}
    by = [["Environment", "Status"], ["Environment"]]
    directives = [
        {"Namespace": "Own", "Dimensions": [["Environment"]], "Metrics": [latency]},
        {"Namespace": "Own", "Dimensions": by, "Metrics": [updates]},
    ]
    emf = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": directives}
    record = {"Environment": "dev", "Status": "LOST", "Updates": 1, "Latency": 12.5}
    return json.dumps({"_aws": emf, **record, "outcome": outcome, **fields}, separators=(",", ":"))


def recorded(
    namespace: str, name: str, by: dict[str, str], statistic: str = "Sum", unit: str | None = None
) -> float:
    """Return a metric's statistic of all that was put with exactly these dimensions."""
    now = datetime.now(timezone.utc)
    answer = client()("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in by.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7 * 86_400,
        Statistics=[statistic],
        **({"Unit": unit} if unit else {}),
    )
    return float(sum(point[statistic] for point in answer["Datapoints"]))


def of_lambda(name: str, statistic: str = "SampleCount", by: dict[str, str] = BY_FUNCTION) -> float:
    return recorded("AWS/Lambda", name, by, statistic)


def updates() -> float:
    return recorded("Own", "Updates", {"Environment": "dev", "Status": "LOST"})


# ---- the function's own metrics


def test_a_line_s_metrics_are_put_by_each_of_their_dimensions(passes: Forwarder) -> None:
    invoke("one", line())
    passes.forward()
    found = client()("cloudwatch").list_metrics(Namespace="Own")["Metrics"]
    by = [(each["MetricName"], *(part["Value"] for part in each["Dimensions"])) for each in found]
    assert sorted(by) == [("Latency", "dev"), ("Updates", "dev"), ("Updates", "dev", "LOST")]
    assert updates() == 1
    assert recorded("Own", "Latency", {"Environment": "dev"}, unit="Milliseconds") == 12.5


def test_each_line_counts_once_even_if_it_is_late(passes: Forwarder) -> None:
    invoke("one", line())
    passes.forward()
    invoke("late", line(), ago_ms=LATE_MS // 2)
    passes.forward()
    passes.forward()
    assert updates() == 2


def test_a_write_is_counted_for_each_put_and_for_the_mark_of_an_alert(passes: Forwarder) -> None:
    invoke("stored", line())
    invoke("probing", line(probes=2))
    invoke("alerting", line(CriticalAlerts=1))
    invoke("again", line("duplicate"))
    invoke("rejected", line("rejected", RejectedUpdates=1))
    passes.forward()
    assert recorded("AWS/DynamoDB", "ConsumedWriteCapacityUnits", {"TableName": "rows"}) == 7


def test_a_delivery_is_counted_for_each_alert_and_each_rejected_update(passes: Forwarder) -> None:
    invoke("stored", line())
    invoke("alerting", line(CriticalAlerts=1))
    invoke("rejected", line("rejected", RejectedUpdates=1))
    passes.forward()
    assert recorded("AWS/SNS", "NumberOfNotificationsDelivered", {"TopicName": "alerts"}) == 2


# ---- the status stack's function

STATUS_GROUP, STATUS_FUNCTION = "/aws/lambda/status", "status"


@pytest.fixture
def both(stack: Stack) -> Forwarder:
    """Return the forwarder of a stack with a status stack, before any invocation."""
    client()("logs").create_log_group(logGroupName=STATUS_GROUP)
    outputs = {
        "ShipmentStatusFunctionName": STATUS_FUNCTION,
        "ShipmentStatusLogGroupName": STATUS_GROUP,
        "DigestTopicArn": "arn:aws:sns:us-east-1:123456789012:digests",
    }
    return Forwarder(client(), stack, Stack("companion", outputs, {}, client()))


def status_line(**fields: Any) -> str:
    """Return a line as the status stack's function prints it."""
    logged = json.loads(line(**fields))
    del logged["outcome"]
    return json.dumps(logged, separators=(",", ":"))


def test_the_functions_of_both_stacks_are_counted_apart(both: Forwarder) -> None:
    invoke("one", line())
    invoke("two", status_line(), group=STATUS_GROUP)
    invoke("three", FAILED, group=STATUS_GROUP)
    both.forward()
    assert updates() == 2
    found = [
        (of_lambda("Invocations", by=by), of_lambda("Errors", "Sum", by))
        for by in (BY_FUNCTION, {"FunctionName": STATUS_FUNCTION})
    ]
    assert found == [(1, 0), (2, 1)]


def test_a_delivery_is_counted_for_each_digest(both: Forwarder) -> None:
    invoke("none", status_line(DigestMails=0), group=STATUS_GROUP)
    invoke("two", status_line(DigestMails=2), group=STATUS_GROUP)
    both.forward()
    assert recorded("AWS/SNS", "NumberOfNotificationsDelivered", {"TopicName": "digests"}) == 2


def test_the_lag_of_the_status_is_the_age_of_a_batch_of_the_stream(both: Forwarder) -> None:
    invoke("batch", status_line(StatusLag=800), group=STATUS_GROUP)
    invoke("rule", status_line(), group=STATUS_GROUP)
    both.forward()
    by = {"FunctionName": STATUS_FUNCTION}
    assert of_lambda("IteratorAge", "SampleCount", by) == 1
    assert recorded("AWS/Lambda", "IteratorAge", by, "Maximum", "Milliseconds") == 800


# ---- AWS/Lambda


def record(**values: float) -> None:
    """Put what MiniStack records of an invocation that the Invoke API asked for."""
    dimensions = [{"Name": name, "Value": value} for name, value in BY_FUNCTION.items()]
    data = [
        {"MetricName": name, "Dimensions": dimensions, "Timestamp": time.time(), "Value": value}
        for name, value in values.items()
    ]
    client()("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=data)


def test_the_invocations_by_a_rule_are_counted_and_timed(passes: Forwarder) -> None:
    invoke("one", milliseconds=10)
    invoke("two", milliseconds=30)
    passes.forward()
    passes.forward()
    assert {name: of_lambda(name) for name in NAMES} == dict.fromkeys(NAMES, 2)
    assert (of_lambda("Errors", "Sum"), of_lambda("Throttles", "Sum")) == (0, 0)
    assert of_lambda("Duration", "Maximum") == 30
    assert recorded("AWS/Lambda", "Duration", BY_FUNCTION, unit="Milliseconds") == 40


@pytest.mark.parametrize("text", [FAILED, "Task timed out after 30.00 seconds"])
def test_a_failed_invocation_is_an_error(passes: Forwarder, text: str) -> None:
    invoke("one")
    invoke("two", text)
    passes.forward()
    assert (of_lambda("Invocations"), of_lambda("Errors", "Sum")) == (2, 1)


def test_what_ministack_records_itself_is_not_counted_twice(passes: Forwarder) -> None:
    record(Invocations=1, Errors=1, Throttles=0, Duration=12)
    invoke("asked-for", FAILED, milliseconds=12)
    passes.forward()
    invoke("by-a-rule", milliseconds=20)
    passes.forward()
    assert (of_lambda("Invocations"), of_lambda("Errors", "Sum")) == (2, 1)
    assert of_lambda("Duration", "Sum") == 32


def test_the_retries_of_an_asynchronous_invocation_count(passes: Forwarder) -> None:
    # MiniStack records one invocation, when it takes it, and neither errors nor durations.
    record(Invocations=1, Errors=0, Throttles=0)
    for attempt in range(3):
        invoke(f"attempt-{attempt}", FAILED, milliseconds=5)
        passes.forward()
    assert (of_lambda("Invocations", "Sum"), of_lambda("Errors", "Sum")) == (3, 3)
    assert of_lambda("Duration", "Sum") == 15


# ---- the queue


def waiting(statistic: str = "Maximum") -> float:
    name = "ApproximateNumberOfMessagesVisible"
    return recorded("AWS/SQS", name, {"QueueName": "failed"}, statistic)


def test_the_failed_updates_are_counted_when_their_number_changes(
    passes: Forwarder, stack: Stack
) -> None:
    passes.forward()
    assert (waiting(), waiting("SampleCount")) == (0, 1)
    for _ in range(3):
        client()("sqs").send_message(QueueUrl=stack["FailedUpdatesQueueUrl"], MessageBody="{}")
    passes.forward()
    passes.forward()
    assert (waiting(), waiting("SampleCount")) == (3, 2)


def test_a_number_that_stays_is_counted_again_after_a_minute(
    passes: Forwarder, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes.forward()
    later = time.monotonic() + IDLE_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)
    passes.forward()
    assert waiting("SampleCount") == 2


# ---- passes


@pytest.fixture
def refused() -> Iterator[threading.Event]:
    """Make the first PutMetricData fail; yields what is set then."""
    asked = threading.Event()

    def fail(**_: Any) -> None:
        if not asked.is_set():
            asked.set()
            raise ConnectionError

    events, call = client()("cloudwatch").meta.events, "before-call.cloudwatch.PutMetricData"
    events.register(call, fail)
    yield asked
    events.unregister(call, fail)


@pytest.mark.usefixtures("refused")
def test_what_a_pass_could_not_put_is_put_by_the_next(passes: Forwarder) -> None:
    invoke("one", line())
    with pytest.raises(ConnectionError):
        passes.forward()
    passes.forward()
    assert (updates(), of_lambda("Invocations"), waiting("SampleCount")) == (1, 1, 1)


def test_a_pass_with_nothing_new_asks_cloudwatch_nothing(passes: Forwarder) -> None:
    passes.forward()
    asked: list[str] = []
    events = client()("cloudwatch").meta.events

    def note(event_name: str, **_: Any) -> None:
        asked.append(event_name)

    events.register("before-call", note)
    passes.forward()
    events.unregister("before-call", note)
    assert asked == []


def test_running_makes_passes_meanwhile(stack: Stack) -> None:
    with running(client(), stack, seconds=0.01):
        for number in range(1, 4):
            invoke(f"number-{number}", line())
            give_up = time.monotonic() + PATIENCE_SECONDS
            while updates() < number and time.monotonic() < give_up:
                time.sleep(0.01)
            assert updates() == number


def test_running_makes_a_last_pass(stack: Stack) -> None:
    with running(client(), stack, seconds=3600):
        invoke("one", line())
    assert updates() == 1


def test_running_raises_what_a_pass_raised(stack: Stack, refused: threading.Event) -> None:
    def block() -> None:
        with running(client(), stack, seconds=0.01):
            assert refused.wait(PATIENCE_SECONDS)

    with pytest.raises(ConnectionError):
        block()


def test_running_ends_when_the_block_raises(stack: Stack) -> None:
    threads = threading.active_count()

    def block() -> None:
        with running(client(), stack, seconds=0.01):
            raise KeyError("the block's own")

    with pytest.raises(KeyError, match="the block's own"):
        block()
    assert threading.active_count() == threads


# ---- the command


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "AWS_ENDPOINT_URL: must be an emulator's, because AWS makes these metrics itself"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "AWS_ENDPOINT_URL: Could not connect"),
    ],
)
def test_the_command_says_what_it_needs(settings: dict[str, str], message: str) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    environment = {**keys, "AWS_DEFAULT_REGION": "us-east-1", **settings}
    done = CliRunner().invoke(main, ["tapstack-dev"], env=environment)
    assert done.exit_code == 2
    assert message in done.output
