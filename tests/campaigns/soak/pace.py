"""Knows from the calls when an update is done, so that only so many are on their way at once."""

import threading
from collections import Counter, defaultdict

from tests.campaigns.faults import proxy
from tests.campaigns.soak.load import Update
from tests.campaigns.soak.weather import place

# The client makes two requests of a call, and Lambda three attempts.
GIVEN_UP = 6
# Should the calls not tell: a lost update must not hold up the others, the books will find it.
PATIENCE_SECONDS = 20


class Pace:
    """Listens to the calls.

    met: the updates of which a second delivery began before the end of the first; overdue: how
    many ends the calls did not tell.
    """

    def __init__(self, updates: list[Update]) -> None:
        self._updates = {update.name: update for update in updates}
        # One that comes again may overtake its first delivery: the end of either is both's.
        self._waiting: defaultdict[str, list[threading.Event]] = defaultdict(list)
        self._names: dict[str, str] = {}
        self._failed: Counter[str] = Counter()
        self.met: set[str] = set()
        self.overdue = 0

    def begin(self, update: Update) -> threading.Event:
        """Expect an update; return what is set at its end."""
        done = threading.Event()
        waiting = self._waiting[update.name]
        if not all(other.is_set() for other in waiting):
            self.met.add(update.name)
        waiting.append(done)
        self._failed[update.name] = 0
        return done

    def wait(self, done: threading.Event) -> None:
        """Wait until an update is done."""
        if not done.wait(PATIENCE_SECONDS):
            self.overdue += 1

    def hear(self, who: str, call: proxy.Call, answer: proxy.Answer | None) -> None:
        """Take note of a call and of its answer, None if it failed."""
        name = self._names.get(who, who)
        update = self._updates.get(name)
        if update is None:
            return
        if call.operation == "PutItem" and answer and is_stored(update, answer):
            self._names[place(call)] = name  # which is all that the mark tells
        if answer is None:
            self._failed[name] += 1
            over = self._failed[name] >= GIVEN_UP
        else:
            over = is_last(update, call, answer)
        if over:
            for done in self._waiting[name]:
                done.set()


def is_last(update: Update, call: proxy.Call, answer: proxy.Answer) -> bool:
    """Return whether a delivery of an update ends with this call."""
    if not update.valid:
        return call.operation == "Publish"
    if call.operation == "UpdateItem":
        return True
    if call.operation != "PutItem":
        return False
    return is_stored(update, answer) and (not update.critical or b"alertedAt" in answer.body)


def is_stored(update: Update, answer: proxy.Answer) -> bool:
    """Return whether the answer to a put says that the update is now a row, or was one."""
    return answer.status == 200 or update.name.encode() in answer.body
