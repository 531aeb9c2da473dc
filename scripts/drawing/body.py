"""Reads a dashboard's body: its widgets, their lines written out, and where they stand.

Nothing of a body is dropped silently: what cannot be drawn becomes a widget that says so, and a
property that changes nothing in the picture becomes a note of its widget.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeGuard

from scripts.drawing.grid import Place, places
from scripts.drawing.widgets import (
    DEFAULT_PERIOD,
    DEFAULT_STAT,
    Alarms,
    Axis,
    BodyError,
    Graph,
    Line,
    Metric,
    Query,
    Text,
    Threshold,
    Unknown,
    Widget,
)

COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
# What a body may say that changes nothing in a still picture of what it draws.
SILENT = {"liveData", "legend", "timezone", "setPeriodToTimeRange", "singleValueFullPrecision"}
SILENT |= {"sparkline", "trend", "background", "sortBy", "queryLanguage", "accountId"}


def parse(text: str) -> list[Widget]:
    """Return the widgets of a body; raise BodyError if it is none."""
    try:
        body = json.loads(text)
    except ValueError as error:
        raise BodyError(f"its body is no JSON: {error}") from None
    widgets = body.get("widgets") if isinstance(body, dict) else None
    if not isinstance(widgets, list):
        raise BodyError("its body has no list of widgets")
    return [_widget(each, place) for each, place in zip(widgets, places(widgets), strict=True)]


def _widget(widget: Any, place: Place) -> Widget:
    """Return one widget, whatever stands there."""
    if not isinstance(widget, dict):
        return Widget("", place, Unknown("This widget is no object."))
    properties = widget.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    title = str(properties.get("title", ""))
    kind = widget.get("type")
    reader = READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        return Widget(title, place, Unknown(f"A widget of type {kind} is not drawn here."))
    read, known = reader
    try:
        content = read(properties)
    except BodyError as error:
        return Widget(title, place, Unknown(f"Not drawn: {error}."))
    inside = _others(properties) if isinstance(content, Graph) else set()
    others = sorted({*(properties.keys() - known - SILENT), *inside})
    notes = (f"Not drawn: {', '.join(others)}.",) if others else ()
    return Widget(title, place, content, notes)


def _others(properties: Mapping[str, Any]) -> set[str]:
    """Return what stands inside a graph's properties and is not drawn."""
    annotations = properties.get("annotations") or {}
    names: set[str] = {f"annotations.{name}" for name in annotations.keys() - {"horizontal"}}
    for threshold in annotations.get("horizontal") or []:
        names |= {f"annotations.{name}" for name in _unknown(threshold, THRESHOLD_KEYS)}
    for row in properties.get("metrics") or []:
        options = row[-1] if isinstance(row[-1], dict) else {}
        names |= {f"metrics.{name}" for name in _unknown(options, LINE_KEYS)}
    return names


def _unknown(options: Mapping[str, Any], known: set[str]) -> set[str]:
    """Return the options that are not drawn: those not known, and a colour of another kind."""
    other = {"color"} if "color" in options and not _color(options) else set()
    return {*(options.keys() - known), *other}


# ---- the kinds of widgets


def _graph(properties: Mapping[str, Any]) -> Graph:
    annotations = _object(properties, "annotations")
    thresholds = [_threshold(each) for each in _list(annotations, "horizontal")]
    axes = _object(properties, "yAxis")
    rows = _list(properties, "metrics")
    return Graph(
        lines=tuple(_lines(rows, properties)),
        thresholds=tuple(each for each in thresholds if each.visible),
        left=_axis(_object(axes, "left")),
        right=_axis(_object(axes, "right")),
        stacked=bool(properties.get("stacked", False)),
        view=str(properties.get("view", "timeSeries")),
    )


def _alarms(properties: Mapping[str, Any]) -> Alarms:
    return Alarms(_texts(properties, "alarms"), _texts(properties, "states"))


def _query(properties: Mapping[str, Any]) -> Query:
    query = properties.get("query")
    if not isinstance(query, str):
        raise BodyError("query must be a text")
    groups = []
    rest = query.strip()
    while rest[:6].upper() == "SOURCE":
        source, _, rest = rest.partition("|")
        groups += [part.strip().strip("'\"") for part in source[6:].split(",")]
        rest = rest.strip()
    if not all(groups) or any("(" in group for group in groups):
        raise BodyError("SOURCE must name log groups")
    if not groups:
        raise BodyError("query names no SOURCE")
    return Query(tuple(groups), rest, str(properties.get("region", "")))


def _text(properties: Mapping[str, Any]) -> Text:
    return Text(str(properties.get("markdown", "")))


