"""The command export."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

import click

from shipments.errors import CommandError
from shipments.files import private
from shipments.interrupt import Interrupt
from shipments.options import Moment, Target, examples, for_stack
from shipments.output import Output, number
from shipments.rows import Row
from shipments.scan import Scan
from shipments.sheet import Sheet

COLUMNS = (
    "shipmentId",
    "timestamp",
    "eventTime",
    "status",
    "location",
    "carrier",
    "updateId",
    "processedAt",
    "alertedAt",
    "expiresAt",
    "rawEvent",
    "rawEventTruncated",
)
STDOUT = Path("-")


@click.command(
    short_help="Write the stored updates to a file.",
    epilog=examples(
        "shipments export --since 7d --output week.jsonl",
        "shipments export --since 14d --until 7d --csv > updates.csv",
    ),
)
@click.option("--since", type=Moment(), help="Updates that happened since then, as 7d.")
@click.option("--until", type=Moment(), help="Updates that happened before then.")
@click.option(
    "--output",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=STDOUT,
    metavar="FILE",
    help="A new file, which only you can read; without it standard output.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV instead of lines of JSON.")
@for_stack
def export(  # noqa: PLR0913 - an option each
    *,
    target: Target,
    output: Output,
    since: datetime | None,
    until: datetime | None,
    path: Path,
    as_csv: bool,
) -> int:
    """Write the stored updates, a line each: JSON with all that is stored, or CSV.

    A line of JSON can be sent again by send: the stack that it comes from knows the update by its
    updateId. Lines are in no order. The whole table is read in any case; what that costs is
    printed first if the table is large. An update of the last second may be missing.
    """
    if as_csv and output.as_json:
        raise click.UsageError("--csv and --json: pass one of them")
    if since and until and since >= until:
        raise click.UsageError("--until: must be later than --since")
    scan = Scan(target.find(), since=since, until=until)
    count = 0
    with Interrupt() as interrupt, _opened(path, interrupt) as file:
        write = _writer(file, as_csv=as_csv)
        for page in scan.pages(output, interrupt):
            for row in page:
                write(row)
            count += len(page)
    if interrupt.asked:
        what = "lines are missing" if path == STDOUT else f"{path} was incomplete, it is removed"
        output.say(f"Interrupted: {what}.")
        return 130
    output.say(f"Exported {number(count, 'update')}.")
    return 0


def _writer(file: IO[str], *, as_csv: bool) -> Callable[[Row], object]:
    if as_csv:
        return Sheet(file, COLUMNS).write
    return lambda row: file.write(json.dumps(row) + "\n")


@contextmanager
def _opened(path: Path, interrupt: Interrupt) -> Iterator[IO[str]]:
    """Open a new file for a with block, or standard output; only a complete file is kept."""
    if path == STDOUT:
        yield sys.stdout
        sys.stdout.flush()
        return
    try:
        file = private(path, "x")
    except FileExistsError:
        raise CommandError(f"--output: {path} exists: pass a new file, or remove it") from None
    is_complete = False
    try:
        with file:
            yield file
        is_complete = not interrupt.asked
    finally:
        if not is_complete:
            path.unlink(missing_ok=True)
