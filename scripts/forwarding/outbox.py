"""Puts metric data, each once."""

from typing import Any

from scripts.forwarding.data import Data, Fields

# PutMetricData takes so many at a time (CloudWatch API reference).
MOST = 1000


class Outbox:
    """Metric data on their way: what a failed call left unsent goes with the next."""

    def __init__(self, cloudwatch: Any) -> None:
        """Take the cloudwatch client."""
        self._cloudwatch = cloudwatch
        self._waiting: dict[str, list[Fields]] = {}

    def add(self, data: Data) -> None:
        """Take data to put, by namespace."""
        for namespace, each in data.items():
            self._waiting.setdefault(namespace, []).extend(each)

    def send(self) -> int:
        """Put all that waits; return how many data that were."""
        sent = 0
        for namespace, data in self._waiting.items():
            while data:
                batch = data[:MOST]
                self._cloudwatch.put_metric_data(Namespace=namespace, MetricData=batch)
                del data[: len(batch)]
                sent += len(batch)
        return sent
