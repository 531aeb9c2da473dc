"""How many invocations ran at once, told by when each one ran."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

# An invocation is over, and known, this long (ms) after it began: Lambda gives ours 30 s.
LONGEST_MS = 60_000


class Concurrency:
    """The invocations of late, to tell how many ran at once with one that has ended."""

    def __init__(self) -> None:
        """Know of none."""
        self._spans: list[tuple[float, float]] = []

    def peaks(self, ended: Iterable[tuple[float, float]]) -> list[int]:
        """Return for each span (start and end, epoch ms) how many ran at most during it.

        One that is longer than another counts for both when it ends, so that the highest number
        of a time is right once all that ran then have ended.
        """
        new = list(ended)
        self._spans += new
        newest = max((end for _, end in self._spans), default=0)
        self._spans = [span for span in self._spans if span[1] >= newest - LONGEST_MS]
        starts = sorted(start for start, _ in self._spans)
        ends = sorted(end for _, end in self._spans)

        def at(moment: float) -> int:
            return bisect_right(starts, moment) - bisect_right(ends, moment)

        return [
            max(
                1,
                *map(at, starts[bisect_left(starts, start) : bisect_left(starts, end)]),
                at(start),
            )
            for start, end in new
        ]
