"""What came of an event, and whether it is what the corpus says."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.campaigns.hostile import carriers, fields, shapes, statuses, times
from tests.campaigns.hostile.corpus import OWN_LENGTH, Entry, Fields

ENTRIES = [
    *fields.entries(),
    *times.entries(),
    *statuses.entries(),
    *shapes.entries(),
    *carriers.entries(),
]


class Alert(Protocol):
    """A message of the topic, wherever it was read."""

    @property
    def subject(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def attributes(self) -> Mapping[str, str]: ...


@dataclass
class Outcome:
    """What came of one event. status: the result's, 0 if an error was raised."""

    status: int
    rows: list[Fields] = field(default_factory=list)
    alerts: int = 0
    reasons: list[str] = field(default_factory=list)


def named() -> Iterable[tuple[str, Entry]]:
    """Yield the corpus's entries, each with a name of its own."""
    for number, entry in enumerate(ENTRIES):
        yield f"{number:0{OWN_LENGTH}x}", entry


def sample(at_most: int) -> list[tuple[str, Entry]]:
    """Return entries with their names, evenly from each class: at most so many of one.

    Of a class are entries that end alike: with the same reason, or with a row that differs from
    the usual one in the same attributes.
    """
    classes: dict[Any, list[tuple[str, Entry]]] = {}
    for own, entry in named():
        end = (tuple(entry.row or ()), entry.reason, entry.raised, entry.alerts, entry.whole)
        classes.setdefault(end, []).append((own, entry))
    return [each for like in classes.values() for each in like[:: -(-len(like) // at_most)]]


def mistaken(
    entries: Iterable[tuple[str, Entry]], outcomes: Mapping[str, Outcome]
) -> dict[str, Outcome]:
    """Return what came of the events that became anything but what their entries say, by entry."""
    return {
        entry.name: outcomes[own] for own, entry in entries if not _is_as(entry, own, outcomes[own])
    }


def _is_as(entry: Entry, own: str, outcome: Outcome) -> bool:
    try:
        check(entry, own, outcome)
    except AssertionError:
        return False
    return True


def check(entry: Entry, own: str, outcome: Outcome) -> None:
    """Fail if an event became anything but what its entry says."""
    if entry.raised:
        assert outcome == Outcome(0)
    elif entry.row is None:
        assert (outcome.status, outcome.rows) == (400, [])
        (reason,) = outcome.reasons
        assert reason.startswith(entry.reason)
    else:
        assert outcome.status == 200
        (row,) = outcome.rows
        _check_row(entry, own, row)
        assert outcome.alerts == int(entry.alerts)
        too_big = ["rawEvent: too big for a row, which is stored without it"]
        assert outcome.reasons == ([] if entry.whole else too_big)


def _check_row(entry: Entry, own: str, row: Mapping[str, Any]) -> None:
    expected = entry.expected(own)
    assert {name: row[name] for name in expected} == expected
    assert ("alertedAt" in row) is entry.alerts
    if entry.whole:
        assert json.loads(row["rawEvent"]) == json.loads(entry.event(own))["detail"]
    else:
        assert row["rawEventTruncated"] is True


class Collected:
    """The rows, alerts and kept messages of all the events, to be looked up by event."""

    def __init__(self, rows: list[Fields], alerts: list[Alert], kept: list[Fields]) -> None:
        self.rows = rows
        self.alerts = alerts
        names = [alert.attributes for alert in alerts]
        self._alerted = [
            name["shipmentId"] for name in names if name["alertType"] == "CRITICAL_STATUS"
        ]
        self._kept = [(_canonical(each["envelope"]), each["reason"]) for each in kept]

    def outcome(self, entry: Entry, own: str, status: int) -> Outcome:
        """Return what came of an entry's event, which was answered with a status."""
        if not status:
            return Outcome(0)
        event = _canonical(json.loads(entry.event(own)))
        reasons = [reason for envelope, reason in self._kept if envelope == event]
        if entry.row is None:
            return Outcome(status, [], 0, reasons)
        expected = entry.expected(own)
        names = ("shipmentId", "updateId")
        rows = [row for row in self.rows if all(row[name] == expected[name] for name in names)]
        return Outcome(status, rows, self._alerted.count(shown(expected["shipmentId"])), reasons)


BLANKS = re.compile(r"(?![\u200c\u200d])[\s\u200c\u200d]+")


def shown(value: str) -> str:
    """Return a text as a mail shows it: blanks collapsed, joiners kept, ``?`` for the rest."""
    line = BLANKS.sub(" ", value)
    return "".join(char if char.isprintable() or char in "\u200c\u200d" else "?" for char in line)


def check_alert(alert: Alert) -> None:
    """Fail unless SNS takes an alert and a mail client shows it."""
    assert alert.subject.isascii()
    assert alert.subject.isprintable()
    assert 1 <= len(alert.subject) <= 100
    lines = alert.body.replace("\u200c", "").replace("\u200d", "").split("\n")
    assert all(line.isprintable() and "  " not in line for line in lines)
    assert all(value and value == shown(value) for value in alert.attributes.values())


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
