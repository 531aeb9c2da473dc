"""What a function's log tells: the metrics of its lines (EMF), and AWS/Lambda.

MiniStack records AWS/Lambda of what the Invoke API asks for, and not of what a rule invokes, nor
the errors of an asynchronous invocation and its second and third attempt. The log has them all.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from scripts.forwarding.data import Data, Fields, at, dimensions, sampled
from scripts.forwarding.emf import metric_data
from scripts.forwarding.log import Line, Log

REPORT = re.compile(r"REPORT RequestId: \S+\tDuration: ([\d.]+) ms\t")
# MiniStack logs how an invocation failed: with a traceback, or as one that took too long.
FAILED = re.compile(r"Traceback \(most recent call last\):|Task timed out after ")
# What of a metric says how many there are.
METRICS = {"Invocations": "SampleCount", "Errors": "Sum", "Duration": "SampleCount"}
DAY = 86_400


class Invocation(NamedTuple):
    """An invocation that has ended: when (epoch ms), how long it took (ms), and how."""

    end: int
    duration: float
    failed: bool

    @property
    def second(self) -> int:
        """When it ended, as epoch seconds."""
        return self.end // 1000


class FunctionLog:
    """The metrics in a function's log, and those that Lambda has of the function."""

    def __init__(self, log: Log, cloudwatch: Any, function: str) -> None:
        """Take the function's log and name, and the cloudwatch client."""
        self._log, self._cloudwatch = log, cloudwatch
        self._since = at(log.since_ms)
        self._dimensions = dimensions({"FunctionName": function})
        self._ended: Counter[str] = Counter()
        self._new: list[Invocation] = []

    def read(self) -> Iterator[Data]:
        """Yield the metric data of the lines that are new."""
        lines = self._log.new()
        data: Data = {}
        for line in lines:
            for namespace, found in metric_data(line.message).items():
                data.setdefault(namespace, []).extend(found)
        for each in _invocations(lines):
            self._new.append(each)
            self._ended.update({"Invocations": 1, "Duration": 1, "Errors": each.failed})
        yield data
        if self._new:
            yield {"AWS/Lambda": self._missing()}
            self._new.clear()

    def _missing(self) -> list[Fields]:
        """Return the data of so many of the new invocations as CloudWatch has too few.

        It does not say which ones it has. So where there were invocations of both kinds since
        the last look, a duration may be told twice and another one not at all.
        """
        recorded = self._recorded()
        missing = {name: max(0, self._ended[name] - recorded[name]) for name in METRICS}
        told = self._new[-missing["Invocations"] :] if missing["Invocations"] else []
        failed = [each for each in self._new if each.failed][: missing["Errors"]]
        fine = told[: max(0, len(told) - len(failed))]
        timed = self._new[-missing["Duration"] :] if missing["Duration"] else []
        of = self._dimensions
        errors = [*((each.second, 1) for each in failed), *((each.second, 0) for each in fine)]
        durations = ((each.second, each.duration) for each in timed)
        return [
            *sampled("Invocations", of, ((each.second, 1) for each in told)),
            *sampled("Throttles", of, ((each.second, 0) for each in told)),
            *sampled("Errors", of, errors),
            *sampled("Duration", of, durations, "Milliseconds"),
        ]

    def _recorded(self) -> dict[str, int]:
        """Return how many invocations, errors and durations CloudWatch has so far."""
        queries = [
            {
                "Id": name.lower(),
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/Lambda",
                        "MetricName": name,
                        "Dimensions": self._dimensions,
                    },
                    "Period": DAY,
                    "Stat": statistic,
                },
            }
            for name, statistic in METRICS.items()
        ]
        soon = at((time.time() + DAY) * 1000)
        answer = self._cloudwatch.get_metric_data(
            MetricDataQueries=queries, StartTime=self._since, EndTime=soon
        )
        found = {each["Id"]: int(sum(each["Values"])) for each in answer["MetricDataResults"]}
        return {name: found[name.lower()] for name in METRICS}


def _invocations(lines: list[Line]) -> Iterator[Invocation]:
    """Yield the invocations that have ended; in MiniStack each has a log stream of its own."""
    failed = {line.stream for line in lines if FAILED.match(line.message)}
    for line in lines:
        if found := REPORT.match(line.message):
            yield Invocation(line.timestamp, float(found[1]), line.stream in failed)
