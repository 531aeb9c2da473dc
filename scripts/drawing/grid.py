"""Where widgets stand: CloudWatch's grid of 24 columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

COLUMNS = 24
DEFAULT_SIZE = 6  # both ways, in columns and rows
MOST = 10_000  # rows, far more than anybody draws


@dataclass(frozen=True)
class Place:
    """Where a widget stands on the grid, and its size, in columns and rows."""

    x: int
    y: int
    width: int
    height: int

    def overlaps(self, other: "Place") -> bool:
        """Say whether two places have a cell in common."""
        across = self.x < other.x + other.width and other.x < self.x + self.width
        return across and self.y < other.y + other.height and other.y < self.y + self.height


def places(widgets: Sequence[Any]) -> list[Place]:
    """Return each widget's place: what it says, or the next one free from left to right."""
    found: list[Place] = []
    x = y = below = 0
    for widget in widgets:
        wanted = widget if isinstance(widget, dict) else {}
        width = min(_cells(wanted, "width", DEFAULT_SIZE) or 1, COLUMNS)
        height = _cells(wanted, "height", DEFAULT_SIZE) or 1
        if "x" in wanted and "y" in wanted:
            left = min(_cells(wanted, "x", 0), COLUMNS - width)
            place = Place(left, _cells(wanted, "y", 0), width, height)
        else:
            if x + width > COLUMNS:
                x, y = 0, below
            place = Place(x, y, width, height)
            x, below = x + width, max(below, y + height)
        while any(place.overlaps(other) for other in found):
            place = replace(place, y=place.y + 1)
        found.append(place)
    return found


def _cells(widget: Mapping[str, Any], name: str, default: int) -> int:
    value = widget.get(name, default)
    return value if isinstance(value, int) and 0 <= value <= MOST else default
