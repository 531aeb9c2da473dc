"""The command redrive."""

from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from shipments import mails, rules
from shipments.commands.redriven import report, show_counts
from shipments.commands.selecting import selecting, selection
from shipments.errors import CommandError, explain, one_line
from shipments.failed_queue import FailedQueue
from shipments.files import private
from shipments.interrupt import Interrupt
from shipments.listing import tell_of_hidden
from shipments.oneline import INTERRUPTED
from shipments.options import Fix, Target, examples, for_stack
from shipments.output import Output, number
from shipments.plan import Plan
from shipments.redrive import Redrive, Tally
from shipments.repairs import DetailsError, Repairs, broken_value, read_details
from shipments.stack import Stack
from shipments.status_redrive import Companion, StatusTally
from shipments.survey import SHOWN, Survey, text_of

WATCH_SECONDS = 15


@click.command(
    short_help="Process failed updates again.",
    epilog=examples(
        "shipments redrive --dry-run",
        "shipments redrive --reason AccessDenied",
        "shipments redrive --shipment SHIP-12345 --fix eventTime=2026-11-01T06:00:00Z",
        "shipments redrive --details fixed.csv --dry-run",
        "shipments redrive --older-than 1d --save redriven.jsonl --json",
    ),
)
@selecting
@click.option(
    "--fix",
    "fixes",
    type=Fix(),
    multiple=True,
    help="Set a field of each selected update. Repeatable.",
)
@click.option(
    "--details",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Set fields of many updates: a CSV or JSON lines file, see below.",
)
@click.option("--as-is", is_flag=True, help="Redrive what would be rejected, too.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@click.option("--yes", is_flag=True, help="Do not ask before many mails.")
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Add each message to this file before it is deleted.",
)
@click.option("--include-stored", is_flag=True, help="Also stored updates (too big).")
@click.option(
    "--watch",
    "watch_seconds",
    default=WATCH_SECONDS,
    show_default=True,
    type=click.IntRange(min=0),
    metavar="SECONDS",
    help="How long to look for what becomes of them.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    metavar="N",
    help="At most N updates a second; 0: no limit. Default: 5 of those that cause a mail.",
)
@for_stack
def redrive(  # noqa: PLR0913 - an option each
    *,
    target: Target,
    output: Output,
    fixes: tuple[tuple[str, Any], ...],
    details: Path | None,
    as_is: bool,
    dry_run: bool,
    yes: bool,
    save: Path | None,
    include_stored: bool,
    **options: Any,
) -> int:
    """Invoke the function again with the failed updates on the queue, with each event as it came.

    What is stored already is not stored again, and its alert is not repeated. A message is deleted
    only after Lambda has accepted its update, so a redrive can be interrupted at any point. An
    update that would be rejected is skipped, unless you fix it or pass --as-is.

    --fix FIELD=VALUE sets a field of the detail (VALUE is JSON or else a string). It needs
    --shipment, --id or --reason. --details FILE sets fields of many updates: each line has an
    envelopeId (or messageId), as failed --json prints it, and the fields to set. In CSV an empty
    cell changes nothing. Both are checked by the function's rules before anything is redriven. The
    originals are saved first: in --save FILE, or in a new file whose name is printed.

    --include-stored also deletes the messages that hold the text of an update that is too big for
    its row. It needs --save FILE.

    The status stack is asked again for what it could not do. Its messages are no updates: they are
    counted apart, and deleted once its function has answered that all of it is done.

    Afterwards it looks for --watch seconds what became of them. On AWS an update that fails again
    is back on the queue after three minutes; one that is rejected, at once.

    Exit status: 1 if one failed again, was skipped because it would be rejected, was not accepted
    by Lambda, or is not known to be stored yet, or if the status stack could not do all.
    """
    rate, watch_seconds = options.pop("rate"), options.pop("watch_seconds")
    which = selection(**options)
    if fixes and details:
        raise click.UsageError("--fix and --details: pass one of them")
    if fixes and not which.narrow:
        raise click.UsageError("--fix: select updates by --shipment, --id or --reason, too")
    if include_stored and save is None and not dry_run:
        raise click.UsageError("--include-stored: pass --save FILE, too: these are the only copies")
    repairs = _repairs(dict(fixes), details, as_is=as_is)
    stack = target.find()
    plan = Plan(
        which,
        repairs,
        as_is=as_is,
        include_stored=include_stored,
        critical=stack.parameters.get("CriticalStatuses", rules.CRITICAL),
        mails_critical=mails.of_critical(stack),
        mails_rejected=mails.of_rejected(stack),
        rate=rate,
        watch_seconds=watch_seconds,
        companion=Companion(stack),
    )
    queue = FailedQueue(stack.client("sqs"), stack["FailedUpdatesQueueUrl"])
    _, hidden = queue.depth()
    with Interrupt() as interrupt:
        survey = _survey(output, queue, plan, interrupt, dry_run=dry_run)
    if interrupt.asked:
        output.say("Interrupted: nothing was redriven.")
        return INTERRUPTED
    _check(output, survey, details)
    if repairs or dry_run:
        _show(output, survey)
    if dry_run:
        tasks = (
            f" and {number(survey.tasks, 'message')} of the status stack" if survey.tasks else ""
        )
        would = f"Would redrive {number(survey.redrive, 'update')}{tasks}."
        show_counts(output, would, survey.skipped)
        status = 0
    else:
        status = _redrive(output, stack, queue, survey, save, yes=yes)
    tell_of_hidden(output, queue, hidden)
    return status


