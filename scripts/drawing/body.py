"""Reads a dashboard's body: its widgets, and the metrics of its graphs without shorthand.

CloudWatch has checked a body when it was put. What is valid, but not supported here, and would
change what a widget shows, makes it a widget that says so.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

COLUMNS = 24  # of CloudWatch's grid
DEFAULT_SIZE = 6  # both ways, in columns and rows
DEFAULT_STAT = "Average"
DEFAULT_PERIOD = 300  # seconds
SEARCH_PERIOD = re.compile(r"(\s*SEARCH\s*\(.*,\s*)(\d+)(\s*\)\s*)", re.DOTALL | re.IGNORECASE)
SOURCE = re.compile(r"SOURCE\s+(['\"][^|(]+['\"])\s*(?:\||$)\s*", re.IGNORECASE)
# What changes how a widget looks, and not what it shows.
COSMETIC = {"title", "color", "fill", "legend", "liveData", "timezone", "setPeriodToTimeRange"}
LINE_OPTIONS = {"id", "expression", "label", "stat", "period", "visible"}


class BodyError(Exception):
    """The dashboard does not exist, or its body is not one; the message says which."""


class UnsupportedError(Exception):
    """A widget has something in it that is not supported; the message names it."""


class Metric(NamedTuple):
    """A metric: namespace, name, its dimensions in their order, and the statistic of it."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    stat: str = DEFAULT_STAT


class Line(NamedTuple):
    """A row of a graph: a metric or an expression, and the seconds that a point stands for."""

    id: str
    metric: Metric | None
    expression: str = ""
    label: str = ""
    period: int = DEFAULT_PERIOD
    visible: bool = True


class Graph(NamedTuple):
    """The content of a widget of type metric.

    label: of its axis, usually the unit; thresholds: horizontal lines, each a value and a label.
    """

    lines: tuple[Line, ...]
    thresholds: tuple[tuple[float, str], ...] = ()
    stacked: bool = False
    label: str = ""
    minimum: float | None = None
    maximum: float | None = None
    region: str | None = None


class Alarms(NamedTuple):
    """The content of a widget of type alarm: the alarms' ARNs."""

    arns: tuple[str, ...]


class Query(NamedTuple):
    """The content of a widget of type log: a Logs Insights query without its sources."""

    groups: tuple[str, ...]
    text: str
    region: str | None = None


class Place(NamedTuple):
    """A widget's place on the grid, and its size, in columns and rows."""

    x: int
    y: int
    width: int
    height: int


class Widget(NamedTuple):
    """A widget: title, place, and content, which is the reason if it cannot be drawn."""

    title: str
    place: Place
    content: Graph | Alarms | Query | str


def parse(text: str) -> list[Widget]:
    """Return the widgets of a body; raise BodyError if it is not one."""
    try:
        body = json.loads(text)
    except ValueError as error:
        raise BodyError(f"its body is not JSON: {error}") from None
    widgets = body.get("widgets") if isinstance(body, dict) else None
    if not isinstance(widgets, list) or not all(isinstance(each, dict) for each in widgets):
        raise BodyError("its body has no list of widgets")
    return [_widget(each, place) for each, place in zip(widgets, _places(widgets), strict=True)]


def _places(widgets: Sequence[Mapping[str, Any]]) -> Iterator[Place]:
    """Yield each widget's place: the one given, or the next one free from left to right."""
    x = y = below = 0
    for widget in widgets:
        width, height = (widget.get(name, DEFAULT_SIZE) for name in ("width", "height"))
        if x + width > COLUMNS:
            x, y = 0, below
        place = Place(widget.get("x", x), widget.get("y", y), width, height)
        yield place
        x, y, below = place.x + width, place.y, max(below, place.y + height)


def _widget(widget: Mapping[str, Any], place: Place) -> Widget:
    kind = str(widget.get("type"))
    properties: Any = widget.get("properties")
    title = f"A widget of type {kind} without a title"
    try:
        title = str(properties.get("title") or title)
        if kind not in READERS:
            return Widget(title, place, f"Not drawn: a widget of type {kind} is not supported.")
        return Widget(title, place, READERS[kind](properties))
    except UnsupportedError as error:
        return Widget(title, place, f"Not drawn: {error}.")
    except (AttributeError, LookupError, TypeError, ValueError):
        return Widget(title, place, "Not drawn: its properties are not valid.")


