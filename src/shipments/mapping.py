"""Reads carriers' payloads from a file and maps them to details."""

from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

from shipments.carriers import SOURCES
from shipments.lines import LINE_LIMIT_BYTES, Detail, LineError, Text, parsed, texts


def mapped(stream: BinaryIO, source: str) -> Iterator[tuple[int, Detail]]:
    """Yield the details of a stream's payloads, each with the number of its payload's first line.

    source: one of SOURCES. Raises LineError, whose message names the line and the field.
    """
    for number, payload in payloads(stream):
        # Events that are polled come as an array, in which each is a payload.
        several = isinstance(payload, list)
        for at, each in enumerate(payload if several else [payload]):
            try:
                details = SOURCES[source](each)
            except ValueError as error:
                which = f"[{at}]: " if several else ""
                raise LineError(f"line {number}: {which}{error}") from None
            yield from ((number, detail) for detail in details)


def payloads(stream: BinaryIO) -> Iterator[tuple[int, Any]]:
    """Yield JSON values with the number of their first line: one per line, or one in the file.

    Raises LineError if there is a line that is not JSON.
    """
    lines: Iterator[Text] = (line for line in texts(stream) if line.reason or line.text.strip())
    for first in lines:
        try:
            parsed(first.text)
            values: Iterator[Text] = chain([first], lines)
        except ValueError:
            values = iter([_joined(first, lines)])
        yield from ((line.place.number, _value(line)) for line in values)


def _joined(first: Text, others: Iterator[Text]) -> Text:
    """Return a text that has more than one line."""
    pieces, size, reason = [first.text], len(first.text), first.reason
    for line in others:
        pieces.append(line.text)
        size += len(line.text)
        reason = reason or line.reason
        if reason or size > LINE_LIMIT_BYTES:
            return Text(line.place, "", reason or f"is longer than {LINE_LIMIT_BYTES:,} bytes")
    return Text(first.place, "".join(pieces), reason)


def _value(line: Text) -> Any:
    where = f"line {line.place.number}"
    if line.reason:
        raise LineError(f"{where}: {line.reason}")
    try:
        return parsed(line.text)
    except ValueError as error:
        raise LineError(f"{where}: {error}") from None
