"""Lays widgets out as CloudWatch's console does, and makes the PNG."""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from PIL import Image

from scripts.drawing import palette
from scripts.drawing.body import COLUMNS, Place
from scripts.drawing.palette import BOLD, HEADLINE, LINE, PAPER, POINTS, SMALL, fitted
from scripts.drawing.panels import Panel

WIDTH = 9.0  # inches
DPI = 200
MOST_PIXELS = 60_000  # high: matplotlib draws no more than 65,535
MARGIN, GUTTER = 0.07, 0.08  # inches: around what is in a widget, and between two
PAD = MARGIN + GUTTER / 2
FILE_COLORS = 256  # a file without a palette is three times as large
STYLE: Any = {
    "font.family": palette.SANS,
    "font.size": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "text.color": palette.INK,
    "text.parse_math": False,  # a dollar sign in a text is one
    "hatch.color": PAPER,
    "hatch.linewidth": 0.8,
    "timezone": "UTC",
}


class Tile:
    """A widget as it is drawn: place on the grid, title and panel, and its height in inches."""

    def __init__(self, title: str, place: Place, panel: Callable[[float], Panel]) -> None:
        self.place = place
        self._outer = WIDTH * place.width / COLUMNS
        inner = self._outer - 2 * PAD
        self._title = fitted(title, inner, 3, BOLD)
        self._panel = panel(inner)
        around = 4 * PAD + BOLD.get_size() / POINTS * 1.2 * len(self._title)
        self.height = around + self._panel.height

    def draw(self, figure: SubFigure) -> None:
        """Draw it."""
        figure.patch.set(facecolor=PAPER, edgecolor=palette.BACKGROUND, linewidth=GUTTER * POINTS)
        left = PAD / self._outer
        figure.suptitle("\n".join(self._title), x=left, ha="left", fontproperties=BOLD)
        self._panel.draw(figure)


def draw(title: str, facts: Sequence[str], tiles: Sequence[Tile]) -> Figure:
    """Return the picture of a dashboard; facts: lines below its title."""
    places = [tile.place for tile in tiles]
    xs = sorted({0, COLUMNS, *(edge for each in places for edge in (each.x, each.x + each.width))})
    ys = sorted({0, *(edge for each in places for edge in (each.y, each.y + each.height))})
    head = 2 * PAD + HEADLINE.get_size() / POINTS * 1.4 + LINE * len(facts)
    heights = [head, *_heights(tiles, ys)]
    widths = [after - x for x, after in pairwise(xs)]
    with _style():
        figure = Figure((WIDTH, sum(heights)), facecolor=palette.BACKGROUND)
        figure.set_layout_engine("constrained", w_pad=PAD, h_pad=PAD * 0.8, wspace=0, hspace=0)
        ratios: Any = {"width_ratios": widths, "height_ratios": heights}
        grid = figure.add_gridspec(len(heights), len(widths), **ratios)
        header = figure.add_subfigure(grid[0, :], facecolor=palette.BACKGROUND)
        left, bottom = PAD / WIDTH, PAD / head
        name = fitted(title, WIDTH - 2 * PAD, font=HEADLINE)[0]
        header.text(left, 1 - bottom, name, va="top", font=HEADLINE)
        header.text(left, bottom, "\n".join(facts), va="bottom", color=palette.FAINT_INK)
        for tile in tiles:
            x, y, width, height = tile.place
            rows = slice(ys.index(y) + 1, ys.index(y + height) + 1)
            tile.draw(figure.add_subfigure(grid[rows, xs.index(x) : xs.index(x + width)]))
    return figure


def _heights(tiles: Sequence[Tile], ys: Sequence[int]) -> list[float]:
    """Return the height between two edges each: what ends there needs beyond the rows above."""
    heights = [GUTTER] * (len(ys) - 1)
    for tile in sorted(tiles, key=lambda each: each.place.y + each.place.height):
        first, end = ys.index(tile.place.y), ys.index(tile.place.y + tile.place.height)
        heights[end - 1] += max(0.0, tile.height - sum(heights[first:end]))
    return heights


def png(figure: Figure, dpi: float = DPI) -> bytes:
    """Return a figure as a PNG."""
    file = io.BytesIO()
    figure.set_dpi(min(dpi, MOST_PIXELS / figure.get_figheight()))
    with _style():
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    # By coverage: by frequency a series of few points would get the colour of another one.
    method = Image.Quantize.MAXCOVERAGE
    image = image.quantize(FILE_COLORS, method, dither=Image.Dither.NONE)
    image.save(file, format="PNG", optimize=True)
    return file.getvalue()


@contextmanager
def _style() -> Iterator[None]:
    """Draw the same picture on every machine, whatever style it has set."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield
