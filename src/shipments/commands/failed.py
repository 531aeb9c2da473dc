"""The command failed."""

import math
from datetime import datetime, timezone
from typing import Any

import click

from shipments.commands.selecting import selecting, selection
from shipments.failed import read
from shipments.failed_queue import FailedQueue
from shipments.interrupt import Interrupt
from shipments.listing import FEW, Listing, tell_of_hidden
from shipments.oneline import INTERRUPTED
from shipments.options import Target, examples, for_stack, listed
from shipments.output import Output, number
from shipments.selection import Selection


@click.command(
    short_help="List what is on the failed-updates queue.",
    epilog=listed(
        "Where:",
        "rejected    by the function: it breaks a rule, see redrive --fix",
        "function    the function raised three times, or Lambda had no room for it",
        "delivery    EventBridge could not invoke the function",
        "too big     it is stored, but this is the only copy of its text",
        "status stack  no update: what that stack could not do, which redrive has it do again",
        "unreadable  not a failed update; redrive skips it, discard takes it off",
    )
    + examples(
        "shipments failed",
        "shipments failed --reason AccessDenied --newer-than 2h",
        "shipments failed | grep FedEx",
        "shipments failed --json --envelopes > failed.jsonl",
    ),
)
@selecting
@click.option("--all", "every", is_flag=True, help=f"List each update, also if over {FEW}.")
@click.option("--envelopes", is_flag=True, help="With --json: print each whole event too.")
@for_stack
def failed(*, target: Target, output: Output, every: bool, envelopes: bool, **which: Any) -> int:
    """List the updates on the failed-updates queue, the longest failed first.

    On a terminal, more than 50 updates are shown as a summary: how many failed where, of which
    carrier and why, with a shipment as an example. Elsewhere, and with --all, each update is one
    line. An update with several messages is listed once; --json prints a line per message as it
    is read, with the ids of the message and of the event.

    This takes nothing off the queue. The messages are hidden from others while it reads, and
    given back at the end. Exit status: 1 if the options select nothing.
    """
    selected = selection(**which)
    stack = target.find()
    listing = Listing(math.inf if every or not output.is_terminal else FEW)
    others, now = 0, datetime.now(timezone.utc)
    with (
        Interrupt() as interrupt,
        FailedQueue(stack.client("sqs"), stack["FailedUpdatesQueueUrl"], browse=True) as queue,
    ):
        visible, hidden = queue.depth()
        with output.progress("Reading", visible) as advance:
            for message in queue.walk(interrupt):
                advance(1)
                update = read(message)
                if not selected.fits(update, now):
                    others += 1
                    continue
                is_new = listing.add(update)
                event = {"envelope": update.envelope} if envelopes else {}
                output.record({**update.fields, "copy": not is_new, **event})
    listing.show(output)
    end = _end(listing, selected, others, is_all=not (hidden or queue.problems))
    (output.say if output.as_json and not listing.has_any else output.show)(end)
    tell_of_hidden(output, queue, hidden)
    if interrupt.asked:
        output.say("Interrupted: there may be more.")
        return INTERRUPTED
    return 1 if selected != Selection() and not listing.has_any else 0


def _end(listing: Listing, selected: Selection, others: int, *, is_all: bool) -> str:
    """Return how many updates there are, or why none is listed."""
    if listing.has_any:
        rest = "" if listing.is_whole else " Pass --all to list each."
        return f"{listing.count()}.{rest}"
    if others:
        what = "with this id" if selected == Selection(ids=selected.ids) else "selected"
        return f"None {what}, {number(others, 'other')}."
    return "No failed update." if is_all else "No failed update can be read now."
