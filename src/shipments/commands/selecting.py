"""The options that select failed updates, which several commands have."""

from collections.abc import Callable
from datetime import timedelta

import click

from shipments.options import Duration
from shipments.selection import Selection

SELECTING = [
    click.option("--shipment", multiple=True, metavar="ID", help="Only of this one. Repeatable."),
    click.option(
        "--id",
        "ids",
        multiple=True,
        metavar="ID",
        help="Only the update of this event or message (see failed --json). Repeatable.",
    ),
    click.option("--reason", default="", metavar="TEXT", help="Only if TEXT is in the reason."),
    click.option("--older-than", "older", type=Duration(), help="Only if it failed before, as 2h."),
    click.option("--newer-than", "newer", type=Duration(), help="Only if it failed since, as 2h."),
]


def selecting(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that select failed updates."""
    for option in reversed(SELECTING):
        command = option(command)
    return command


def selection(
    shipment: tuple[str, ...],
    ids: tuple[str, ...],
    reason: str,
    older: timedelta | None,
    newer: timedelta | None,
) -> Selection:
    """Return what these options select."""
    shipments = frozenset(each.strip() for each in shipment)
    return Selection(shipments, frozenset(ids), reason, older, newer)
