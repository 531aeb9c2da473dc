"""The command replay."""

from datetime import datetime, timezone
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from shipments import mails
from shipments.errors import explain, one_line
from shipments.interrupt import Interrupt
from shipments.options import Moment, Target, examples, for_stack
from shipments.output import Output, iso, number, utc
from shipments.replay import ARCHIVED_AFTER, ENDED, Archive, Replayed, check_range

NEW_SHOWN = 10
WARNING = (
    "at least {:,} updates were rejected in that time, and each is mailed again, faster than the "
    "10 a second at which SNS deactivates a subscription. To avoid this, deploy the stack with "
    "AlertMail=critical for the time of the replay."
)


@click.command(
    short_help="Send archived updates to the function again.",
    epilog=examples(
        "shipments replay --from 2h",
        "shipments replay --from 2026-11-01T00:00:00Z --to 2026-11-01T06:00:00Z",
    ),
)
@click.option(
    "--from",
    "start",
    type=Moment(),
    required=True,
    help="From when: ISO 8601 with zone, or 2h, 7d ago.",
)
@click.option(
    "--to", "end", type=Moment(), default="now", show_default=True, help="Until when, likewise."
)
@click.option("--archive", metavar="ARN", help="Another archive of the stack's bus.")
@click.option("--expired-too", is_flag=True, help="Store again what has expired in the table.")
@click.option("--yes", is_flag=True, help="Do not ask before many mails.")
@for_stack
def replay(  # noqa: PLR0913 - an option each
    *,
    target: Target,
    output: Output,
    start: datetime,
    end: datetime,
    archive: str | None,
    expired_too: bool,
    yes: bool,
) -> int:
    """Send archived updates to the stack's rule again, and to no other, and count what was new.

    The times are those at which EventBridge received the updates. What is stored already is not
    stored again, and its alert is not repeated. What was rejected is rejected again: one more
    error alert, and one more message on the queue.

    A replay cannot be slowed, so it may cause more mails a second than SNS allows. It warns if
    more than 50 updates were rejected in that time, and asks at a terminal.

    The outcomes are counted by the function's log lines that name the replay.

    Exit status: 1 if the replay fails, or an update is rejected or fails in it.
    """
    check_range(start, end)
    stack = target.find()
    source = Archive(stack, archive)
    source.check(start, end, expired=expired_too)
    if datetime.now(timezone.utc) - end < ARCHIVED_AFTER:
        output.say("Updates of the last ten minutes may not be in the archive yet.")
    if mails.of_rejected(stack):
        _warn(output, source, start, end, yes=yes)
    replayed = source.start(start, end)
    output.say(f"Replay {replayed.name} has started: {utc(start)} to {utc(end)} UTC.")
    seconds = (end - start).total_seconds()
    with Interrupt() as interrupt, output.progress("Replaying (s)", round(seconds)) as advance:
        reached = start

        def progress(moment: datetime) -> None:
            nonlocal reached
            advance((moment - reached).total_seconds())
            reached = moment

        try:
            source.watch(replayed, interrupt, progress)
        except (ClientError, BotoCoreError) as error:  # it goes on all the same
            replayed.unseen = explain(error)
    _report(output, replayed, start, end)
    if replayed.unseen:
        output.say(f"It could not be watched until its end: {replayed.unseen}")
    if interrupt.asked:
        if replayed.state not in ENDED:
            output.say(
                f"The replay goes on. To end it: aws events cancel-replay --replay-name "
                f"{replayed.name}"
            )
        return 130
    failed = replayed.outcomes["rejected"] + replayed.outcomes["failed"]
    return 0 if replayed.state == "COMPLETED" and not failed and not replayed.unseen else 1


def _warn(output: Output, source: Archive, start: datetime, end: datetime, *, yes: bool) -> None:
    """Warn if many updates would be rejected and mailed again; raise click.Abort if not wanted."""
    try:
        rejected = source.rejected(start, end)
    except (ClientError, BotoCoreError) as error:
        output.say(f"How many updates will be mailed as rejected is not known: {explain(error)}")
        return
    if rejected > mails.MANY:
        mails.confirm(output, WARNING.format(rejected), yes=yes)


def _report(output: Output, replayed: Replayed, start: datetime, end: datetime) -> None:
    """Print the outcomes of a replay."""
    outcomes = replayed.outcomes
    counts: dict[str, Any] = {
        "new": outcomes["stored"],
        "known": outcomes["duplicate"],
        "rejected": outcomes["rejected"],
        "failedAttempts": outcomes["failed"],
    }
    new = [{"shipmentId": shipment, "updateId": update} for shipment, update in replayed.new]
    state = {"replay": replayed.name, "state": replayed.state, "why": replayed.why}
    output.record({**state, "from": iso(start), "to": iso(end), **counts, "newUpdates": new})
    why = f": {one_line(replayed.why)}" if replayed.why else ""
    output.show(f"Replay {replayed.name}: {replayed.state}{why}")
    output.show(f"  new, stored now      {counts['new']:>7,}")
    output.show(f"  stored already       {counts['known']:>7,}")
    output.show(f"  rejected             {counts['rejected']:>7,}")
    output.show(f"  failed attempts      {counts['failedAttempts']:>7,}")
    for shipment in dict.fromkeys(shipment for shipment, _ in replayed.new[:NEW_SHOWN]):
        output.show(f"New: {one_line(shipment)}")
    if len(replayed.new) > NEW_SHOWN:
        output.show(f"and {number(len(replayed.new) - NEW_SHOWN, 'more update')}.")
    output.show("Counted by the function's log lines that name the replay.")
