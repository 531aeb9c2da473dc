"""What a command prints: results on standard output, messages and progress on standard error."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from shipments.errors import harmless, one_line

# Nothing that comes with an update is markup, an emoji's name or a number to colour.
PLAIN: dict[str, Any] = {"markup": False, "highlight": False, "emoji": False}
CELL_WIDTH = 16  # of all columns but the last where a line must fit a terminal


class Output:
    """Where a command's results go: tables for people or, as JSON, lines for scripts."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._out = Console(**PLAIN)
        self._messages = Console(stderr=True, **PLAIN)

    def record(self, fields: dict[str, Any]) -> None:
        """Print a result as a line of JSON, if that is asked for."""
        if self.as_json:
            sys.stdout.write(json.dumps(fields) + "\n")
            sys.stdout.flush()  # who reads a pipe wants the line now

    def show(self, *results: RenderableType) -> None:
        """Print results for people, unless JSON is asked for."""
        if not self.as_json:
            for result in results:
                text = harmless(result) if isinstance(result, str) else result
                self._out.print(text, soft_wrap=isinstance(result, str))

    @property
    def is_terminal(self) -> bool:
        """Whether results go to a person's terminal."""
        return self._out.is_terminal

    def lines(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, fold: bool = False
    ) -> None:
        """Print a table for people, one line per row.

        On a terminal that is too narrow, cut the line, or print the last cell below it (fold).
        """
        if self.as_json:
            return
        texts = [[one_line(cell) for cell in row] for row in (columns, *rows)]
        if self.is_terminal:
            texts = [[*(_cut(cell, CELL_WIDTH) for cell in row[:-1]), row[-1]] for row in texts]
        widths = [max(map(cell_len, column)) for column in zip(*texts, strict=True)][:-1]
        for *cells, last in texts:
            padded = (
                cell + " " * (width - cell_len(cell))
                for cell, width in zip(cells, widths, strict=True)
            )
            begin = "  ".join(padded)
            line = f"{begin}  {last}"
            if self.is_terminal and cell_len(line) > self._out.width:
                line = f"{begin.rstrip()}\n    {last}" if fold else _cut(line, self._out.width)
            self._out.print(line, soft_wrap=True)

    def say(self, message: str) -> None:
        """Print a message beside the results."""
        self._messages.print(harmless(message), soft_wrap=True)

    @contextmanager
    def progress(self, doing: str, total: float | None) -> Iterator[Callable[[float], None]]:
        """Show a bar, where there is a terminal, for a with block; yields what advances it."""
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._messages,
            transient=True,
            # It would send results that are written meanwhile to standard error, or through a
            # line on the same terminal.
            redirect_stdout=False,
            disable=not self._messages.is_terminal or (self.as_json and self.is_terminal),
        )
        with bar:
            task = bar.add_task(doing, total=total)
            yield lambda steps: bar.advance(task, steps)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: int = 0) -> Table:
    """Return a table of texts, the last column with room for what is long.

    numbers: how many of the last columns have numbers, which end below each other.
    """
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for at, heading in enumerate(columns):
        is_number = at >= len(columns) - numbers
        grid.add_column(heading, overflow="fold", justify="right" if is_number else "left")
    for row in rows:
        grid.add_row(*(one_line(value) for value in row))
    return grid


def _cut(text: str, width: int) -> str:
    """Return what of a text fits into so many columns of a terminal."""
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "\u2026"


def utc(moment: datetime) -> str:
    """Return a time to the second, in UTC, as people read it."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def iso(moment: datetime) -> str:
    """Return a time in UTC as scripts read it."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"


def number(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: ``1 update``, ``1,500 updates``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
