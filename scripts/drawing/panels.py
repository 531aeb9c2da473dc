"""Draws what is no graph: alarms' states, a table, a text, and what cannot be drawn."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.drawing.alarms import Alarm
from scripts.drawing.insights import Table
from scripts.drawing.palette import FAINT_INK, INK, STATES
from scripts.drawing.pen import LEADING, NORMAL, SMALL, TITLE, Box, Pen, shortened, width, wrap

ROW = NORMAL * 1.75
SIGN, BESIDE, BETWEEN = 16, 10, 24
CELL_LINES = 3
LINE = SMALL * LEADING
MARKUP = re.compile(r"\*\*|__|`|\[([^\]]*)\]\(([^)]*)\)")


@dataclass(frozen=True)
class AlarmsPanel:
    """The alarms' states, in columns."""

    alarms: Sequence[Alarm]

    def need(self, room: float) -> float:
        """Return the height that it takes at a width."""
        columns, _ = self._columns(room)
        return LINE * len(wrap(self._summary, room)) + 6 + ROW * -(-len(self.alarms) // columns)

    def draw(self, pen: Pen, box: Box) -> None:
        """Draw it into a box."""
        top = pen.lines(box.x, box.y, wrap(self._summary, box.width), color=FAINT_INK) + 6
        columns, across = self._columns(box.width)
        rows = -(-len(self.alarms) // columns)
        for at, alarm in enumerate(self.alarms):
            x, y = box.x + at // rows * across, top + at % rows * ROW
            color, sign, word = _state(alarm)
            pen.write(x, y, sign, NORMAL, color=color)
            room = across - SIGN - BETWEEN - width(word, NORMAL, bold=True) - BESIDE
            (name,) = shortened(alarm.name, room, 1, NORMAL) or [""]
            pen.write(x + SIGN, y, name, NORMAL)
            end = x + across - BETWEEN
            bold = alarm.state == "ALARM"
            pen.write(end, y, word, NORMAL, bold=bold, color=color, align="right")

    @property
    def _summary(self) -> str:
        if not self.alarms:
            return "No alarm is in a state that is shown here."
        counts = Counter(_state(alarm)[2] for alarm in self.alarms)
        said = ", ".join(f"{count} {word}" for word, count in counts.most_common())
        return f"Of {len(self.alarms)} now: {said}."

    def _columns(self, room: float) -> tuple[int, float]:
        """Return how many columns there are, and how wide each is with what is beside it."""
        widths = [
            SIGN + width(each.name, NORMAL) + BESIDE + width(_state(each)[2], NORMAL, bold=True)
            for each in self.alarms
        ]
        across = min(max(widths, default=room), room)
        columns = max(1, int((room + BETWEEN) // (across + BETWEEN)))
        columns = min(columns, max(1, len(self.alarms)))
        return columns, min((room + BETWEEN) / columns, across + 4 * BETWEEN)


def _state(alarm: Alarm) -> tuple[str, str, str]:
    """Return colour, sign and words of a state."""
    return STATES.get(alarm.state, (INK, "?", alarm.state))


@dataclass(frozen=True)
class TablePanel:
    """What a query of the log found."""

    table: Table

    def need(self, room: float) -> float:
        """Return the height that it takes at a width."""
        if not self.table.rows:
            return LINE
        return LINE + 8 + sum(_height(cells) for cells in self._cells(self._widths(room)))

    def draw(self, pen: Pen, box: Box) -> None:
        """Draw it into a box."""
        if not self.table.rows:
            pen.write(box.x, box.y, "Nothing was found.", color=FAINT_INK)
            return
        widths = self._widths(box.width)
        edges = [box.x + sum(widths[:at]) for at in range(len(widths))]
        for x, wide, name in zip(edges, widths, self.table.columns, strict=True):
            (short,) = shortened(name, wide - BESIDE, 1) or [""]
            pen.write(x, box.y, short, bold=False, color=FAINT_INK)
        y = box.y + LINE + 3
        pen.frame(Box(box.x, y, box.width, 0))
        y += 5
        for cells in self._cells(widths):
            for x, lines in zip(edges, cells, strict=True):
                pen.lines(x, y, lines)
            y += _height(cells)

    def _widths(self, room: float) -> list[float]:
        """Return the columns' widths: as wide as their texts, the widest ones cut to fit."""
        columns = zip(self.table.columns, *self.table.rows, strict=True)
        wanted = [max(width(text) for text in column) + BESIDE for column in columns]
        most = max(wanted)
        while sum(min(each, most) for each in wanted) > room:
            most *= 0.97
        return [min(each, most) for each in wanted]

    def _cells(self, widths: Sequence[float]) -> list[list[list[str]]]:
        return [
            [
                shortened(text, wide - BESIDE, CELL_LINES)
                for text, wide in zip(row, widths, strict=True)
            ]
            for row in self.table.rows
        ]


def _height(cells: Sequence[Sequence[str]]) -> float:
    return LINE * max(1, *map(len, cells)) + 3


@dataclass(frozen=True)
class TextPanel:
    """A text in markdown, drawn simply: headings, lists, paragraphs."""

    markdown: str

    def need(self, room: float) -> float:
        """Return the height that it takes at a width."""
        return sum(size * LEADING for _, size, _ in self._lines(room))

    def draw(self, pen: Pen, box: Box) -> None:
        """Draw it into a box."""
        y = box.y
        for text, size, bold in self._lines(box.width):
            pen.write(box.x, y, text, size, bold=bold)
            y += size * LEADING

    def _lines(self, room: float) -> list[tuple[str, float, bool]]:
        """Return the lines: text, size, and whether they are bold."""
        lines: list[tuple[str, float, bool]] = []
        for source in self.markdown.splitlines():
            text = source.strip()
            heading = text.startswith("#")
            text = MARKUP.sub(_without_markup, text.lstrip("#").strip())
            if text[:2] in {"* ", "- "}:
                text = f"• {text[2:]}"
            size = TITLE if heading else NORMAL
            wrapped = wrap(text, room, size, bold=heading)
            lines += [(line, size, heading) for line in wrapped or [""]]
        return lines


def _without_markup(found: "re.Match[str]") -> str:
    """Return a link as its text and address, and no sign of emphasis."""
    return f"{found[1]} ({found[2]})" if found[1] else found[2] or ""


@dataclass(frozen=True)
class NotePanel:
    """Says why there is nothing else."""

    reason: str

    def need(self, room: float) -> float:
        """Return the height that it takes at a width."""
        return LINE * len(wrap(self.reason, room - 2 * BESIDE)) + 2 * BESIDE

    def draw(self, pen: Pen, box: Box) -> None:
        """Draw it into a box."""
        pen.frame(Box(box.x, box.y, box.width, self.need(box.width)), fill="#f6f8fa")
        inside = box.inside(BESIDE)
        pen.lines(inside.x, inside.y, wrap(self.reason, inside.width), color=FAINT_INK)
