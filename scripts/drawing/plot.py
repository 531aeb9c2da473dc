"""Draws series into axes: lines with markers, or bars on top of each other."""

from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from scripts.drawing.palette import PAPER, Style
from scripts.drawing.pen import POINTS
from scripts.drawing.series import Series

LEAST_DISTANCE = 9  # from marker to marker, in units
# Two points farther apart than this many periods have nothing measured between them.
GAP_PERIODS = 1.5


def line(axes: Axes, series: Series, how: Style, units_a_second: float, weight: float = 0) -> None:
    """Draw a series as a line, each point at the middle of its period.

    weight: from 0, the least, to 1; what is drawn first is heavier, lest it be hidden by what is
    drawn over it with the same values.

    Where nothing was measured it is thin and dotted. A point without neighbours always has its
    marker; others as far as there is room.
    """
    if not series.points:
        return
    moments = np.array([moment + series.period / 2 for moment, _ in series.points])
    values = np.array([value for _, value in series.points])
    gaps = np.flatnonzero(np.diff(moments) > GAP_PERIODS * series.period) + 1
    axes.plot(moments, values, color=how.color, linestyle=":", linewidth=POINTS)
    axes.plot(
        np.insert(moments, gaps, np.nan),
        np.insert(values, gaps, np.nan),
        color=how.color,
        linestyle=how.line,
        linewidth=(1.6 + 2.4 * weight) * POINTS,
    )
    every = max(1, round(LEAST_DISTANCE / (units_a_second * series.period)))
    parts = [0, *gaps.tolist(), len(moments)]
    alone = {at for at, after in pairwise(parts) if after - at == 1}
    marked = sorted(alone | set(range(0, len(moments), every)))
    low, high = axes.get_ylim()
    axes.plot(
        moments[marked],
        values[marked],
        color=how.color,
        linestyle="none",
        zorder=3,
        # On the axis itself a marker is drawn whole; beyond the axis it is not drawn at all.
        clip_on=bool(np.any((values < low) | (values > high))),
        **marker(how, weight),
    )


def marker(how: Style, weight: float = 0) -> dict[str, Any]:
    """Return a style's marker as matplotlib takes it."""
    return {
        "marker": how.marker,
        "markersize": (5.5 + 4.5 * weight) * POINTS,
        "markeredgecolor": PAPER,
        "markeredgewidth": 0.3,
    }


def bars(axes: Axes, series: Series, how: Style, bottoms: dict[tuple[bool, float], float]) -> None:
    """Draw a series as bars, as wide as its periods, on top of those at bottoms; add to these."""
    keys = [(series.right, moment) for moment, _ in series.points]
    axes.bar(
        [moment for moment, _ in series.points],
        [value for _, value in series.points],
        width=series.period,
        align="edge",
        bottom=[bottoms.get(key, 0.0) for key in keys],
        color=how.color,
        hatch=how.hatch,
        edgecolor=PAPER,
        linewidth=0.4,
    )
    for key, (_, value) in zip(keys, series.points, strict=True):
        bottoms[key] = bottoms.get(key, 0.0) + value
