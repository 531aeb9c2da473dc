"""What a command prints: results on standard output, messages and progress on standard error."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from scripts.operations.errors import one_line

# Nothing that comes with an update is markup, an emoji's name or a number to colour.
PLAIN: dict[str, Any] = {"markup": False, "highlight": False, "emoji": False}


class Output:
    """Where a command's results go: tables for people or, as JSON, lines for scripts."""

    def __init__(self, *, as_json: bool) -> None:
        """Take whether results are JSON."""
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
                self._out.print(result, soft_wrap=isinstance(result, str))

    def say(self, message: str) -> None:
        """Print a message beside the results."""
        self._messages.print(message, soft_wrap=True)

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
            disable=not self._messages.is_terminal,
        )
        with bar:
            task = bar.add_task(doing, total=total)
            yield lambda steps: bar.advance(task, steps)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table of texts, the last column with room for what is long."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in columns:
        grid.add_column(heading, overflow="fold")
    for row in rows:
        grid.add_row(*(one_line(value) for value in row))
    return grid


def utc(moment: datetime) -> str:
    """Return a time to the second, in UTC, as people read it."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def iso(moment: datetime) -> str:
    """Return a time in UTC as scripts read it."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"


def number(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: ``1 update``, ``1,500 updates``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
