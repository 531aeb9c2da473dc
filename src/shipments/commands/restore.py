"""The command restore."""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import click

from shipments.errors import one_line
from shipments.files import add_line, private
from shipments.interrupt import Interrupt
from shipments.oneline import INTERRUPTED
from shipments.options import Target, examples, for_stack
from shipments.output import Output, number
from shipments.restore import Compared, Restorer
from shipments.rows import plain

SHOWN = 10


@click.command(
    short_help="Copy missing rows back from a restored table.",
    epilog=examples(
        "shipments restore shipment-logs-prod-restored --dry-run",
        "shipments restore shipment-logs-prod-restored",
        "shipments restore shipment-logs-prod-restored --replace replaced.jsonl",
    ),
)
@click.argument("table")
@click.option("--dry-run", is_flag=True, help="Only show what would be copied.")
@click.option(
    "--replace",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also replace rows that differ, each after it is added to FILE.",
)
@for_stack
def restore(
    *, target: Target, output: Output, table: str, dry_run: bool, replace: Path | None
) -> int:
    """Copy the rows of TABLE that the stack's table lacks, as they are, without any alert.

    TABLE is the stack's table at an earlier time, as point-in-time recovery restores it under
    another name. A row that is there is not changed, unless it differs and --replace is passed.
    It may run while updates come in, and again.

    Exit status: 1 if rows differ and are not replaced.
    """
    restorer = Restorer(target.find(), table)
    report = _Report()
    with ExitStack() as after, Interrupt() as interrupt:
        file = after.enter_context(private(replace, "a")) if replace and not dry_run else None
        for compared in restorer.copy(output, interrupt, dry_run=dry_run):
            for each in compared:
                if file and each.existing and each.differences:
                    _replace(restorer, each, file)
                report.count(each)
    report.show(output, dry_run=dry_run, replaces=replace is not None)
    if interrupt.asked:
        output.say("Interrupted: run it again for the rest.")
        return INTERRUPTED
    return 1 if report.counts["different"] and replace is None else 0


def _replace(restorer: Restorer, compared: Compared, file: IO[str]) -> None:
    add_line(file, {"row": compared.existing})
    restorer.replace(compared.restored)


class _Report:
    """What became of the rows. counts: how many of each kind."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter(missing=0, existing=0, different=0)
        self._different: list[dict[str, Any]] = []

    def count(self, compared: Compared) -> None:
        """Count a row."""
        if compared.existing is None:
            self.counts["missing"] += 1
        elif not compared.differences:
            self.counts["existing"] += 1
        else:
            self.counts["different"] += 1
            row = plain(compared.restored)
            key = {name: row[name] for name in ("shipmentId", "timestamp")}
            self._different.append({**key, "attributes": compared.differences})

    def show(self, output: Output, *, dry_run: bool, replaces: bool) -> None:
        """Print the counts, and the first of the rows that differ."""
        output.record({**self.counts, "differentRows": self._different, "dryRun": dry_run})
        copied = "would be copied" if dry_run else "copied now"
        replaced = "would be replaced" if dry_run else "replaced now"
        kinds = {
            "missing": f"missing, {copied}",
            "existing": "there already",
            "different": f"different, {replaced if replaces else 'not changed'}",
        }
        for kind, shown in kinds.items():
            output.show(f"  {shown:28} {self.counts[kind]:>9,}")
        for row in self._different[:SHOWN]:
            names = ", ".join(row["attributes"])
            output.show(
                one_line(f"Different: {row['shipmentId']}, timestamp {row['timestamp']}: {names}")
            )
        if len(self._different) > SHOWN:
            output.show(f"and {number(len(self._different) - SHOWN, 'more row')}: see --json.")
