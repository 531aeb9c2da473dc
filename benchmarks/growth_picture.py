"""Draws docs/growth.png: what an update costs, as what is before it grows."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.ticker import NullLocator

from scripts.drawing import palette
from scripts.drawing.body import COLUMNS, Place
from scripts.drawing.palette import EDGE, FAINT_INK, LINE, SMALL
from scripts.drawing.panels import Panel
from scripts.drawing.picture import Tile, draw, png
from scripts.drawing.scales import number, scale_values

HEIGHT = 2.0  # inches of a graph with its axes' texts
MOST_RATIO = 2.0  # at the top of an axis of ratios
FACTS = (
    "Lines: medians. Bands: the middle half of the rounds, and in a crowd all updates.",
    "1 is the cost in a process that has just begun (left), of a shipment with one row (middle).",
)

# A line: its name, its values, and the ends of its band at each of them.
Line = tuple[str, Sequence[float], Sequence[tuple[float, float]]]
Fields = dict[str, Any]


def picture(results: Fields) -> bytes:
    """Return the picture of what benchmarks/growth.py has measured, as a PNG."""
    width = COLUMNS // 3
    graphs = (
        ("By updates before it", ratios(results["updates"])),
        ("By rows of its shipment", history(results["histories"])),
        ("By occupied milliseconds", crowd(results["crowds"])),
    )
    tiles = [
        Tile(title, Place(width * at, 0, width, 6), partial(given, panel))
        for at, (title, panel) in enumerate(graphs)
    ]
    return png(draw("What an update costs, as what is before it grows", FACTS, tiles))


def given(panel: Panel, _width: float) -> Panel:
    """Return a panel, which has the same width in each tile."""
    return panel


def ratios(updates: Sequence[Fields]) -> Panel:
    """Return the graph of a process's updates."""
    sizes = [each["size"] for each in updates]
    lines = [banded(kind, [each["cpu"][kind] for each in updates]) for kind in updates[0]["cpu"]]
    lines.append(plain("peak memory", [each["memory"] for each in updates]))
    return graph("processor time and memory, ratio", sizes, lines, MOST_RATIO)


def history(histories: Sequence[Fields]) -> Panel:
    """Return the graph of a shipment's rows."""
    sizes = [each["size"] for each in histories]
    lines = [banded("ordinary", [each["cpu"] for each in histories])]
    return graph("processor time, ratio", sizes, lines, MOST_RATIO)


def crowd(crowds: Sequence[Fields]) -> Panel:
    """Return the graph of occupied milliseconds, against trying each of them."""
    sizes = [each["size"] for each in crowds]
    lines = [
        banded("side by side", [each["block"] for each in crowds]),
        banded("by updates of one time", [each["same"] for each in crowds]),
    ]
    top = max(high for _, _, band in lines for _, high in band)
    one_by_one = [(size, size + 1.0) for size in sizes if size < top]
    return graph("AWS calls", sizes, lines, top, one_by_one)


def banded(name: str, values: Sequence[Sequence[float]]) -> Line:
    """Return a line of medians in a band; values: each median between its ends."""
    return name, [middle for _, middle, _ in values], [(low, high) for low, _, high in values]


def plain(name: str, values: Sequence[float]) -> Line:
    """Return a line without a band."""
    return name, values, [(value, value) for value in values]


def graph(
    unit: str,
    sizes: Sequence[int],
    lines: Sequence[Line],
    top: float,
    compared: Sequence[tuple[float, float]] = (),
) -> Panel:
    """Return a graph of lines over sizes; compared: points of what it would be, one by one."""

    def drawn(figure: SubFigure) -> None:
        axes = figure.subplots()
        scale_values(axes, [top], 0, None)
        scale_sizes(axes, sizes)
        axes.set_title(unit, loc="left", fontsize=SMALL, color=FAINT_INK)
        for at, (name, values, band) in enumerate(lines):
            color, marker, _ = palette.style(at)
            lows, highs = zip(*band, strict=True)
            axes.fill_between(sizes, lows, highs, color=color, alpha=0.18, linewidth=0)
            look: Any = {"color": color, "marker": marker, "markersize": 3.5, "linewidth": 1.1}
            axes.plot(sizes, values, label=name, mec=palette.PAPER, mew=0.3, **look)
        if compared:
            axes.plot(*zip(*compared, strict=True), ":", color=FAINT_INK, label="one by one")
        figure.legend(loc="outside lower left", ncols=2, borderpad=0, borderaxespad=1)

    return Panel(HEIGHT + LINE * -(-(len(lines) + bool(compared)) // 2), drawn)


def scale_sizes(axes: Axes, sizes: Sequence[int]) -> None:
    """Set the axis of sizes, with ticks at the powers of ten."""
    axes.set_xscale("log")
    shown = [size for size in sizes if str(size).strip("0") == "1"]
    axes.set_xticks(shown, [number(size) for size in shown])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(length=0, labelsize=SMALL, labelcolor=FAINT_INK)
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.spines["bottom"].set_color(EDGE)
