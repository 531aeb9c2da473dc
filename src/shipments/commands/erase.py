"""The command erase."""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import IO

import click

from shipments.erase import Copy, Eraser, Found, copies, forget
from shipments.errors import one_line
from shipments.files import private
from shipments.interrupt import Interrupt
from shipments.oneline import INTERRUPTED
from shipments.options import Target, examples, for_stack
from shipments.output import Output, iso, number, utc


@click.command(
    short_help="Erase shipments' rows and failed updates.",
    epilog=examples(
        "shipments erase SHIP-12345 --dry-run",
        "shipments erase SHIP-12345",
        "shipments erase SHIP-12345 --yes --save SHIP-12345.jsonl",
        "shipments erase --ids erased.txt --yes",
    ),
)
@click.argument("shipments", nargs=-1, metavar="[SHIPMENT]...")
@click.option(
    "--ids",
    type=click.File(encoding="utf-8-sig"),
    metavar="FILE",
    help="Also the shipments in this file, one id per line.",
)
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
    *,
    target: Target,
    output: Output,
    shipments: tuple[str, ...],
    ids: IO[str] | None,
    dry_run: bool,
    yes: bool,
    save: Path | None,
) -> int:
    """Erase what the table and the failed-updates queue have of each SHIPMENT, once confirmed.

    It cannot be undone, except with --save. It shows where the shipments' data stays, and until
    when. It does not stop updates that are still to come: they are stored as before. Where a
    status table is deployed beside the stack, its function removes the shipments there.

    Exit status: 1 if there is nothing of any of them, or if you do not confirm.
    """
    wanted = _wanted(shipments, ids)
    stack = target.find()
    with Interrupt() as interrupt:
        eraser = Eraser(stack, wanted, interrupt)
        _, hidden = eraser.queue().depth()
        with output.progress("Reading", None):
            found = eraser.look()
    if interrupt.asked:
        output.say("Interrupted: nothing was erased.")
        return INTERRUPTED
    _show(output, found, hidden)
    is_there = any(each.rows or each.messages for each in found.values())
    if is_there and not dry_run:
        if not yes and not _is_confirmed():
            output.say("Nothing was erased.")
            return 1
        with ExitStack() as after:
            file = after.enter_context(private(save, "a")) if save else None
            after.enter_context(interrupt)
            after.callback(lambda: output.show(f"Erased {_counts(*eraser.erased.values())}."))
            total = sum(each.rows + each.messages for each in found.values())
            advance = after.enter_context(output.progress("Erasing", total))
            eraser.erase(file, advance)
    staying = None if dry_run else forget(stack, wanted, interrupt)
    _report(output, found, eraser.erased, staying, copies(stack, datetime.now(timezone.utc)))
    if interrupt.asked:
        output.say("Interrupted: run it again for the rest.")
        return INTERRUPTED
    if is_there and not dry_run and eraser.erased != found:
        output.say("Not all of it was there, or more had come: run it again.")
        return 1
    return 0 if is_there else 1


def _wanted(shipments: tuple[str, ...], ids: IO[str] | None) -> list[str]:
    """Return the ids to erase; raise click.UsageError if there are none."""
    if not all(map(str.strip, shipments)):
        raise click.BadParameter("must not be empty", param_hint="SHIPMENT")
    try:
        lines = ids.readlines() if ids else []
    except UnicodeDecodeError as error:
        raise click.BadParameter(f"is not UTF-8: {error}", param_hint="--ids") from None
    wanted = [shipment.strip() for shipment in (*shipments, *lines) if shipment.strip()]
    if not wanted:
        raise click.UsageError("which shipments? Pass an id, or --ids FILE with one per line")
    return wanted


def _is_confirmed() -> bool:
    try:
        return click.confirm("Erase them?", err=True)
    except click.Abort:
        return False


def _show(output: Output, found: Mapping[str, Found], hidden: int) -> None:
    """Print what there is of each shipment, and what cannot be known."""
    show = output.say if output.as_json else output.show
    for shipment, each in found.items():
        several = number(
            each.unreadable, "unreadable message contains", "unreadable messages contain"
        )
        discard = f"; {several} its id: see failed --json, and discard them"
        show(f"Shipment {one_line(shipment)}: {_counts(each)}{discard if each.unreadable else ''}.")
    if hidden:
        show(f"About {number(hidden, 'message')} cannot be read now: run it again in a minute.")


def _counts(*found: Found) -> str:
    rows, messages = sum(each.rows for each in found), sum(each.messages for each in found)
    return f"{number(rows, 'row')}, {number(messages, 'message')} on the queue"


def _report(
    output: Output,
    found: Mapping[str, Found],
    erased: Mapping[str, Found],
    staying: Mapping[str, str] | None,
    kept: list[Copy],
) -> None:
    for shipment, each in found.items():
        output.record(
            {
                "shipmentId": shipment,
                "found": {"rows": each.rows, "messages": each.messages},
                "erased": {
                    "rows": erased[shipment].rows,
                    "messages": erased[shipment].messages,
                },
                "unreadable": each.unreadable,
                "statusTable": _state(staying, shipment),
                "kept": [
                    {"where": copy.where, "until": iso(copy.until) if copy.until else None}
                    for copy in kept
                ],
            }
        )
    if staying:
        why = next(iter(staying.values()))
        output.show(
            f"{number(len(staying), 'shipment')} may still be in the status table, until its "
            f"function has read the table's stream: {one_line(why)}"
        )
    elif staying is not None:
        output.show("Gone from the status table, too.")
    output.show("Not erased, and kept until (UTC):")
    for copy in kept:
        until = utc(copy.until)[:16] if copy.until else "no end"
        output.show(f"  {until:16}  {copy.what}")


def _state(staying: Mapping[str, str] | None, shipment: str) -> str | None:
    """Return what is known of a shipment's item in the status table, if there is one."""
    if staying is None:
        return None
    return "pending" if shipment in staying else "gone"
