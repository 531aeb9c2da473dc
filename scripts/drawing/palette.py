"""What tells series apart: colours that colour-blind people can tell, and a second sign each."""

from typing import Literal, NamedTuple

# Okabe and Ito's colours without yellow, which is too pale for a line on white.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
LineStyle = Literal["solid"] | tuple[float, tuple[float, ...]]

LINES: tuple[LineStyle, ...] = (
    "solid",
    (0, (5, 1.5)),
    (0, (1, 1)),
    (0, (6, 1, 1, 1)),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
HATCHES = ("", "/////", ".....", "\\\\\\\\\\", "xxxxx")

INK = "#1b1f24"
FAINT_INK = "#57606a"
GRID = "#e3e6ea"
EDGE = "#c9ced6"
PAPER = "#ffffff"
THRESHOLD = "#8B1A1A"

# The state of an alarm: colour, sign, words.
STATES = {
    "ALARM": ("#D55E00", "▲", "in alarm"),
    "OK": ("#009E73", "●", "OK"),
    "INSUFFICIENT_DATA": ("#6e7781", "○", "no data yet"),
}


class Style(NamedTuple):
    """How a series is drawn: as a line, or as bars."""

    color: str
    line: LineStyle
    marker: str
    hatch: str


def style(number: int, color: str = "") -> Style:
    """Return the style of a graph's series by its number, with a colour of its own if given."""
    turn = number // len(COLORS)
    return Style(
        color or COLORS[number % len(COLORS)],
        LINES[turn % len(LINES)],
        MARKERS[number % len(MARKERS)],
        HATCHES[turn % len(HATCHES)],
    )
