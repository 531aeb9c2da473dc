"""Reads a deployed dashboard and its data, and draws it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from matplotlib.figure import Figure

from scripts.drawing import alarms, log, metrics
from scripts.drawing.body import Alarms, BodyError, Graph, Query, Widget, parse
from scripts.drawing.metrics import Span
from scripts.drawing.panels import Panel, alarm_list, chart, log_table, message
from scripts.drawing.picture import Tile, draw
from shipments.errors import explain

AT_ONCE = 4
AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


class Missing(NamedTuple):
    """A series without points, an alarm that is deleted, or a widget that shows nothing."""

    widget: str
    what: str
    why: str

    def __str__(self) -> str:
        """Return the widget's title, what is missing in it and why."""
        return f"{self.widget} {self.what}{': ' if self.what else ''}{self.why}"


class Picture(NamedTuple):
    """A drawn dashboard: its figure, and what is missing in it."""

    figure: Figure
    missing: list[Missing]


def picture(client: Callable[..., Any], stack: str, name: str, span: Span) -> Picture:
    """Return the picture of a dashboard by its name, with the data of a span of time.

    client: returns the boto3 client of a service, in a region with region_name. Raises BodyError
    if there is no such dashboard, or its body is not one.
    """
    cloudwatch = client("cloudwatch")
    widgets = parse(_body(cloudwatch, name))
    host = urlsplit(cloudwatch.meta.endpoint_url).hostname or ""
    emulated = not host.endswith(AWS_DOMAINS)
    source = _Source(client, stack, span, emulated)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(source.data, widgets))
    start, end = (f"{each:%Y-%m-%d %H:%M:%S}" for each in (span.start, span.end))
    end = end[11:] if end[:10] == start[:10] else end
    where = f"on an emulator at {host}" if emulated else "on AWS"
    period = f"in periods of {span.period} s" if span.period else "each widget by its own period"
    facts = (
        f"Stack {stack} in {cloudwatch.meta.region_name}, {where}.",
        f"{start} to {end} UTC, {period}.",
    )
    pairs = list(zip(widgets, found, strict=True))
    tiles = [Tile(widget.title, widget.place, panel) for widget, (panel, _) in pairs]
    missing = [Missing(widget.title, *each) for widget, (_, empty) in pairs for each in empty]
    return Picture(draw(name, facts, tiles), missing)


def _body(cloudwatch: Any, name: str) -> str:
    try:
        body: str = cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]
    except ClientError as error:
        code = str(error.response["Error"].get("Code"))
        if "NotFound" in code or "Not_Found" in code:
            raise BodyError("does not exist: deploy the stack again to restore it") from None
        raise
    return body


# What makes a panel of a width, and what is missing in it: (what, why).
Data = tuple[Callable[[float], Panel], list[tuple[str, str]]]


class _Source(NamedTuple):
    """Gets what widgets show in a span of time. emulated: whether it is not from AWS."""

    client: Callable[..., Any]
    stack: str
    span: Span
    emulated: bool

    def data(self, widget: Widget) -> Data:
        """Return what a widget shows; if its data are refused, it says so."""
        try:
            return self._data(widget.content)
        except (ClientError, log.QueryError) as error:
            return self._data(f"Not drawn: {explain(error)}.")

    def _data(self, content: Graph | Alarms | Query | str) -> Data:
        if isinstance(content, str):
            return partial(message, content), [("", content)]
        if isinstance(content, Alarms):
            states = alarms.states(content, self.client, self.stack)
            deleted = [each for each in states if each.state == alarms.DELETED]
            return partial(alarm_list, states), [(each.name, each.state) for each in deleted]
        if isinstance(content, Query):
            logs = self.client("logs", region_name=content.region)
            table = log.run(content, logs, self.span, emulated=self.emulated)
            return partial(log_table, table), [] if table.rows else [("", "nothing found")]
        cloudwatch = self.client("cloudwatch", region_name=content.region)
        series, note = metrics.series(content, cloudwatch, self.span)
        empty = [(each.label, each.why_empty) for each in series if each.why_empty]
        panel = partial(chart, content, series, self.span.of(content), note)
        return panel, empty if series else [("", "nothing to draw")]
