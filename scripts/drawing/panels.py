"""What a widget looks like: a graph, the states of alarms, a table, or a message."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from scripts.drawing import palette
from scripts.drawing.alarms import Alarm
from scripts.drawing.body import Graph
from scripts.drawing.log import Table
from scripts.drawing.metrics import Series, Span
from scripts.drawing.palette import FAINT_INK, INK, LINE, SMALL, fitted, measured, wrapped
from scripts.drawing.scales import DAY, number, readable_unit, scale_time, scale_values

PLOT = 1.6  # inches, with the axes' texts
SAMPLE = 5 * SMALL / palette.POINTS  # inches, in a legend, with the space beside an entry
GAP_PERIODS = 1.5  # two points farther apart have nothing measured between them
MOST_MARKERS = 60
CELL_LINES, MESSAGE_LINES = 3, 9
THRESHOLD: Any = {"color": palette.THRESHOLD, "linestyle": (0, (4, 2)), "linewidth": 0.9}


class Panel(NamedTuple):
    """What is in a widget: its height in inches, and what draws it."""

    height: float
    draw: Callable[[SubFigure], None]


def chart(graph: Graph, series: Sequence[Series], span: Span, note: str, width: float) -> Panel:
    """Return a graph with its series, over a span of time, and a note below it."""
    stacks: Counter[float] = Counter()
    for each in series if graph.stacked else ():
        stacks.update(dict(each.points))
    tops = stacks.values() if graph.stacked else (top for each in series for _, top in each.points)
    values = [*tops, *(value for value, _ in graph.thresholds)]
    unit, size = readable_unit(graph.label, values)
    entries = _legend(graph, series, unit, size, width)
    columns = _columns([text for _, text, _ in entries], width)

    def draw(figure: SubFigure) -> None:
        axes = figure.subplots()
        low, high = (end and end / size for end in (graph.minimum, graph.maximum))
        scale_values(axes, [value / size for value in values], low, high)
        scale_time(axes, span.start.timestamp(), span.end.timestamp())
        faint: Any = {"fontsize": SMALL, "color": FAINT_INK}
        axes.set_title(fitted(unit, width / 2)[0], loc="left", **faint)
        axes.set_title("UTC", loc="right", **faint)
        if note:
            axes.set_xlabel(note, loc="left", **faint)
        bottoms: dict[float, float] = {}
        for at, each in enumerate(series):
            if graph.stacked:
                _bars(axes, each, at, size, bottoms)
            elif each.points:
                # What is drawn first is heavier, so that it is seen under others of its values.
                over = sum(bool(other.points) for other in series[at + 1 :])
                _line(axes, each, at, size, min(over, 3) / 3)
        low, high = axes.get_ylim()
        for value in (value / size for value, _ in graph.thresholds):
            axes.axhline(value, clip_on=not low <= value <= high, zorder=4, **THRESHOLD)
        samples, texts, colors = zip(*entries, strict=True) if entries else ((), (), ())
        place: Any = {"loc": "outside lower left", "ncols": columns, "labelcolor": colors or None}
        figure.legend(samples, texts, borderpad=0, borderaxespad=1, columnspacing=1.5, **place)

    rows = -(-len(entries) // columns)
    return Panel(PLOT + LINE * (rows + bool(note)), draw)


def _legend(
    graph: Graph, series: Sequence[Series], unit: str, size: float, width: float
) -> list[tuple[Any, str, str]]:
    """Return a legend's entries: a sample, a text and its colour."""
    entries: list[tuple[Any, str, str]] = []
    for at, each in enumerate(series):
        color, marker, hatch = palette.style(at)
        sample: Any = Line2D([], [], color=color, marker=marker, markersize=4)
        if each.why_empty:
            sample = Line2D([], [], linestyle="none")
        elif graph.stacked:
            sample = Patch(facecolor=color, hatch=hatch, edgecolor=palette.PAPER, linewidth=0)
        text = f"{each.label}: {each.why_empty}" if each.why_empty else each.label
        entries.append((sample, text, FAINT_INK if each.why_empty else INK))
    for value, label in graph.thresholds:
        shown = f"{number(value / size)} {unit}" if size != 1 else number(value)
        named = size == 1 and {shown, f"{value:g}"} & set(re.findall(r"[\w.-]*\w", label))
        text = label if named else f"{label} ({shown})"
        entries.append((Line2D([], [], **THRESHOLD), text, INK))
    return [(sample, fitted(text, width - SAMPLE)[0], color) for sample, text, color in entries]


def _columns(texts: Sequence[str], width: float) -> int:
    """Return how many columns of a legend fit into a width: matplotlib fills one by one."""
    widths = [measured(text) + SAMPLE for text in texts]
    for columns in range(len(texts), 1, -1):
        if sum(max(part) for part in np.array_split(widths, columns)) <= width:
            return columns
    return 1