GRAPH_PROPERTIES = {"metrics", "title", "stat", "period", "region", "view", "stacked", "yAxis"}
LINE_KEYS = {"id", "expression", "label", "stat", "period", "region", "accountId", "color"}
LINE_KEYS |= {"yAxis", "visible"}
THRESHOLD_KEYS = {"value", "label", "color", "yAxis", "visible"}
READERS: dict[str, Any] = {
    "metric": (_graph, GRAPH_PROPERTIES | {"annotations"}),
    "alarm": (_alarms, {"title", "alarms", "states"}),
    "log": (_query, {"title", "query", "region", "view"}),
    "text": (_text, {"markdown", "title"}),
}


# ---- lines of a graph


def _lines(rows: Sequence[Any], properties: Mapping[str, Any]) -> list[Line]:
    """Return a graph's rows written out, each with an id of its own."""
    lines: list[Line] = []
    before: list[str] = []
    if bad := [row for row in rows if not isinstance(row, list) or not row]:
        raise BodyError(f"metrics: {json.dumps(bad[0])} is no row")
    taken = {str(row[-1].get("id")) for row in rows if isinstance(row[-1], dict)}
    free = (name for number in range(1, 1000) if (name := f"line{number}") not in taken)
    for row in rows:
        options = row[-1] if isinstance(row[-1], dict) else {}
        words = row[:-1] if isinstance(row[-1], dict) else row
        if not all(isinstance(word, str) for word in words):
            raise BodyError(f"metrics: {json.dumps(row)} is no row")
        line = _line(options, properties, str(options.get("id") or next(free)))
        if "expression" in options:
            lines.append(line)
            continue
        before = written_out(words, before)
        stat = str(options.get("stat") or properties.get("stat") or DEFAULT_STAT)
        lines.append(replace(line, metric=_metric(before, stat)))
    return lines


def _line(options: Mapping[str, Any], properties: Mapping[str, Any], name: str) -> Line:
    period = options.get("period") or properties.get("period") or DEFAULT_PERIOD
    if not isinstance(period, int) or period <= 0:
        raise BodyError(f"period {json.dumps(period)} is no number of seconds")
    return Line(
        id=name,
        metric=None,
        expression=str(options.get("expression", "")),
        label=str(options.get("label", "")),
        period=period,
        region=str(options.get("region") or properties.get("region") or ""),
        account=str(options.get("accountId") or properties.get("accountId") or ""),
        color=_color(options),
        right=options.get("yAxis") == "right",
        visible=options.get("visible", True) is not False,
    )


def written_out(words: Sequence[str], before: Sequence[str]) -> list[str]:
    """Return a row's words without shorthand.

    ``"."`` repeats what stands in its place in the row before; ``"..."`` repeats as many words
    as make this row as long as that one.
    """
    if "..." in words:
        at = words.index("...")
        missing = len(before) - (len(words) - 1)
        if not before or missing < 0:
            raise BodyError("metrics: ... without a longer row before it")
        words = [*words[:at], *before[at : at + missing], *words[at + 1 :]]
    written = []
    for at, word in enumerate(words):
        if word == "." and at >= len(before):
            raise BodyError("metrics: . without a word above it")
        written.append(before[at] if word == "." else word)
    return written


def _metric(words: Sequence[str], stat: str) -> Metric:
    least = 2
    if len(words) < least or len(words) % 2:
        raise BodyError(f"metrics: {json.dumps(list(words))} is no metric with its dimensions")
    namespace, name, *pairs = words
    return Metric(namespace, name, tuple(zip(pairs[::2], pairs[1::2], strict=True)), stat)


def _threshold(annotation: Any) -> Threshold:
    value = annotation.get("value") if isinstance(annotation, dict) else None
    if not _is_number(value):
        raise BodyError(f"annotations.horizontal: {json.dumps(annotation)} has no value")
    label, color = str(annotation.get("label", "")), _color(annotation)
    right, visible = annotation.get("yAxis") == "right", annotation.get("visible", True)
    return Threshold(float(value), label, color, right, visible is not False)


def _axis(axis: Mapping[str, Any]) -> Axis:
    ends = []
    for name in ("min", "max"):
        value = axis.get(name)
        if value is not None and not _is_number(value):
            raise BodyError(f"yAxis: {name} {json.dumps(value)} is no number")
        ends.append(value)
    shown = axis.get("showUnits", True) is not False
    return Axis(ends[0], ends[1], str(axis.get("label", "")), shown)


def _is_number(value: Any) -> TypeGuard[float]:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value)


def _color(options: Mapping[str, Any]) -> str:
    """Return a colour as it can be drawn: of six hexadecimal digits, or none."""
    color = str(options.get("color", ""))
    return color if COLOR.fullmatch(color) else ""


def _object(properties: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = properties.get(name) or {}
    if not isinstance(value, dict):
        raise BodyError(f"{name} must be an object")
    return value


def _list(properties: Mapping[str, Any], name: str) -> list[Any]:
    value = properties.get(name) or []
    if not isinstance(value, list):
        raise BodyError(f"{name} must be a list")
    return value


def _texts(properties: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = _list(properties, name)
    if not all(isinstance(each, str) for each in value):
        raise BodyError(f"{name} must be a list of texts")
    return tuple(value)
