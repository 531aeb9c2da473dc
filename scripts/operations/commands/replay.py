"""The command replay."""

from datetime import datetime, timezone
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from scripts.operations.errors import explain
from scripts.operations.interrupt import Interrupt
from scripts.operations.options import Moment, Target, examples, for_stack
from scripts.operations.output import Output, iso, number, utc
from scripts.operations.replay import ARCHIVED_AFTER, ENDED, Archive, Replayed

NEW_SHOWN = 10


@click.command(
    short_help="Send archived updates to the function again.",
    epilog=examples(
        "scripts/shipments replay --from 2h",
        "scripts/shipments replay --from 2026-11-01T00:00:00Z --to 2026-11-01T06:00:00Z",
    ),
)
@click.option("--from", "start", type=Moment(), required=True, help="ISO 8601, or 2h, 7d ago.")
@click.option("--to", "end", type=Moment(), default="now", help="The same; now without it.")
@click.option("--archive", metavar="ARN", help="Another archive of the stack's bus.")
@click.option("--expired-too", is_flag=True, help="Store again what has expired in the table.")
@for_stack
def replay(  # noqa: PLR0913 - an option each
    *,
    target: Target,
    output: Output,
    start: datetime,
    end: datetime,
    archive: str | None,
    expired_too: bool,
) -> int:
    """Send archived updates to the stack's rule again, and to no other, and count what was new.

    The times are those at which EventBridge took the updates. What is stored already is not
    stored again, nor alerted of again. What was rejected is rejected again: an error alert, and
    one more message of it on the queue.

    It counts by the function's log lines that name the replay, and by no others.

    Exit status: 1 if the replay fails, or an update is rejected or fails in it.
    """
    deployed = target.find()
    source = Archive(deployed, archive)
    source.check(start, end, expired=expired_too)
    if datetime.now(timezone.utc) - end < ARCHIVED_AFTER:
        output.say("What is younger than ten minutes may not be in the archive yet.")
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
    _tell(output, replayed, start, end)
    if replayed.unseen:
        output.say(f"It could not be watched to its end: {replayed.unseen}")
    if interrupt.asked:
        if replayed.state not in ENDED:
            output.say(
                f"It goes on without us. End it: aws events cancel-replay --replay-name "
                f"{replayed.name}"
            )
        return 130
    failed = replayed.outcomes["rejected"] + replayed.outcomes["failed"]
    return 0 if replayed.state == "COMPLETED" and not failed and not replayed.unseen else 1


def _tell(output: Output, replayed: Replayed, start: datetime, end: datetime) -> None:
    """Print what came of a replay."""
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
    why = f": {replayed.why}" if replayed.why else ""
    output.show(f"Replay {replayed.name}: {replayed.state}{why}")
    output.show(f"  new, stored now      {counts['new']:>7,}")
    output.show(f"  stored already       {counts['known']:>7,}")
    output.show(f"  rejected             {counts['rejected']:>7,}")
    output.show(f"  failed attempts      {counts['failedAttempts']:>7,}")
    for shipment in dict.fromkeys(shipment for shipment, _ in replayed.new[:NEW_SHOWN]):
        output.show(f"New: {shipment}")
    if len(replayed.new) > NEW_SHOWN:
        output.show(f"and {number(len(replayed.new) - NEW_SHOWN, 'update')} more.")
    output.show("Counted by the lines of the function's log that name the replay.")
