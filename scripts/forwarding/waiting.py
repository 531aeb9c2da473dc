"""AWS/SQS: how many failed updates wait on their queue."""

import time
from collections.abc import Iterator
from typing import Any

from scripts.forwarding.data import Data, at, dimensions

# AWS measures a queue every minute.
IDLE_SECONDS = 60


class WaitingMessages:
    """A queue's ApproximateNumberOfMessagesVisible.

    Put when the number has changed, and every minute without that. Zero is put too, as by AWS.
    """

    def __init__(self, sqs: Any, url: str) -> None:
        """Take the sqs client and the queue's URL."""
        self._sqs, self._url = sqs, url
        self._dimensions = dimensions({"QueueName": url.rpartition("/")[2]})
        self._latest: int | None = None
        self._due = 0.0

    def read(self) -> Iterator[Data]:
        """Yield the metric if it is time to."""
        name = "ApproximateNumberOfMessages"
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])
        visible = int(answer["Attributes"][name])
        if self._latest == visible and time.monotonic() < self._due:
            return
        self._latest = visible
        self._due = time.monotonic() + IDLE_SECONDS
        datum = {
            "MetricName": "ApproximateNumberOfMessagesVisible",
            "Dimensions": self._dimensions,
            "Timestamp": at(time.time() * 1000),
            "Unit": "Count",
            "Value": visible,
        }
        yield {"AWS/SQS": [datum]}
