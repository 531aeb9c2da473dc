"""Chooses where the ticks of a graph's axes stand, and what is written at them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

MINUTE, HOUR, DAY = 60, 3600, 86_400
STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(minutes * MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * DAY for days in (1, 2, 5, 10, 20, 40)),
)
NICE = (1, 2, 2.5, 5, 10)
UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Scale:
    """A value axis: its ends, and its ticks, of which there are none if nothing is drawn by it."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def part(self, value: float) -> float:
        """Return where a value is, from 0 at the low end to 1 at the high one."""
        return (value - self.low) / (self.high - self.low)


def scale(
    minimum: float | None, maximum: float | None, values: Sequence[float], most: int
) -> Scale:
    """Return a scale for values, from 0 unless they are below it, with about most ticks.

    An end that is given stays as it is; another one is a round value.
    """
    low = min([0.0, *values]) if minimum is None else minimum
    high = max(values, default=low) if maximum is None else maximum
    if high <= low:
        low, high = (low, low + 1) if maximum is None else (high - 1, high)
    whole = all(float(value).is_integer() for value in [*values, low])
    ticks = value_ticks(low, high, most, whole=whole)
    low = ticks[0] if minimum is None else low
    high = ticks[-1] if maximum is None else high
    return Scale(low, high, tuple(tick for tick in ticks if low <= tick <= high))


def time_format(start: float, end: float, step: float) -> str:
    """Return the strftime format of ticks: no more of a date or time than tells them apart."""
    if step >= DAY:
        return "%m-%d"
    clock = "%H:%M" if step >= MINUTE else "%H:%M:%S"
    return f"%m-%d {clock}" if end - start > DAY else clock


def time_ticks(start: float, end: float, most: int) -> list[tuple[float, str]]:
    """Return at most so many ticks between two times (epoch seconds), with what they say."""
    step = next((each for each in STEPS if (end - start) / each < most), STEPS[-1])
    while (end - start) / step >= most:
        step *= 2
    first = math.ceil(start / step) * step
    written = time_format(start, end, step)
    ticks: list[tuple[float, str]] = []
    at = first
    while at <= end and len(ticks) < most:
        ticks.append((at, datetime.fromtimestamp(at, timezone.utc).strftime(written)))
        at += step
    return ticks


def value_ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Return about so many round values, whole ones if asked, from low to high or just over it."""
    rough = (high - low) / max(most, 1)
    power = 10 ** math.floor(math.log10(rough)) if rough > 0 else 1
    step = next((nice * power for nice in NICE if nice * power >= rough * (1 - 1e-9)), 10 * power)
    if whole:
        step = max(1, math.ceil(step))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def number(value: float) -> str:
    """Return a value as it is written at an axis."""
    for unit, name in UNITS:
        if abs(value) >= unit:
            return f"{value / unit:.4g}{name}"
    return f"{value:.4g}"
