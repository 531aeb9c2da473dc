"""Reads a log group, each line once."""

import time
from collections import Counter
from typing import Any, NamedTuple

# A line may show up this long after its own time. Lambda in MiniStack notes the time and then
# writes the line; only a starved process needs more than milliseconds for that.
LATE_MS = 3_000
# FilterLogEvents answers at most so many events. Where there are more, AWS gives a token to go
# on with; MiniStack gives none, so one goes on from the last event's time.
PAGE = 10_000


class Line(NamedTuple):
    """A line of a log stream; MiniStack gives Lambda's lines no id of their own."""

    stream: str
    timestamp: int
    message: str


class Log:
    """A log group, of which each line is new once.

    Each look goes back LATE_MS, as lines may be late and share a time. What was there before is
    told by counting: of three equal lines, two of which were there, one is new.
    """

    def __init__(self, logs: Any, group: str, since_ms: int = 0) -> None:
        """Take the logs client and the group; lines before since_ms (epoch ms) are not read."""
        self._pages = logs.get_paginator("filter_log_events")
        self._group = group
        self.since_ms = self._from_ms = since_ms
        self._seen: Counter[Line] = Counter()

    def new(self) -> list[Line]:
        """Return the lines that were not there before, by time."""
        began_ms = time.time_ns() // 1_000_000
        lines = Counter(self._lines())
        new = lines - self._seen
        self._from_ms = max(self._from_ms, began_ms - LATE_MS)
        self._seen = Counter(
            {line: times for line, times in lines.items() if line.timestamp >= self._from_ms}
        )
        return list(new.elements())

    def _lines(self) -> list[Line]:
        """Return the lines from _from_ms on, by time."""
        start, lines = self._from_ms, list[Line]()
        while True:
            asked = self._pages.paginate(logGroupName=self._group, startTime=start)
            events = asked.build_full_result()["events"]
            page = sorted(
                (
                    Line(each["logStreamName"], each["timestamp"], each["message"])
                    for each in events
                ),
                key=lambda line: line.timestamp,
            )
            if len(page) < PAGE:
                return lines + page
            last = page[-1].timestamp
            if page[0].timestamp == last:
                raise OverflowError(f"{self._group}: over {PAGE} lines in the millisecond {last}")
            # What else has the last one's time may have been cut off: it is asked for again.
            lines += [line for line in page if line.timestamp < last]
            start = last
