"""A stack's forwarder: passes, what it needs, and how it ends."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from scripts.forwarder import Forwarder, main, running
from scripts.stack import Stack
from tests.unit.forwarder.account import (
    BUS,
    STACK_NAME,
    TABLE,
    Client,
    found,
    invoke,
    record,
    recorded,
    write,
)

DIRECTIVE = {"Namespace": "Own", "Dimensions": [[]], "Metrics": [{"Name": "Updates"}]}
PATIENCE_SECONDS = 20


def log(client: Client, number: int) -> None:
    """Log so many updates, at one time."""
    moment = time.time_ns() // 1_000_000
    metadata = {"Timestamp": moment, "CloudWatchMetrics": [DIRECTIVE]}
    text = json.dumps({"_aws": metadata, "Updates": 1})
    write(client, "a", *[(moment, text)] * number)


def updates(client: Client) -> float:
    return recorded(client, "Own", "Updates", "Sum")


def resources(client: Client) -> list[Any]:
    """Return the names of all that measuring could leave behind."""
    return [
        sorted(client("sqs").list_queues()["QueueUrls"]),
        [rule["Name"] for rule in client("events").list_rules(EventBusName=BUS)["Rules"]],
        client("sns").list_subscriptions()["Subscriptions"],
    ]


@pytest.fixture
def forwarder(client: Client, stack: Stack) -> Iterator[Forwarder]:
    forwarder = Forwarder(client, stack)
    forwarder.forward()  # tells that the queue is empty
    yield forwarder
    forwarder.close()


def test_a_pass_tells_how_many_data_it_put(forwarder: Forwarder, client: Client) -> None:
    log(client, 3)
    assert (forwarder.forward(), forwarder.forward()) == (3, 0)
    assert updates(client) == 3


def test_a_pass_measures_everything(forwarder: Forwarder, client: Client, stack: Stack) -> None:
    client("dynamodb").put_item(TableName=TABLE, Item={"id": {"S": "a"}})
    client("sns").publish(TopicArn=stack["AlertTopicArn"], Message="lost")
    entry = {"Source": "logistics.shipments", "DetailType": "x", "Detail": "{}"}
    client("events").put_events(Entries=[{**entry, "EventBusName": BUS}])
    client("sqs").send_message(QueueUrl=stack["FailedUpdatesQueueUrl"], MessageBody="{}")
    write(client, "a", (time.time_ns() // 1_000_000, "REPORT RequestId: 1\tDuration: 5 ms\t"))
    forwarder.forward()
    metrics = client("cloudwatch").list_metrics()["Metrics"]
    assert {(each["Namespace"], each["MetricName"]) for each in metrics} == {
        ("AWS/DynamoDB", "ConsumedWriteCapacityUnits"),
        ("AWS/Events", "TriggeredRules"),
        ("AWS/Lambda", "Invocations"),
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "Throttles"),
        ("AWS/Lambda", "Duration"),
        ("AWS/SNS", "NumberOfNotificationsDelivered"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    }


def test_what_a_failed_pass_left_is_put_by_the_next_once(
    forwarder: Forwarder, client: Client
) -> None:
    log(client, 3)

    def fail(**_: Any) -> None:
        raise ConnectionError

    events = client("cloudwatch").meta.events
    events.register("before-call.cloudwatch.PutMetricData", fail)
    with pytest.raises(ConnectionError):
        forwarder.forward()
    events.unregister("before-call.cloudwatch.PutMetricData", fail)
    assert updates(client) == 0
    assert (forwarder.forward(), forwarder.forward()) == (3, 0)
    assert updates(client) == 3


def test_an_invocation_that_a_failed_pass_left_is_not_told_for_another(
    forwarder: Forwarder, client: Client
) -> None:
    def fail(**_: Any) -> None:
        raise ConnectionError

    events = client("cloudwatch").meta.events
    events.register("before-call.cloudwatch.PutMetricData", fail)
    invoke(client, "by-a-rule")
    with pytest.raises(ConnectionError):
        forwarder.forward()
    events.unregister("before-call.cloudwatch.PutMetricData", fail)
    record(client, Invocations=1)
    invoke(client, "asked-for")
    forwarder.forward()
    assert found(client, "Invocations") == 2


def test_a_pass_with_nothing_new_asks_cloudwatch_nothing(
    forwarder: Forwarder, client: Client
) -> None:
    invoke(client, "one")
    forwarder.forward()
    asked: list[str] = []
    client("cloudwatch").meta.events.register(
        "before-call", lambda event_name, **_: asked.append(event_name)
    )
    assert forwarder.forward() == 0
    assert asked == []


def test_what_measuring_needs_is_named_after_the_stack_and_removed(
    client: Client, stack: Stack
) -> None:
    before = resources(client)
    forwarder = Forwarder(client, stack)
    queues, rules, subscriptions = resources(client)
    assert len(queues) == len(before[0]) + 2
    own = {url.rpartition("/")[2] for url in queues if url not in before[0]} | {*rules[1:]}
    assert all(name.startswith(STACK_NAME[:32]) for name in own)
    assert len(subscriptions) == 1
    forwarder.close()
    assert resources(client) == before


def test_running_makes_a_last_pass(client: Client, stack: Stack) -> None:
    before = resources(client)
    with running(client, stack, seconds=3600):
        log(client, 2)
    assert updates(client) == 2
    assert resources(client) == before


def test_running_makes_passes_meanwhile(client: Client, stack: Stack) -> None:
    with running(client, stack, seconds=0.01):
        for number in range(1, 4):
            log(client, 1)
            give_up = time.monotonic() + PATIENCE_SECONDS
            while updates(client) < number and time.monotonic() < give_up:
                time.sleep(0.01)
            assert updates(client) == number


def test_running_raises_what_a_pass_raised_and_leaves_nothing(client: Client, stack: Stack) -> None:
    before = resources(client)
    failed = threading.Event()

    def fail(**_: Any) -> None:
        failed.set()
        raise ConnectionError

    def block() -> None:
        with running(client, stack, seconds=0.01):
            assert failed.wait(PATIENCE_SECONDS)

    client("cloudwatch").meta.events.register("before-call.cloudwatch.PutMetricData", fail)
    with pytest.raises(ConnectionError):
        block()
    assert resources(client) == before


def test_running_ends_when_the_block_raises(client: Client, stack: Stack) -> None:
    before, threads = resources(client), threading.active_count()

    def block() -> None:
        with running(client, stack, seconds=0.01):
            raise KeyError("the block's own")

    with pytest.raises(KeyError, match="the block's own"):
        block()
    assert resources(client) == before
    assert threading.active_count() == threads


def test_a_forwarder_that_cannot_be_made_leaves_nothing(client: Client, stack: Stack) -> None:
    before = resources(client)
    missing = {**stack.outputs, "AlertTopicArn": "arn:aws:sns:us-east-1:123456789012:missing"}
    with pytest.raises(Exception, match="NotFound"):
        Forwarder(client, Stack(STACK_NAME, missing))
    assert resources(client) == before


NO_EMULATOR = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "AWS_ENDPOINT_URL: must be an emulator's, because AWS makes these metrics itself"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "AWS_ENDPOINT_URL: Could not connect"),
    ],
)
def test_the_command_says_what_it_needs(settings: dict[str, str], message: str) -> None:
    environment = {**NO_EMULATOR, "AWS_DEFAULT_REGION": "us-east-1", **settings}
    done = CliRunner().invoke(main, ["tapstack-dev"], env=environment)
    assert done.exit_code == 2
    assert message in done.output
