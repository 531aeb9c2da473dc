"""The command list."""

import sys
from datetime import datetime, timedelta, timezone
from typing import Any

import click

from shipments.interrupt import Interrupt
from shipments.latest import Filter, Latest, fields
from shipments.newest import read
from shipments.options import Duration, Moment, Target, examples, for_stack
from shipments.output import Output, number, table
from shipments.rows import Statuses
from shipments.sheet import Sheet

COLUMNS = ("Shipment", "Latest (UTC)", "Status", "Location", "Carrier")
CSV_COLUMNS = ("shipmentId", "eventTime", "status", "critical", "location", "carrier")
SORTS = {
    "time": lambda latest: (-latest.timestamp, latest.shipment),
    "shipment": lambda latest: latest.shipment,
    "status": lambda latest: (latest.status, -latest.timestamp),
    "carrier": lambda latest: (latest.carrier.casefold(), -latest.timestamp),
}
SHOWN = 100  # of the table for people, which is laid out as a whole


@click.command(
    "list",
    short_help="List the latest status of each shipment.",
    epilog=examples(
        "shipments list --critical",
        "shipments list --stale 3d --reverse",
        "shipments list --status exception --status delayed --carrier FedEx",
        "shipments list --since 24h --csv > shipments.csv",
        "shipments list --sort shipment --json",
    ),
)
@click.option(
    "--status",
    multiple=True,
    metavar="STATUS",
    help="With this status, in any spelling. Repeatable.",
)
@click.option("--critical", is_flag=True, help="With a status of CriticalStatuses.")
@click.option("--carrier", multiple=True, metavar="NAME", help="Of this carrier. Repeatable.")
@click.option(
    "--stale",
    type=Duration(),
    help="Without an update for this long, as 3d, and not delivered, returned or cancelled.",
)
@click.option("--since", type=Moment(), help="With an update since then, as 24h.")
@click.option("--sort", type=click.Choice(list(SORTS)), default="time", show_default=True)
@click.option("--reverse", is_flag=True, help="The other way round.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"The first N only. Default: {SHOWN}, all with --csv and --json.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one line per shipment.")
@for_stack
def list_shipments(  # noqa: PLR0913 - an option each
    *,
    target: Target,
    output: Output,
    sort: str,
    reverse: bool,
    limit: int | None,
    as_csv: bool,
    since: datetime | None,
    **which: Any,
) -> int:
    """List the latest status of each shipment, the newest first.

    Filters apply to the latest update of a shipment; all must match. Where a status table is
    deployed beside the stack, that is read, and with --status only its items with that status.
    Otherwise the whole table of updates is read. What that costs is printed first if it is large.
    The last updates may be missing: of a second, or of the status table's BatchWindowSeconds.
    """
    if as_csv and output.as_json:
        raise click.UsageError("--csv and --json: pass one of them")
    stack = target.find()
    statuses = Statuses(stack)
    wanted = _filter(statuses, **which)
    with Interrupt() as interrupt:
        reading = read(stack, wanted.words, since, output, interrupt)
    found = [latest for latest in reading.shipments if wanted.fits(latest, statuses)]
    found.sort(key=SORTS[sort], reverse=reverse)
    limit = limit or (None if as_csv or output.as_json else SHOWN)
    if as_csv:
        sheet = Sheet(sys.stdout, CSV_COLUMNS)
        for latest in found[:limit]:
            sheet.write(fields(latest, statuses))
    else:
        _show(output, found[:limit], statuses)
    read_all = len(reading.shipments) if reading.is_all else len(found)
    output.say(_count(len(found), len(found[:limit]), read_all, reading.source))
    if interrupt.asked:
        output.say("Interrupted: shipments are missing, and a status may not be the latest.")
        return 130
    return 0


def _filter(
    statuses: Statuses,
    *,
    status: tuple[str, ...],
    critical: bool,
    carrier: tuple[str, ...],
    stale: timedelta | None,
) -> Filter:
    words = frozenset(map(statuses.word, status))
    if "" in words:
        raise click.UsageError("--status: must have a letter or a digit")
    stale_ms = None
    if stale is not None:
        stale_ms = round((datetime.now(timezone.utc) - stale).timestamp() * 1000)
    carriers = frozenset(each.strip().casefold() for each in carrier)
    return Filter(words, carriers, critical, stale_ms)


def _show(output: Output, found: list[Latest], statuses: Statuses) -> None:
    for latest in found:
        output.record(fields(latest, statuses))
    if found:
        output.show(table(COLUMNS, [_cells(latest, statuses) for latest in found]))


def _cells(latest: Latest, statuses: Statuses) -> list[str]:
    happened = latest.event_time[:19].replace("T", " ")
    status = statuses.marked(latest.status)
    return [latest.shipment, happened, status, latest.location, latest.carrier]


def _count(found: int, shown: int, read: int, source: str) -> str:
    counted = f"{found:,} of {read:,} shipments" if found < read else number(found, "shipment")
    more = f": {shown:,} shown, {found - shown:,} more" if shown < found else ""
    return f"{counted}{source}{more}."
