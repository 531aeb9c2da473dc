"""What holds in every schedule: at each state of it, or at its end."""

import json
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from tests.campaigns.worlds.account import Account, Fields
from tests.campaigns.worlds.world import Progress, State, World

ONE_ROW, SETTLED, ALERTED = "one row", "settled", "alerted"
NOT_REPEATED, KEPT, ANSWERED = "not repeated", "kept", "answered"
PROMISES = {
    ONE_ROW: "at the end one row per different update, whole; before it none twice, and no other",
    SETTLED: "at each moment, what Lambda was answered for is stored and, if critical, alerted and "
    "marked; or, if it breaks a rule, on the queue and reported",
    ALERTED: "at the end each critical update is alerted, and each rejected one reported",
    NOT_REPEATED: "no attempt alerts that has seen the mark of its update",
    KEPT: "at the end each rejected update, and each event too big for its row, is on the queue",
    ANSWERED: "at the end no delivery is left on the queue",
}

LIMIT_BYTES = 405_000


class Expected(NamedTuple):
    """What is to become of an update, read from its event and not from the handler.

    row: what its row says, None if it is to be rejected; alert: type and status of its message.
    """

    row: tuple[str, ...] | None
    event_id: str
    alert: tuple[str, str] | None
    is_too_big: bool


def expected(event: Mapping[str, Any]) -> Expected:
    """Return what is to become of an event of a world."""
    detail = event["detail"]
    status = detail.get("status")
    if not status:
        return Expected(None, event["id"], ("PROCESSING_ERROR", "Unknown"), is_too_big=False)
    raw = json.dumps(detail, separators=(",", ":"))
    is_too_big = len(raw) > LIMIT_BYTES
    row = (
        detail.get("updateId", event["id"]),
        status,
        detail["location"],
        detail["carrier"],
        "" if is_too_big else raw,
    )
    alert = ("CRITICAL_STATUS", status) if status in {"DELAYED", "LOST"} else None
    return Expected(row, event["id"], alert, is_too_big)


class Judge:
    """Tells which promises a state of a world breaks.

    may_wait: an answered update may wait for its alert while another delivery is not answered.
    worst: the most messages about one update in the end.
    """

    def __init__(self, world: World, *, may_wait: bool = False) -> None:
        self._may_wait = may_wait
        self._expected = [expected(json.loads(each.event)) for each in world.deliveries]
        self._rows = {each.row for each in self._expected if each.row}
        self.worst = 0

    def __call__(self, state: State, *, is_end: bool) -> list[str]:
        """Return the promises that a state breaks. is_end: no step follows it."""
        account = state.account
        rows = [row for row, _ in stored(account)]
        broken = []
        if len(set(rows)) < len(rows) or not self._rows.issuperset(rows):
            broken.append(ONE_ROW)
        waits = self._may_wait and any(not each.code for each in state.progress)
        for each, progress in zip(self._expected, state.progress, strict=True):
            if progress.code and not _is_settled(each, progress, account) and not waits:
                broken.append(SETTLED)
            if _repeats(progress):
                broken.append(NOT_REPEATED)
        return broken + self._broken_at_the_end(state) if is_end else broken

    def _broken_at_the_end(self, state: State) -> list[str]:
        account = state.account
        published = Counter(account.published)
        broken = []
        if {row for row, _ in stored(account)} != self._rows:
            broken.append(ONE_ROW)
        if any(progress.is_queued for progress in state.progress):
            broken.append(ANSWERED)
        for each in self._expected:
            if each.alert:
                self.worst = max(self.worst, published[each.alert])
                if not published[each.alert]:
                    broken.append(ALERTED)
            if (each.row is None or each.is_too_big) and not _is_kept(each, account):
                broken.append(KEPT)
        return broken


@cache
def stored(account: Account) -> tuple[tuple[tuple[str, ...], Fields], ...]:
    """Return what each row says of its update, and its attributes."""
    items = [item for _, item in account.items()]
    names = ("updateId", "status", "location", "carrier", "rawEvent")
    return tuple((tuple(_text(item, name) for name in names), item) for item in items)


def _text(item: Fields, name: str) -> str:
    return str(json.loads(item.get(name, '{"S": ""}'))["S"])


def _is_settled(each: Expected, progress: Progress, account: Account) -> bool:
    """Return whether all is done for an update that Lambda was answered for."""
    if each.alert and each.alert not in account.published:
        return False
    if each.row is None:
        return progress.code == 400 and _is_kept(each, account)
    marks = {"alertedAt"} if each.alert else set()
    if each.is_too_big:
        marks |= {"rawEventTruncated", "rawEventKeptAt"}
    item = dict(stored(account)).get(each.row, {})
    is_whole = _is_kept(each, account) or not each.is_too_big
    return progress.code == 200 and bool(item) and marks <= item.keys() and is_whole


def _is_kept(each: Expected, account: Account) -> bool:
    return any(event_id == each.event_id for _, event_id in account.kept)


def _repeats(progress: Progress) -> bool:
    moment = progress.moment
    if moment is None or moment.request is None or moment.request.operation != "Publish":
        return False
    return "alertedAt" in moment.found
