"""CSV that a spreadsheet shows and does not compute."""

import csv
import re
from collections.abc import Mapping, Sequence
from typing import IO, Any

from shipments.errors import harmless

# Where a spreadsheet may begin to compute, also after a semicolon, which separates cells where the
# comma is a decimal sign. The wide forms are typed in East Asia.
FORMULA = re.compile(r'(^|;)(?=[\s"]*[-=+@\uff0d\uff1d\uff0b\uff20])')


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
    """Return a value as a cell: what begins like a formula gets an apostrophe before it.

    Characters that a terminal or a spreadsheet acts on or does not show become spaces.
    """
    if isinstance(value, bool):
        return str(value).lower()
    return FORMULA.sub(r"\1'", harmless(value)) if isinstance(value, str) else value
