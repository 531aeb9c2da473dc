"""The failed updates as people read them: a line each, or a summary."""

import math
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from shipments.failed import FailedUpdate, Where, kind_of
from shipments.failed_queue import FailedQueue
from shipments.output import Output, number

COLUMNS = ("Shipment", "Status", "Carrier", "Failed (UTC)", "Where", "Why")
GROUP_COLUMNS = ("Updates", "Where", "Carrier", "Example", "Why")
# As many as a screen or two have lines.
FEW = 50
GROUPS_SHOWN = 30
# Characters of a value that are kept, so that memory does not grow with what came: JSON has all.
VALUE_KEPT = 128
WHY_KEPT = 300


@dataclass
class Row:
    """An update as its newest message shows it, and how many messages there are of it."""

    fields: dict[str, Any]
    failed_at: datetime
    where: Where
    messages: int = 1


@dataclass
class Group:
    """Updates that failed in one place, for one kind of reason, of one carrier."""

    where: str
    carrier: str
    example: str
    why: str
    updates: int = 0


class Listing:
    """The failed updates, each once. Of more than `most` only groups are kept."""

    def __init__(self, most: float = math.inf) -> None:
        self._most = most
        self._seen: set[tuple[str, bool]] = set()
        self._rows: dict[tuple[str, bool], Row] = {}
        self._groups: dict[tuple[str, str, str], Group] = {}
        self._messages = 0

    def add(self, update: FailedUpdate) -> bool:
        """Add a message's update; return whether it is new, and not a copy of one."""
        # A whole copy of a stored update is not a copy of its failure.
        key = (update.key, update.where is Where.TOO_BIG)
        is_new = key not in self._seen
        self._seen.add(key)
        self._messages += 1
        row = Row(_short(update.fields), update.failed_at, update.where)
        if is_new:
            self._group(row)
        if len(self._seen) > self._most:
            self._rows.clear()
            return is_new
        before = self._rows.get(key)
        if before is not None:
            row = max(before, row, key=lambda each: each.failed_at)
            row.messages = before.messages + 1
        self._rows[key] = row
        return is_new

    @property
    def updates(self) -> list[Row]:
        """The updates that are kept, the longest failed first."""
        return sorted(self._rows.values(), key=lambda row: row.failed_at)

    @property
    def has_any(self) -> bool:
        """Whether any update was added."""
        return bool(self._seen)

    @property
    def is_whole(self) -> bool:
        """Whether each update is kept."""
        return len(self._rows) == len(self._seen)

    def show(self, output: Output) -> None:
        """Print the updates for people, or a summary of more than are kept."""
        if not self.is_whole:
            self._show_groups(output)
        elif self._rows:
            rows = [_cells(row) for row in self.updates]
            output.lines(COLUMNS, rows, fold=len(rows) <= FEW)

    def count(self) -> str:
        """Return the updates' number, how many failed where, and what is no update."""
        places: Counter[str] = Counter()
        for group in self._groups.values():
            places[group.where] += group.updates
        tasks = places.pop(Where.STATUS.value, 0)
        others = f"; {number(tasks, 'message')} of the status stack" if tasks else ""
        if not places:
            return f"No failed update{others}"
        count = places.total()
        found = ", ".join(f"{count:,} {place}" for place, count in places.most_common())
        messages = self._messages - tasks  # each has one
        many = f" in {messages:,} messages" if messages > count else ""
        return f"{number(count, 'failed update')}{many}: {found}{others}"

    def _group(self, row: Row) -> None:
        where, carrier, why = row.where.value, row.fields["carrier"], row.fields["why"]
        key = (where, carrier, kind_of(why))
        example = row.fields["shipmentId"] or "-"
        self._groups.setdefault(key, Group(where, carrier, example, why)).updates += 1

    def _show_groups(self, output: Output) -> None:
        groups = sorted(self._groups.values(), key=lambda group: -group.updates)
        output.lines(
            GROUP_COLUMNS,
            [
                [
                    f"{group.updates:,}",
                    group.where,
                    group.carrier or "-",
                    group.example,
                    group.why,
                ]
                for group in groups[:GROUPS_SHOWN]
            ],
        )
        if rest := groups[GROUPS_SHOWN:]:
            updates = sum(group.updates for group in rest)
            output.show(f"{updates:,} in {number(len(rest), 'more group')}")


def tell_of_hidden(output: Output, queue: FailedQueue, hidden: int) -> None:
    """Report what of the queue could not be read, and what could not be given back."""
    if hidden:
        output.say(
            f"About {number(hidden, 'message')} more cannot be read now, because another command "
            "has received them: run this again in a minute (in ten, if that command crashed)."
        )
    for problem in queue.problems:
        output.say(problem)
    if queue.not_given_back:
        output.say(
            f"The messages stay hidden from others for up to {queue.hide_seconds} seconds, because "
            f"they could not be given back: {queue.not_given_back}"
        )


def _short(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields without the body, their texts cut."""
    return {
        name: _cut(value, WHY_KEPT if name == "why" else VALUE_KEPT)
        for name, value in fields.items()
        if name != "body"
    }


def _cut(value: Any, most: int) -> Any:
    if isinstance(value, str) and len(value) > most:
        return value[: most - 3] + "..."
    return value


def _cells(row: Row) -> list[str]:
    fields = row.fields
    copies = f" ({row.messages} messages)" if row.messages > 1 else ""
    message = f"message {fields['messageId']}: " if row.where is Where.UNREADABLE else ""
    redrive = f"; redrive: {fields['redrive']}" if "redrive" in fields else ""
    return [
        fields["shipmentId"] or "-",
        fields["status"] or "-",
        fields["carrier"] or "-",
        f"{row.failed_at.astimezone(timezone.utc):%m-%d %H:%M:%S}",
        row.where.value,
        f"{message}{fields['why']}{copies}{redrive}",
    ]
