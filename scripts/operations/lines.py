"""Reads updates from JSON lines or CSV, one at a time, and says which line is malformed."""

import csv
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, BinaryIO, NoReturn

from scripts.operations import contract
from scripts.operations.output import iso

# A longer one cannot become an event; this much of a file is in memory at once.
LINE_LIMIT_BYTES = 4_000_000
LONGEST_TIME = 15  # digits of the milliseconds of the year 9999

Detail = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """An update in a file: the number of the line where it begins, and its detail."""

    number: int
    detail: Detail


class LineError(Exception):
    """A line that is no update; the message says which one and why.

    breaks_rule: it is an update, but one that would be rejected.
    """

    def __init__(self, number: int, reason: str, *, breaks_rule: bool = False) -> None:
        """Take the line's number and what is wrong."""
        super().__init__(f"line {number}: {reason}")
        self.breaks_rule = breaks_rule


def json_lines(stream: BinaryIO) -> Iterator[Line]:
    """Yield the updates of a stream with a JSON object a line; raise LineError.

    Blank lines do not count as updates.
    """
    for number, text in _texts(stream):
        if text := text.strip():
            try:
                detail = json.loads(text, parse_constant=_no_number)
            except ValueError as error:
                reason = getattr(error, "msg", "") or str(error)
                column = f" at column {error.colno}" if hasattr(error, "colno") else ""
                raise LineError(number, f"is no JSON: {reason}{column}") from None
            except RecursionError:
                raise LineError(number, "is nested too deep") from None
            if not isinstance(detail, dict):
                raise LineError(number, "must be a JSON object, one update a line")
            yield Line(number, detail)


def csv_lines(stream: BinaryIO) -> Iterator[Line]:
    """Yield the updates of a CSV stream, whose header names the fields; raise LineError.

    An empty cell is a missing field. A cell is a string, but for an eventTime of digits.
    """
    csv.field_size_limit(LINE_LIMIT_BYTES)
    reader = csv.reader((text for _, text in _texts(stream)), strict=True)
    header: list[str] = []
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise LineError(number, f"is no CSV: {error}") from None
        if not any(cells):
            continue
        if not header:
            header = _header(number, cells)
            continue
        if len(cells) != len(header):
            raise LineError(number, f"has {len(cells)} cells, the header {len(header)}")
        yield Line(number, {name: typed(name, cell) for name, cell in zip(header, cells) if cell})  # noqa: B905 - as long as each other, see above


FORMATS: dict[str, Callable[[BinaryIO], Iterator[Line]]] = {"jsonl": json_lines, "csv": csv_lines}


def checked(lines: Iterator[Line]) -> Iterator[Line]:
    """Yield the same lines; raise LineError at one that breaks the contract of an update."""
    for line in lines:
        if broken := contract.broken_rule(event(line.detail)):
            raise LineError(line.number, broken, breaks_rule=True)
        yield line


def event(detail: Detail) -> Detail:
    """Return the event that an update becomes if it is put on the bus now."""
    return {"id": "-", "time": iso(datetime.now(timezone.utc)), "detail": detail}


def complete(detail: Detail) -> Detail:
    """Return a detail that stays the same update however often it is sent.

    Without eventTime it has happened now, and is a new update. With one it stays as it is: the
    function knows the same content again.
    """
    if not _missing(detail, "eventTime"):
        return detail
    added = {"eventTime": iso(datetime.now(timezone.utc)), "updateId": str(uuid.uuid4())}
    return {**detail, **{name: added[name] for name in added if _missing(detail, name)}}


def typed(name: str, text: str) -> str | int:
    """Return the value of a field that came as text: an eventTime of digits is a number."""
    digits = name == "eventTime" and text.isascii() and text.isdigit()
    return int(text) if digits and len(text) <= LONGEST_TIME else text


def _missing(detail: Detail, name: str) -> bool:
    value = detail.get(name)
    return value is None or (isinstance(value, str) and not value.strip())


def _texts(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """Yield the lines of a stream as text, numbered from 1."""
    number = 0
    while line := stream.readline(LINE_LIMIT_BYTES + 1):
        number += 1
        if len(line) > LINE_LIMIT_BYTES:
            raise LineError(number, f"is longer than {LINE_LIMIT_BYTES:,} bytes")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise LineError(number, f"is no UTF-8 at byte {error.start + 1}") from None
        if "\0" in text:
            raise LineError(number, "has a zero byte in it; is this a text file?")
        yield number, text


def _header(number: int, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    lacking = {"shipmentId", "status"} - set(names)
    if lacking:
        raise LineError(number, f"the header has no column {min(lacking)}")
    if len(set(names)) < len(names) or "" in names:
        raise LineError(number, "the header has a column without a name, or a name twice")
    return names


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