def _redrive(  # noqa: PLR0913 - as the command
    output: Output,
    stack: Stack,
    queue: FailedQueue,
    survey: Survey,
    save: Path | None,
    *,
    yes: bool,
) -> int:
    """Redrive what was found; return the exit status."""
    plan = survey.plan
    if plan.selection.narrow and not survey.selected:
        report(output, Tally(skipped=survey.skipped), StatusTally(), None)
        output.say("No update is selected.")
        return 1
    if survey.mails > mails.MANY:
        mails.confirm(output, _warning(survey), yes=yes)
    with ExitStack() as after:
        path = save or (_originals(stack) if survey.changed else None)
        if path and save is None:
            after.callback(_remove_empty, path)
        saved = after.enter_context(_opened(path, new=save is None)) if path else None
        redriving = Redrive(stack, queue, plan, saved)
        interrupt = after.enter_context(Interrupt())
        _run(output, redriving, queue, interrupt, survey.redrive)
    tally, status = redriving.tally, redriving.status.tally
    report(output, tally, status, path if tally.redriven or status.done else None)
    if interrupt.asked:
        output.say("Interrupted: what was not redriven is still on the queue.")
        return INTERRUPTED
    unfinished = len(tally.failed_again) + len(tally.not_accepted) + tally.failed
    unfinished += status.failed.total()
    unfinished += tally.unknown if plan.watch_seconds else 0
    return 1 if unfinished or tally.stopped else 0


def _repairs(fixes: dict[str, Any], details: Path | None, *, as_is: bool) -> Repairs:
    """Return what --fix or --details says; raise UsageError if a value breaks its rule."""
    if details:
        try:
            return Repairs(lines=read_details(details))
        except (DetailsError, OSError) as error:
            raise CommandError(f"{details}: {error}") from None
    if not as_is and (broken := broken_value(fixes)):
        raise click.UsageError(f"--fix: {broken}")
    return Repairs(every=fixes)


def _survey(
    output: Output, queue: FailedQueue, plan: Plan, interrupt: Interrupt, *, dry_run: bool
) -> Survey:
    """Look at the queue; in a dry run print a record of each selected update."""
    survey = Survey(plan)
    with queue, output.progress("Looking", queue.depth()[0]) as advance:
        for update, verdict in survey.walk(queue, interrupt, advance):
            if dry_run:
                changes = {
                    each.field: {"old": each.old, "new": each.new} for each in verdict.changes
                }
                output.record({**update.fields, "verdict": text_of(verdict), "changes": changes})
    if queue.problems:
        raise CommandError(f"nothing was redriven: {queue.problems[0]}")
    return survey


def _check(output: Output, survey: Survey, details: Path | None) -> None:
    """Raise CommandError if a line of the details file cannot be used."""
    problems = survey.problems()
    for problem in problems[:SHOWN]:
        output.say(one_line(problem))
    if len(problems) > SHOWN:
        output.say(f"and {number(len(problems) - SHOWN, 'line')} more")
    if problems:
        raise CommandError(
            f"{details}: {number(len(problems), 'line')} cannot be used, so nothing is redriven: "
            "correct or remove them"
        )


def _show(output: Output, survey: Survey) -> None:
    """Print the first of the selected updates and how they change."""
    if survey.examples:
        survey.show(output)
        if survey.selected > len(survey.examples):
            more = number(survey.selected - len(survey.examples), "more update")
            output.show(f"and {more}: redrive --dry-run --json lists all")
        output.show("")


def _warning(survey: Survey) -> str:
    rate = survey.plan.rate
    if rate == 0 or (rate or 0) > mails.PER_SECOND:
        pace = "SNS deactivates a subscription that gets more than 10 a second: use --rate 5"
    else:
        minutes = survey.mails / (rate or mails.PER_SECOND) / 60
        pace = f"sent over {minutes:,.0f} minutes" if minutes >= 1 else "sent within a minute"
    return f"this can cause {number(survey.mails, 'mail')}. {pace[0].upper()}{pace[1:]}."


def _originals(stack: Stack) -> Path:
    """Return the name of a new file for the originals of fixed updates."""
    now = datetime.now(timezone.utc)
    return Path(f"redrive-{stack.name}-{now:%Y%m%dT%H%M%S%f}.originals.jsonl")


def _opened(path: Path, *, new: bool) -> IO[str]:
    try:
        return private(path, "x" if new else "a")
    except OSError as error:
        why = error.strerror or error
        raise CommandError(f"--save: cannot write {path}: {why}: pass another FILE") from None


def _remove_empty(path: Path) -> None:
    if path.exists() and not path.stat().st_size:
        path.unlink()


def _run(
    output: Output, redriving: Redrive, queue: FailedQueue, interrupt: Interrupt, total: int
) -> None:
    """Redrive; an error after the first update is reported with what was done, not raised."""
    tally = redriving.tally
    with queue:
        try:
            with output.progress("Redriving", total) as advance:
                redriving.run(interrupt, advance)
            if not tally.stopped:
                redriving.status.run(output, interrupt)
            with output.progress("Watching", len(tally.redriven)) as advance:
                redriving.watch(interrupt, advance)
        except (ClientError, BotoCoreError, OSError) as error:
            if not tally.redriven:
                raise
            tally.stopped = tally.stopped or explain(error)
    if tally.stopped and not tally.redriven:
        raise CommandError(f"{tally.stopped}. All updates are still on the queue")
