"""Fetches what a graph shows: each line's points, from the service that the stack is on."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.exceptions import ClientError

from scripts.drawing import search
from scripts.drawing.labels import filled_in
from scripts.drawing.labels import labels as names_of
from scripts.drawing.widgets import Axis, Graph, Line, Metric

AT_ONCE = 500  # queries of a GetMetricData
NO_DATA = "no data"
Client = Callable[[str, str], Any]  # (service, region) to a boto3 client


@dataclass(frozen=True)
class Span:
    """The time that is drawn, and the seconds a point stands for (None: as each widget says)."""

    start: datetime
    end: datetime
    period: int | None = None

    def aligned(self, period: int) -> tuple[datetime, datetime]:
        """Return start and end on the periods' bounds, so that no period is cut."""
        start = self.start.timestamp() // period * period
        end = -(-self.end.timestamp() // period) * period
        zone = timezone.utc
        return datetime.fromtimestamp(start, zone), datetime.fromtimestamp(end, zone)


@dataclass(frozen=True)
class Series:
    """A line as it is drawn: points as (epoch seconds, value) in the order of time.

    problem: why it has none, if it could not be had.
    """

    label: str
    points: tuple[tuple[float, float], ...] = ()
    period: int = 60
    right: bool = False
    color: str = ""
    problem: str = ""

    @property
    def state(self) -> str:
        """What is to be said of it beside its label: why nothing is drawn, or nothing."""
        return self.problem or ("" if self.points else NO_DATA)


@dataclass(frozen=True)
class Drawn:
    """What a graph shows: its series, the units of both axes, and what is to be said."""

    series: tuple[Series, ...]
    left: str = ""
    right: str = ""
    notes: tuple[str, ...] = ()


@dataclass
class _Answer:
    """What GetMetricData gave for one query: results by label and number, and how it ended.

    number: two metrics that a SEARCH finds may have one label.
    """

    results: dict[tuple[str, int], list[tuple[float, float]]] = field(default_factory=dict)
    failed: str = ""


class Metrics:
    """CloudWatch, for one span of time."""

    def __init__(self, client: Client, span: Span) -> None:
        """Take a function that returns the client of a service in a region, or else its own."""
        self._client, self._span = client, span

    def graph(self, graph: Graph) -> Drawn:
        """Return what a graph shows."""
        labels = names_of(graph.lines)
        answers: dict[str, _Answer] = {}
        for region in sorted({line.region for line in graph.lines}):
            lines = [line for line in graph.lines if line.region == region]
            answers |= self._answers([self._query(line, labels[line.id]) for line in lines], region)
        series: list[Series] = []
        notes: list[str] = []
        for line in graph.lines:
            if line.visible:
                found, note = self._series(line, labels[line.id], answers[line.id])
                series += found
                notes += [note] if note and note not in notes else []
        left = self._unit(graph, graph.left, right=False)
        right = self._unit(graph, graph.right, right=True)
        return Drawn(tuple(series), left, right, tuple(notes))

    def period(self, line: Line) -> int:
        """Return the seconds that a point of a line stands for."""
        if self._span.period:
            return self._span.period
        if line.metric is None:
            try:
                return search.parse(line.expression).period or line.period
            except search.SearchError:
                pass
        return line.period

    def _query(self, line: Line, label: str) -> dict[str, Any]:
        """Return a line as GetMetricData is asked for it."""
        period = self.period(line)
        query: dict[str, Any] = {"Id": line.id, "ReturnData": line.visible}
        if line.account:
            query["AccountId"] = line.account
        if line.metric is None:
            query["Expression"] = line.expression
            if self._span.period:
                query["Expression"] = search.with_period(line.expression, self._span.period)
            if "SEARCH" not in line.expression.upper():
                query["Period"] = period
            if line.label:
                query["Label"] = line.label
            return query
        dimensions = [{"Name": name, "Value": value} for name, value in line.metric.dimensions]
        metric = {"Namespace": line.metric.namespace, "MetricName": line.metric.name}
        stat = {"Period": period, "Stat": line.metric.stat}
        query["MetricStat"] = {"Metric": {**metric, "Dimensions": dimensions}, **stat}
        return {**query, "Label": label}

    def _answers(self, queries: list[dict[str, Any]], region: str) -> dict[str, _Answer]:
        """Return what the service says to queries, by their ids.

        Expressions that it refuses as a whole are left out then, and have failed.
        """
        try:
            return self._get(queries, region)
        except ClientError as error:
            plain = [query for query in queries if "MetricStat" in query]
            if len(plain) == len(queries):
                raise
            why = str(error.response["Error"].get("Message") or "refused")
            answers = self._get(plain, region) if plain else {}
            return {query["Id"]: _Answer(failed=why) for query in queries} | answers

    def _get(self, queries: list[dict[str, Any]], region: str) -> dict[str, _Answer]:
        cloudwatch = self.cloudwatch(region)
        answers = {query["Id"]: _Answer() for query in queries}
        periods = [query.get("MetricStat", query).get("Period", 60) for query in queries]
        start, end = self._span.aligned(max(periods, default=60))
        for at in range(0, len(queries), AT_ONCE):
            pages = cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries[at : at + AT_ONCE], StartTime=start, EndTime=end
            )
            for page in pages:
                seen: Counter[tuple[str, str]] = Counter()
                for result in page["MetricDataResults"]:
                    key = (result["Id"], result.get("Label", ""))
                    seen[key] += 1
                    _take(result, answers[result["Id"]], seen[key])
        return answers

    def _series(self, line: Line, label: str, answer: _Answer) -> tuple[list[Series], str]:
        """Return a line's series, and what is to be said of how they were had."""
        note = ""
        if answer.failed and line.metric is None:
            try:
                answer = self._searched(line)
                note = "SEARCH is not answered here: drawn from the plain metrics."
            except search.SearchError:
                plain = Series(label, right=line.right, problem="not computed here")
                return [plain], f"{line.expression}: {answer.failed}."
        like = Series(label, (), self.period(line), line.right, line.color)
        if answer.failed:
            return [replace(like, problem=answer.failed)], note
        if not any(answer.results.values()):
            return [like], note
        found = []
        for (name, _), points in answer.results.items():
            written = filled_in(name, line, points) or label
            found.append(replace(like, label=written, points=tuple(sorted(points))))
        return found, note

    def _searched(self, line: Line) -> _Answer:
        """Return what a SEARCH would, from the metrics it finds; raise SearchError."""
        wanted = search.parse(line.expression)
        metrics = search.resolve(wanted, self.cloudwatch(line.region))
        lines = [
            replace(line, id=f"found{number}", metric=metric, label="", visible=True)
            for number, metric in enumerate(metrics)
        ]
        names = names_of(lines)
        queries = [{**self._query(each, names[each.id]), "Label": each.id} for each in lines]
        for query in queries:
            query["MetricStat"]["Period"] = self._span.period or wanted.period or line.period
        found = self._get(queries, line.region) if queries else {}
        results: dict[tuple[str, int], list[tuple[float, float]]] = {}
        for number, each in enumerate(lines):
            points = [point for points in found[each.id].results.values() for point in points]
            name = filled_in(line.label, each, points) if line.label else names[each.id]
            if points:  # CloudWatch does not return a metric that has none either
                results[(name, number)] = points
        return _Answer(results)

    def _unit(self, graph: Graph, axis: Axis, *, right: bool) -> str:
        """Return what to write on an axis: the body's label, or the unit that its metric has."""
        if axis.label or not axis.show_units:
            return axis.label
        for line in graph.lines:
            if (
                line.visible
                and line.right == right
                and line.metric is not None
                and (unit := self._unit_of(line.metric, line.region))
            ):
                return unit
        return ""

    def _unit_of(self, metric: Metric, region: str) -> str:
        start, end = self._span.aligned(60)
        seconds = max(60, int((end - start).total_seconds()))
        answer = self.cloudwatch(region).get_metric_statistics(
            Namespace=metric.namespace,
            MetricName=metric.name,
            Dimensions=[{"Name": name, "Value": value} for name, value in metric.dimensions],
            StartTime=start,
            EndTime=end + timedelta(seconds=seconds),
            Period=seconds,
            Statistics=["SampleCount"],
        )
        units = [point["Unit"] for point in answer["Datapoints"] if "Unit" in point]
        return UNITS.get(units[0], units[0]) if units else ""

    def cloudwatch(self, region: str) -> Any:
        """Return the client of a region, or of the stack's own without one."""
        return self._client("cloudwatch", region)


def _take(result: Mapping[str, Any], answer: _Answer, number: int) -> None:
    """Add a result of GetMetricData to the answer of its query."""
    if result.get("StatusCode") in {"InternalError", "Forbidden"}:
        said = [each.get("Value", "") for each in result.get("Messages", [])]
        answer.failed = "; ".join(said) or result["StatusCode"]
        return
    moments = [moment.timestamp() for moment in result["Timestamps"]]
    points = answer.results.setdefault((result.get("Label", ""), number), [])
    points += zip(moments, result["Values"], strict=True)


UNITS = {"None": "", "Milliseconds": "ms", "Seconds": "s", "Microseconds": "µs", "Percent": "%"}
