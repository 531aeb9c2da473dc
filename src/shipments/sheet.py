"""CSV that a spreadsheet shows and does not compute."""

import csv
from collections.abc import Mapping, Sequence
from typing import IO, Any

# What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@")


class Sheet:
    """Writes results as CSV, with a header."""

    def __init__(self, file: IO[str], columns: Sequence[str]) -> None:
        self._columns = columns
        self._rows = csv.writer(file, lineterminator="\n")
        self._rows.writerow(columns)

    def write(self, fields: Mapping[str, Any]) -> None:
        """Write a line; a field that is missing is empty, one that is no column is left out."""
        self._rows.writerow([cell(fields.get(name, "")) for name in self._columns])


def cell(value: Any) -> Any:
    """Return a value as a cell: a text that begins like a formula gets an apostrophe before it.

    Control characters, which a terminal or a spreadsheet may act on, become spaces.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    text = value
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text
