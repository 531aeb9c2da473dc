"""Draws the deployed dashboard to a PNG, as CloudWatch's console would show it."""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TextIO, cast

import click

from scripts.drawing.body import BodyError
from scripts.drawing.dashboard import Missing, picture
from scripts.drawing.metrics import NO_DATA, Span
from scripts.drawing.picture import png
from scripts.embed import ROOT
from shipments.errors import CommandError
from shipments.files import private
from shipments.oneline import OneLine
from shipments.options import Target, examples, for_stack
from shipments.output import Output
from shipments.stack import Stack
from shipments.status_stack import companion

PICTURE = ROOT / "build" / "dashboard.png"
STATUS_PICTURE = PICTURE.with_name("status.png")  # of the status stack
DEFAULT_MINUTES = 180
MOST_MINUTES = 455 * 24 * 60  # CloudWatch keeps a metric for so long
SHORT_PERIODS = (1, 5, 10, 20, 30)
MINUTE = 60
MOST_POINTS = 1440  # of a series: more than the picture has room for


@click.command(
    "dashboard",
    cls=OneLine,
    epilog=examples(
        "scripts/dashboard --stack-name logistics-processing-dev",
        "scripts/dashboard --minutes 1440 --period 900 --output day.png",
        "scripts/dashboard --status-stack",
    ),
    context_settings={"max_content_width": 100},
)
@click.option(
    "--output",
    "path",
    type=click.Path(path_type=Path),
    help="Where to write the PNG.  [default: build/dashboard.png, or build/status.png]",
)
@click.option(
    "--status-stack", is_flag=True, help="Draw the dashboard of the stack's status stack instead."
)
@click.option(
    "--minutes",
    type=click.IntRange(1, MOST_MINUTES),
    default=DEFAULT_MINUTES,
    show_default=True,
    help="How far back to look.",
)
@click.option(
    "--period",
    type=click.IntRange(1),
    metavar="SECONDS",
    help="How many seconds one point covers; default: what each widget sets.",
)
@for_stack
def main(  # noqa: PLR0913 - an option each
    *,
    target: Target,
    output: Output,
    path: Path | None,
    status_stack: bool,
    minutes: int,
    period: int | None,
) -> int:
    """Draw a stack's dashboard to a PNG, with its data in the last minutes.

    It reads the deployed dashboard, the metrics and alarms from CloudWatch, and the log with Logs
    Insights, in the account, region and endpoint that the AWS settings of the environment name.

    Exit status: 0 if the picture was written, even if some series have no data; otherwise 2.
    """
    path = path or (STATUS_PICTURE if status_stack else PICTURE)
    _check(path, minutes, period)
    now = datetime.now(timezone.utc)
    deployed, of = target.find(), "DashboardName"
    if status_stack:
        deployed, of = _status_stack(deployed), "StatusDashboardName"
    name = deployed.outputs.get(of)
    if name is None:
        raise CommandError(f"stack {deployed.name} has no output {of}: deploy it again")
    span = Span(now - timedelta(minutes=minutes), now, period)
    try:
        found = picture(deployed.client, deployed.name, name, span)
    except BodyError as error:
        raise CommandError(f"dashboard {name}: {error}") from None
    write(png(found.figure), path)
    output.show(*described(path, found.missing))
    output.record({"picture": str(path), "noData": list(map(str, found.missing))})
    return 0


def _status_stack(stack: Stack) -> Stack:
    found = companion(stack)
    if found is None:
        raise CommandError(
            f"--status-stack: {stack.name} has none: deploy templates/ShipmentStatus.yml beside it"
        )
    return found


def write(data: bytes, path: Path) -> None:
    """Write a picture; raise CommandError if that is not possible."""
    try:
        if path.parent == PICTURE.parent:
            path.parent.mkdir(exist_ok=True)
        with private(path, "w") as file:
            os.fchmod(file.fileno(), 0o600)  # others may read the one before
            cast("TextIO", file).buffer.write(data)
    except OSError as error:
        raise CommandError(f"--output: cannot write {path}: {error.strerror}") from None


def described(path: Path, missing: Sequence[Missing]) -> list[str]:
    """Return what to print about a picture: its path, and what is missing in it."""
    empty = ", ".join(each.what for each in missing if each.why == NO_DATA)
    series = [f"Series without data in this time: {empty}."] if empty else []
    others = [str(each) for each in missing if each.why != NO_DATA]
    return [f"The dashboard is drawn in {path}.", *series, *others]


def _check(path: Path, minutes: int, period: int | None) -> None:
    """Raise CommandError for options that cannot work."""
    if path.suffix.lower() != ".png":
        raise CommandError(f"--output: {path} must end in .png")
    if path.is_dir():
        raise CommandError(f"--output: {path} is a folder: pass a file in it")
    if path.parent != PICTURE.parent and not path.parent.is_dir():
        raise CommandError(
            f"--output: there is no folder {path.parent}: create it, or pass another"
        )
    if period is None:
        return
    if period not in SHORT_PERIODS and period % MINUTE:
        short = ", ".join(map(str, SHORT_PERIODS))
        raise CommandError(f"--period: {period} must be {short} or a multiple of {MINUTE} s")
    if minutes * MINUTE / period > MOST_POINTS:
        least = -(-minutes * MINUTE // MOST_POINTS)
        raise CommandError(
            f"--period: {period} s makes more than {MOST_POINTS} points of {minutes} minutes: "
            f"pass {least} or more, or fewer --minutes"
        )


if __name__ == "__main__":
    main(prog_name="scripts/dashboard")
