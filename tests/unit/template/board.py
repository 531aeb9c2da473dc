"""Reads a dashboard's body as CloudWatch does, and says what in it will never show anything."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.unit.template import metrics
from tests.unit.template.resolve import Deployment

# The members of each type of widget (CloudWatch API reference, dashboard body structure).
MEMBERS = {"type", "x", "y", "width", "height", "properties"}
PROPERTIES = {
    "metric": {
        *("accountId", "annotations", "legend", "liveData", "metrics", "period", "region"),
        *("setPeriodToTimeRange", "singleValueFullPrecision", "sparkline", "stacked", "stat"),
        *("table", "timezone", "title", "trend", "view", "yAxis"),
    },
    "alarm": {"alarms", "sortBy", "states", "title"},
    "log": {"accountId", "query", "queryLanguage", "region", "stacked", "title", "view"},
    "text": {"background", "markdown"},
}
_SEARCH = re.compile(r"SEARCH\('\{(?P<schema>[^}]*)\} (?P<terms>.*)', '(?P<stat>\w+)', \d+\)")
_TERM = re.compile(r'(\w+)="([^"]*)"')


class Line(NamedTuple):
    """A line of a graph: a metric, the dimensions that select it, and how it is drawn."""

    namespace: str
    metric: str
    dimensions: dict[str, str]
    options: dict[str, Any]


def lines(widget: dict[str, Any]) -> list[Line]:
    """Return a graph's lines, written out.

    In a row, ``"."`` repeats what stands there in the row before, and a leading ``"..."`` all of
    it but for the last words that follow. A search is a line of which a dimension may have any
    value: it is empty.
    """
    found = []
    before: list[str] = []
    for row in widget["properties"]["metrics"]:
        options = row[-1] if isinstance(row[-1], dict) else {}
        if "expression" in options:
            found.append(_search(options))
            continue
        words = [word for word in row if isinstance(word, str)]
        if words[0] == "...":
            words = [*before[: len(before) - len(words) + 1], *words[1:]]
        words = [before[at] if word == "." else word for at, word in enumerate(words)]
        namespace, metric, *pairs = words
        selected = dict(zip(pairs[::2], pairs[1::2], strict=True))
        found.append(Line(namespace, metric, selected, options))
        before = words
    return found


def _search(options: dict[str, Any]) -> Line:
    found = _SEARCH.fullmatch(options["expression"])
    assert found is not None, options
    namespace, *names = found["schema"].split(",")
    terms = dict(_TERM.findall(found["terms"]))
    assert _TERM.sub("", found["terms"]).strip() == "", options
    metric = terms.pop("MetricName")
    assert terms.keys() <= set(names), options
    return Line(namespace, metric, {name: terms.get(name, "") for name in names}, options)


def never_shown(body: dict[str, Any], stack: Deployment) -> list[str]:
    """Return what a dashboard of this stack asks for that nothing answers, a sentence each."""
    return [fault for widget in body["widgets"] for fault in _faults(widget, stack)]


def _faults(widget: dict[str, Any], stack: Deployment) -> Iterator[str]:
    kind, shown = widget["type"], widget["properties"]
    title = shown.get("title", kind)
    for name in (widget.keys() - MEMBERS) | (shown.keys() - PROPERTIES[kind]):
        yield f"{title}: a {kind} widget has no {name}"
    for line in lines(widget) if kind == "metric" else []:
        if not metrics.is_emitted(stack, line.namespace, line.metric, line.dimensions):
            names = ", ".join(line.dimensions) or "nothing"
            yield f"{title}: nothing here emits {line.metric} of {line.namespace} by {names}"
        statistic = line.options.get("stat", shown.get("stat", "Average"))
        if not metrics.has_statistic(line.metric, statistic):
            yield f"{title}: CloudWatch has no {statistic} of {line.metric}"
    for arn in shown["alarms"] if kind == "alarm" else []:
        if arn not in stack.alarms.values():
            yield f"{title}: {arn} is no alarm of this stack"
    group = stack["ShipmentProcessorLogGroup"]["LogGroupName"]
    if kind == "log" and not shown["query"].startswith(f"SOURCE '{group}' | "):
        yield f"{title}: does not ask the function's log"
