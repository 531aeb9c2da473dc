"""Chooses the units, ends and ticks of a graph's axes."""

from collections.abc import Sequence
from typing import Any

import matplotlib.dates
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from scripts.drawing.palette import EDGE, FAINT_INK, GRID, SMALL

DAY = 86_400  # seconds
# Units of time, in ms.
TIMES = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "days": 1000 * DAY}
PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
# What a tick of the time axis says: a year, month, day, hour, minute or second, ...
FORMATS = ["%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M", "%H:%M:%S"]
# ... and the first one of a month, day, hour or minute.
FIRST_FORMATS = ["", "%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M:%S"]


def readable_unit(unit: str, values: Sequence[float]) -> tuple[str, float]:
    """Return the unit in which values can be read best, and how much of the given one it is.

    Milliseconds become the largest unit of time of which the greatest value is at least two.
    """
    if unit not in {"ms", "Milliseconds"}:
        return unit, 1
    most = max(map(abs, values), default=0)
    return [(name, size) for name, size in TIMES.items() if 2 * size <= most or size == 1][-1]


def number(value: float) -> str:
    """Return a value as it is written at an axis."""
    for size, prefix in PREFIXES:
        if abs(value) >= size:
            return f"{value / size:.4g}{prefix}"
    return f"{value:.4g}"


def scale_values(
    axes: Axes, values: Sequence[float], minimum: float | None, maximum: float | None
) -> None:
    """Set the value axis: from 0, unless values are below it, to a tick above all values.

    An end that is given stays as it is.
    """
    low = min([0.0, *values]) if minimum is None else minimum
    high = max(values, default=low) if maximum is None else maximum
    if high <= low:
        low, high = (low, low + 1) if maximum is None else (high - 1, high)
    whole = all(float(value).is_integer() for value in [*values, low])
    ticks = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10], integer=whole).tick_values(low, high)
    low = max(tick for tick in ticks if tick <= low) if minimum is None else low
    high = min(tick for tick in ticks if tick >= high) if maximum is None else high
    shown = [tick for tick in ticks if low <= tick <= high]
    axes.set_yticks(shown, [number(tick) for tick in shown])
    axes.set_ylim(low, high)
    axes.grid(axis="y", color=GRID, linewidth=0.5)
    axes.set_axisbelow(True)


def scale_time(axes: Axes, start: float, end: float) -> None:
    """Set the time axis, in UTC, between two times (epoch seconds)."""
    dates: Any = matplotlib.dates
    locator = dates.AutoDateLocator(minticks=3, maxticks=7)
    formatter = dates.ConciseDateFormatter(locator, formats=FORMATS, show_offset=False)
    formatter.zero_formats = FIRST_FORMATS
    axes.set_xlim(start / DAY, end / DAY)
    axes.xaxis.set(major_locator=locator, major_formatter=formatter)
    axes.tick_params(length=0, labelsize=SMALL, labelcolor=FAINT_INK)
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.spines["bottom"].set_color(EDGE)
