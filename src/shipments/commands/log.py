"""The command log."""

from datetime import datetime, timezone

import click

from shipments.log import OUTCOMES, Entry, find
from shipments.options import Moment, Target, examples, for_stack
from shipments.output import Output, number, table, utc

COLUMNS = ("Logged (UTC)", "Outcome", "Shipment", "Status", "Why")


@click.command(
    short_help="Show what the function logged.",
    epilog=examples(
        "shipments log --outcome rejected --outcome failed",
        "shipments log --shipment SHIP-12345 --since 7d",
        "shipments log --since 2026-11-01T06:00:00Z --limit 1000 --json",
    ),
)
@click.option(
    "--outcome", multiple=True, type=click.Choice(OUTCOMES), help="Only these; may be repeated."
)
@click.option("--shipment", metavar="ID", help="Only this shipment's lines.")
@click.option("--since", type=Moment(), default="1h", show_default=True, help="ISO 8601, or 2h.")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    metavar="N",
    help="At most so many lines, the newest.",
)
@for_stack
def log(  # noqa: PLR0913 - an option each
    *,
    target: Target,
    output: Output,
    outcome: tuple[str, ...],
    shipment: str | None,
    since: datetime,
    limit: int,
) -> int:
    """Show lines of the function's log, newest last: one per invocation, so one per attempt.

    It also has what the table does not show: what was rejected, failed or came twice. An
    invocation that Lambda ended (out of time or memory) logs no line of its own: Lambda's report
    of it is shown as failed, without a shipment.

    With --json each line is printed as the function logged it. The newest lines can be some
    seconds late.
    """
    stack = target.find()
    shipment = shipment.strip() if shipment else None
    with output.progress("Reading", None) as advance:
        found = find(
            stack, since, outcomes=outcome, shipment=shipment, limit=limit, progress=advance
        )
    for entry in found:
        output.record(entry.fields)
    if found:
        output.show(table(COLUMNS, [_cells(entry) for entry in found]))
    more = f", the newest {limit:,}" if len(found) == limit else ""
    output.show(f"{number(len(found), 'line')} since {utc(since)} UTC{more}.")
    return 0


def _cells(entry: Entry) -> list[str]:
    logged = datetime.fromtimestamp(entry.time_ms / 1000, timezone.utc)
    fields = entry.fields
    status = fields.get("Status") or fields.get("status", "")
    shipment = str(fields.get("shipmentId", ""))
    return [f"{logged:%m-%d %H:%M:%S}", entry.outcome, shipment, str(status), entry.why]
