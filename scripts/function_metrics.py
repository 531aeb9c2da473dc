"""The metrics that CloudWatch has of a function on AWS, and MiniStack has not, read from its log.

Each line in the embedded metric format (EMF) becomes the metrics that it declares. Each report of
an invocation becomes AWS/Lambda: MiniStack records only what the Invoke API asks for, and of an
asynchronous invocation only the first attempt and no failure.

More are what a function logs about its calls. AWS/DynamoDB has a unit for each write, as long as
rows have less than 1 KB. AWS/SNS has a delivery for each alert and each digest, which is what one
subscriber of all of them gets; MiniStack itself sends no mail. The age of the oldest record in a
batch of the stream is what the status stack's function logs as its lag.
"""

import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from shipments.stack import Stack

Fields = dict[str, Any]
# A namespace, and a datum of it as PutMetricData takes it.
Metric = tuple[str, Fields]

# A stream can appear this long after the time of its lines: MiniStack notes the time and then
# writes them. Only a starved process needs more than milliseconds.
LATE_MS = 3_000
DAY_SECONDS = 86_400
REPORT = re.compile(r"REPORT RequestId: \S+\tDuration: ([\d.]+) ms\t")
# MiniStack logs a failure as a traceback or, if the function took too long, as a text.
FAILED = re.compile(r"Traceback \(most recent call last\):|Task timed out after ")
# The statistic that says how many of a metric CloudWatch has.
STATISTICS = {"Invocations": "SampleCount", "Errors": "Sum", "Duration": "SampleCount"}


def datum(name: str, by: Fields, milliseconds: int, value: float, unit: str = "Count") -> Fields:
    """Return a metric's value at a time (epoch ms); by: its dimensions."""
    return {
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": each} for key, each in by.items()],
        "Timestamp": milliseconds / 1000,
        "Unit": unit,
        "Value": value,
    }


def of_processor(stack: Stack) -> "FunctionMetrics":
    """Return what reads the metrics of the function that stores updates."""
    table, topic = stack["ShipmentLogsTableName"], _name(stack["AlertTopicArn"])

    def of_calls(record: Fields, moment: int) -> Iterator[Metric]:
        alerts = record.get("CriticalAlerts", 0)
        if record["outcome"] in {"stored", "duplicate"}:
            units = 1 + record.get("probes", 0) + alerts  # an alert is marked in the row
            by = {"TableName": table}
            yield "AWS/DynamoDB", datum("ConsumedWriteCapacityUnits", by, moment, units)
        yield from _delivered(topic, moment, alerts + record.get("RejectedUpdates", 0))

    return FunctionMetrics(stack, "ShipmentProcessor", of_calls)


def of_status(stack: Stack) -> "FunctionMetrics":
    """Return what reads the metrics of the status stack's function."""
    function, topic = stack["ShipmentStatusFunctionName"], _name(stack["DigestTopicArn"])

    def of_calls(record: Fields, moment: int) -> Iterator[Metric]:
        if "StatusLag" in record:
            by = {"FunctionName": function}
            lag = datum("IteratorAge", by, moment, record["StatusLag"], "Milliseconds")
            yield "AWS/Lambda", lag
        yield from _delivered(topic, moment, record.get("DigestMails", 0))

    return FunctionMetrics(stack, "ShipmentStatus", of_calls)


def _delivered(topic: str, moment: int, count: int) -> Iterator[Metric]:
    if count:
        by = {"TopicName": topic}
        yield "AWS/SNS", datum("NumberOfNotificationsDelivered", by, moment, count)


def _name(arn: str) -> str:
    return arn.rpartition(":")[2]


