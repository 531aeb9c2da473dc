"""Reads a deployed dashboard and its data, and draws it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from matplotlib.figure import Figure

from scripts.drawing import alarms, insights
from scripts.drawing.body import parse
from scripts.drawing.chart import Chart
from scripts.drawing.panels import AlarmsPanel, NotePanel, TablePanel, TextPanel
from scripts.drawing.picture import Panel, Tile, draw, png
from scripts.drawing.series import Metrics, Span
from scripts.drawing.widgets import Alarms, BodyError, Graph, Query, Text, Unknown, Widget
from scripts.operations.errors import explain

AT_ONCE = 4
AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


@dataclass(frozen=True)
class Missing:
    """A series that has no points, or a whole widget that shows nothing, and why."""

    widget: str
    series: str
    why: str

    def __str__(self) -> str:
        """Return the widget's title, the series' label and the reason."""
        return (
            f"{self.widget} {self.series}: {self.why}"
            if self.series
            else f"{self.widget} {self.why}"
        )


@dataclass(frozen=True)
class Picture:
    """A drawn dashboard: its figure, and what is missing in it."""

    figure: Figure
    missing: tuple[Missing, ...]

    def png(self) -> bytes:
        """Return it as a PNG."""
        return png(self.figure)


class Clients:
    """Makes clients, one of each service and region, also for several threads."""

    def __init__(self, make: Callable[..., Any]) -> None:
        """Take what makes a client: of (service, region_name)."""
        self._make = make
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = Lock()

    def __call__(self, service: str, region: str = "") -> Any:
        """Return the client of a service, in a region or the one that is set."""
        with self._lock:  # boto3 cannot make two at once
            if (service, region) not in self._made:
                options = {"region_name": region} if region else {}
                self._made[service, region] = self._make(service, **options)
            return self._made[service, region]


def picture(make: Callable[..., Any], stack: str, name: str, span: Span) -> Picture:
    """Return the picture of a dashboard by its name, with the data of a span of time.

    make: returns the boto3 client of a service, and of a region with region_name. Raises
    BodyError if there is no such dashboard or its body is none.
    """
    clients = Clients(make)
    widgets = parse(_body(clients("cloudwatch"), name))
    fetch = _Fetching(clients, stack, span)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tiles = list(pool.map(fetch.tile, widgets))
    region = clients("cloudwatch").meta.region_name
    facts = [
        f"Stack {stack} in {region}, {_where(clients('cloudwatch'))}.",
        f"{_times(span)}, {_periods(span)}.",
    ]
    missing = [each for tile in tiles for each in _missing(tile)]
    return Picture(draw(name, facts, tiles), tuple(missing))


def _body(cloudwatch: Any, name: str) -> str:
    try:
        body: str = cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]
    except ClientError as error:
        code = str(error.response["Error"].get("Code"))
        if "NotFound" in code or "Not_Found" in code:
            raise BodyError("is not there: deploy the stack again to have it back") from None
        raise
    return body


@dataclass(frozen=True)
class _Fetching:
    """Makes tiles of widgets, with the data of a span."""

    clients: Clients
    stack: str
    span: Span

    def tile(self, widget: Widget) -> Tile:
        """Return a widget as it is drawn; one whose data are refused says so."""
        try:
            panel, notes = self._panel(widget.content)
        except ClientError as error:
            panel, notes = NotePanel(f"Not drawn: {explain(error)}."), ()
        stretches = isinstance(panel, Chart)
        return Tile(widget.title, widget.place, panel, (*notes, *widget.notes), stretches)

    def _panel(self, content: Any) -> tuple[Panel, tuple[str, ...]]:
        match content:
            case Graph():
                return self._chart(content)
            case Alarms():
                found = alarms.states(content, self._cloudwatch, self.stack)
                return AlarmsPanel(found), ()
            case Query():
                logs = self.clients("logs", content.region)
                table = insights.run(content, logs, self.span.start, self.span.end)
                return TablePanel(table), table.notes
            case Text():
                return TextPanel(content.markdown), ()
            case Unknown():
                return NotePanel(content.reason), ()
        raise TypeError(content)

    def _chart(self, graph: Graph) -> tuple[Chart, tuple[str, ...]]:
        metrics = Metrics(self.clients, self.span)
        drawn = metrics.graph(graph)
        start, end = self.span.aligned(max(map(metrics.period, graph.lines), default=60))
        notes = drawn.notes
        if graph.view != "timeSeries":
            notes += (f"The view {graph.view} is drawn as a graph over time.",)
        return Chart(graph, drawn, start.timestamp(), end.timestamp()), notes

    def _cloudwatch(self, region: str) -> Any:
        return self.clients("cloudwatch", region)


def _missing(tile: Tile) -> list[Missing]:
    """Return what a tile does not show: some of its series, or anything at all."""
    title = tile.title or "(no title)"
    match tile.panel:
        case Chart(drawn=drawn):
            if not drawn.series:
                return [Missing(title, "", "nothing to draw")]
            return [Missing(title, each.label, each.state) for each in drawn.series if each.state]
        case TablePanel(table=table):
            return [] if table.rows else [Missing(title, "", "nothing was found")]
        case AlarmsPanel(alarms=found):
            return [
                Missing(title, each.name, each.state) for each in found if each.state == alarms.GONE
            ]
        case NotePanel(reason=reason):
            return [Missing(title, "", reason)]
    return []


def _where(cloudwatch: Any) -> str:
    """Return what kind of endpoint a client talks to."""
    host = urlsplit(cloudwatch.meta.endpoint_url).hostname or ""
    return "on AWS" if host.endswith(AWS_DOMAINS) else f"on an emulator at {host}"


def _times(span: Span) -> str:
    start, end = (f"{each:%Y-%m-%d %H:%M:%S}" for each in (span.start, span.end))
    return f"{start} to {end[11:] if end[:10] == start[:10] else end} UTC"


def _periods(span: Span) -> str:
    if span.period is None:
        return "each widget by its own period"
    return f"in periods of {span.period} s"
