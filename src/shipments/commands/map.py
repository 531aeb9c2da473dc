"""The command map."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import click

from shipments import lines, rules
from shipments.carriers import SOURCES
from shipments.errors import CommandError, one_line
from shipments.lines import Detail, LineError
from shipments.mapping import mapped
from shipments.options import examples
from shipments.output import Output, number


@click.command(
    "map",
    short_help="Show what a carrier's payloads become, without AWS.",
    epilog=examples(
        "shipments map easypost webhook.json",
        "shipments map shippo webhooks.jsonl --json",
        "shipments map dcsa - --critical-statuses DELAYED,HOLD < events.json",
    ),
)
@click.argument("source", type=click.Choice(sorted(SOURCES)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--critical-statuses",
    default=rules.CRITICAL,
    metavar="WORDS",
    help="As the stack's CriticalStatuses; without it the template's default.",
)
@click.option("--json", "as_json", is_flag=True, help="Print each detail with what it would be.")
def map_payloads(*, source: str, file: str, critical_statuses: str, as_json: bool) -> int:
    """Print the details that the payloads of SOURCE in FILE become, a line of JSON each.

    FILE (- for standard input) is one payload, an array of payloads, or has one payload per line.
    What would be critical or rejected is said on standard error. Nothing is sent, and no stack is
    needed: the rules are those of this version of shipments.

    With --json each line has the detail, the status as it is stored, whether it is critical,
    and the rule that it breaks, or null.

    Exit status: 0 if all would be stored, 1 if some would be rejected, 2 if FILE cannot be mapped.
    """
    output = Output(as_json=True)
    total = critical = rejected = 0
    name = "standard input" if file == "-" else file
    with _opened(file) as stream:
        try:
            for line, detail in mapped(stream, source):
                verdict = _verdict(detail, critical_statuses)
                total += 1
                critical += verdict["critical"]
                rejected += verdict["rejected"] is not None
                output.record(verdict if as_json else detail)
                _explain(output, line, verdict)
        except LineError as error:
            raise CommandError(f"{name}: {error}: correct it, or pass its SOURCE") from None
    output.say(f"{number(total, 'update')}: {critical:,} critical, {rejected:,} rejected.")
    return min(1, rejected)


def _verdict(detail: Detail, critical: str) -> dict[str, Any]:
    """Return a detail with what the function would make of it."""
    event = lines.event(detail)
    who = rules.identity(event, critical)
    return {
        "detail": detail,
        "status": who.attributes["status"]["S"] if who else None,
        "critical": bool(who and who.critical),
        "rejected": None if who else rules.broken_rule(event),
    }


def _explain(output: Output, line: int, verdict: dict[str, Any]) -> None:
    """Say what deserves attention."""
    shipment = f"line {line}: {one_line(verdict['detail'].get('shipmentId', 'no shipmentId'))}"
    if verdict["critical"]:
        output.say(f"{shipment}: {one_line(verdict['status'])} is critical")
    if verdict["rejected"]:
        output.say(f"{shipment}: would be rejected: {one_line(verdict['rejected'])}")


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as stream:
        yield cast("BinaryIO", stream)
