"""The command failed, and the options and the table that redrive has too."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import click
from rich.table import Table

from scripts.operations.errors import one_line
from scripts.operations.failed import FailedUpdate, Where, read
from scripts.operations.failed_queue import FailedQueue
from scripts.operations.interrupt import Interrupt
from scripts.operations.options import Duration, Target, examples, for_stack, listed
from scripts.operations.output import Output, number, table
from scripts.operations.plan import Selection

COLUMNS = ("Shipment", "Status", "Failed (UTC)", "Where", "Why")
WHY_SHOWN = 100  # characters: JSON has it all
SELECTING = [
    click.option("--shipment", multiple=True, metavar="ID", help="Only of this one. Repeatable."),
    click.option(
        "--id",
        "ids",
        multiple=True,
        metavar="ID",
        help="Only the update of this event (see failed --json).",
    ),
    click.option("--reason", default="", metavar="TEXT", help="Only if TEXT is in the reason."),
    click.option("--older-than", "older", type=Duration(), help="Only if it failed before, as 2h."),
    click.option("--newer-than", "newer", type=Duration(), help="Only if it failed since, as 2h."),
]


def selecting(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that say which failed updates are meant."""
    for option in reversed(SELECTING):
        command = option(command)
    return command


def selection(
    shipment: tuple[str, ...],
    ids: tuple[str, ...],
    reason: str,
    older: timedelta | None,
    newer: timedelta | None,
) -> Selection:
    """Return what these options say."""
    shipments = frozenset(each.strip() for each in shipment)
    return Selection(shipments, frozenset(ids), reason, older, newer)


@dataclass
class Row:
    """An update as it is row: as its newest message tells it, and how many there are of it.

    verdict: what is to become of it, if that is asked.
    """

    fields: dict[str, Any]
    failed_at: datetime
    where: Where
    messages: int = 1
    verdict: str = ""


class Listing:
    """The failed updates, each once."""

    def __init__(self) -> None:
        """Nothing is listed yet."""
        self._listed: dict[tuple[str, bool], Row] = {}

    def add(self, update: FailedUpdate, *, whole: bool = False, verdict: str = "") -> None:
        """Add a message's update; whole: with its envelope."""
        # A whole copy of a stored update is no copy of its failure.
        key = (update.key, update.where is Where.TOO_BIG)
        fields = {**update.fields, **({"envelope": update.envelope} if whole else {})}
        row = Row(fields, update.failed_at, update.where, verdict=verdict)
        before = self._listed.get(key)
        if before is not None:
            row = max(before, row, key=lambda each: each.failed_at)
            row.messages = before.messages + 1
        self._listed[key] = row

    @property
    def updates(self) -> list[Row]:
        """The updates, the longest failed first."""
        return sorted(self._listed.values(), key=lambda row: row.failed_at)

    def tell(self, output: Output) -> None:
        """Print the updates."""
        for row in self.updates:
            verdict = {"verdict": row.verdict} if row.verdict else {}
            output.record({**row.fields, "messages": row.messages, **verdict})
        if self._listed:
            output.show(self._table())

    def count(self) -> str:
        """Return the updates' number, and how many failed where."""
        updates = self.updates
        if not updates:
            return "No failed update"
        places = Counter(row.where.value for row in updates)
        found = ", ".join(f"{count} {place}" for place, count in places.most_common())
        messages = sum(row.messages for row in updates)
        many = f" in {messages:,} messages" if messages > len(updates) else ""
        return f"{number(len(updates), 'failed update')}{many}: {found}"

    def _table(self) -> Table:
        return table(COLUMNS, [_cells(row) for row in self.updates])


def _cells(row: Row) -> list[str]:
    fields = row.fields
    why = one_line(fields["why"])
    why = why if len(why) <= WHY_SHOWN else why[: WHY_SHOWN - 3] + "..."
    copies = f" ({row.messages} messages)" if row.messages > 1 else ""
    verdict = f"{row.verdict}: " if row.verdict else ""
    return [
        fields["shipmentId"] or "-",
        fields["status"] or "-",
        f"{row.failed_at.astimezone(timezone.utc):%m-%d %H:%M:%S}",
        row.where.value,
        f"{verdict}{why}{copies}",
    ]


@click.command(
    short_help="List what lies on the failed-updates queue.",
    epilog=listed(
        "Where:",
        "rejected    by the function: it breaks the contract, see redrive --fix",
        "function    the function raised three times, or Lambda had no room for it",
        "delivery    EventBridge could not invoke the function",
        "too big     it is stored, but this is the only copy of its text",
        "unreadable  nothing of ours; it is left alone",
    )
    + examples(
        "scripts/shipments failed",
        "scripts/shipments failed --reason AccessDenied --newer-than 2h",
        "scripts/shipments failed --json --envelopes > failed.jsonl",
    ),
)
@selecting
@click.option("--envelopes", is_flag=True, help="With --json: print each whole event too.")
@for_stack
def failed(*, target: Target, output: Output, envelopes: bool, **which: Any) -> int:
    """List the updates on the failed-updates queue, the longest failed first.

    An update is there once, however many messages there are of it. Where it failed is told below.

    Looking takes nothing off. It hides the messages from others for as long as it looks, and
    gives them back at the end. Exit status: 0, however many there are.
    """
    meant = selection(**which)
    deployed = target.find()
    listing, now = Listing(), datetime.now(timezone.utc)
    with (
        Interrupt() as interrupt,
        FailedQueue(deployed.client("sqs"), deployed["FailedUpdatesQueueUrl"]) as queue,
    ):
        visible, hidden = queue.depth()
        with output.progress("Looking", visible) as advance:
            for message in queue.walk(interrupt):
                advance(1)
                update = read(message)
                if meant.fits(update, now):
                    listing.add(update, whole=envelopes and output.as_json)
    listing.tell(output)
    output.show(f"{listing.count()}.")
    tell_of_hidden(output, queue, hidden)
    if interrupt.asked:
        output.say("Interrupted: there may be more.")
        return 130
    return 0


def tell_of_hidden(output: Output, queue: FailedQueue, hidden: int) -> None:
    """Say what cannot be seen of the queue for now."""
    if hidden:
        output.say(
            f"About {number(hidden, 'message')} more hidden just now, by somebody who looks or "
            "redrives: look again in a minute, or 10 after a crash."
        )
    if queue.not_given_back:
        output.say(f"What was looked at stays hidden for up to 10 minutes: {queue.not_given_back}")
