"""Lays out a legend in columns under its graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from scripts.drawing.palette import FAINT_INK, INK, PAPER, Style
from scripts.drawing.pen import LEADING, SMALL, Box, Pen, width, wrap

SAMPLE, BESIDE, BETWEEN, ABOVE = 22, 5, 14, 2
ROW = SMALL * LEADING


class Sign(Enum):
    """What stands before an entry's text."""

    LINE = 1
    BAR = 2
    NONE = 3  # nothing is drawn of it


@dataclass(frozen=True)
class Entry:
    """A text, and the style of what it names."""

    text: str
    style: Style
    sign: Sign


def height(entries: Sequence[Entry], room: float) -> float:
    """Return how high a legend is at a width."""
    return ABOVE + sum(_rows(_columns(entries, room)[1])) if entries else 0


def draw(pen: Pen, box: Box, entries: Sequence[Entry]) -> None:
    """Draw a legend into a box, from its top."""
    if not entries:
        return
    across, grid = _columns(entries, box.width)
    y = box.y + ABOVE
    at = 0
    for row, high in zip(grid, _rows(grid), strict=True):
        for column, lines in enumerate(row):
            entry = entries[at]
            x = box.x + column * across
            nothing = entry.sign is Sign.NONE
            if entry.sign is Sign.BAR:
                sample = Box(x + 3, y + 1, SAMPLE - 6, SMALL)
                pen.frame(sample, PAPER, entry.style.color, entry.style.hatch)
            elif not nothing:
                pen.line_sample(x, x + SAMPLE, y + 0.6 * SMALL, entry.style)
            color = FAINT_INK if nothing else INK
            pen.lines(x + SAMPLE + BESIDE, y, lines, color=color)
            at += 1
        y += high


def _columns(entries: Sequence[Entry], room: float) -> tuple[float, list[list[list[str]]]]:
    """Return a column's width, and the rows of entries, each in lines of text."""
    widest = max(width(entry.text) for entry in entries)
    number = max(1, int((room + BETWEEN) // (SAMPLE + BESIDE + widest + BETWEEN)))
    number = min(number, len(entries))
    across = (room + BETWEEN) / number
    texts = [wrap(entry.text, across - SAMPLE - BESIDE - BETWEEN) or [""] for entry in entries]
    return across, [texts[at : at + number] for at in range(0, len(texts), number)]


def _rows(grid: Sequence[Sequence[Sequence[str]]]) -> list[float]:
    return [ROW * max(len(lines) for lines in row) for row in grid]
