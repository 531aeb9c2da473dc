"""The command erase."""

from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path

import click

from shipments.erase import Copy, Eraser, Found, copies
from shipments.errors import one_line
from shipments.files import private
from shipments.interrupt import Interrupt
from shipments.oneline import INTERRUPTED
from shipments.options import Target, examples, for_stack
from shipments.output import Output, iso, number, utc


@click.command(
    short_help="Erase a shipment's rows and failed updates.",
    epilog=examples(
        "shipments erase SHIP-12345 --dry-run",
        "shipments erase SHIP-12345",
        "shipments erase SHIP-12345 --yes --save SHIP-12345.jsonl",
    ),
)
@click.argument("shipment")
@click.option("--dry-run", is_flag=True, help="Only show what would be erased.")
@click.option("--yes", is_flag=True, help="Erase without being asked, as in scripts.")
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Add each row and message to it before it is deleted.",
)
@for_stack
def erase(  # noqa: PLR0913 - an option each
    *, target: Target, output: Output, shipment: str, dry_run: bool, yes: bool, save: Path | None
) -> int:
    """Erase what the table and the failed-updates queue have of SHIPMENT, after confirmation.

    It cannot be undone, except with --save. It shows where the shipment's data stays, and until
    when. It does not stop updates that are still to come: they are stored as before.

    Exit status: 1 if there is nothing of the shipment, or if you do not confirm.
    """
    shipment = shipment.strip()
    if not shipment:
        raise click.BadParameter("must not be empty", param_hint="SHIPMENT")
    stack = target.find()
    with Interrupt() as interrupt:
        eraser = Eraser(stack, shipment, interrupt)
        _, hidden = eraser.queue().depth()
        with output.progress("Reading", None):
            found = eraser.look()
    if interrupt.asked:
        output.say("Interrupted: nothing was erased.")
        return INTERRUPTED
    show = output.say if output.as_json else output.show
    show(f"Shipment {one_line(shipment)}: {_counts(found)}{_elsewhere(found, hidden)}")
    is_there = bool(found.rows or found.messages)
    if is_there and not dry_run:
        if not yes and not _is_confirmed():
            output.say("Nothing was erased.")
            return 1
        with ExitStack() as after:
            file = after.enter_context(private(save, "a")) if save else None
            after.enter_context(interrupt)
            after.callback(lambda: output.show(f"Erased {_counts(eraser.erased)}."))
            advance = after.enter_context(output.progress("Erasing", found.rows + found.messages))
            eraser.erase(file, advance)
    _report(output, shipment, found, eraser.erased, copies(stack, datetime.now(timezone.utc)))
    if interrupt.asked:
        output.say("Interrupted: run it again for the rest.")
        return INTERRUPTED
    if is_there and not dry_run and eraser.erased != found:
        output.say("Not all of it was there, or more had come: run it again.")
        return 1
    return 0 if is_there else 1


def _is_confirmed() -> bool:
    try:
        return click.confirm("Erase them?", err=True)
    except click.Abort:
        return False


def _counts(found: Found) -> str:
    return f"{number(found.rows, 'row')}, {number(found.messages, 'message')} on the queue"


def _elsewhere(found: Found, hidden: int) -> str:
    """Return what may be on the queue of the shipment, but is not counted."""
    parts = ""
    if found.unreadable:
        several = number(
            found.unreadable, "unreadable message contains", "unreadable messages contain"
        )
        parts += f"; {several} its id: see failed --json, and discard them"
    if hidden:
        parts += f"; about {number(hidden, 'message')} cannot be read now: run it again in a minute"
    return f"{parts}."


def _report(output: Output, shipment: str, found: Found, erased: Found, kept: list[Copy]) -> None:
    output.record(
        {
            "shipmentId": shipment,
            "found": {"rows": found.rows, "messages": found.messages},
            "erased": {"rows": erased.rows, "messages": erased.messages},
            "unreadable": found.unreadable,
            "kept": [
                {"where": copy.where, "until": iso(copy.until) if copy.until else None}
                for copy in kept
            ],
        }
    )
    output.show("Not erased, and kept until (UTC):")
    for copy in kept:
        until = utc(copy.until)[:16] if copy.until else "no end"
        output.show(f"  {until:16}  {copy.what}")
