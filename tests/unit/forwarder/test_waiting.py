"""How many failed updates wait, and how long."""

import time
from typing import Any

import pytest

from scripts.forwarding import waiting
from scripts.forwarding.waiting import WaitingMessages
from scripts.stack import Stack
from tests.unit.forwarder.account import Client

Fields = dict[str, Any]


@pytest.fixture
def queue(client: Client, stack: Stack) -> WaitingMessages:
    return WaitingMessages(client("sqs"), stack["FailedUpdatesQueueUrl"])


def told(queue: WaitingMessages) -> list[Fields]:
    return [datum for data in queue.read() for datum in data["AWS/SQS"]]


def values(queue: WaitingMessages) -> dict[str, float]:
    return {datum["MetricName"]: datum["Value"] for datum in told(queue)}


def send(client: Client, stack: Stack) -> None:
    client("sqs").send_message(QueueUrl=stack["FailedUpdatesQueueUrl"], MessageBody="{}")


def test_an_empty_queue_is_told_as_zero(queue: WaitingMessages) -> None:
    assert values(queue) == {
        "ApproximateNumberOfMessagesVisible": 0,
        "ApproximateAgeOfOldestMessage": 0,
    }


def test_both_metrics_are_the_queue_s_in_their_units(queue: WaitingMessages) -> None:
    found = {datum["MetricName"]: (datum["Unit"], datum["Dimensions"]) for datum in told(queue)}
    of_queue = [{"Name": "QueueName", "Value": "failed"}]
    assert found == {
        "ApproximateNumberOfMessagesVisible": ("Count", of_queue),
        "ApproximateAgeOfOldestMessage": ("Seconds", of_queue),
    }


def test_a_change_is_told_at_once_and_no_change_is_not(
    queue: WaitingMessages, client: Client, stack: Stack, sent: list[float]
) -> None:
    assert values(queue)
    assert values(queue) == {}
    sent += [time.time() - 60, time.time() - 90, time.time()]
    for _ in sent:
        send(client, stack)
    found = values(queue)
    assert found["ApproximateNumberOfMessagesVisible"] == 3
    assert 90 <= found["ApproximateAgeOfOldestMessage"] < 120
    assert values(queue) == {}


def test_a_message_that_somebody_is_looking_at_waits_on_but_is_not_visible(
    queue: WaitingMessages, client: Client, stack: Stack, sent: list[float]
) -> None:
    sent.append(time.time() - 60)
    send(client, stack)
    client("sqs").receive_message(QueueUrl=stack["FailedUpdatesQueueUrl"], VisibilityTimeout=30)
    found = values(queue)
    assert found["ApproximateNumberOfMessagesVisible"] == 0
    assert found["ApproximateAgeOfOldestMessage"] >= 60


@pytest.mark.parametrize("waits", [True, False])
def test_what_stays_is_told_again_after_a_while(
    queue: WaitingMessages,
    client: Client,
    stack: Stack,
    monkeypatch: pytest.MonkeyPatch,
    waits: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    if waits:
        send(client, stack)
    assert values(queue)
    passed = waiting.WAITING_SECONDS if waits else waiting.IDLE_SECONDS
    start = time.monotonic()
    monkeypatch.setattr(waiting.time, "monotonic", lambda: start + passed - 1)
    assert values(queue) == {}
    monkeypatch.setattr(waiting.time, "monotonic", lambda: start + passed + 1)
    assert values(queue)["ApproximateNumberOfMessagesVisible"] == int(waits)
