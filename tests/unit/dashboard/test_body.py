"""A body is read as CloudWatch reads it; what is not supported is named in its widget."""

import json
from typing import Any

import pytest

from scripts.drawing.body import BodyError, Graph, Line, Metric, Query, parse, written_out
from tests.unit.dashboard.conftest import Draw, metric

BEFORE = ["N", "M", "A", "a", "B", "b"]
SHORTHAND = [
    (["N", "X"], ["N", "X"]),
    ([".", "X", ".", "."], ["N", "X", "A", "a"]),
    (["..."], BEFORE),
    (["...", "c"], ["N", "M", "A", "a", "B", "c"]),
    (["N", "X", "...", "c"], ["N", "X", "A", "a", "B", "c"]),
]


def body(*widgets: Any) -> str:
    return json.dumps({"widgets": widgets})


@pytest.mark.parametrize(("words", "expected"), SHORTHAND)
def test_a_shorthand_row_repeats_the_row_before(words: list[str], expected: list[str]) -> None:
    assert written_out(words, BEFORE) == expected


def test_a_row_is_read_with_its_own_options_or_those_of_its_widget() -> None:
    rows = [
        ["N", "A", "D", "d", {"stat": "p99", "period": 60, "id": "a", "visible": False}],
        [{"expression": "a * 2", "label": "twice"}],
        ["."] * 4,
        [{"expression": "SEARCH('{N,D} M', 'Sum', 900)"}],
    ]
    (widget,) = parse(body(metric(*rows, stat="Sum", period=120)))
    assert isinstance(widget.content, Graph)
    dimensions = (("D", "d"),)
    assert widget.content.lines == (
        Line("a", Metric("N", "A", dimensions, "p99"), period=60, visible=False),
        Line("unnamed_2", None, "a * 2", "twice", 120),
        Line("unnamed_3", Metric("N", "A", dimensions, "Sum"), period=120),
        Line("unnamed_4", None, rows[3][0]["expression"], period=900),
    )


def test_a_query_names_its_log_groups() -> None:
    text = "SOURCE 'a', 'b' | SOURCE \"c\" | fields x | filter y like /a|b/"
    (widget,) = parse(body({"type": "log", "properties": {"query": text}}))
    assert widget.content == Query(("a", "b", "c"), "fields x | filter y like /a|b/")


UNSUPPORTED = [
    ({"type": "text", "properties": {}}, "a widget of type text is not supported"),
    (metric(view="singleValue"), 'view "singleValue" is not supported'),
    (metric(annotations={"vertical": []}), "annotations.vertical is not supported"),
    (metric(["N", "M", {"yAxis": "right"}]), 'metrics.yAxis "right" is not supported'),
    (metric(["N", "M", {"region": "x"}], region="y"), 'metrics.region "x" is not supported'),
    (metric(["N", "M", {"accountId": "1"}]), "metrics.accountId is not supported"),
    (metric(sparkles=True), "sparkles is not supported"),
    (metric("N"), "its properties are not valid"),
    (metric(["N", "M", "D"]), "its properties are not valid"),
    (metric(["..."]), "its properties are not valid"),
    (metric(yAxis=None), "yAxis.null is not supported"),
    (metric(annotations={"horizontal": [{"label": "x"}]}), "its properties are not valid"),
    ({"type": "metric"}, "its properties are not valid"),
    ({"type": "alarm", "properties": {"title": "x"}}, "its properties are not valid"),
    ({"type": "log", "properties": {"query": "fields x"}}, "a query that does not begin with"),
    ({"type": "log", "properties": {"query": "SOURCE 'a'", "view": "bar"}}, 'view "bar" is not'),
    ({"type": ["metric"]}, "its properties are not valid"),
]


@pytest.mark.parametrize(("widget", "reason"), UNSUPPORTED)
def test_a_widget_with_something_unsupported_says_what(widget: Any, reason: str) -> None:
    (found,) = parse(body(widget))
    assert isinstance(found.content, str)
    assert found.content.startswith(f"Not drawn: {reason}")


def test_what_the_console_writes_without_need_is_supported() -> None:
    row = ["N", "M", {"region": "us-east-1", "yAxis": "left", "color": "#123456"}]
    limit = {"value": 1, "label": "x", "yAxis": "left", "fill": "above", "visible": True}
    axes = {"left": {"min": 0}, "right": {"showUnits": False}}
    text = body(
        metric(
            row,
            region="us-east-1",
            view="timeSeries",
            yAxis=axes,
            annotations={"horizontal": [limit]},
            legend={"position": "right"},
        )
    )
    (found,) = parse(text)
    assert isinstance(found.content, Graph)
    assert (found.content.minimum, found.content.thresholds) == (0, ((1.0, "x"),))


def test_an_unsupported_widget_is_an_empty_panel_beside_the_others(draw: Draw) -> None:
    changed = {"type": "text", "properties": {"title": "Who is on call?"}}
    found = draw([changed, metric()])
    reason = "Not drawn: a widget of type text is not supported."
    assert found.missing == [f"Who is on call? {reason}"]
    assert {"Who is on call?", "Lost?"} <= found.words
    assert reason in {" ".join(words.split()) for words in found.words}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"widgets": {}}', '{"widgets": [1]}', "null"])
def test_what_is_not_a_body_is_refused(text: str) -> None:
    with pytest.raises(BodyError, match=r"its body (is not JSON|has no list of widgets)"):
        parse(text)


def test_widgets_without_a_place_flow_from_left_to_right() -> None:
    sizes = [(12, 6), (12, 8), (24, 6), (6, 6)]
    widgets = [{"type": "text", "width": width, "height": high} for width, high in sizes]
    found = [each.place[:2] for each in parse(body(*widgets))]
    assert found == [(0, 0), (12, 0), (0, 8), (0, 14)]


def test_a_widget_is_where_it_says() -> None:
    (found,) = parse(body({"type": "text", "x": 3, "y": 2, "width": 4, "height": 5}))
    assert found.place == (3, 2, 4, 5)
