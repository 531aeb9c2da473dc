"""Lays the widgets out and draws them: a header, and under it the dashboard's grid."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Protocol

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from scripts.drawing.grid import COLUMNS, Place
from scripts.drawing.palette import FAINT_INK
from scripts.drawing.pen import (
    DPI,
    HEADLINE,
    LEADING,
    SMALL,
    TITLE,
    WIDTH,
    Box,
    Pen,
    wrap,
)

MARGIN, GUTTER, PADDING = 10, 8, 9
ROW = 42  # of the grid, where what stands in it asks for no more
MOST_PIXELS = 30_000  # of height: matplotlib draws at most twice as much
HATCH_WIDTH = 0.5  # points
COLORS = 256  # of the file: flat colours and the edges of letters need no more


class Panel(Protocol):
    """What stands in a widget under its title."""

    def need(self, room: float) -> float:
        """Return the least height in which it can be drawn at a width."""

    def draw(self, pen: Pen, box: Box) -> None:
        """Draw it into a box."""


@dataclass(frozen=True)
class Tile:
    """A widget as it is drawn: title, place on the grid, panel, and notes below it.

    stretches: whether it takes the room that its place gives it, or only what it needs.
    """

    title: str
    place: Place
    panel: Panel
    notes: tuple[str, ...] = ()
    stretches: bool = False

    @property
    def _inner(self) -> float:
        return _wide(self.place) - 2 * PADDING

    @property
    def _titles(self) -> list[str]:
        return wrap(self.title, self._inner, TITLE, bold=True)

    @property
    def _notes(self) -> list[str]:
        return [line for note in self.notes for line in wrap(note, self._inner)]

    def need(self) -> float:
        """Return the least height in which it can be drawn."""
        content = self.panel.need(self._inner)
        height = 2 * PADDING + self._around + content
        return max(height, self.place.height * ROW - GUTTER) if self.stretches else height

    @property
    def _around(self) -> float:
        """The height of title and notes."""
        notes = SMALL * LEADING * len(self._notes) + 3 if self.notes else 0
        return TITLE * LEADING * len(self._titles) + 6 + notes

    def draw(self, pen: Pen, box: Box) -> None:
        """Draw it into a box."""
        pen.frame(box)
        inner = box.inside(PADDING)
        top = pen.lines(inner.x, inner.y, self._titles, TITLE, bold=True) + 6
        room = Box(inner.x, top, inner.width, inner.height - self._around)
        self.panel.draw(pen, room)
        pen.lines(inner.x, top + room.height + 3, self._notes, color=FAINT_INK)


def draw(title: str, facts: Sequence[str], tiles: Sequence[Tile]) -> Figure:
    """Return the picture of a dashboard; facts: what its header says, a line each."""
    # Whatever style this machine has set, the picture is the same everywhere.
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams["hatch.linewidth"] = HATCH_WIDTH
        mpl.rcParams["hatch.color"] = "#ffffff"
        room = WIDTH - 2 * MARGIN
        headline = wrap(title, room, HEADLINE, bold=True)
        said = [line for fact in facts for line in wrap(fact, room)]
        top = MARGIN + HEADLINE * LEADING * len(headline) + SMALL * LEADING * len(said) + GUTTER
        edges = _edges(tiles)
        pen = Pen(top + edges[-1] + MARGIN - GUTTER)
        y = pen.lines(MARGIN, MARGIN, headline, HEADLINE, bold=True)
        pen.lines(MARGIN, y, said, color=FAINT_INK)
        for tile in tiles:
            place = tile.place
            upper, lower = edges[place.y], edges[place.y + place.height]
            left = MARGIN + place.x * _column()
            tile.draw(pen, Box(left, top + upper, _wide(place), lower - upper - GUTTER))
        return pen.figure


def png(figure: Figure) -> bytes:
    """Return a figure as a PNG with a palette, which is a third of its size without."""
    file = io.BytesIO()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams["hatch.linewidth"] = HATCH_WIDTH
        figure.set_dpi(min(DPI, MOST_PIXELS / figure.get_figheight()))
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    # By coverage: by frequency a series of few points would get the colour of another one.
    method = Image.Quantize.MAXCOVERAGE
    image.quantize(COLORS, method, dither=Image.Dither.NONE).save(file, format="PNG", optimize=True)
    return file.getvalue()


def _column() -> float:
    return (WIDTH - 2 * MARGIN + GUTTER) / COLUMNS


def _wide(place: Place) -> float:
    return place.width * _column() - GUTTER


def _edges(tiles: Sequence[Tile]) -> list[float]:
    """Return the upper edge of each row of the grid, and the lower one of the last.

    A row is as high as what ends in it needs beyond the rows above it.
    """
    last = max((tile.place.y + tile.place.height for tile in tiles), default=0)
    heights = [0.0] * last
    for tile in sorted(tiles, key=lambda each: each.place.y + each.place.height):
        first, end = tile.place.y, tile.place.y + tile.place.height
        lacking = tile.need() + GUTTER - sum(heights[first:end])
        heights[end - 1] += max(0.0, lacking)
    return list(accumulate(heights, initial=0.0))
