"""The table: a fault in a call, and what becomes of the update."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.campaigns.faults.faults import (
    DONE,
    DYNAMODB,
    KILLED,
    KILLED_AFTER,
    SNS,
    SQS,
    UNDONE,
    Fault,
    Twin,
    WrongClock,
    malformed,
)
from tests.unit.handler import gate
from tests.unit.handler.updates import EVENT_ID, TIME_MS, critical, update

Fields = dict[str, Any]

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
YEAR_MS = 365 * DAY_MS


class Update(NamedTuple):
    """An envelope, and its name in the table."""

    name: str
    envelope: Fields

    @property
    def is_critical(self) -> bool:
        """Whether it must be reported to somebody."""
        return "critical" in self.name


ORDINARY = Update("ordinary", update())
CRITICAL = Update("critical", critical())
REJECTED = Update("rejected", update(status=None))
TOO_BIG = Update("critical, too big", critical(note="x" * 410_000))


class State(NamedTuple):
    """What there is of an update at one point.

    row: ``no row``, ``row``, or ``row, marked``; alerts: messages sent about it so far; where:
    who has it: ``table``, ``queue`` (``(n)``: in n copies), ``Lambda`` (which will try again).
    """

    row: str
    alerts: int
    where: str


@dataclass(frozen=True)
class Case:
    """A fault that lasts, and the states of an update under it and after it.

    once: after one attempt; thrice: after Lambda's two more; repaired: the fault is gone, and the
    update was redriven from the queue or, if it is not there, delivered once more.
    repeated: alerts of a critical update beyond its one, which only the window allows.
    """

    call: str
    fault: Fault
    update: Update = field(repr=False)
    once: State
    thrice: State
    repaired: State

    @property
    def name(self) -> str:
        """The case in words."""
        return f"{self.call}: {self.fault.title}: {self.update.name}"

    @property
    def repeated(self) -> int:
        """How many alerts a critical update gets beyond its one."""
        return max(0, self.repaired.alerts - 1) if self.update.is_critical else 0


class Section(NamedTuple):
    """A part of the table. window: whether its faults are in the window of repeated alerts."""

    title: str
    cases: list[Case]
    window: bool = False


def cases(
    call: str, update: Update, faults: Iterable[Fault], *states: tuple[str, int, str]
) -> list[Case]:
    """Return a case a fault, all with the same states: one, or once, thrice and repaired."""
    once, thrice, repaired = (State(*state) for state in states * (1 if len(states) > 1 else 3))
    return [Case(call, fault, update, once, thrice, repaired) for fault in faults]


# ---- the table

PUT = [
    *cases(
        "PutItem",
        ORDINARY,
        (*DYNAMODB, *UNDONE, KILLED),
        ("no row", 0, "Lambda"),
        ("no row", 0, "queue"),
        ("row", 0, "table"),
    ),
    *cases(
        "PutItem",
        ORDINARY,
        (*DONE, KILLED_AFTER),
        ("row", 0, "table, Lambda"),
        ("row", 0, "table, queue"),
        ("row", 0, "table"),
    ),
    *cases("PutItem", ORDINARY, [malformed("")], ("row", 0, "table")),
    *cases(
        "PutItem",
        CRITICAL,
        (*DYNAMODB, *UNDONE, KILLED),
        ("no row", 0, "Lambda"),
        ("no row", 0, "queue"),
        ("row, marked", 1, "table"),
    ),
    *cases(
        "PutItem",
        CRITICAL,
        (*DONE, KILLED_AFTER),
        ("row", 0, "table, Lambda"),
        ("row", 0, "table, queue"),
        ("row, marked", 1, "table"),
    ),
    *cases("PutItem", CRITICAL, [malformed("")], ("row, marked", 1, "table")),
]

PUBLISH = cases(
    "Publish",
    CRITICAL,
    (*SNS, *UNDONE, KILLED),
    ("row", 0, "table, Lambda"),
    ("row", 0, "table, queue"),
    ("row, marked", 1, "table"),
)

# Each attempt sends; the client's own second request of an attempt does, too.
PUBLISHED = [
    *cases(
        "Publish",
        CRITICAL,
        DONE,
        ("row", 2, "table, Lambda"),
        ("row", 6, "table, queue"),
        ("row, marked", 7, "table"),
    ),
    *cases(
        "Publish",
        CRITICAL,
        (malformed("ResponseParserError"), KILLED_AFTER),
        ("row", 1, "table, Lambda"),
        ("row", 3, "table, queue"),
        ("row, marked", 4, "table"),
    ),
    *cases(
        "UpdateItem",
        CRITICAL,
        (*DYNAMODB, *UNDONE, KILLED),
        ("row", 1, "table, Lambda"),
        ("row", 3, "table, queue"),
        ("row, marked", 4, "table"),
    ),
]

# What is too big for its row is alerted first, then kept, then marked.
KEEP_TOO_BIG = cases(
    "SendMessage",
    TOO_BIG,
    (*SQS, *UNDONE, KILLED),
    ("row", 1, "table, Lambda"),
    ("row", 3, "table, queue"),
    ("row, marked", 4, "table, queue"),
)

MARKED = [
    *cases(
        "UpdateItem",
        CRITICAL,
        (*DONE, KILLED_AFTER),
        ("row, marked", 1, "table, Lambda"),
        ("row, marked", 1, "table"),
        ("row, marked", 1, "table"),
    ),
    *cases("UpdateItem", CRITICAL, [malformed("")], ("row, marked", 1, "table")),
]

KEEP = [
    *cases(
        "SendMessage",
        REJECTED,
        (*SQS, *UNDONE, KILLED),
        ("no row", 0, "Lambda"),
        ("no row", 0, "queue"),
        ("no row", 1, "queue"),
    ),
    *cases(
        "SendMessage",
        REJECTED,
        DONE,
        ("no row", 0, "queue (2), Lambda"),
        ("no row", 0, "queue (7)"),
        ("no row", 1, "queue (7)"),
    ),
    *cases(
        "SendMessage",
        REJECTED,
        [KILLED_AFTER],
        ("no row", 0, "queue, Lambda"),
        ("no row", 0, "queue (4)"),
        ("no row", 1, "queue (4)"),
    ),
    *cases(
        "SendMessage",
        REJECTED,
        [malformed("")],
        ("no row", 1, "queue"),
        ("no row", 1, "queue"),
        ("no row", 2, "queue"),
    ),
    *cases(
        "Publish",
        REJECTED,
        (*SNS, *UNDONE, KILLED),
        ("no row", 0, "queue, Lambda"),
        ("no row", 0, "queue (4)"),
        ("no row", 1, "queue (4)"),
    ),
    *cases(
        "Publish",
        REJECTED,
        DONE,
        ("no row", 2, "queue, Lambda"),
        ("no row", 6, "queue (4)"),
        ("no row", 7, "queue (4)"),
    ),
    *cases(
        "Publish",
        REJECTED,
        (malformed("ResponseParserError"), KILLED_AFTER),
        ("no row", 1, "queue, Lambda"),
        ("no row", 3, "queue (4)"),
        ("no row", 4, "queue (4)"),
    ),
]

TWIN = "a twin is delivered meanwhile"
TWINS = [
    *cases("PutItem", ORDINARY, [Twin(TWIN, "")], ("row", 0, "table")),
    *cases("PutItem", CRITICAL, [Twin(TWIN, "")], ("row, marked", 1, "table")),
    *cases(
        "PutItem",
        CRITICAL,
        [Twin("a twin meanwhile dies before its alert", "", dies_at="Publish")],
        ("row, marked", 1, "table"),
    ),
    *cases(
        "PutItem",
        ORDINARY,
        [Twin("another update takes its millisecond", "", another=True)],
        ("row", 0, "table"),
    ),
    *cases(
        "PutItem",
        CRITICAL,
        [Twin("another update takes its millisecond", "", another=True)],
        ("row, marked", 1, "table"),
    ),
]

ALERTED_TWINS = [
    *cases("Publish", CRITICAL, [Twin(TWIN, "")], ("row, marked", 2, "table")),
    *cases("UpdateItem", CRITICAL, [Twin(TWIN, "")], ("row, marked", 2, "table")),
    *cases(
        "PutItem",
        CRITICAL,
        [Twin("a twin meanwhile dies before its mark", "", dies_at="UpdateItem")],
        ("row, marked", 2, "table"),
    ),
]

BEHIND = WrongClock("our clock is ten years behind", "", off_ms=(-10 * YEAR_MS,))
AHEAD = WrongClock("our clock is ten years ahead", "", off_ms=(10 * YEAR_MS,))
JUMPING = WrongClock(
    "done, times out, our clock jumps an hour back and forth",
    "ReadTimeoutError",
    gate.lost_response,
    off_ms=(0, -HOUR_MS, HOUR_MS),
)
NO_FAULT = Fault("the producer's clock is off", "")
CLOCKS = [
    # Rejected as being in the future, until the clock is right.
    *cases(
        "any",
        ORDINARY,
        [BEHIND],
        ("no row", 1, "queue"),
        ("no row", 1, "queue"),
        ("row", 1, "table"),
    ),
    *cases("any", ORDINARY, [AHEAD], ("row", 0, "table")),
    *cases(
        "any",
        CRITICAL,
        [BEHIND],
        ("no row", 1, "queue"),
        ("no row", 1, "queue"),
        ("row, marked", 2, "table"),
    ),
    *cases("any", CRITICAL, [AHEAD], ("row, marked", 1, "table")),
    *cases(
        "PutItem",
        CRITICAL,
        [JUMPING],
        ("row", 0, "table, Lambda"),
        ("row", 0, "table, queue"),
        ("row, marked", 1, "table"),
    ),
    *cases(
        "none",
        Update(
            "critical, 25 years old",
            critical(eventTime=TIME_MS - 25 * YEAR_MS, updateId=EVENT_ID),
        ),
        [NO_FAULT],
        ("row, marked", 1, "table"),
    ),
    *cases(
        "none",
        Update("rejected, two days ahead", critical(eventTime=TIME_MS + 2 * DAY_MS)),
        [NO_FAULT],
        ("no row", 1, "queue"),
        ("no row", 1, "queue"),
        ("no row", 2, "queue"),
    ),
]

TABLE = [
    Section("Storing", PUT),
    Section("Alerting", PUBLISH),
    Section("Between publish and mark", PUBLISHED + KEEP_TOO_BIG, window=True),
    Section("Marking", MARKED),
    Section("Keeping a rejected update and publishing it", KEEP),
    Section("Twins in flight", TWINS),
    Section("Twins between publish and mark", ALERTED_TWINS, window=True),
    Section("Clocks", CLOCKS),
]
CASES = [case for section in TABLE for case in section.cases]
