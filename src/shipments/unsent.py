"""Keeps what could not be sent, in a file that can be sent."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from shipments import rules
from shipments.files import private
from shipments.lines import Line, complete


class Source:
    """The updates of a file, as JSON: those that are settled, those in doubt, those not read yet.

    An update is in doubt from when it is read until it is known to be sent or is in a file. It
    keeps its text, and so stays the same update.
    """

    def __init__(self, stream: BinaryIO, lines: Callable[[BinaryIO], Iterator[Line]]) -> None:
        self._stream = stream
        self._lines = lines
        self._in_doubt: deque[tuple[int, str]] = deque()
        self._settled = 0

    def texts(self) -> Iterator[str]:
        """Yield the updates that nobody has read yet."""
        last = max(self._settled, self._in_doubt[-1][0] if self._in_doubt else 0)
        self._stream.seek(0)
        for line in self._lines(self._stream):
            if line.place.number > last:
                text = rules.to_json(complete(line.detail))
                self._in_doubt.append((line.place.number, text))
                yield text

    def settle(self, count: int) -> None:
        """Take note that the first ones in doubt are no longer."""
        if count:
            self._settled = self._in_doubt[count - 1][0]
        for _ in range(count):
            self._in_doubt.popleft()

    def left(self) -> Iterator[str]:
        """Yield what is not settled, in its order."""
        for _, text in list(self._in_doubt):
            yield text
        yield from self.texts()


class Unsent:
    """The updates that could not be sent, in a file that can be sent as it is.

    reasons: how many there are, by why.
    """

    def __init__(self, path: Path) -> None:
        """Make the file; raise OSError if it exists or cannot be made."""
        self.path = path
        self.reasons: Counter[str] = Counter()
        self._file = private(path, "x")

    def add(self, text: str, why: str) -> None:
        """Add an update's detail."""
        self._file.write(text + "\n")
        self.reasons[why] += 1

    def close(self) -> None:
        """Write what is still in memory; remove the file if there is nothing in it."""
        self._file.close()
        if not self.reasons:
            self.path.unlink()


def free_path(base: Path, kind: str, suffix: str) -> Path:
    """Return where a part of a file may be written: BASE.kind.suffix, or with a number."""
    stem = base.name.removesuffix(base.suffix).split(f".{kind}")[0]
    number = 1
    while True:
        path = base.with_name(f"{stem}.{kind}{f'-{number}' if number > 1 else ''}{suffix}")
        if not path.exists():
            return path
        number += 1
