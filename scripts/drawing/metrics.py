"""Gets the points of a graph's lines from CloudWatch."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from scripts.drawing.body import SEARCH_PERIOD, Graph, Line, Metric

NO_DATA = "no data"
NO_SEARCH = "SEARCH is not answered here: drawn from the metrics that it would find."
# A SEARCH by the names of all dimensions, and the values of some of them.
SEARCH = re.compile(
    r"""SEARCH\('\{(?P<schema>[^{}']+)\}(?P<terms>(?:\s+\w+="[^"']*")*)\s*', """
    r"""'(?P<stat>[^']+)', \d+\)"""
)


class Span(NamedTuple):
    """The time that is drawn, and the seconds a point stands for (None: as each widget says)."""

    start: datetime
    end: datetime
    period: int | None = None

    def of(self, graph: Graph) -> "Span":
        """Return the time that a graph's axis shows: whole periods."""
        period = self.period or max((line.period for line in graph.lines), default=60)
        start = self.start.timestamp() // period * period
        end = -(-self.end.timestamp() // period) * period
        zone = timezone.utc
        return Span(datetime.fromtimestamp(start, zone), datetime.fromtimestamp(end, zone), period)


class Series(NamedTuple):
    """A line as it is drawn: points as (epoch seconds, value) in the order of time.

    problem: why it has none, if CloudWatch did not answer.
    """

    label: str
    period: int
    points: tuple[tuple[float, float], ...] = ()
    problem: str = ""

    @property
    def why_empty(self) -> str:
        """Why nothing is drawn of it; empty if something is."""
        return self.problem or ("" if self.points else NO_DATA)


def series(graph: Graph, cloudwatch: Any, span: Span) -> tuple[list[Series], str]:
    """Return what a graph shows, and a note on how it was found, if there is one."""
    labels = names(graph.lines)
    lines = [line._replace(period=span.period or line.period) for line in graph.lines]
    queries = [_query(line, labels[line.id]) for line in lines]
    results, problems = _answers(cloudwatch, queries, span.of(graph)) if queries else ({}, {})
    found: list[Series] = []
    note = ""
    for line in lines:
        if not line.visible:
            continue
        shown = [
            Series(label or labels[line.id], line.period, tuple(sorted(points)))
            for (label, _), points in results[line.id].items()
            if points
        ]
        if line.id in problems and (wanted := SEARCH.fullmatch(line.expression)):
            note = NO_SEARCH
            rows = tuple(
                Line(f"found_{number}", metric, period=line.period)
                for number, metric in enumerate(_searched(wanted, cloudwatch))
            )
            # As CloudWatch does, leave out the metrics that have no points.
            parts = series(graph._replace(lines=rows), cloudwatch, span)[0]
            shown = [part for part in parts if part.points]
            problems.pop(line.id)
        problem = problems.get(line.id, "")
        found += shown or [Series(labels[line.id], line.period, problem=problem)]
    return found, note


def names(lines: Sequence[Line]) -> dict[str, str]:
    """Return a name for each line, by its id: its label, or what tells it from the others.

    That is the metric's name, and for those of one name the dimensions and the statistic in which
    they differ: these alone if all are of one name.
    """
    metrics = [line.metric for line in lines if line.metric and line.visible and not line.label]
    found = {}
    for line in lines:
        if line.label or line.metric is None:
            found[line.id] = line.label or line.expression
            continue
        same = [_parts(metric) for metric in metrics if metric.name == line.metric.name]
        words = [
            value
            for part, value in _parts(line.metric).items()
            if len({each.get(part) for each in same}) > 1
        ]
        if len({metric.name for metric in metrics}) > 1 or not words:
            words.insert(0, line.metric.name)
        found[line.id] = " ".join(words)
    return found


def _parts(metric: Metric) -> dict[str, str]:
    return {**dict(metric.dimensions), "": metric.stat}


def _query(line: Line, label: str) -> dict[str, Any]:
    """Return a line as GetMetricData takes it."""
    query: dict[str, Any] = {"Id": line.id, "ReturnData": line.visible}
    if line.metric is None:
        expression, searches = SEARCH_PERIOD.subn(rf"\g<1>{line.period}\g<3>", line.expression)
        query |= {"Expression": expression, **({"Label": line.label} if line.label else {})}
        return query if searches else {**query, "Period": line.period}
    dimensions = [{"Name": name, "Value": value} for name, value in line.metric.dimensions]
    metric = {"Namespace": line.metric.namespace, "MetricName": line.metric.name}
    stat = {"Metric": {**metric, "Dimensions": dimensions}, "Stat": line.metric.stat}
    return {**query, "Label": label, "MetricStat": {**stat, "Period": line.period}}


Results = dict[tuple[str, int], list[tuple[float, float]]]


def _answers(
    cloudwatch: Any, queries: list[dict[str, Any]], span: Span
) -> tuple[dict[str, Results], dict[str, str]]:
    """Return what CloudWatch answers, and the problems that it reports, by the queries' ids.

    An answer is points by label and number: two metrics that a SEARCH finds may have one label.
    """
    results: dict[str, Results] = {query["Id"]: defaultdict(list) for query in queries}
    problems: dict[str, str] = {}
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=span.start, EndTime=span.end
    )
    for page in pages:
        seen: Counter[tuple[str, str]] = Counter()
        for result in page["MetricDataResults"]:
            key = result["Id"], result.get("Label", "")
            if result.get("StatusCode") in {"InternalError", "Forbidden"}:
                texts = [each["Value"] for each in result.get("Messages", [])]
                problems[key[0]] = "; ".join(texts) or result["StatusCode"]
            seen[key] += 1
            moments = [moment.timestamp() for moment in result["Timestamps"]]
            results[key[0]][key[1], seen[key]] += zip(moments, result["Values"], strict=True)
    return results, problems


def _searched(wanted: "re.Match[str]", cloudwatch: Any) -> list[Metric]:
    """Return the metrics that a SEARCH finds, by the list of all metrics of its namespace."""
    namespace, *dimensions = wanted["schema"].split(",")
    terms = dict(re.findall(r'(\w+)="([^"]*)"', wanted["terms"]))
    found = set()
    for page in cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace):
        for each in page["Metrics"]:
            by = {pair["Name"]: pair["Value"] for pair in each.get("Dimensions", [])}
            values = {**by, "MetricName": each["MetricName"]}.items()
            if by.keys() == set(dimensions) and terms.items() <= values:
                pairs = tuple(sorted(by.items()))
                found.add(Metric(namespace, each["MetricName"], pairs, wanted["stat"]))
    return sorted(found, key=lambda metric: (metric.name, metric.dimensions))
