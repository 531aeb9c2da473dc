"""The command track."""

import shlex

import click
from botocore.exceptions import BotoCoreError, ClientError

from shipments.errors import CommandError, explain, one_line
from shipments.failed_queue import failed_of
from shipments.interrupt import Interrupt
from shipments.options import Target, examples, for_stack
from shipments.output import Output, number, table
from shipments.rows import Row, Statuses
from shipments.stack import Stack
from shipments.tracking import History

COLUMNS = ("Happened (UTC)", "Status", "Location", "Carrier")


@click.command(
    short_help="Show a shipment's history and latest status.",
    epilog=examples(
        "shipments track SHIP-12345",
        "shipments track SHIP-12345 --follow",
        "shipments track SHIP-12345 --last 1 --json",
    ),
)
@click.argument("shipment")
@click.option("--follow", is_flag=True, help="Also show what comes, until Ctrl-C.")
@click.option(
    "--interval",
    default=2.0,
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="Between two looks, with --follow.",
)
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="The last N updates only.")
@for_stack
def track(  # noqa: PLR0913 - an option each
    *,
    target: Target,
    output: Output,
    shipment: str,
    follow: bool,
    interval: float,
    last: int | None,
) -> int:
    """Show the history of SHIPMENT, newest last, and its latest status.

    Updates are in the order in which they happened, not in which they arrived. With --json each
    row is a line, as it is stored. If none is stored, the failed-updates queue is searched, and
    --follow waits for the first. Exit status: 2 if no update is stored.
    """
    stack, shipment = target.find(), shipment.strip()
    history, statuses = History(stack, shipment), Statuses(stack)
    rows = history.rows(last)
    if rows:
        _print(output, rows, statuses)
        output.show("", _latest(rows[-1], len(rows), last, statuses))
    with Interrupt() as interrupt:
        if not rows:
            known = _nothing_stored(stack, shipment, interrupt)
            if interrupt.asked:
                return 130
            if not follow:
                raise CommandError(known)
            output.say(f"{known}. Waiting for the first update, until Ctrl-C.")
        if not follow:
            return 0
        newest = rows[-1]["timestamp"] if rows else 0
        while not interrupt.wait(interval):
            for row in history.news():
                output.record(row)
                late = " (late)" if row["timestamp"] < newest else ""
                output.show("  ".join(_cells(row, statuses)) + late)
                newest = max(newest, row["timestamp"])
    return 130


def _nothing_stored(stack: Stack, shipment: str, interrupt: Interrupt) -> str:
    """Return that no update is stored, and what the failed-updates queue has of the shipment."""
    stored = f"no update of {one_line(shipment)} is stored in stack {stack.name}"
    try:
        found, problems = failed_of(stack, shipment, interrupt)
    except (BotoCoreError, ClientError) as error:
        why = explain(error)
        return f"{stored}: check its id (the failed-updates queue was not searched: {why})"
    missed = f" ({' '.join(problems)})" if problems else ""
    if not found:
        return f"{stored}, and none is on the failed-updates queue: check its id{missed}"
    newest = found[-1]
    count = len({update.key for update in found})
    return (
        f"{stored}; {count} {'is' if count == 1 else 'are'} on the failed-updates queue: "
        f"{newest.where.value}: {one_line(newest.why)}; see: "
        f"shipments failed --shipment {shlex.quote(shipment)}{missed}"
    )


def _print(output: Output, rows: list[Row], statuses: Statuses) -> None:
    for row in rows:
        output.record(row)
    output.show(table(COLUMNS, [_cells(row, statuses) for row in rows]))


def _cells(row: Row, statuses: Statuses) -> list[str]:
    """Return what people see of a row: texts without line breaks."""
    happened = str(row["eventTime"]).replace("T", " ").rstrip("Z")
    texts = happened, statuses.marked(row["status"]), row["location"], row["carrier"]
    return [one_line(text) for text in texts]


def _latest(row: Row, count: int, last: int | None, statuses: Statuses) -> str:
    happened, status, location, carrier = _cells(row, statuses)
    alerted = ", alerted" if "alertedAt" in row else ""
    shown = f"the last {count} shown" if last else f"{number(count, 'update')} in all"
    return f"Latest: {status}{alerted}, {happened} UTC, {location} ({carrier}); {shown}."
