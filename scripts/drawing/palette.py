"""Colours and sizes, and how texts are made to fit."""

import textwrap
import unicodedata
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path

from shipments.errors import one_line

# Okabe and Ito's colours without yellow, which is too pale for a line on white. Series are told
# apart by a second sign besides: markers on lines, hatches on bars.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
HATCHES = ("", "/////", ".....", "\\\\\\\\\\", "xxxxx")
INK, FAINT_INK, GRID, EDGE = "#1b1f24", "#57606a", "#e3e6ea", "#c9ced6"
PAPER, BACKGROUND, THRESHOLD = "#ffffff", "#eef1f4", "#8B1A1A"
# The state of an alarm: colour, sign, words.
STATES = {
    "ALARM": ("#D55E00", "▲", "in alarm"),
    "OK": ("#009E73", "●", "OK"),
    "INSUFFICIENT_DATA": ("#6e7781", "○", "no data yet"),
}
# Fonts that come with matplotlib, and sizes of type in points.
SANS, SMALL = "DejaVu Sans", 7.6
NORMAL = FontProperties(family=SANS, size=SMALL)
BOLD = FontProperties(family=SANS, size=9.4, weight="bold")
HEADLINE = FontProperties(family=SANS, size=13, weight="bold")
MONO = FontProperties(family="DejaVu Sans Mono", size=SMALL)
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
LINE = 0.155  # height of a line of NORMAL, in inches
POINTS = 72  # of an inch


def style(number: int) -> tuple[str, str, str]:
    """Return colour, marker and hatch of a graph's series by its number."""
    hatch = HATCHES[number // len(COLORS) % len(HATCHES)]
    return COLORS[number % len(COLORS)], MARKERS[number % len(MARKERS)], hatch


def measured(text: str, font: FontProperties = NORMAL) -> float:
    """Return the width of a text, in inches."""
    width: float = text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]
    return width / POINTS


def fitted(text: str, inches: float, lines: int = 1, font: FontProperties = NORMAL) -> list[str]:
    """Return a text in lines that fit into a width; what is too much is cut."""
    most = int(inches * POINTS / (0.4 * font.get_size())) + 1
    while most > 1 and max(measured(line, font) for line in wrapped(text, most, lines)) > inches:
        most -= 1
    return wrapped(text, most, lines)


def wrapped(text: str, most: int, lines: int = 1) -> list[str]:
    """Return a text in lines of at most so many characters; what is too much is cut."""
    composed = unicodedata.normalize("NFC", one_line(text))
    known = "".join(char if ord(char) in _known() else UNKNOWN for char in composed)
    found = textwrap.wrap(known, most, max_lines=lines, placeholder="…")
    # A first word that is too long is cut, too, instead of left out.
    return [known[: most - 1] + "…"] if found == ["…"] else found or [""]


@cache
def _known() -> frozenset[int]:
    """Return the characters that all fonts have, but for marks: many of them reach other rows."""
    fonts = [get_font(findfont(font)) for font in (NORMAL, BOLD, MONO)]
    every = frozenset.intersection(*(frozenset(font.get_charmap()) for font in fonts))
    return frozenset(code for code in every if not unicodedata.combining(chr(code)))
