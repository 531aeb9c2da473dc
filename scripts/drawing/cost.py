"""Draws what a month costs by service, and which quota binds first, over orders of magnitude."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.drawing.palette import BOLD, FAINT_INK, GRID, PAPER, SMALL, THRESHOLD, style

SIZE = (9.0, 6.6)  # inches
FAINT: Any = {"fontsize": SMALL, "color": FAINT_INK}
Curve = Sequence[float]


def draw(per_day: Curve, dollars: Mapping[str, Curve], shares: Mapping[str, Curve]) -> Figure:
    """Return the picture.

    per_day: updates; dollars: a month, by service, the first two the sums; shares: of a quota.
    """
    figure = Figure(SIZE, facecolor=PAPER, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    _lines(upper, per_day, dollars, "What does a month cost?")
    upper.set_ylabel("USD a month", **FAINT)
    upper.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    upper.set_ylim(bottom=0.01)
    _lines(lower, per_day, shares, "Which quota binds first?")
    lower.set_ylabel("of the quota, in a peak", **FAINT)
    lower.yaxis.set_major_formatter(lambda value, _: f"{value * 100:,.10g} %")
    lower.axhline(1, color=THRESHOLD, linestyle=(0, (4, 2)), linewidth=0.9)
    lower.set_xlabel("updates a day", **FAINT)
    lower.set_ylim(bottom=1e-4)
    return figure


def _lines(axes: Axes, per_day: Curve, curves: Mapping[str, Curve], title: str) -> None:
    axes.set_title(title, loc="left", fontproperties=BOLD)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: _words(value))
    axes.minorticks_off()
    axes.grid(visible=True, color=GRID, linewidth=0.6)
    axes.tick_params(labelsize=SMALL)
    axes.spines[["top", "right"]].set_visible(False)
    for at, (name, values) in enumerate(curves.items()):
        color, marker, _ = style(at)
        drawn = [value or float("nan") for value in values]  # nothing is nowhere on such an axis
        axes.plot(per_day, drawn, color=color, marker=marker, markersize=4, label=name)
    axes.legend(loc="upper left", fontsize=SMALL, frameon=False, bbox_to_anchor=(1, 1))


def _words(value: float) -> str:
    """Return a number of updates in few characters: ``10 million``."""
    for size, name in ((1e9, "billion"), (1e6, "million")):
        if value >= size:
            return f"{value / size:,.0f} {name}"
    return f"{value:,.0f}"
