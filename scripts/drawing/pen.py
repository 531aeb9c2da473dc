"""Measures and writes text. One unit is a pixel of the picture at the width it is shown with."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from scripts.drawing.palette import EDGE, INK, PAPER, Style

WIDTH = 900  # of the picture as it is shown; its file has SHARPNESS times as many pixels
SHARPNESS = 2
UNITS_PER_INCH = 100
DPI = UNITS_PER_INCH * SHARPNESS
FONT = "DejaVu Sans"  # comes with matplotlib
SMALL, NORMAL, TITLE, HEADLINE = 10.5, 11, 13, 18
POINTS = 72 / UNITS_PER_INCH  # of a unit
LEADING = 1.3  # from line to line, in sizes
BREAKS = re.compile(r"(?<=[ /_,:;|.-])|(?<=[a-z])(?=[A-Z])")


class Box(NamedTuple):
    """A part of the picture, from its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    def inside(self, margin: float) -> "Box":
        """Return the box without a margin on each side."""
        return Box(
            self.x + margin, self.y + margin, self.width - 2 * margin, self.height - 2 * margin
        )

    def below(self, height: float) -> "Box":
        """Return what is left of the box below some height of it."""
        return Box(self.x, self.y + height, self.width, self.height - height)


@cache
def _renderer() -> RendererAgg:
    return RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call] # matplotlib's own


@cache
def _font(size: float, *, bold: bool) -> FontProperties:
    return FontProperties(family=FONT, size=size * POINTS, weight="bold" if bold else "normal")


@cache
def _known() -> frozenset[int]:
    """Return the characters that the font has."""
    return frozenset(get_font(findfont(FontProperties(family=FONT))).get_charmap())


def plain(text: str) -> str:
    """Return text in one line, without what cannot be drawn: no control character, no gap."""
    kept = "".join(char if char.isprintable() else " " for char in text)
    return " ".join("".join(char if ord(char) in _known() else "?" for char in kept).split())


@cache
def width(text: str, size: float = SMALL, *, bold: bool = False) -> float:
    """Return how wide a text is as it is written."""
    measure: Any = _renderer().get_text_width_height_descent
    measured, _, _ = measure(plain(text), _font(size, bold=bold), ismath=False)
    return float(measured) / SHARPNESS


def wrap(text: str, room: float, size: float = SMALL, *, bold: bool = False) -> list[str]:
    """Return a text in lines that are no wider than room."""
    lines = [""]
    for part in BREAKS.split(plain(text)):
        if width((lines[-1] + part).rstrip(), size, bold=bold) <= room:
            lines[-1] += part
            continue
        lines.append("")
        for char in part:  # a part that is too wide for a line of its own is cut anywhere
            if lines[-1] and width(lines[-1] + char, size, bold=bold) > room:
                lines.append("")
            lines[-1] += char
    return [line.strip() for line in lines if line.strip()]


def shortened(text: str, room: float, lines: int, size: float = SMALL) -> list[str]:
    """Return a text in at most so many lines, the last with an ellipsis if that is not all."""
    wrapped = wrap(text, room, size)
    if len(wrapped) <= lines:
        return wrapped
    last = wrapped[lines - 1]
    while last and width(last + "…", size) > room:
        last = last[:-1]
    return [*wrapped[: lines - 1], last + "…"]


class Pen:
    """Draws on a figure of a given height."""

    def __init__(self, height: float) -> None:
        """Make the figure."""
        size = (WIDTH / UNITS_PER_INCH, height / UNITS_PER_INCH)
        self.figure = Figure(figsize=size, dpi=DPI, facecolor=PAPER)
        self._height = height

    def write(  # noqa: PLR0913 - what a text can be
        self,
        x: float,
        y: float,
        text: str,
        size: float = SMALL,
        *,
        bold: bool = False,
        color: str = INK,
        align: str = "left",
        halo: bool = False,
    ) -> None:
        """Write a text whose line begins at a height of y; halo: on what is drawn there."""
        if not text:
            return
        self.figure.text(
            x / WIDTH,
            1 - (y + size) / self._height,
            plain(text),
            fontproperties=_font(size, bold=bold),
            color=color,
            ha=align,
            va="baseline",
            parse_math=False,
            path_effects=[withStroke(linewidth=2.5 * POINTS, foreground=PAPER)] if halo else None,
        )

    def lines(
        self, x: float, y: float, lines: Sequence[str], size: float = SMALL, **how: Any
    ) -> float:
        """Write lines one below the other; return the height below them."""
        for line in lines:
            self.write(x, y, line, size, **how)
            y += size * LEADING
        return y

    def frame(self, box: Box, edge: str = EDGE, fill: str = PAPER, hatch: str = "") -> None:
        """Draw a rectangle."""
        self.figure.add_artist(
            Rectangle(
                (box.x / WIDTH, 1 - (box.y + box.height) / self._height),
                box.width / WIDTH,
                box.height / self._height,
                facecolor=fill,
                edgecolor=edge,
                hatch=hatch,
                linewidth=0.6,
                zorder=-1,  # below the axes
                transform=self.figure.transFigure,
            )
        )

    def line_sample(self, x: float, end: float, y: float, how: Style) -> None:
        """Draw a legend's sample of a line."""
        low = 1 - y / self._height
        line = Line2D(
            [x / WIDTH, (x + end) / 2 / WIDTH, end / WIDTH],
            [low] * 3,
            color=how.color,
            linestyle=how.line,
            linewidth=1.6 * POINTS,
            marker=how.marker,
            markevery=[1],
            markersize=6 * POINTS,
            markeredgecolor=PAPER,
            markeredgewidth=0.3,
            transform=self.figure.transFigure,
        )
        self.figure.add_artist(line)

    def axes(self, box: Box, **options: Any) -> Axes:
        """Return axes that fill a box."""
        return self.figure.add_axes(
            (
                box.x / WIDTH,
                1 - (box.y + box.height) / self._height,
                box.width / WIDTH,
                box.height / self._height,
            ),
            **options,
        )
