"""A SEARCH that the service does not answer is resolved by the list of its metrics."""

from typing import Any

import pytest

from scripts.drawing import search
from scripts.drawing.search import SearchError

OURS = (
    "SEARCH('{LogisticsProcessing,Environment,Status} "
    'Environment="dev" MetricName="ShipmentUpdatesProcessed"\', \'Sum\', 60)'
)

UNDERSTOOD = [
    (OURS, "Sum", 60, {"Environment": "dev", "MetricName": "ShipmentUpdatesProcessed"}, ()),
    ("SEARCH('{A,B} MetricName=\"X\"', 'p99')", "p99", None, {"MetricName": "X"}, ()),
    ('search( "{A, B} X", "Sum", 5 )', "Sum", 5, {}, ("X",)),
    ("SEARCH('{A,B} B=x AND errors', 'Sum', 5)", "Sum", 5, {"B": "x"}, ("errors",)),
    ("SEARCH('{A,\"My dimension\"} \"My dimension\"=\"x y\"', 'Sum', 5)", "Sum", 5,
     {"My dimension": "x y"}, ()),
    ("SEARCH('{A}', 'Sum', 5)", "Sum", 5, {}, ()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "stat", "period", "exact", "words"), UNDERSTOOD)
def test_a_search_is_understood(
    text: str, stat: str, period: int | None, exact: dict[str, str], words: tuple[str, ...]
) -> None:
    found = search.parse(text)
    assert (found.stat, found.period, dict(found.exact), found.words) == (
        stat,
        period,
        exact,
        words,
    )


OTHERS = [
    "m1 / m2",
    "SUM(METRICS())",
    "SUM(SEARCH('{A,B} X', 'Sum', 5))",
    "SEARCH('X', 'Sum', 5)",
    "SEARCH('{A,B} X OR Y', 'Sum', 5)",
    "SEARCH('{A,B} NOT X', 'Sum', 5)",
    "SEARCH('{A,B} B=(\"x\" OR \"y\")', 'Sum', 5)",
]


@pytest.mark.parametrize("text", OTHERS)
def test_another_expression_is_refused(text: str) -> None:
    with pytest.raises(SearchError):
        search.parse(text)


def test_a_period_replaces_the_one_of_a_search_only() -> None:
    assert search.with_period(OURS, 1) == OURS.replace("60)", "1)")
    assert search.with_period("SUM(METRICS())", 1) == "SUM(METRICS())"
    assert search.parse(search.with_period("SEARCH('{A} X', 'Sum')", 1)).period == 1


def put(cloudwatch: Any, name: str, *dimensions: tuple[str, str]) -> None:
    pairs = [{"Name": key, "Value": value} for key, value in dimensions]
    cloudwatch.put_metric_data(
        Namespace="LogisticsProcessing",
        MetricData=[{"MetricName": name, "Value": 1, "Dimensions": pairs}],
    )


def test_a_search_finds_metrics_of_its_dimensions_only(cloudwatch: Any) -> None:
    for status in ("LOST", "DELIVERED"):
        put(cloudwatch, "ShipmentUpdatesProcessed", ("Environment", "dev"), ("Status", status))
    put(cloudwatch, "ShipmentUpdatesProcessed", ("Environment", "prod"), ("Status", "LOST"))
    put(cloudwatch, "ShipmentUpdatesProcessed", ("Environment", "dev"))
    put(cloudwatch, "Another", ("Environment", "dev"), ("Status", "LOST"))
    found = search.resolve(search.parse(OURS), cloudwatch)
    assert [dict(metric.dimensions) for metric in found] == [
        {"Environment": "dev", "Status": "DELIVERED"},
        {"Environment": "dev", "Status": "LOST"},
    ]
    assert {(metric.name, metric.stat) for metric in found} == {("ShipmentUpdatesProcessed", "Sum")}


def test_a_word_is_looked_for_everywhere(cloudwatch: Any) -> None:
    put(cloudwatch, "Updates", ("Environment", "dev"))
    put(cloudwatch, "Errors", ("Environment", "dev"))
    found = search.resolve(
        search.parse("SEARCH('{LogisticsProcessing,Environment} err', 'Sum', 60)"), cloudwatch
    )
    assert [metric.name for metric in found] == ["Errors"]
