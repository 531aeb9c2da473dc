"""What to change in failed updates: one value for all (--fix), or values of each (--details)."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from shipments import rules
from shipments.failed import FailedUpdate
from shipments.lines import typed

# The fields that a rule is about. No other field can be why an update failed.
FIELDS = ("shipmentId", "status", "location", "carrier", "eventTime", "updateId")
# These must be strings: shipmentId=12 means "12".
STRINGS = ("shipmentId", "status", "location", "carrier", "updateId")
IDS = ("envelopeId", "messageId")
# What `failed --json` prints beside ids and fields. A details file may have it; it is not used.
PRINTED = {"time", "failedAt", "where", "why", "copy", "redrive", "body", "envelope"}
VALUE_SHOWN = 60  # characters


class Change(NamedTuple):
    """A field's value as it was, and as it is to be, both as JSON; old: nothing if missing."""

    field: str
    old: str
    new: str


class Line(NamedTuple):
    """A line of a details file: its number, and the values to set."""

    number: int
    values: Mapping[str, Any]


class DetailsError(Exception):
    """A details file cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Repairs:
    """The values to set: in every selected update, or by the id of its event or message."""

    every: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, Line] | None = None

    def __bool__(self) -> bool:
        return bool(self.every) or self.lines is not None

    def id_of(self, update: FailedUpdate, message_id: str) -> str:
        """Return the id under which the details file has an update, or nothing."""
        ids = (update.envelope_id, message_id)
        return next((each for each in ids if self.lines and each in self.lines), "")

    def changes(self, update: FailedUpdate, message_id: str) -> Mapping[str, Any]:
        """Return the fields of an update's detail that get another value, with that value."""
        line = (self.lines or {}).get(self.id_of(update, message_id))
        detail = detail_of(update.envelope)
        values = line.values if line else self.every
        return {name: values[name] for name in values if _differs(name, values[name], detail)}


def changed(envelope: Any, values: Mapping[str, Any]) -> Any:
    """Return an envelope whose detail has other values; one without a detail gets one."""
    if not values:
        return envelope
    kept = envelope if isinstance(envelope, dict) else {}
    return {**kept, "detail": {**detail_of(envelope), **values}}


def described(envelope: Any, values: Mapping[str, Any]) -> list[Change]:
    """Return changes as people read them."""
    detail = detail_of(envelope)
    return [
        Change(name, _shown(detail[name]) if name in detail else "", _shown(values[name]))
        for name in values
    ]


def detail_of(envelope: Any) -> dict[str, Any]:
    """Return an envelope's detail, empty if it has none."""
    detail = envelope.get("detail") if isinstance(envelope, dict) else None
    return detail if isinstance(detail, dict) else {}


def fix(text: str) -> tuple[str, Any]:
    """Return the field and the value of ``FIELD=VALUE``, the value JSON or else a string.

    Raises ValueError if it does not have this form or names another field.
    """
    name, equals, value = text.partition("=")
    name = name.strip().removeprefix("detail.")
    if not equals or not name:
        raise ValueError("must be FIELD=VALUE, such as status=DELIVERED")
    if name not in FIELDS:
        raise ValueError(f"must set one of these fields: {', '.join(FIELDS)}")
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return name, value
    if name in STRINGS and not isinstance(parsed, str) and parsed is not None:
        return name, value
    return name, parsed


def broken_value(values: Mapping[str, Any]) -> str:
    """Return the rule that values break by themselves, whatever update gets them, or nothing."""
    valid = {"shipmentId": "-", "status": "x", "eventTime": "2000-01-01T00:00:00Z"}
    return rules.broken_rule({"id": "-", "time": valid["eventTime"], "detail": {**valid, **values}})


def read_details(path: Path) -> dict[str, Line]:
    """Return the lines of a details file by their id; raise DetailsError, OSError.

    It is CSV with a header, or has one JSON object per line.
    """
    lines: dict[str, Line] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = _csv(stream) if path.suffix.lower() == ".csv" else _json(stream)
            for number, row in rows:
                if row.get("copy") is True:  # failed --json has printed it before
                    continue
                known = _known(number, row)
                if known in lines:
                    first = lines[known].number
                    raise DetailsError(f"line {number}: {known} is in line {first} already")
                values = {name: row[name] for name in FIELDS if name in row}
                lines[known] = Line(number, values)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DetailsError(str(error)) from None
    if not lines:
        raise DetailsError("has no lines")
    return lines


def _csv(stream: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of CSV, and the number of the line where each ends. An empty cell is none."""
    header = stream.readline()
    stream.seek(0)
    separator = max(",;\t", key=header.count)  # spreadsheets use each of them
    reader = csv.DictReader(stream, delimiter=separator, strict=True)
    for row in reader:
        if None in row or None in row.values():
            raise DetailsError(f"line {reader.line_num}: has not as many cells as the header")
        cells = {str(name).strip(): cell.strip() for name, cell in row.items()}
        if any(cells.values()):
            yield (
                reader.line_num,
                {name: typed(name, cell) for name, cell in cells.items() if cell},
            )


def _json(stream: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of JSON lines, and the number of each line."""
    for number, text in enumerate(stream, 1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise DetailsError(f"line {number}: is not a JSON object")
        yield number, row


def _known(number: int, row: Mapping[str, Any]) -> str:
    """Return the id in a line; raise DetailsError if it has none, or a field that is not known."""
    unknown = sorted(row.keys() - {*FIELDS, *IDS, *PRINTED})
    if unknown:
        raise DetailsError(
            f"line {number}: {unknown[0]!r} is not a field that can be set: {', '.join(FIELDS)}"
        )
    for name in IDS:
        if isinstance(row.get(name), str) and row[name]:
            return str(row[name])
    raise DetailsError(f"line {number}: needs an {' or '.join(IDS)}, as failed --json prints them")


def _differs(name: str, value: Any, detail: Mapping[str, Any]) -> bool:
    """Return whether a value is another than an update has."""
    old = detail.get(name)
    if old is None:  # failed --json prints a missing field as "" or null
        return value not in (None, "")
    if name in ("location", "carrier", "eventTime"):  # any JSON, which failed --json prints as text
        return _text(old) != _text(value)
    return bool(old != value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else rules.to_json(value)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= VALUE_SHOWN else f"{text[: VALUE_SHOWN - 3]}..."
