"""Reads updates from JSON lines or CSV, one at a time, and says what is wrong with a line."""

import csv
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, BinaryIO, NoReturn

from shipments import rules
from shipments.output import iso
from shipments.sending import BYTES, entry_bytes

# A longer one cannot become an event; this much of a file is in memory at once.
LINE_LIMIT_BYTES = 4_000_000
LONGEST_TIME = 15  # digits of the milliseconds of the year 9999
DELIMITERS = ",;\t"  # what spreadsheets write as CSV, by their language

Detail = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a record is in a file: the number of its first line, and its bytes."""

    number: int
    start: int
    end: int


@dataclass(frozen=True)
class Line:
    """An update in a file."""

    place: Place
    detail: Detail


@dataclass(frozen=True)
class Broken:
    """A line that is not an update, or (breaks_rule) one that the function would reject."""

    place: Place
    reason: str
    breaks_rule: bool = False


class LineError(Exception):
    """From this line on a file cannot be read; the message says which line it is and why."""


@dataclass(frozen=True)
class Text:
    """A line as text, and why it cannot be one."""

    place: Place
    text: str
    reason: str = ""


def json_lines(stream: BinaryIO) -> Iterator[Line | Broken]:
    """Yield the updates of a stream with one JSON object per line. Blank lines are skipped."""
    for line in texts(stream):
        if line.reason:
            yield Broken(line.place, line.reason)
        elif text := line.text.strip():
            yield _parsed(line.place, text)


def csv_lines(stream: BinaryIO) -> Iterator[Line | Broken]:
    """Yield the updates of a CSV stream, whose header names the fields.

    Separated by commas, semicolons or tabs, as the header is. An empty cell is a missing field. A
    cell is a string, except an eventTime of digits. Raises LineError if the header is wrong or a
    quote stays open.
    """
    csv.field_size_limit(LINE_LIMIT_BYTES)
    lines = texts(stream)
    header, delimiter = _header(lines)
    if not header:
        return
    seen: list[Text] = []
    reader = csv.reader(_noted(lines, seen), strict=True, delimiter=delimiter)
    while True:
        seen.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = f"is not CSV: {error}"
            if len(seen) > 1:
                raise LineError(
                    f"line {seen[0].place.number}: {reason}: is a quote open?"
                ) from None
            yield Broken(seen[0].place, reason)
            continue
        place = Place(seen[0].place.number, seen[0].place.start, seen[-1].place.end)
        if reason := next((line.reason for line in seen if line.reason), ""):
            yield Broken(place, reason)
        elif any(cells) and len(cells) != len(header):
            yield Broken(place, f"has {len(cells)} cells, the header {len(header)}")
        elif any(cells):
            named = zip(header, cells)  # noqa: B905 - as long as each other, see above
            yield Line(place, {name: typed(name, cell) for name, cell in named if cell})


FORMATS: dict[str, Callable[[BinaryIO], Iterator[Line | Broken]]] = {
    "jsonl": json_lines,
    "csv": csv_lines,
}


def checked(lines: Iterator[Line | Broken], *, as_is: bool) -> Iterator[Line | Broken]:
    """Yield the same lines; broken are those too big for an event and, unless as_is, a rule's."""
    for line in lines:
        yield line if isinstance(line, Broken) else _checked(line, as_is=as_is)


def event(detail: Detail) -> Detail:
    """Return the event that an update becomes if it is put on the bus now."""
    return {"id": "-", "time": iso(datetime.now(timezone.utc)), "detail": detail}


def complete(detail: Detail) -> Detail:
    """Return a detail that stays the same update however often it is sent.

    Without eventTime it has happened now, and is a new update. With one it stays as it is: the
    function recognises the same content.
    """
    if not _missing(detail, "eventTime"):
        return detail
    added = {"eventTime": iso(datetime.now(timezone.utc)), "updateId": str(uuid.uuid4())}
    return {**detail, **{name: added[name] for name in added if _missing(detail, name)}}


def parsed(text: str) -> Any:
    """Return the value of a JSON text; raise ValueError, which says what is wrong with it."""
    try:
        return json.loads(text, parse_constant=_not_a_number)
    except json.JSONDecodeError as error:
        below = f" of its line {error.lineno}" if error.lineno > 1 else ""
        raise ValueError(f"is not JSON: {error.msg} at column {error.colno}{below}") from None
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from None
    except RecursionError:
        raise ValueError("is nested too deep") from None


def typed(name: str, text: str) -> str | int:
    """Return the value of a field that came as text: an eventTime of digits is a number."""
    digits = name == "eventTime" and text.isascii() and text.isdigit()
    return int(text) if digits and len(text) <= LONGEST_TIME else text


def _missing(detail: Detail, name: str) -> bool:
    value = detail.get(name)
    return value is None or (isinstance(value, str) and not value.strip())


def _checked(line: Line, *, as_is: bool) -> Line | Broken:
    if not as_is and (rule := rules.broken_rule(event(line.detail))):
        return Broken(line.place, rule, breaks_rule=True)
    try:
        size = entry_bytes(rules.to_json(line.detail))
    except RecursionError:
        return Broken(line.place, "is nested too deep")
    if size > BYTES:
        return Broken(line.place, f"has {size:,} bytes, an event at most {BYTES:,}")
    return line


def _parsed(place: Place, text: str) -> Line | Broken:
    try:
        detail = parsed(text)
    except ValueError as error:
        return Broken(place, str(error))
    if not isinstance(detail, dict):
        return Broken(place, "must be a JSON object, one update per line")
    return Line(place, detail)


def texts(stream: BinaryIO) -> Iterator[Text]:
    """Yield the lines of a stream, numbered from 1, also those that are not text."""
    number = end = 0
    while piece := stream.readline(LINE_LIMIT_BYTES + 1):
        number, start, end = number + 1, end, end + len(piece)
        if len(piece) > LINE_LIMIT_BYTES:
            while not piece.endswith(b"\n") and (piece := stream.readline(LINE_LIMIT_BYTES)):
                end += len(piece)
            reason = f"is longer than {LINE_LIMIT_BYTES:,} bytes"
            yield Text(Place(number, start, end), "", reason)
            continue
        place = Place(number, start, end)
        try:
            text = piece.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            reason = f"is not UTF-8 at byte {error.start + 1}"
            yield Text(place, piece.decode("utf-8", "replace"), reason)
            continue
        zero = "has a zero byte in it; is this a text file?" if "\0" in text else ""
        yield Text(place, text.replace("\0", " "), zero)


def _noted(lines: Iterator[Text], seen: list[Text]) -> Iterator[str]:
    """Yield the texts of lines, and note the lines: a record of CSV may have several."""
    for line in lines:
        seen.append(line)
        yield line.text


def _header(lines: Iterator[Text]) -> tuple[list[str], str]:
    """Return the names of the columns, and what is between them; raise LineError."""
    for line in lines:
        if not line.reason and not line.text.strip(" \t\r\n,;"):
            continue
        lacking = line.reason
        for delimiter in DELIMITERS:
            try:
                cells = next(csv.reader([line.text], delimiter=delimiter))
            except csv.Error as error:  # a NUL, on Python 3.10
                lacking = lacking or f"the header is not CSV: {error}"
                continue
            names = [cell.strip() for cell in cells]
            if missing := {"shipmentId", "status"} - set(names):
                lacking = lacking or f"the header has no column {min(missing)}"
            elif len(set(names)) < len(names) or "" in names:
                lacking = "the header has a column without a name, or a name twice"
                break
            else:
                return names, delimiter
        raise LineError(f"line {line.place.number}: {lacking}")
    return [], ""


def _not_a_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
