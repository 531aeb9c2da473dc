"""The companion's table: a fault in a call, and what becomes of a shipment's status and its mail.

A line holds for all its stories, calls and sorts of faults: what is the same is said once.
"""

from collections.abc import Iterator, Mapping, Sequence
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
)
from tests.unit.handler.updates import TIME_MS
from tests.unit.status.account import iso, row

Fields = dict[str, Any]
DAY_MS = 86_400_000


class Call(NamedTuple):
    """A call of the handler. has: what tells its requests from others of its operation."""

    title: str
    operation: str
    has: str = ""
    refusals: tuple[Fault, ...] = DYNAMODB


QUERY = Call("Query", "Query")
STATUS = Call("UpdateItem status", "UpdateItem", "SET #status")
UNHEARD = Call("UpdateItem unheard", "UpdateItem", "ADD unheard")
TURN = Call("UpdateItem turn", "UpdateItem", "SET #turnAt = :until")
DUE = Call("Scan due", "Scan", "due-index")
ITEMS = Call("BatchGetItem", "BatchGetItem")
READERS = Call("ListSubscriptionsByTopic", "ListSubscriptionsByTopic", refusals=SNS)
PUBLISH = Call("Publish", "Publish", refusals=SNS)
MARK = Call("UpdateItem mark", "UpdateItem", "ADD heard")
END = Call("UpdateItem end of turn", "UpdateItem", "SET #turnAt = :end")
NOTE = Call("PutItem", "PutItem")
DELETE = Call("DeleteItem", "DeleteItem")
SILENT = Call("Scan silent", "Scan", "silenceMailed")
SILENCE = Call("UpdateItem silence", "UpdateItem", "SET silenceMailed")
SEND = Call("SendMessage", "SendMessage", refusals=SQS)

# Sorts of faults: those of one sort all have the same effect.
NOT_DONE, LOST, BEFORE, AFTER = "not done", "answer lost", "killed before", "killed after"
SORTS = (NOT_DONE, LOST, BEFORE, AFTER)
NO_EFFECT, EFFECT = (NOT_DONE, BEFORE), (LOST, AFTER)
LIVES, ENDS = (NOT_DONE, LOST), (BEFORE, AFTER)  # whether the function goes on


def faults(call: Call, sort: str) -> tuple[Fault, ...]:
    """Return the faults of a call that are of one sort."""
    not_done = (*call.refusals, *UNDONE)
    return {NOT_DONE: not_done, LOST: DONE, BEFORE: (KILLED,), AFTER: (KILLED_AFTER,)}[sort]


# Where a mail can be repeated: it is published and not marked, or what a rejected update left was
# mailed and Lambda, which was not told that it was noted, has it noted once more.
REPEATING = {
    *((call, sort) for call in (PUBLISH, NOTE) for sort in EFFECT),
    *((call, sort) for call in (MARK, DELETE, SILENCE) for sort in NO_EFFECT),
}


class Story(NamedTuple):
    """What happens to shipments, and its name in the table.

    before: rows that are followed and mailed before; news: rows of one batch; removed: rows of
    before that are deleted; asked: what the function is asked instead; mails: how many there must
    be; after_ms: how long after the first row; gives_up: whether Lambda gives up the batch while
    the fault is there; mended: rows that are put right once it is gone.
    """

    name: str
    before: tuple[Fields, ...] = ()
    news: tuple[Fields, ...] = ()
    removed: tuple[Fields, ...] = ()
    asked: Fields | None = None
    mails: int = 1
    after_ms: int = 3_600_000
    gives_up: bool = False
    mended: tuple[Fields, ...] = ()

    def rows(self) -> list[Fields]:
        """Return the log's rows in the end, by shipment and time."""
        put = (*self.before, *self.news, *self.mended)
        rows = {(each["shipmentId"], each["timestamp"]): each for each in put}
        return [rows[key] for key in sorted(rows) if rows[key] not in self.removed]