class FunctionMetrics:
    """Reads the log of a function; each invocation counts once."""

    def __init__(
        self, stack: Stack, function: str, of_calls: Callable[[Fields, int], Iterator[Metric]]
    ) -> None:
        """Take a stack, and how its outputs for the function begin.

        of_calls: returns the metrics of the calls in the function's own line of a time (epoch ms).
        """
        self._client = stack.client
        self._function = stack[f"{function}FunctionName"]
        self._group = stack[f"{function}LogGroupName"]
        self._of_calls = of_calls
        self._from_ms = 0
        self._seen: set[str] = set()
        self._ended: Counter[str] = Counter()

    def new(self) -> Iterator[Metric]:
        """Yield the metrics of the invocations that have ended since the last call."""
        ended, failed = [], []
        for lines in self._new_streams():
            has_failed = any(FAILED.match(message) for _, message in lines)
            for moment, message in lines:
                if message.startswith('{"_aws"'):
                    yield from self._of_record(json.loads(message))
                elif report := REPORT.match(message):
                    ended.append((moment, float(report[1])))
                    failed += [moment] * has_failed
        if ended:
            yield from self._of_invocations(ended, failed)

    def _new_streams(self) -> list[list[tuple[int, str]]]:
        """Return the lines (epoch ms, text) of each new log stream, which is one invocation."""
        pages = self._client("logs").get_paginator("filter_log_events")
        streams = defaultdict(list)
        for page in pages.paginate(logGroupName=self._group, startTime=self._from_ms):
            for event in page["events"]:
                streams[event["logStreamName"]].append((event["timestamp"], event["message"]))
                self._from_ms = max(self._from_ms, event["timestamp"] - LATE_MS)
        new = [lines for name, lines in streams.items() if name not in self._seen]
        self._seen = set(streams)
        return new

    def _of_record(self, record: Fields) -> Iterator[Metric]:
        """Yield the metrics of the function's own line."""
        moment = record["_aws"]["Timestamp"]
        for directive in record["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                by = {name: record[name] for name in names}
                for each in directive["Metrics"]:
                    value = record[each["Name"]]
                    measured = datum(each["Name"], by, moment, value, each["Unit"])
                    yield directive["Namespace"], measured
        yield from self._of_calls(record, moment)

    def _of_invocations(
        self, ended: list[tuple[int, float]], failed: list[int]
    ) -> Iterator[Metric]:
        """Yield AWS/Lambda of as many of the new invocations as CloudWatch has too few.

        It does not say which ones it has. If MiniStack recorded some of the new ones, a duration
        may count twice and another one not at all.

        ended: their times (epoch ms) and durations (ms); failed: the times of those that failed.
        """
        self._ended += Counter(Invocations=len(ended), Duration=len(ended), Errors=len(failed))
        missing = self._ended - self._recorded()
        by = {"FunctionName": self._function}
        for moment, _ in ended[: missing["Invocations"]]:
            for name, value in (("Invocations", 1), ("Errors", 0), ("Throttles", 0)):
                yield "AWS/Lambda", datum(name, by, moment, value)
        for moment in failed[: missing["Errors"]]:
            yield "AWS/Lambda", datum("Errors", by, moment, 1)
        for moment, duration in ended[: missing["Duration"]]:
            yield "AWS/Lambda", datum("Duration", by, moment, duration, "Milliseconds")

    def _recorded(self) -> Counter[str]:
        """Return how many invocations, errors and durations CloudWatch has."""
        of = {
            "Namespace": "AWS/Lambda",
            "Dimensions": [{"Name": "FunctionName", "Value": self._function}],
        }
        queries = [
            {
                "Id": name.lower(),
                "Label": name,
                "MetricStat": {
                    "Metric": {**of, "MetricName": name},
                    "Period": DAY_SECONDS,
                    "Stat": statistic,
                },
            }
            for name, statistic in STATISTICS.items()
        ]
        answer = self._client("cloudwatch").get_metric_data(
            MetricDataQueries=queries, StartTime=0, EndTime=time.time() + DAY_SECONDS
        )
        return Counter(
            {each["Label"]: int(sum(each["Values"])) for each in answer["MetricDataResults"]}
        )
