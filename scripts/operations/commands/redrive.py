"""The command redrive."""

from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from scripts.operations.commands.failed import Listing, selecting, selection, tell_of_hidden
from scripts.operations.errors import WrongUse, explain, one_line
from scripts.operations.failed import read
from scripts.operations.failed_queue import FailedQueue
from scripts.operations.interrupt import Interrupt
from scripts.operations.options import Fix, Target, examples, for_stack
from scripts.operations.output import Output, number
from scripts.operations.plan import Plan
from scripts.operations.redrive import GIVEN_ALREADY, Redrive, Tally

WATCH_SECONDS = 15
REASONS_SHOWN = 3


@click.command(
    short_help="Give failed updates to the function again.",
    epilog=examples(
        "scripts/shipments redrive --dry-run",
        "scripts/shipments redrive --reason AccessDenied",
        "scripts/shipments redrive --shipment SHIP-12345 --fix eventTime=2026-11-01T06:00:00Z",
        "scripts/shipments redrive --older-than 1d --save redriven.jsonl --json",
    ),
)
@selecting
@click.option(
    "--fix", "fixes", type=Fix(), multiple=True, help="Set a field of the detail. Repeatable."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done to each update.")
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Add to it what goes off the queue.",
)
@click.option("--include-stored", is_flag=True, help="Also where the row lacks the text.")
@click.option(
    "--watch",
    default=WATCH_SECONDS,
    type=click.IntRange(min=0),
    metavar="SECONDS",
    help="How long to look what becomes of them.",
)
@click.option(
    "--rate",
    default=0.0,
    type=click.FloatRange(min=0),
    metavar="N",
    help="Give at most N a second.",
)
@for_stack
def redrive(  # noqa: PLR0913 - an option each
    *,
    target: Target,
    output: Output,
    fixes: tuple[tuple[str, Any], ...],
    dry_run: bool,
    save: Path | None,
    include_stored: bool,
    watch: int,
    rate: float,
    **which: Any,
) -> int:
    """Give failed updates to the function again, with the event as it came.

    Identity and order hold: what is stored already is not stored again, nor alerted of again. A
    message goes off the queue only after Lambda has accepted its update, so that this can be
    interrupted at any point, and run twice at once.

    --fix FIELD=VALUE sets a field of the detail (VALUE is JSON or else a string) of updates that
    were rejected, and leaves the others alone. The event keeps its id and time. It needs
    --shipment, --id or --reason, to say which.

    --include-stored takes off the messages that keep the whole of an update too big for its row
    as well; it needs --save FILE, to which every message that goes is added first.

    Then it looks for --watch seconds (15 without it) what became of them. On AWS an update that
    fails again is back on the queue after three minutes; one that is rejected, at once.

    Exit status: 1 if one came back, was not taken, or is not known to be stored by then.
    """
    plan = Plan(selection(**which), dict(fixes), include_stored, rate, watch)
    if fixes and not plan.selection.narrow:
        raise click.UsageError("--fix: say which updates too, by --shipment, --id or --reason")
    if include_stored and save is None and not dry_run:
        raise click.UsageError("--include-stored: say --save FILE too, they are the only copies")
    deployed = target.find()
    with ExitStack() as after:
        saved = after.enter_context(save.open("a", encoding="utf-8")) if save else None
        interrupt = after.enter_context(Interrupt())
        queue = FailedQueue(deployed.client("sqs"), deployed["FailedUpdatesQueueUrl"])
        _, hidden = queue.depth()
        redriving = Redrive(deployed, queue, plan, saved)
        if dry_run:
            _list(output, queue, plan, interrupt)
        else:
            _run(output, redriving, queue, interrupt)
            _tell(output, redriving.tally)
    tell_of_hidden(output, queue, hidden)
    if interrupt.asked:
        output.say("Interrupted: what was not given is still on the queue.")
        return 130
    tally = redriving.tally
    missing = len(tally.came_back) + len(tally.not_given) + (tally.unknown if watch else 0)
    return 1 if missing or tally.stopped else 0


def _run(output: Output, redriving: Redrive, queue: FailedQueue, interrupt: Interrupt) -> None:
    """Redrive; whatever happens once something was given is told, not raised."""
    tally = redriving.tally
    with queue:
        try:
            with output.progress("Giving", queue.depth()[0]) as advance:
                redriving.run(interrupt, advance)
            with output.progress("Watching", None):
                redriving.watch(interrupt)
        except (ClientError, BotoCoreError, OSError) as error:
            if not tally.given:
                raise
            tally.stopped = tally.stopped or explain(error)
    if tally.stopped and not tally.given:
        raise WrongUse(tally.stopped)


def _list(output: Output, queue: FailedQueue, plan: Plan, interrupt: Interrupt) -> None:
    """Print what a redrive would do to each update."""
    listing, now, meant = Listing(), datetime.now(timezone.utc), 0
    with queue, output.progress("Looking", queue.depth()[0]) as advance:
        for message in queue.walk(interrupt):
            advance(1)
            update = read(message)
            why = plan.left_alone(update, now)
            listing.add(update, verdict=f"leave ({why})" if why else "give")
    listing.tell(output)
    meant = sum(row.verdict == "give" for row in listing.updates)
    output.show(f"{listing.count()}. It would give {number(meant, 'update')} to the function.")


def _tell(output: Output, tally: Tally) -> None:
    """Print what was done."""
    left = Counter(tally.left)
    del left[GIVEN_ALREADY]
    came_back = Counter(one_line(given.came_back) for given in tally.came_back)
    not_given = Counter(one_line(why) for _, why in tally.not_given)
    output.record(
        {
            "given": len(tally.given),
            "stored": tally.stored,
            "cameBack": len(tally.came_back),
            "unknown": tally.unknown,
            "notGiven": len(tally.not_given),
            "left": dict(left),
            "copiesTakenOff": tally.copies,
            "stopped": tally.stopped,
            "cameBackUpdates": [
                {**given.update.fields, "why": given.came_back} for given in tally.came_back
            ],
        }
    )
    output.show(f"Given to the function  {len(tally.given):>7,}")
    output.show(f"  stored               {tally.stored:>7,}")
    output.show(f"  came back            {len(tally.came_back):>7,}{_reasons(came_back)}")
    output.show(f"  not known yet        {tally.unknown:>7,}")
    if tally.not_given:
        output.show(f"Not taken              {len(tally.not_given):>7,}{_reasons(not_given)}")
    if tally.copies:
        output.show(f"Copies taken off       {tally.copies:>7,}")
    output.show(f"Skipped                {left.total():>7,}{_reasons(left)}")
    if tally.stopped:
        output.say(f"Ended early: {tally.stopped}")
    if tally.unknown:
        output.say(
            "Not known yet: the function is still at it, or tries again for three minutes. See "
            "then: scripts/shipments failed"
        )


def _reasons(counts: Counter[str]) -> str:
    found = [f"{count:,} {why}" for why, count in counts.most_common(REASONS_SHOWN)]
    if len(counts) > REASONS_SHOWN:
        found.append("others")
    return f"   {'; '.join(found)}" if found else ""
