"""What a schedule is made of: deliveries, and all that can happen to them next.

Lambda attempts a delivery three times, then puts it on the queue, from which the operator redrives
it. Orders that time forbids, as a retry within its minute, are tried, too: what holds without
clocks holds with them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.campaigns.worlds.account import Account, Answer, carry_out
from tests.campaigns.worlds.attempts import Handler, Moment

# What becomes of one request, each but the first a fault: whether the account carries it out,
# and what the function hears; None: Lambda ends the attempt, or it crashes.
DONE, KILLED = "done", {"killed before", "killed after"}
ENDINGS: dict[str, tuple[bool, Answer | None]] = {
    DONE: (True, None),
    "unavailable": (False, Answer(503, "ServiceUnavailable")),
    "refused": (False, Answer(400, "AccessDeniedException")),
    "done, answer lost": (True, Answer(0)),
    "killed before": (False, None),
    "killed after": (True, None),
}
REDRIVEN = "redriven"


@dataclass(frozen=True)
class Delivery:
    """An event on its way to the function, which Lambda attempts so often.

    is_queued: it has failed before, and is on the queue.
    """

    name: str
    event: str = field(repr=False)  # JSON
    attempts: int = 3
    is_queued: bool = False


@dataclass(frozen=True)
class World:
    """Deliveries, and how many faults they have at most between them."""

    name: str
    deliveries: tuple[Delivery, ...]
    faults: int = 2


class Progress(NamedTuple):
    """How far a delivery is: at a moment of an attempt, before one, on the queue, or answered.

    attempts, redrives: how many are left, with the present attempt; code: what Lambda was answered;
    due: the minute of the next attempt, where time counts.
    """

    moment: Moment | None
    attempts: int
    redrives: int
    code: int = 0
    due: int = 0

    @property
    def is_queued(self) -> bool:
        """Whether Lambda has given it up."""
        return not self.attempts and not self.code


class State(NamedTuple):
    """All there is at one point of a schedule. faults: how many are left."""

    progress: tuple[Progress, ...]
    account: Account
    faults: int
    minute: int = 0

    def changed(self, number: int, progress: Progress) -> "State":
        """Return the state with another progress of a delivery."""
        others = self.progress
        return self._replace(progress=(*others[:number], progress, *others[number + 1 :]))


class Step(NamedTuple):
    """What happens next: to which delivery (its number), and how its request ends, or REDRIVEN."""

    delivery: int
    ending: str


class Schedules:
    """The steps of a world, with a handler."""

    def __init__(self, world: World, handler: Handler) -> None:
        self.world = world
        self._handler = handler

    def start(self) -> State:
        """Return the state before the first step."""
        queued = Progress(None, 0, self.world.faults + 1)
        state = State((queued,) * len(self.world.deliveries), Account(), self.world.faults)
        for number, delivery in enumerate(self.world.deliveries):
            if not delivery.is_queued:
                state = state.changed(number, self._attempted(state, number, delivery.attempts))
        return state

    def steps(self, state: State) -> Iterator[tuple[Step, State]]:
        """Yield each step that can follow, and the state after it."""
        for number, progress in enumerate(state.progress):
            if progress.is_queued and progress.redrives:
                attempts = self.world.deliveries[number].attempts
                again = self._attempted(state, number, attempts)
                again = again._replace(redrives=progress.redrives - 1)
                yield Step(number, REDRIVEN), state.changed(number, again)
            elif progress.moment is not None:
                yield from self._endings(state, number, progress.moment)

    def _endings(self, state: State, number: int, moment: Moment) -> Iterator[tuple[Step, State]]:
        """Yield each way in which a delivery's request can end, and the state after it."""
        assert moment.request is not None
        account, heard = carry_out(state.account, moment.request)
        for ending, (is_done, instead) in ENDINGS.items():
            is_fault = ending != DONE
            if is_fault and not state.faults:
                return
            following = None if ending in KILLED else moment.after(instead or heard)
            after = state.changed(number, self._after(state, number, following))
            left = {
                "account": account if is_done else state.account,
                "faults": state.faults - is_fault,
            }
            yield Step(number, ending), after._replace(**left)

    def _after(self, state: State, number: int, moment: Moment | None) -> Progress:
        """Return how far a delivery is at the next moment of its attempt, None: it was killed."""
        progress = state.progress[number]
        if moment is not None and moment.request is not None:
            return progress._replace(moment=moment)
        if moment is not None and moment.code:
            return Progress(None, 0, progress.redrives, moment.code)
        return self._attempted(state, number, progress.attempts - 1)

    def _attempted(self, state: State, number: int, attempts: int) -> Progress:
        """Return a delivery's progress at the first of its last so many attempts."""
        first = self._handler.first(self.world.deliveries[number].event) if attempts else None
        return Progress(first, attempts, state.progress[number].redrives)
