"""A graph's lines get the points that the service has, and say why when they get none."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.drawing.body import parse
from scripts.drawing.series import Drawn, Metrics, Span
from scripts.drawing.widgets import Graph, Widget

NOW = datetime(2026, 11, 1, 6, 0, tzinfo=timezone.utc)
HOUR = Span(NOW - timedelta(hours=1), NOW)
SEARCH = "SEARCH('{N,Environment,Status} MetricName=\"Updates\"', 'Sum', 300)"


@dataclass
class Service:
    """CloudWatch that has an answer of its own for expressions, by the way emulators do it."""

    client: Any
    expressions: Callable[[dict[str, Any]], list[dict[str, Any]]]
    queries: list[dict[str, Any]]

    def get_paginator(self, operation: str) -> Any:
        return self if operation == "get_metric_data" else self.client.get_paginator(operation)

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        asked = request.pop("MetricDataQueries")
        self.queries += asked
        plain = [query for query in asked if "MetricStat" in query]
        others = [query for query in asked if "Expression" in query]
        yield {"MetricDataResults": [each for query in others for each in self.expressions(query)]}
        if plain:
            yield self.client.get_metric_data(MetricDataQueries=plain, **request)

    def get_metric_statistics(self, **request: Any) -> Any:
        return self.client.get_metric_statistics(**request)


def unable(query: dict[str, Any]) -> list[dict[str, Any]]:
    """Answer an expression as an emulator does that has none."""
    message = {"Code": "Unsupported", "Value": "Expressions not implemented"}
    rest = {"Timestamps": [], "Values": [], "StatusCode": "InternalError", "Messages": [message]}
    return [{"Id": query["Id"], "Label": query["Id"], **rest}]


@pytest.fixture
def service(cloudwatch: Any) -> Service:
    return Service(cloudwatch, unable, [])


def graph(*rows: Any, **properties: Any) -> Graph:
    body = {"widgets": [{"type": "metric", "properties": {"metrics": rows, **properties}}]}
    (widget,) = parse(json.dumps(body))
    assert isinstance(widget, Widget)
    assert isinstance(widget.content, Graph)
    return widget.content


def drawn(service: Service, *rows: Any, span: Span = HOUR, **properties: Any) -> Drawn:
    return Metrics(lambda *_: service, span).graph(graph(*rows, **properties))


def put(
    service: Service, name: str, minutes: float, value: float, unit: str = "Count", **pairs: str
) -> None:
    """Put a metric's value so many minutes before the span's end."""
    dimensions = [{"Name": key, "Value": text} for key, text in pairs.items()]
    datum = {
        "MetricName": name,
        "Value": value,
        "Unit": unit,
        "Timestamp": NOW - timedelta(minutes=minutes),
        "Dimensions": dimensions,
    }
    service.client.put_metric_data(Namespace="N", MetricData=[datum])


def points(found: Drawn) -> dict[str, list[tuple[float, float]]]:
    """Return each series' points, as (minutes before the span's end, value), by its label."""
    end = NOW.timestamp()
    return {
        each.label: [((end - moment) / 60, value) for moment, value in each.points]
        for each in found.series
    }


def test_a_line_has_the_points_of_its_metric_only(service: Service) -> None:
    put(service, "Errors", 30, 2, Queue="a")
    put(service, "Errors", 20, 5, Queue="a")
    put(service, "Errors", 20, 7, Queue="b")
    put(service, "Errors", 90, 9, Queue="a")
    found = drawn(service, ["N", "Errors", "Queue", "a"], stat="Sum", period=600)
    assert points(found) == {"Errors": [(30, 2), (20, 5)]}


def test_a_line_without_points_has_no_data_and_is_no_zero(service: Service) -> None:
    found = drawn(service, ["N", "Errors", "Queue", "a"])
    (series,) = found.series
    assert (series.state, series.points) == ("no data", ())


def test_a_hidden_line_is_not_drawn(service: Service) -> None:
    put(service, "Errors", 30, 2, Queue="a")
    assert drawn(service, ["N", "Errors", "Queue", "a", {"visible": False}]).series == ()
    assert service.queries[0]["ReturnData"] is False


def test_a_period_asked_for_replaces_the_widget_s(service: Service) -> None:
    rows = (["N", "Errors", "Queue", "a"], [{"expression": SEARCH}])
    drawn(service, *rows, period=600)
    drawn(service, *rows, period=600, span=Span(HOUR.start, HOUR.end, 10))
    stats = [query["MetricStat"]["Period"] for query in service.queries if "MetricStat" in query]
    texts = [query["Expression"] for query in service.queries if "Expression" in query]
    assert stats == [600, 10]
    assert texts == [SEARCH, SEARCH.replace("300)", "10)")]


def test_a_search_that_is_not_answered_is_drawn_from_plain_metrics(service: Service) -> None:
    put(service, "Updates", 30, 2, Environment="dev", Status="LOST")
    put(service, "Updates", 20, 5, Environment="dev", Status="DELIVERED")
    put(service, "Updates", 20, 5, Environment="dev")
    found = drawn(service, [{"expression": SEARCH}])
    assert points(found) == {"DELIVERED": [(20, 5)], "LOST": [(30, 2)]}
    assert {series.period for series in found.series} == {300}
    assert found.notes == ("SEARCH is not answered here: drawn from the plain metrics.",)


def test_a_search_that_finds_nothing_has_no_data(service: Service) -> None:
    found = drawn(service, [{"expression": SEARCH, "label": "Updates"}])
    assert [(series.label, series.state) for series in found.series] == [("Updates", "no data")]


def test_a_dynamic_label_is_filled_in(service: Service) -> None:
    put(service, "Updates", 30, 2, Environment="dev", Status="LOST")
    put(service, "Updates", 20, 5, Environment="dev", Status="LOST")
    label = "${PROP('Dim.Status')} ${SUM} ${LAST} ${UNKNOWN}"
    found = drawn(service, [{"expression": SEARCH, "label": label}])
    assert list(points(found)) == ["LOST 7 5 ${UNKNOWN}"]


def test_what_the_service_answers_to_an_expression_is_drawn(service: Service) -> None:
    def answer(query: dict[str, Any]) -> list[dict[str, Any]]:
        same = {"Id": query["Id"], "Label": "X", "StatusCode": "Complete"}
        return [{**same, "Timestamps": [NOW], "Values": [value]} for value in (1.0, 2.0)]

    service.expressions = answer
    found = drawn(service, [{"expression": SEARCH}])
    assert [series.points[0][1] for series in found.series] == [1, 2]
    assert found.notes == ()


def test_metric_math_that_is_not_answered_is_said(service: Service) -> None:
    put(service, "Errors", 30, 2, Queue="a")
    half = {"expression": "m1 / 2", "label": "half"}
    found = drawn(service, ["N", "Errors", "Queue", "a", {"id": "m1"}], [half])
    assert [(series.label, series.state) for series in found.series] == [
        ("Errors", ""),
        ("half", "not computed here"),
    ]
    assert found.notes == ("m1 / 2: Expressions not implemented.",)


def test_an_expression_that_is_refused_leaves_the_other_lines(service: Service) -> None:
    def refuse(_: dict[str, Any]) -> list[dict[str, Any]]:
        error = {"Code": "ValidationError", "Message": "Error in expression"}
        raise ClientError({"Error": error}, "GetMetricData")

    service.expressions = refuse
    put(service, "Errors", 30, 2, Queue="a")
    found = drawn(service, ["N", "Errors", "Queue", "a"], [{"expression": "m1 /"}])
    assert [series.state for series in found.series] == ["", "not computed here"]
    assert found.notes == ("m1 /: Error in expression.",)


def test_an_axis_without_label_has_the_unit_of_its_metric(service: Service) -> None:
    put(service, "Age", 30, 2, "Seconds", Queue="a")
    put(service, "Time", 30, 2, "Milliseconds", Queue="a")
    rows = (["N", "Age", "Queue", "a"], ["N", "Time", "Queue", "a", {"yAxis": "right"}])
    found = drawn(service, *rows)
    assert (found.left, found.right) == ("s", "ms")
    axes = {"left": {"label": "age"}, "right": {"showUnits": False}}
    found = drawn(service, *rows, yAxis=axes)
    assert (found.left, found.right) == ("age", "")


LABELS = [
    ([["N", "A", "Q", "a"], ["N", "B", "Q", "b"]], ["A", "B"]),
    ([["N", "A", "Q", "a"], ["N", "A", "Q", "b"]], ["a", "b"]),
    ([["N", "A", "Q", "a", {"stat": "p50"}], ["...", {"stat": "p99"}]], ["p50", "p99"]),
    ([["N", "A", "Q", "a"], ["N", "A", "Q", "b"], ["N", "B"]], ["A a", "A b", "B"]),
    ([["N", "A", "Q", "a", {"label": "mine"}], ["N", "A", "Q", "b"]], ["mine", "A"]),
    ([["N", "A"], ["N", "A"]], ["A", "A"]),
]


@pytest.mark.parametrize(("rows", "labels"), LABELS)
def test_a_line_is_called_what_tells_it_from_the_others(
    service: Service, rows: list[Any], labels: list[str]
) -> None:
    assert [series.label for series in drawn(service, *rows).series] == labels


def test_no_period_of_the_span_is_cut() -> None:
    start, end = Span(NOW + timedelta(seconds=7), NOW + timedelta(seconds=307)).aligned(60)
    assert (start, end) == (NOW, NOW + timedelta(seconds=360))
