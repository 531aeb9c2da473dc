"""The latest update of each shipment, one small entry per shipment in memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from sys import intern
from typing import Any, NamedTuple

from shipments.rows import Row, Statuses

ATTRIBUTES = ("shipmentId", "timestamp", "eventTime", "status", "location", "carrier")
# No update is expected after one of these.
FINAL = {"DELIVERED", "RETURNED", "CANCELLED", "CANCELED"}


class Latest(NamedTuple):
    """A shipment's update with the highest timestamp, which is its place in the table (ms).

    since, updates: when it came into this status, and how many updates it has, as far as what was
    read knows.
    """

    shipment: str
    timestamp: int
    event_time: str
    status: str
    location: str
    carrier: str
    since: str = ""
    updates: int = 0


class Shipments:
    """The latest update of each shipment among the rows that were added."""

    def __init__(self) -> None:
        self._latest: dict[str, Latest] = {}

    def __len__(self) -> int:
        return len(self._latest)

    def __iter__(self) -> Iterator[Latest]:
        return iter(self._latest.values())

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows, in any order."""
        for row in rows:
            shipment, timestamp = row["shipmentId"], row["timestamp"]
            known = self._latest.get(shipment)
            if known is None or known.timestamp < timestamp:
                # Many shipments have the same few words: each is kept in memory once.
                words = (intern(row.get(name, "")) for name in ("status", "location", "carrier"))
                status, location, carrier = words
                self._latest[shipment] = Latest(
                    shipment,
                    timestamp,
                    row.get("eventTime", ""),
                    status,
                    location,
                    carrier,
                    row.get("since", ""),
                    row.get("updates", 0),
                )


@dataclass(frozen=True)
class Filter:
    """What a shipment's latest update has to be; nothing is asked by what is empty.

    words: statuses as rows have them; carriers: casefolded; stale_ms: it has to be older than
    this timestamp, and not final.
    """

    words: frozenset[str]
    carriers: frozenset[str]
    critical: bool
    stale_ms: int | None

    def fits(self, latest: Latest, statuses: Statuses) -> bool:
        """Return whether it is all that."""
        if self.words and latest.status not in self.words:
            return False
        if self.carriers and latest.carrier.casefold() not in self.carriers:
            return False
        if self.critical and not statuses.is_critical(latest.status):
            return False
        if self.stale_ms is None:
            return True
        return latest.timestamp < self.stale_ms and latest.status not in FINAL


def fields(latest: Latest, statuses: Statuses) -> dict[str, Any]:
    """Return a shipment's latest update as scripts read it."""
    known = {"since": latest.since, "updates": latest.updates} if latest.updates else {}
    return {
        "shipmentId": latest.shipment,
        "eventTime": latest.event_time,
        "status": latest.status,
        "critical": statuses.is_critical(latest.status),
        "location": latest.location,
        "carrier": latest.carrier,
        **known,
    }