MESSAGE = "A shipment update was rejected\nReason: status: missing\nCarrier: FedEx\nEvent ID: e-1"
NOTICE = {"Records": [{"Sns": {"MessageId": "m-1", "Message": MESSAGE}}]}
STORED, MOVES, NEXT = row("PICKED_UP"), row("IN_TRANSIT", 10), row("IN_TRANSIT", 10, "S-2")
RUN = row("DELAYED"), row("DELAYED", 20), row("DELIVERED", 30)
SPLITS = row("IN_TRANSIT", 10, processedAt=iso(TIME_MS + 1_000))
NO_CARRIER = {name: value for name, value in MOVES.items() if name != "carrier"}

ORDINARY = Story("a status changes", (STORED,), (MOVES, NEXT), mails=0)
UNREADABLE = Story("a row has no carrier", (STORED,), (NO_CARRIER, NEXT), mended=(MOVES,), mails=0)
ERASED = Story("a shipment is erased", (STORED,), removed=(STORED,), mails=0)
CRITICAL = Story("a shipment becomes critical", news=(row("DELAYED"),))
LATE = Story("a late row splits a run", RUN, (SPLITS,))
GIVEN_UP = CRITICAL._replace(name="it becomes critical, and its batch is given up", gives_up=True)
REJECTED = Story("an update is rejected", asked=NOTICE)
STUCK = Story("a shipment is stuck", (STORED,), asked={"do": "stuck"}, after_ms=4 * DAY_MS)


class State(NamedTuple):
    """What there is at one point.

    item: ``right``, ``old`` (as before, or none yet), ``half`` (that of the batch's next shipment
    is old), ``wrong``, or ``-`` if there is none to be; mails: so many by now; where: who has what
    is still to be done.
    """

    item: str
    mails: int
    where: str


class Case(NamedTuple):
    """A story and a fault."""

    story: Story
    call: Call
    sort: str
    fault: Fault

    @property
    def name(self) -> str:
        """The case in words."""
        return f"{self.story.name}: {self.call.title}: {self.sort}: {self.fault.title}"

    @property
    def may_repeat(self) -> bool:
        """Whether a mail may be repeated because of the fault."""
        return (self.call, self.sort) in REPEATING


class Line(NamedTuple):
    """The states of stories while a fault lasts and after it. broken: which faults of which call.

    states: after one attempt; after the minute's rule and Lambda's next two attempts; and when the
    fault is gone, what is on the queue was redriven, and the stream and the rule have run again.
    """

    stories: Sequence[Story]
    broken: Mapping[Call, tuple[str, ...]]
    states: tuple[State, ...]

    def cases(self) -> Iterator[Case]:
        """Yield everything that the line says."""
        for story in self.stories:
            for call, sorts in self.broken.items():
                for sort in sorts:
                    yield from (Case(story, call, sort, each) for each in faults(call, sort))

    def samples(self, number: int) -> Iterator[Case]:
        """Yield a case of each call. number: of the line, for other faults in each."""
        for index, (call, sorts) in enumerate(self.broken.items(), number):
            sort = sorts[index % len(sorts)]
            some = faults(call, sort)
            yield Case(self.stories[index % len(self.stories)], call, sort, some[index % len(some)])


def line(stories: Sequence[Story], broken: Mapping[Call, tuple[str, ...]], states: str) -> Line:
    """Return a line. states: all three, or those after which nothing changes."""
    seen = [each.split(" ", 2) for each in states.split(" | ")]
    three = [State(item, int(mails), where) for item, mails, where in (seen + seen[-1:] * 2)[:3]]
    return Line(stories, broken, tuple(three))


# ---- the table

READING = (TURN, DUE, ITEMS, READERS)
IN_VAIN = {**dict.fromkeys(READING, LIVES), PUBLISH: (NOT_DONE,)}
READING_ENDS = {**dict.fromkeys(READING[1:], ENDS), PUBLISH: (BEFORE,)}
MAILED = (CRITICAL, LATE)
BEGINNING = {QUERY: SORTS, STATUS: NO_EFFECT}
HALF = {STATUS: EFFECT, UNHEARD: NO_EFFECT}

