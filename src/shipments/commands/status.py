"""The commands for the status table: status rebuild."""

import click

from shipments import mails
from shipments.errors import CommandError, one_line
from shipments.interrupt import Interrupt
from shipments.oneline import INTERRUPTED
from shipments.options import Target, examples, for_stack
from shipments.output import Output, number
from shipments.refreshing import NOTHING_NEW, Refreshed, refresh
from shipments.scan import Scan
from shipments.stack import Stack
from shipments.status_stack import companion

SHOWN = 20
WARNING = (
    "shipments that are in a critical status now, and that nobody was mailed about, are mailed: in "
    "one digest, or in one per BatchWindowSeconds while this runs. --no-mail mails none of them."
)


@click.group(
    short_help="Fill the status table.",
    epilog=examples("shipments status rebuild", "shipments status rebuild --json"),
)
def status() -> None:
    """Work on the status table of the stack that is deployed beside the main one."""


@status.command(
    short_help="Compute the status of each shipment anew.",
    epilog=examples(
        "shipments status rebuild",
        "shipments status rebuild --yes --json",
        "shipments status rebuild --shipment SHIP-12345",
    ),
)
@click.option("--shipment", multiple=True, metavar="ID", help="Only of this one. Repeatable.")
@click.option("--no-mail", is_flag=True, help="Mail nobody about what is critical now.")
@click.option("--yes", is_flag=True, help="Do not ask before mails.")
@for_stack
def rebuild(
    *, target: Target, output: Output, shipment: tuple[str, ...], no_mail: bool, yes: bool
) -> int:
    """Compute the status of each shipment anew from the table of updates.

    Run it once after the status stack was deployed beside a table that has updates already, and
    after rows were changed while its function did not run. Updates may come in meanwhile. What is
    right already stays as it is, so it can be run again at any time.

    It mails who is in a critical status now and was in no mail of the status stack yet. It warns
    of that, and asks at a terminal.

    It reads the ids of the whole table; what that costs is printed first if the table is large.

    Exit status: 1 if a shipment failed.
    """
    wanted = [each.strip() for each in shipment]
    if not all(wanted):
        raise click.BadParameter("must not be empty", param_hint="--shipment")
    stack = target.find()
    beside = companion(stack)
    if beside is None:
        raise CommandError(
            f"stack {stack.name} has no status stack: deploy templates/ShipmentStatus.yml with "
            f"EnvironmentSuffix={stack.suffix}"
        )
    if not no_mail:
        mails.confirm(output, WARNING, yes=yes)
    with Interrupt() as interrupt:
        ids = wanted or _ids(stack, beside, output, interrupt)
        since = NOTHING_NEW if no_mail else None
        with output.progress("Refreshing", len(ids)) as advance:
            result = refresh(beside, ids, since, interrupt, advance)
    _report(output, result)
    if interrupt.asked:
        output.say("Interrupted: run it again for the rest.")
        return INTERRUPTED
    if result.stopped:
        raise CommandError(result.stopped)
    return 0 if result.is_complete else 1


def _report(output: Output, result: Refreshed) -> None:
    output.record(
        {
            "shipments": result.asked,
            "refreshed": result.refreshed,
            "failed": result.failed,
            "stopped": result.stopped or None,
        }
    )
    output.show(f"Refreshed {result.refreshed:,} of {number(result.asked, 'shipment')}.")
    for shipment, why in sorted(result.failed.items())[:SHOWN]:
        output.show(one_line(f"Failed: {shipment}: {why}"))
    if len(result.failed) > SHOWN:
        output.show(f"and {number(len(result.failed) - SHOWN, 'more shipment')}: see --json.")


def _ids(stack: Stack, beside: Stack, output: Output, interrupt: Interrupt) -> list[str]:
    """Return the ids of the shipments that have rows, or an item in the status table."""
    ids: set[str] = set()
    for page in Scan(stack, ["shipmentId"]).pages(output, interrupt):
        ids.update(row["shipmentId"] for row in page)
    table = beside["ShipmentStatusTableName"]
    for page in Scan(beside, ["shipmentId", "status"], table=table).pages(output, interrupt):
        ids.update(row["shipmentId"] for row in page if "status" in row)
    return sorted(ids)
