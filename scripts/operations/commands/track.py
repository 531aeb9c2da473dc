"""The command track."""

import click

from scripts.operations.errors import WrongUse, one_line
from scripts.operations.interrupt import Interrupt
from scripts.operations.options import Target, examples, for_stack
from scripts.operations.output import Output, number, table
from scripts.operations.tracking import History, Row

COLUMNS = ("Happened (UTC)", "Status", "Location", "Carrier")


@click.command(
    short_help="Show a shipment's history and latest status.",
    epilog=examples(
        "scripts/shipments track SHIP-12345",
        "scripts/shipments track SHIP-12345 --follow",
        "scripts/shipments track SHIP-12345 --last 1 --json",
    ),
)
@click.argument("shipment")
@click.option("--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
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

    Updates are in the order in which they happened, not in that of their arrival. With --json a
    row is a line, as it is stored. Exit status: 2 if nothing is known of the shipment.
    """
    deployed = target.find()
    history = History(deployed, shipment.strip())
    rows = history.rows(last)
    if not rows:
        raise WrongUse(f"no shipment {one_line(shipment)} in stack {deployed.name}: check its id")
    _print(output, rows)
    latest = rows[-1]
    output.show(_latest(latest, len(rows), last))
    if not follow:
        return 0
    with Interrupt() as interrupt:
        while not interrupt.wait(interval):
            for row in history.news():
                output.record(row)
                late = " (late)" if row["timestamp"] < latest["timestamp"] else ""
                output.show(f"{_cells(row)[0]}  {'  '.join(_cells(row)[1:])}{late}")
                latest = max(row, latest, key=lambda each: int(each["timestamp"]))
    return 130


def _print(output: Output, rows: list[Row]) -> None:
    for row in rows:
        output.record(row)
    output.show(table(COLUMNS, [_cells(row) for row in rows]))


def _cells(row: Row) -> list[str]:
    happened = str(row["eventTime"]).replace("T", " ").rstrip("Z")
    return [happened, *(one_line(str(row[name])) for name in ("status", "location", "carrier"))]


def _latest(row: Row, count: int, last: int | None) -> str:
    happened, status, location, carrier = _cells(row)
    alerted = ", alerted" if "alertedAt" in row else ""
    shown = f"the last {count} shown" if last else f"{number(count, 'update')} in all"
    return f"\nLatest: {status}{alerted}, {happened} UTC, {location} ({carrier}); {shown}."