def _bars(axes: Axes, series: Series, at: int, size: float, bottoms: dict[float, float]) -> None:
    """Draw a series as bars, on top of those at bottoms; add to these."""
    color, _, hatch = palette.style(at)
    for moment, value in series.points:
        top, bottom = value / size, bottoms.get(moment, 0.0)
        bar = axes.bar(moment / DAY, top, series.period / DAY, bottom, align="edge", color=color)
        bar[0].set(hatch=hatch, edgecolor=palette.PAPER, linewidth=0.4)
        bottoms[moment] = bottom + top


def _line(axes: Axes, series: Series, at: int, size: float, weight: float) -> None:
    """Draw a series as a line: dotted where nothing was measured, with its markers."""
    color, marker, _ = palette.style(at)
    moments = np.array([moment + series.period / 2 for moment, _ in series.points]) / DAY
    values = np.array([value / size for _, value in series.points])
    gaps = np.flatnonzero(np.diff(moments) > GAP_PERIODS * series.period / DAY) + 1
    axes.plot(moments, values, ":", color=color, linewidth=0.7)
    parts = np.insert(moments, gaps, np.nan), np.insert(values, gaps, np.nan)
    axes.plot(*parts, "-", color=color, linewidth=1.1 + 1.7 * weight)
    # A point without neighbours is seen by its marker only: among very many it is a dot.
    marker_size = 4 + 3 * weight if len(moments) <= MOST_MARKERS else 1.5
    low, high = axes.get_ylim()
    inside = bool(np.all((values >= low) & (values <= high)))
    dots = axes.plot(moments, values, marker, color=color, clip_on=not inside)[0]
    dots.set(markersize=marker_size, mec=palette.PAPER, mew=0.3, zorder=3)


def alarm_list(alarms: Sequence[Alarm], width: float) -> Panel:
    """Return the states of alarms."""
    states = [palette.STATES.get(each.state, (INK, "?", each.state)) for each in alarms]
    counts = Counter(words for _, _, words in states).most_common()
    summary = ", ".join(f"{count} {words}" for words, count in counts) or "none"

    def draw(figure: SubFigure) -> None:
        axes = _blank(figure, len(alarms) + 1.5)
        _write(axes, 0, 0.2, f"Of {len(alarms)} now: {summary}.", color=FAINT_INK)
        for row, (alarm, (color, sign, words)) in enumerate(zip(alarms, states, strict=True)):
            weight = "bold" if alarm.state == "ALARM" else "normal"
            _write(axes, 0, row + 1.5, sign, color=color)
            _write(axes, 0.05, row + 1.5, fitted(alarm.name, 0.55 * width)[0])
            _write(axes, 0.62, row + 1.5, words, color=color, weight=weight)

    return Panel(LINE * 1.2 * (len(alarms) + 1.5), draw)


def log_table(table: Table, width: float) -> Panel:
    """Return what a query of the log found, in a font whose characters are all of one width."""
    if not table.columns:
        return message("Nothing found.", width)
    most = int(width / measured("0", palette.MONO)) - 1
    widths = [max(map(len, column)) for column in zip(table.columns, *table.rows, strict=True)]
    while sum(widths) + 2 * len(widths) > most and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    lines = []
    for row in (table.columns, *table.rows):
        cells = [wrapped(text, wide, CELL_LINES) for text, wide in zip(row, widths, strict=True)]
        for at in range(max(map(len, cells))):
            parts = [cell[at] if at < len(cell) else "" for cell in cells]
            lines.append("  ".join(map(str.ljust, parts, widths)).rstrip())

    def draw(figure: SubFigure) -> None:
        axes = _blank(figure, len(lines) + 0.5)
        for row, text in enumerate(lines):
            color = INK if row else FAINT_INK
            _write(axes, 0, row + 0.4 * (row > 0), text, color=color, font=palette.MONO)
        axes.axhline(1.15, color=palette.EDGE, linewidth=0.8)

    return Panel(LINE * (len(lines) + 0.5), draw)


def message(text: str, width: float) -> Panel:
    """Return a text that says why a widget shows nothing else."""
    lines = fitted(text, width, MESSAGE_LINES)

    def draw(figure: SubFigure) -> None:
        _write(_blank(figure, len(lines) + 0.5), 0, 0, "\n".join(lines), color=FAINT_INK)

    return Panel(LINE * (len(lines) + 0.5), draw)


def _blank(figure: SubFigure, rows: float) -> Axes:
    """Return axes without anything in them, as high as so many lines of text."""
    axes: Axes = figure.subplots()
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(rows, 0))
    return axes


def _write(axes: Axes, x: float, row: float, text: str, **options: Any) -> None:
    """Write a text below a row's upper edge; it does not change the layout."""
    axes.text(x, row, text, va="top", in_layout=False, **options)
