"""The metrics that CloudWatch has of a function on AWS, and MiniStack has not, read from its log.

Each line in the embedded metric format (EMF) becomes the metrics that it declares. Each report of
an invocation becomes AWS/Lambda: MiniStack records only what the Invoke API asks for, and of an
asynchronous invocation only the first attempt and no failure.

Two more are what the function logs about its calls. AWS/DynamoDB has a unit for each write, as
long as rows have less than 1 KB. AWS/SNS has a delivery for each alert, which is what one
subscriber of all alerts gets; MiniStack itself sends no mail.
"""

import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
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


class FunctionMetrics:
    """Reads the log of a stack's function; each invocation counts once."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
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
        pages = self._stack.client("logs").get_paginator("filter_log_events")
        group = self._stack["ShipmentProcessorLogGroupName"]
        streams = defaultdict(list)
        for page in pages.paginate(logGroupName=group, startTime=self._from_ms):
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
        alerts = record.get("CriticalAlerts", 0)
        if record["outcome"] in {"stored", "duplicate"}:
            units = 1 + record.get("probes", 0) + alerts  # an alert is marked in the row
            by = {"TableName": self._stack["ShipmentLogsTableName"]}
            yield "AWS/DynamoDB", datum("ConsumedWriteCapacityUnits", by, moment, units)
        if sent := alerts + record.get("RejectedUpdates", 0):
            by = {"TopicName": self._stack["AlertTopicArn"].rpartition(":")[2]}
            yield "AWS/SNS", datum("NumberOfNotificationsDelivered", by, moment, sent)

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
        by = {"FunctionName": self._stack["ShipmentProcessorFunctionName"]}
        for moment, _ in ended[: missing["Invocations"]]:
            for name, value in (("Invocations", 1), ("Errors", 0), ("Throttles", 0)):
                yield "AWS/Lambda", datum(name, by, moment, value)
        for moment in failed[: missing["Errors"]]:
            yield "AWS/Lambda", datum("Errors", by, moment, 1)
        for moment, duration in ended[: missing["Duration"]]:
            yield "AWS/Lambda", datum("Duration", by, moment, duration, "Milliseconds")

    def _recorded(self) -> Counter[str]:
        """Return how many invocations, errors and durations CloudWatch has."""
        function = self._stack["ShipmentProcessorFunctionName"]
        of = {
            "Namespace": "AWS/Lambda",
            "Dimensions": [{"Name": "FunctionName", "Value": function}],
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
        answer = self._stack.client("cloudwatch").get_metric_data(
            MetricDataQueries=queries, StartTime=0, EndTime=time.time() + DAY_SECONDS
        )
        return Counter(
            {each["Label"]: int(sum(each["Values"])) for each in answer["MetricDataResults"]}
        )
