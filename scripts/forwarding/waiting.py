"""AWS/SQS: how many failed updates wait on their queue, and how long the oldest has waited."""

import json
import time
from collections.abc import Iterator
from typing import Any

from botocore.awsrequest import AWSRequest

from scripts.forwarding.data import Data, Fields, at, dimensions

# AWS measures a queue every minute. The age of what waits grows meanwhile, so it is told sooner.
IDLE_SECONDS, WAITING_SECONDS = 60, 5


class WaitingMessages:
    """A queue's ApproximateNumberOfMessagesVisible and ApproximateAgeOfOldestMessage (s).

    Told when the number has changed, and now and then without that. Zero is told too, as by AWS.
    """

    def __init__(self, sqs: Any, url: str) -> None:
        """Take the sqs client and the queue's URL."""
        self._sqs, self._url = sqs, url
        self._dimensions = dimensions({"QueueName": url.rpartition("/")[2]})
        self._told: tuple[int, int] | None = None
        self._due = 0.0

    def read(self) -> Iterator[Data]:
        """Yield both metrics if it is time to."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)
        visible, in_flight = (int(answer["Attributes"][name]) for name in names)
        if self._told == (visible, in_flight) and time.monotonic() < self._due:
            return
        waits = visible + in_flight > 0
        age = _oldest(peek(self._sqs, self._url)) if waits else 0
        self._told = visible, in_flight
        self._due = time.monotonic() + (WAITING_SECONDS if waits else IDLE_SECONDS)
        yield {
            "AWS/SQS": [
                self._datum("ApproximateNumberOfMessagesVisible", visible, "Count"),
                self._datum("ApproximateAgeOfOldestMessage", age, "Seconds"),
            ]
        }

    def _datum(self, metric: str, value: float, unit: str) -> Fields:
        return {
            "MetricName": metric,
            "Dimensions": self._dimensions,
            "Timestamp": at(time.time() * 1000),
            "Unit": unit,
            "Value": value,
        }


def peek(sqs: Any, url: str) -> list[Fields]:
    """Return a queue's messages as MiniStack shows them, received by nobody.

    ReceiveMessage would hide them from the operator's own commands for a while, or at least
    count as a delivery and make the receipt handle that somebody holds invalid.
    """
    address = f"{sqs.meta.endpoint_url}/_ministack/sqs/messages"
    request = AWSRequest("GET", address, params={"QueueUrl": url}).prepare()
    # The client's own session: it alone knows which certificate to trust.
    answer = sqs._endpoint.http_session.send(request)  # noqa: SLF001 - boto3 has no public one
    found = json.loads(answer.content)["messages"]
    return [
        message
        for regions in found.values()
        for queues in regions.values()
        for messages in queues.values()
        for message in messages
    ]


def _oldest(messages: list[Fields]) -> float:
    """Return the age of the message that was sent first (s), 0 if they are gone already."""
    sent = min((message["SentTimestamp"] for message in messages), default=time.time())
    return max(0.0, time.time() - float(sent))