TABLE = [
    # The status
    line([ORDINARY], BEGINNING, "old 0 stream | old 0 stream | right 0 nowhere"),
    line([ORDINARY], {STATUS: EFFECT}, "half 0 stream | half 0 stream | right 0 nowhere"),
    line(
        [ERASED], {QUERY: SORTS, DELETE: NO_EFFECT}, "old 0 stream | old 0 stream | right 0 nowhere"
    ),
    line([ERASED], {DELETE: EFFECT}, "right 0 stream | right 0 stream | right 0 nowhere"),
    line([UNREADABLE], {SEND: NO_EFFECT}, "old 0 stream | old 0 stream | right 0 nowhere"),
    line([UNREADABLE], {SEND: EFFECT}, f"{'old 0 stream, queue | ' * 2}right 0 nowhere"),
    # What is to be mailed
    line(MAILED, BEGINNING, "old 0 stream | old 0 stream | right 1 nowhere"),
    line(MAILED, HALF, "right 0 stream | right 0 stream | right 1 nowhere"),
    line((*MAILED, GIVEN_UP), {UNHEARD: EFFECT}, "right 0 stream, due | right 1 nowhere"),
    line([GIVEN_UP], BEGINNING, "old 0 stream | old 0 queue | right 1 nowhere"),
    line([GIVEN_UP], HALF, "right 0 stream | right 0 queue | right 1 nowhere"),
    # The mail
    line(MAILED, IN_VAIN, "right 0 due | right 0 due | right 1 nowhere"),
    line(
        MAILED,
        {TURN: ENDS},
        "right 0 stream, due | right 0 stream, queue, due | right 1 nowhere",
    ),
    line(MAILED, READING_ENDS, "right 0 stream, due | right 0 queue, due | right 1 nowhere"),
    line(MAILED, {PUBLISH: (LOST,)}, "right 2 due | right 4 due | right 5 nowhere"),
    line(
        MAILED,
        {PUBLISH: (AFTER,), MARK: (BEFORE,)},
        "right 1 stream, due | right 4 queue, due | right 5 nowhere",
    ),
    line(MAILED, {MARK: (NOT_DONE,)}, "right 1 due | right 2 due | right 3 nowhere"),
    line(MAILED, {MARK: (LOST,), END: LIVES}, "right 1 nowhere"),
    line(MAILED, {MARK: (AFTER,), END: ENDS}, "right 1 stream | right 1 nowhere"),
    # Rejected updates
    line([REJECTED], {NOTE: NO_EFFECT}, "- 0 Lambda | - 0 queue | - 1 nowhere"),
    line([REJECTED], {NOTE: EFFECT}, "- 0 Lambda, due | - 1 queue, due | - 2 nowhere"),
    line([REJECTED], IN_VAIN, "- 0 due | - 0 due | - 1 nowhere"),
    line([REJECTED], {TURN: ENDS, **READING_ENDS}, "- 0 due | - 0 queue, due | - 1 nowhere"),
    line([REJECTED], {PUBLISH: (LOST,)}, "- 0 due | - 2 due | - 3 nowhere"),
    line(
        [REJECTED],
        {PUBLISH: (AFTER,), DELETE: (BEFORE,)},
        "- 0 due | - 3 queue, due | - 4 nowhere",
    ),
    line([REJECTED], {DELETE: (NOT_DONE,)}, "- 0 due | - 1 due | - 2 nowhere"),
    line([REJECTED], {DELETE: EFFECT, END: SORTS}, "- 0 due | - 1 nowhere"),
    # Stuck shipments
    line(
        [STUCK],
        {SILENT: SORTS, READERS: SORTS, PUBLISH: NO_EFFECT},
        "right 0 Lambda, due | right 0 queue, due | right 1 nowhere",
    ),
    line([STUCK], {PUBLISH: (LOST,)}, "right 2 Lambda, due | right 6 queue, due | right 7 nowhere"),
    line(
        [STUCK],
        {PUBLISH: (AFTER,), SILENCE: NO_EFFECT},
        "right 1 Lambda, due | right 3 queue, due | right 4 nowhere",
    ),
    line([STUCK], {SILENCE: EFFECT}, "right 1 Lambda | right 1 nowhere"),
]
