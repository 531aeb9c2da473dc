"""Reports the broken lines of a file, grouped by reason, and writes them to another file."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from shipments.errors import one_line
from shipments.files import private
from shipments.lines import Broken, Place
from shipments.output import Output

MOST_GROUPS = 20
MOST_RANGES = 6
OTHER = "other reasons"
EXAMPLE = 100  # characters
COPIED_BYTES = 1_000_000
# What differs between two lines with the same mistake: values in quotes, and numbers.
VALUE = re.compile(r"'[^']*'|\"[^\"]*\"|\d[\d,.]*")


@dataclass
class Group:
    """Lines that are broken for one reason: how many, the first one, and the first ranges."""

    reason: str
    first: Place
    count: int = 0
    ranges: list[tuple[int, int]] = field(default_factory=list)

    def add(self, number: int) -> None:
        """Count a line; numbers ascend."""
        self.count += 1
        if self.ranges and self.ranges[-1][1] == number - 1:
            self.ranges[-1] = (self.ranges[-1][0], number)
        elif len(self.ranges) <= MOST_RANGES:
            self.ranges.append((number, number))

    @property
    def lines(self) -> list[str]:
        """The first lines' numbers: ``["3", "7-12", "..."]``."""
        texts = [f"{a}-{b}" if a < b else str(a) for a, b in self.ranges[:MOST_RANGES]]
        return [*texts, "..."] if len(self.ranges) > MOST_RANGES else texts


class BrokenLines:
    """The broken lines of one file by reason; the same rule with other values is one reason."""

    def __init__(self) -> None:
        self.total = 0
        self.all_break_rules = True
        self._groups: dict[str, Group] = {}

    def add(self, line: Broken) -> None:
        """Count a line."""
        self.total += 1
        self.all_break_rules = self.all_break_rules and line.breaks_rule
        key, reason = VALUE.sub("*", line.reason), line.reason
        if key not in self._groups and len(self._groups) >= MOST_GROUPS:
            key = reason = OTHER
        group = self._groups.setdefault(key, Group(reason, line.place))
        group.add(line.place.number)

    def groups(self) -> list[Group]:
        """Return the groups, the largest first."""
        return sorted(self._groups.values(), key=lambda group: -group.count)

    def report(self, stream: BinaryIO, output: Output) -> None:
        """Print each group: how many lines, why, which, and the first one's text."""
        for group in self.groups():
            example = one_line(_text(stream, group.first))
            output.record(
                {
                    "reason": group.reason,
                    "count": group.count,
                    "lines": group.lines,
                    "example": example,
                }
            )
            output.say(f"{group.count:>8,}  {one_line(group.reason)}")
            noun = "line" if group.count == 1 else "lines"
            output.say(f"          {noun} {', '.join(group.lines)}, such as: {example}")


class BrokenFile:
    """A new file that gets the broken lines as they are. A CSV file's header comes first."""

    def __init__(self, path: Path, stream: BinaryIO, header: Place | None) -> None:
        """Make the file; raise OSError if that is not possible."""
        self.path = path
        self._stream = stream
        self._file = cast("Any", private(path, "x")).detach()  # bytes, as they are
        if header:
            self.add(header)

    def add(self, place: Place) -> None:
        """Copy a record."""
        last = b"\n"
        for start in range(place.start, place.end, COPIED_BYTES):
            last = os.pread(self._stream.fileno(), min(COPIED_BYTES, place.end - start), start)
            self._file.write(last)
        if not last.endswith(b"\n"):
            self._file.write(b"\n")

    def close(self) -> None:
        """Write what is still in memory."""
        self._file.close()


def _text(stream: BinaryIO, place: Place) -> str:
    size = place.end - place.start
    text = os.pread(stream.fileno(), min(size, 4 * EXAMPLE), place.start).decode("utf-8", "replace")
    return text[:EXAMPLE] + "..." if size > len(text[:EXAMPLE].encode()) + 2 else text
