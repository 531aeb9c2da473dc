"""How many failed updates wait."""

import time
from typing import Any

import pytest

from scripts.forwarding import waiting
from scripts.forwarding.waiting import WaitingMessages
from scripts.stack import Stack
from tests.unit.forwarder.account import Client


@pytest.fixture
def queue(client: Client, stack: Stack) -> WaitingMessages:
    return WaitingMessages(client("sqs"), stack["FailedUpdatesQueueUrl"])


def values(queue: WaitingMessages) -> list[float]:
    return [datum["Value"] for data in queue.read() for datum in data["AWS/SQS"]]


def send(client: Client, stack: Stack) -> None:
    client("sqs").send_message(QueueUrl=stack["FailedUpdatesQueueUrl"], MessageBody="{}")


def test_the_metric_is_the_queue_s_and_an_empty_one_is_zero(queue: WaitingMessages) -> None:
    ((datum,),) = [data["AWS/SQS"] for data in queue.read()]
    del datum["Timestamp"]
    assert datum == {
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": "failed"}],
        "Unit": "Count",
        "Value": 0,
    }


def test_a_change_is_put_at_once_and_no_change_is_not(
    queue: WaitingMessages, client: Client, stack: Stack
) -> None:
    assert values(queue) == [0]
    assert values(queue) == []
    for _ in range(3):
        send(client, stack)
    assert values(queue) == [3]
    assert values(queue) == []


def test_a_message_that_somebody_is_looking_at_is_not_visible(
    queue: WaitingMessages, client: Client, stack: Stack
) -> None:
    send(client, stack)
    client("sqs").receive_message(QueueUrl=stack["FailedUpdatesQueueUrl"], VisibilityTimeout=30)
    assert values(queue) == [0]


@pytest.mark.parametrize("waits", [0, 1])
def test_what_stays_is_put_again_after_a_minute(
    queue: WaitingMessages,
    client: Client,
    stack: Stack,
    monkeypatch: pytest.MonkeyPatch,
    waits: int,
) -> None:
    for _ in range(waits):
        send(client, stack)
    assert values(queue) == [waits]
    start: Any = time.monotonic()
    monkeypatch.setattr(waiting.time, "monotonic", lambda: start + waiting.IDLE_SECONDS - 1)
    assert values(queue) == []
    monkeypatch.setattr(waiting.time, "monotonic", lambda: start + waiting.IDLE_SECONDS + 1)
    assert values(queue) == [waits]
