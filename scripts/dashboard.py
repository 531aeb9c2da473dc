"""Draws the deployed dashboard to a PNG, as CloudWatch's console would show it."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import click

from scripts.drawing.dashboard import Missing, picture
from scripts.drawing.series import NO_DATA, Span
from scripts.drawing.widgets import BodyError
from scripts.embed import ROOT
from scripts.operations.deployed import CALLS
from scripts.operations.errors import WrongUse
from scripts.operations.oneline import OneLine
from scripts.operations.options import Target, examples, for_stack
from scripts.operations.output import Output

PICTURE = ROOT / "build" / "dashboard.png"
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
    ),
    context_settings={"max_content_width": 100},
)
@click.option(
    "--output",
    "path",
    type=click.Path(path_type=Path),
    default=PICTURE,
    show_default="build/dashboard.png",
    help="Where to write the PNG.",
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
    help="What a point stands for; without it what each widget says.",
)
@for_stack
def main(*, target: Target, output: Output, path: Path, minutes: int, period: int | None) -> int:
    """Draw a stack's dashboard to a PNG, from its body and data as they are deployed.

    It asks CloudWatch for the body, the metrics and the alarms, and Logs Insights for the log, in
    the account, region and endpoint that the AWS settings of the environment name.

    Exit status: 0 if it was drawn, also if some series have no data; 2 if it was not.
    """
    _check(path, minutes, period)
    now = datetime.now(timezone.utc)
    deployed = target.find()
    name = deployed.outputs.get("DashboardName")
    if name is None:
        raise WrongUse(f"stack {deployed.name} has no output DashboardName: deploy it again")
    span = Span(now - timedelta(minutes=minutes), now, period)
    make = partial(deployed.session.client, config=CALLS)
    try:
        found = picture(make, deployed.name, name, span)
    except BodyError as error:
        raise WrongUse(f"dashboard {name}: {error}") from None
    write(found.png(), path)
    output.show(*described(path, found.missing))
    output.record({"picture": str(path), "noData": list(map(str, found.missing))})
    return 0


def write(png: bytes, path: Path) -> None:
    """Write a picture; raise WrongUse if that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png)
    except OSError as error:
        raise WrongUse(f"--output: cannot write {path}: {error.strerror}") from None


def described(path: Path, missing: Sequence[Missing]) -> list[str]:
    """Return what to print of a picture: its path, and what is missing in it."""
    empty = [each.series for each in missing if each.why == NO_DATA]
    series = [f"Series without data in this time: {', '.join(empty)}."] if empty else []
    others = [str(each) for each in missing if each.why != NO_DATA]
    return [f"The dashboard is drawn in {path}.", *series, *others]


def _check(path: Path, minutes: int, period: int | None) -> None:
    """Raise WrongUse for what cannot be meant."""
    if path.suffix.lower() != ".png":
        raise WrongUse(f"--output: {path} must end in .png")
    if path.is_dir():
        raise WrongUse(f"--output: {path} is a folder: say a file in it")
    if period is None:
        return
    if period not in SHORT_PERIODS and period % MINUTE:
        short = ", ".join(map(str, SHORT_PERIODS))
        raise WrongUse(f"--period: {period} must be {short} or a multiple of {MINUTE} s")
    if minutes * MINUTE / period > MOST_POINTS:
        least = -(-minutes * MINUTE // MOST_POINTS)
        raise WrongUse(
            f"--period: {period} s makes more than {MOST_POINTS} points of {minutes} minutes: "
            f"say {least} or more, or fewer --minutes"
        )


if __name__ == "__main__":
    main(prog_name="scripts/dashboard")