# ---- the kinds of widgets


def _graph(properties: Mapping[str, Any]) -> Graph:
    known = {"metrics", "stat", "period", "region", "stacked", "yAxis", "annotations"}
    _support(properties, known, view="timeSeries")
    axes, annotations = properties.get("yAxis", {}), properties.get("annotations", {})
    _support(axes, {"left", "right"}, "yAxis.")  # no line on the right is supported
    _support(annotations, {"horizontal"}, "annotations.")
    left, thresholds = axes.get("left", {}), annotations.get("horizontal", [])
    _support(left, {"min", "max", "label", "showUnits"}, "yAxis.left.")
    for each in thresholds:
        _support(each, {"value", "label"}, "annotations.horizontal.", yAxis="left", visible=True)
    return Graph(
        lines=tuple(_lines(properties.get("metrics", []), properties)),
        thresholds=tuple(
            (float(each["value"]), each.get("label", "threshold")) for each in thresholds
        ),
        stacked=properties.get("stacked", False),
        label=left.get("label", ""),
        minimum=left.get("min"),
        maximum=left.get("max"),
        region=properties.get("region"),
    )


def _alarms(properties: Mapping[str, Any]) -> Alarms:
    _support(properties, {"alarms"})
    return Alarms(tuple(properties["alarms"]))


def _query(properties: Mapping[str, Any]) -> Query:
    _support(properties, {"query", "region"}, view="table")
    groups: list[str] = []
    rest = properties["query"].strip()
    while found := SOURCE.match(rest):
        groups += [group.strip(" '\"") for group in found[1].split(",")]
        rest = rest[found.end() :]
    if not groups:
        raise UnsupportedError("a query that does not begin with SOURCE '...' is not supported")
    return Query(tuple(groups), rest, properties.get("region"))


READERS: dict[str, Callable[[Mapping[str, Any]], Graph | Alarms | Query]] = {
    "metric": _graph,
    "alarm": _alarms,
    "log": _query,
}


def _support(options: Any, known: set[str], where: str = "", **only: Any) -> None:
    """Raise UnsupportedError for an option that is neither known nor cosmetic.

    only: further options, each with the one value that is supported.
    """
    if not isinstance(options, dict):
        raise UnsupportedError(f"{where}{json.dumps(options)} is not supported")
    for name in sorted(options.keys() - known - COSMETIC):
        if name not in only:
            raise UnsupportedError(f"{where}{name} is not supported")
        if options[name] != only[name]:
            raise UnsupportedError(f"{where}{name} {json.dumps(options[name])} is not supported")


# ---- the lines of a graph


def _lines(rows: Sequence[Any], properties: Mapping[str, Any]) -> list[Line]:
    """Return a graph's rows without shorthand, each with an id of its own."""
    lines: list[Line] = []
    before: list[str] = []
    for number, row in enumerate(rows, 1):
        options = row[-1] if isinstance(row[-1], dict) else {}
        _support(options, LINE_OPTIONS, "metrics.", yAxis="left", region=properties.get("region"))
        settings = {"stat": DEFAULT_STAT, "period": DEFAULT_PERIOD, **properties, **options}
        expression, metric = options.get("expression", ""), None
        if not expression:
            before = written_out([word for word in row if word is not options], before)
            namespace, name, *pairs = before
            dimensions = tuple(zip(pairs[::2], pairs[1::2], strict=True))
            metric = Metric(namespace, name, dimensions, settings["stat"])
        search = SEARCH_PERIOD.fullmatch(expression)
        lines.append(
            Line(
                id=options.get("id", f"unnamed_{number}"),
                metric=metric,
                expression=expression,
                label=options.get("label", ""),
                period=int(search[2] if search else settings["period"]),
                visible=options.get("visible", True),
            )
        )
    return lines


def written_out(words: Sequence[str], before: Sequence[str]) -> list[str]:
    """Return a row's words without shorthand.

    ``"."`` repeats the word in its place in the row before; ``"..."`` repeats as many words as
    make this row as long as that one.
    """
    if "..." in words:
        at = words.index("...")
        missing = len(before) - (len(words) - 1)
        words = [*words[:at], *before[at : at + missing], *words[at + 1 :]]
    return [before[at] if word == "." else word for at, word in enumerate(words)]
