"""Texts that try to be more than data, and what must hold wherever people read them."""

import re
import unicodedata

from hypothesis import strategies as st

FORGED = "Status: DELIVERED"
# Seen as a blank or not at all, whatever their category (Unicode's Default_Ignorable_Code_Point).
UNSEEN = {
    *map(chr, (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)),
    *map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))),
}
JOINERS = {"\u200c", "\u200d"}
# A mail keeps what Persian, Mongolian and emoji need, but not between blanks.
SHOWN_IN_MAILS = JOINERS | (UNSEEN - {"\u115f", "\u1160", "\u2800", "\u3164", "\uffa0"})
# Controls, formats (bidi and zero-width ones among them), surrogates, private, unassigned, breaks.
NOT_SHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
LINE_ENDS = ("\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x1e", "\x85", "\u2028", "\u2029")
BLANKS = (" ", "\t", "\xa0", "\u2003", "\u3000", *sorted(UNSEEN))
# Between blanks they would keep a pattern from finding a run of blanks.
BREAKERS = ("\u200d", "\u034f", "\u180c", "\ufe0f", "\U000e0100")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
TEXTS = [
    "$(reboot)" + " \xa0" * 8 + f"'x' `y` \"z\" | ; && \\ !! > # ~ *\x1b[2J\n{FORGED} \u202e[red]",
    *(f"here{end}{FORGED}" for end in LINE_ENDS),
    *(f"here{blank * 120}{FORGED}" for blank in (" ", "\xa0", "\u3000", "\u2800", "\u3164")),
    *(f"here{f' {unseen}' * 90}{FORGED}" for unseen in BREAKERS),
    "\x1b[2J\x1b[31mred\x1b]8;;https://example.com\x07link\x9b31m\x7f\x00\b",
    "\u202eDEREVILED\u202c \u2066LOST\u2069 \u200e\u200f\u061c",  # bidi overrides and isolates
    "LO\u200bST\u2060\ufeff\xad LO\U000e0041ST",  # zero-width, soft hyphen, tag
    "[red]LOST[/red] [link=https://example.com]x[/link] [/] :boom: [bold",
    "$x^2$ \\frac{a}{b} $\\unknown{ $$",
    "{} {0} {name!r} %s %(x)d %n ${HOME} {{",
    "--help",
    "W" * 300,
    "\u6771\u4eac" * 100,  # wide, and without a blank
    "Z\u0351\u0352\u0353a\u0354l\u0355go" + "\u0301" * 40,
    "\ud83d half \udfff",
    "\ufffe\uffff\ue000",
    '=HYPERLINK("https://example.com","x")',
    *(f"{begin}1+1" for begin in FORMULA),
    'a;=1+1;"=1+1"\n=1+1',
    '{"status": "DELIVERED", "_aws": {}}\n{"outcome": "stored"}',
    "\u0645\u06cc\u200c\u0631\u0648\u062f \U0001f468\u200d\U0001f527 \u2764\ufe0f K\xf8ge",
]

_pieces = (
    st.sampled_from([*TEXTS, *LINE_ENDS, *BLANKS, *FORMULA, *JOINERS, FORGED])
    | st.characters()
    | st.text(st.sampled_from([" ", *sorted(UNSEEN | JOINERS)]), min_size=80, max_size=99)
)
texts = st.lists(_pieces, min_size=1, max_size=4).map("".join).filter(str.strip)


def stored(text: str) -> str:
    """Return a text as a service can store it, which takes no half of a surrogate pair."""
    return text.encode("utf-8", "backslashreplace").decode()


def hidden(text: str) -> set[str]:
    """Return the characters of a text that are not seen, or act on what shows it; but newlines."""
    return {
        char
        for char in text
        if char != "\n" and (unicodedata.category(char) in NOT_SHOWN or char in UNSEEN)
    }


def shown(text: str) -> str:
    """Return the one line in which a terminal shows a value: seen as it is, runs of blanks one."""
    unseen = hidden(text)
    return " ".join("".join(" " if char in unseen else char for char in text).split())


def computed(cell: str) -> list[str]:
    """Return the parts of a CSV cell that a spreadsheet computes, where ; or , separates cells."""
    parts = (part.lstrip(' "') for part in cell.split(";"))
    return [part for part in parts if part.startswith(FORMULA)]


def blank_runs(line: str) -> list[str]:
    """Return the runs of what is seen as blanks in a line, which push a text to the next row."""
    return re.findall(r"\s{2,}", "".join(char for char in line if char not in SHOWN_IN_MAILS))
