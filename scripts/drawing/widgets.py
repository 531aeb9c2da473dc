"""What a dashboard is made of: widgets, and the lines of their graphs."""

from dataclasses import dataclass

from scripts.drawing.grid import Place

DEFAULT_STAT = "Average"
DEFAULT_PERIOD = 300


class BodyError(Exception):
    """A body, or a part of it, is not what CloudWatch takes; the message says what."""


@dataclass(frozen=True)
class Metric:
    """A metric: namespace, name, its dimensions in their order, and the statistic of it."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    stat: str = DEFAULT_STAT


@dataclass(frozen=True)
class Line:
    """A row of a graph: a metric or an expression, and how it is drawn."""

    id: str
    metric: Metric | None
    expression: str = ""
    label: str = ""
    period: int = DEFAULT_PERIOD  # seconds
    region: str = ""
    account: str = ""
    color: str = ""
    right: bool = False
    visible: bool = True


@dataclass(frozen=True)
class Axis:
    """What a body says of an axis."""

    minimum: float | None = None
    maximum: float | None = None
    label: str = ""
    show_units: bool = True


@dataclass(frozen=True)
class Threshold:
    """A horizontal line that a body draws in."""

    value: float
    label: str = ""
    color: str = ""
    right: bool = False
    visible: bool = True


@dataclass(frozen=True)
class Graph:
    """The content of a widget of type metric."""

    lines: tuple[Line, ...]
    thresholds: tuple[Threshold, ...] = ()
    left: Axis = Axis()
    right: Axis = Axis()
    stacked: bool = False
    view: str = "timeSeries"


@dataclass(frozen=True)
class Alarms:
    """The content of a widget of type alarm: the alarms' ARNs, and the states that are shown."""

    arns: tuple[str, ...]
    states: tuple[str, ...] = ()


@dataclass(frozen=True)
class Query:
    """The content of a widget of type log: a Logs Insights query without its sources."""

    groups: tuple[str, ...]
    text: str
    region: str = ""


@dataclass(frozen=True)
class Text:
    """The content of a widget of type text."""

    markdown: str


@dataclass(frozen=True)
class Unknown:
    """The content of a widget that cannot be drawn."""

    reason: str


@dataclass(frozen=True)
class Widget:
    """A widget: title, place, content, and what of it is not drawn."""

    title: str
    place: Place
    content: Graph | Alarms | Query | Text | Unknown
    notes: tuple[str, ...] = ()
