"""A dashboard's body is read whole: lines written out, places found, nothing dropped silently."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.drawing.body import parse, written_out
from scripts.drawing.grid import COLUMNS, Place
from scripts.drawing.widgets import BodyError, Graph, Line, Metric, Query, Threshold, Unknown

LAMBDA = ["AWS/Lambda", "Invocations", "FunctionName", "f"]


def widgets(*widgets: Any) -> list[Any]:
    return parse(json.dumps({"widgets": widgets}))


def graph(*rows: Any, **properties: Any) -> Graph:
    (widget,) = widgets({"type": "metric", "properties": {"metrics": rows, **properties}})
    assert isinstance(widget.content, Graph), widget.content
    return widget.content


def why(kind: str, **properties: Any) -> str:
    """Return why a widget cannot be drawn."""
    (widget,) = widgets({"type": kind, "properties": properties})
    assert isinstance(widget.content, Unknown), widget.content
    return widget.content.reason


# ---- rows

SHORTHAND = [
    ([".", "Errors", ".", "."], ["AWS/Lambda", "Errors", "FunctionName", "f"]),
    (["..."], LAMBDA),
    (["...", "g"], ["AWS/Lambda", "Invocations", "FunctionName", "g"]),
    (["...", "Alias", "g"], ["AWS/Lambda", "Invocations", "Alias", "g"]),
    (["...", ".", "g"], ["AWS/Lambda", "Invocations", "FunctionName", "g"]),
    ([".", "Errors"], ["AWS/Lambda", "Errors"]),
    ([".", ".", ".", ".", "Resource", "x"], [*LAMBDA, "Resource", "x"]),
    (["AWS/SQS", "..."], ["AWS/SQS", "Invocations", "FunctionName", "f"]),
    (["AWS/SNS", "Sent"], ["AWS/SNS", "Sent"]),
]


@pytest.mark.parametrize(("words", "expected"), SHORTHAND)
def test_a_shorthand_row_repeats_the_row_before(words: list[str], expected: list[str]) -> None:
    assert written_out(words, LAMBDA) == expected


@given(st.lists(st.text(min_size=1).filter(lambda word: set(word) != {"."}), min_size=2))
def test_a_row_of_dots_is_the_row_before(words: list[str]) -> None:
    assert written_out(["."] * len(words), words) == words
    assert written_out(["..."], words) == words
    assert written_out(words, LAMBDA) == words


def test_a_row_repeats_the_last_metric_also_past_an_expression() -> None:
    lines = graph(LAMBDA, [{"expression": "m1 * 2"}], [".", "Errors", ".", "."]).lines
    assert [line.metric.name if line.metric else line.expression for line in lines] == [
        "Invocations",
        "m1 * 2",
        "Errors",
    ]


def test_a_row_is_drawn_as_its_options_say() -> None:
    options = {
        "id": "m1",
        "label": "all of them",
        "stat": "p99",
        "period": 10,
        "yAxis": "right",
        "color": "#123456",
        "visible": False,
        "region": "eu-west-1",
        "accountId": "123456789012",
    }
    (line,) = graph([*LAMBDA, options], stat="Sum", period=300, region="us-east-1").lines
    metric = Metric("AWS/Lambda", "Invocations", (("FunctionName", "f"),), "p99")
    assert line == Line(
        id="m1",
        metric=metric,
        label="all of them",
        period=10,
        region="eu-west-1",
        account="123456789012",
        color="#123456",
        right=True,
        visible=False,
    )


def test_a_row_without_options_has_those_of_its_widget() -> None:
    (line,) = graph(LAMBDA, stat="Sum", period=900, region="eu-west-1").lines
    assert line.metric is not None
    assert (line.metric.stat, line.period, line.region) == ("Sum", 900, "eu-west-1")


def test_each_row_has_an_id_of_its_own() -> None:
    lines = graph(LAMBDA, [*LAMBDA, {"id": "line1"}], ["..."]).lines
    assert len({line.id for line in lines}) == 3
    assert lines[1].id == "line1"


def test_thresholds_and_axes_are_read() -> None:
    found = graph(
        LAMBDA,
        stacked=True,
        yAxis={"left": {"min": 0, "max": 5.5, "label": "ms", "showUnits": False}},
        annotations={
            "horizontal": [
                {"label": "alarm", "value": 24000, "yAxis": "right", "color": "#ff0000"},
                {"value": 1, "visible": False},
            ]
        },
    )
    assert found.thresholds == (Threshold(24000, "alarm", "#ff0000", right=True),)
    left = found.left
    assert (left.minimum, left.maximum, left.label, left.show_units) == (0, 5.5, "ms", False)
    assert found.stacked


# ---- what is not drawn

REFUSED = [
    ("metric", {"metrics": [[".", "Errors"]]}, "metrics: . without a word above it"),
    ("metric", {"metrics": [["..."]]}, "metrics: ... without a longer row before it"),
    ("metric", {"metrics": [["AWS/Lambda"]]}, 'metrics: ["AWS/Lambda"] is no metric with its'),
    ("metric", {"metrics": [[1, 2]]}, "metrics: [1, 2] is no row"),
    ("metric", {"metrics": [[]]}, "metrics: [] is no row"),
    ("metric", {"metrics": {"a": 1}}, "metrics must be a list"),
    ("metric", {"metrics": [[*LAMBDA, {"period": "x"}]]}, 'period "x" is no number of seconds'),
    ("metric", {"yAxis": 3}, "yAxis must be an object"),
    ("metric", {"yAxis": {"left": {"min": "0"}}}, 'yAxis: min "0" is no number'),
    ("metric", {"annotations": {"horizontal": [{}]}}, "annotations.horizontal: {} has no value"),
    ("metric", {"annotations": {"horizontal": [{"value": math.nan}]}}, "annotations.horizontal:"),
    ("log", {"query": 5}, "query must be a text"),
    ("log", {"query": "fields @message"}, "query names no SOURCE"),
    ("alarm", {"alarms": [1]}, "alarms must be a list of texts"),
    ("explorer", {}, "A widget of type explorer is not drawn here"),
]


@pytest.mark.parametrize(("kind", "properties", "reason"), REFUSED)
def test_a_widget_that_cannot_be_drawn_says_why(
    kind: str, properties: dict[str, Any], reason: str
) -> None:
    assert why(kind, **properties).removeprefix("Not drawn: ").startswith(reason)


def test_a_property_that_is_not_drawn_is_named() -> None:
    (widget,) = widgets(
        {
            "type": "metric",
            "properties": {
                "metrics": [[*LAMBDA, {"shape": "star", "color": "puce"}]],
                "dimensions": {"FunctionName": "f"},
                "annotations": {"vertical": [], "horizontal": [{"value": 1, "fill": "above"}]},
                "liveData": True,
            },
        }
    )
    (note,) = widget.notes
    inside = "annotations.fill, annotations.vertical, dimensions, metrics.color, metrics.shape"
    assert note == f"Not drawn: {inside}."


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"widgets": {}}', "null"])
def test_what_is_no_body_is_refused(text: str) -> None:
    with pytest.raises(BodyError, match="its body"):
        parse(text)


KEYS = [
    *("type", "properties", "metrics", "yAxis", "left", "min", "annotations", "horizontal"),
    *("value", "query", "alarms", "x", "y", "width", "height", "period", "stat", "id", "title"),
]
LEAF = st.none() | st.booleans() | st.integers(-3, 30) | st.floats()
JSON = st.recursive(
    LEAF | st.sampled_from([".", "...", "x"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=25,
)


@given(st.sampled_from(["metric", "alarm", "log", "text", "x"]), JSON, JSON)
def test_a_widget_of_any_shape_is_read(kind: str, properties: Any, widget: Any) -> None:
    shape = widget if isinstance(widget, dict) else {}
    whole = {**shape, "type": kind, "properties": properties}
    found = parse(json.dumps({"widgets": [widget, whole, whole]}))
    assert len(found) == 3


# ---- queries

QUERIES = [
    ("SOURCE 'a' | fields @message | limit 3", ("a",), "fields @message | limit 3"),
    ("SOURCE 'a' | SOURCE '/b/c' | fields x", ("a", "/b/c"), "fields x"),
    ('source "a", "b"\n| fields x', ("a", "b"), "fields x"),
]


@pytest.mark.parametrize(("text", "groups", "rest"), QUERIES)
def test_a_query_names_its_log_groups(text: str, groups: tuple[str, ...], rest: str) -> None:
    (widget,) = widgets({"type": "log", "properties": {"query": text}})
    assert widget.content == Query(groups, rest, "")


# ---- the grid


def places(*shapes: dict[str, int]) -> list[tuple[int, int, int, int]]:
    found = widgets(*({"type": "text", **shape} for shape in shapes))
    return [(w.place.x, w.place.y, w.place.width, w.place.height) for w in found]


def size(width: int, height: int) -> dict[str, int]:
    return {"width": width, "height": height}


def test_widgets_flow_from_left_to_right_and_wrap() -> None:
    assert places(size(12, 6), size(12, 4), size(8, 3), size(16, 2), size(24, 1)) == [
        (0, 0, 12, 6),
        (12, 0, 12, 4),
        (0, 6, 8, 3),
        (8, 6, 16, 2),
        (0, 9, 24, 1),
    ]


def test_a_widget_stands_where_it_says() -> None:
    assert places({"x": 6, "y": 2, **size(6, 3)}, {}) == [(6, 2, 6, 3), (0, 0, 6, 6)]


def test_a_widget_too_wide_for_the_grid_is_as_wide_as_it() -> None:
    assert places(size(30, 2), {"x": 20, "y": 9, **size(8, 1)}) == [(0, 0, 24, 2), (16, 9, 8, 1)]


CELLS = st.fixed_dictionaries(
    {"width": st.integers(0, 30), "height": st.integers(0, 9)},
    optional={"x": st.integers(0, 30), "y": st.integers(0, 9)},
)


@given(st.lists(CELLS, max_size=8))
def test_no_two_widgets_overlap_and_none_leaves_the_grid(shapes: list[dict[str, int]]) -> None:
    found = [Place(*place) for place in places(*shapes)]
    for at, place in enumerate(found):
        assert 0 <= place.x <= place.x + place.width <= COLUMNS
        assert not any(place.overlaps(other) for other in found[:at])
