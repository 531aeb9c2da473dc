"""Finds room in a graph for the texts of its thresholds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.drawing.pen import LEADING, SMALL, Box, width
from scripts.drawing.scales import Scale, number
from scripts.drawing.widgets import Threshold

WORD = re.compile(r"[\w.,-]*\w")
HIGH = SMALL * LEADING
BESIDE = 4
MOST_COVERED = 4  # of the points of the data, lest the text hide them


@dataclass(frozen=True)
class Placed:
    """Thresholds: those whose text has a place in the graph, and what the legend has to say."""

    inside: tuple[tuple[Threshold, str, Box], ...]
    left_over: tuple[str, ...]


def place(
    thresholds: Sequence[Threshold],
    area: Box,
    scales: tuple[Scale, Scale],
    points: Sequence[tuple[float, float]],
) -> Placed:
    """Place texts where they overlap no other and cover the fewest points (x, y) of the data."""
    inside: list[tuple[Threshold, str, Box]] = []
    left_over = []
    for each in thresholds:
        scale, text = scales[each.right], text_of(each)
        if not scale.low <= each.value <= scale.high:
            left_over.append(f"{text}, beyond the axis")
            continue
        y = area.y + area.height * (1 - scale.part(each.value))
        found = _free(area, y, width(text), [box for _, _, box in inside], points)
        if found is None:
            left_over.append(text)
        else:
            inside.append((each, text, found))
    return Placed(tuple(inside), tuple(left_over))


def text_of(threshold: Threshold) -> str:
    """Return the label, with the value unless the label has it."""
    value = number(threshold.value)
    if {value, f"{threshold.value:g}"} & set(WORD.findall(threshold.label)):
        return threshold.label
    return f"{threshold.label or 'threshold'} ({value})"


def _free(
    area: Box, y: float, wide: float, taken: Sequence[Box], points: Sequence[tuple[float, float]]
) -> Box | None:
    """Return the best place over or under a line at y, if there is a good one."""
    spare = area.width - wide - 2 * BESIDE
    if spare < 0:
        return None
    places = [
        Box(area.x + BESIDE + spare * part, top, wide, HIGH)
        for top in (y - HIGH - 1, y + 2)
        for part in (1, 0, 0.5, 0.25, 0.75)
    ]
    fitting = [
        each
        for each in places
        if area.y <= each.y
        and each.y + HIGH <= area.y + area.height
        and not any(_overlap(each, other) for other in taken)
    ]
    best = min(fitting, key=lambda each: _covered(each, points), default=None)
    return best if best and _covered(best, points) <= MOST_COVERED else None


def _overlap(one: Box, other: Box) -> bool:
    across = one.x < other.x + other.width + BESIDE and other.x < one.x + one.width + BESIDE
    return across and one.y < other.y + other.height and other.y < one.y + one.height


def _covered(box: Box, points: Sequence[tuple[float, float]]) -> int:
    return sum(
        box.x - BESIDE <= x <= box.x + box.width + BESIDE
        and box.y - BESIDE <= y <= box.y + box.height + BESIDE
        for x, y in points
    )
