"""The command send."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

import click

from scripts.operations import contract, lines
from scripts.operations.errors import WrongUse, one_line
from scripts.operations.interrupt import Interrupt
from scripts.operations.lines import Detail, LineError
from scripts.operations.options import Target, examples, for_stack
from scripts.operations.output import Output, number
from scripts.operations.sending import BYTES, Sender, Unsent, entry_bytes, free_path

# The options that name a field of the update.
FIELDS = {
    "shipment_id": "shipmentId",
    "status": "status",
    "location": "location",
    "carrier": "carrier",
    "event_time": "eventTime",
    "update_id": "updateId",
}
MEND = "mend the line, or take it out"
AS_IS = f"{MEND}, or say --as-is to have it rejected and kept"


@click.command(
    short_help="Put updates on the bus, one or a whole file.",
    epilog=examples(
        "scripts/shipments send --shipment-id SHIP-12345 --status IN_TRANSIT",
        "scripts/shipments send --shipment-id SHIP-12345 --status LOST --detail '{\"scan\": 7}'",
        "scripts/shipments send updates.jsonl",
        "scripts/shipments send carrier.csv --environment staging --json",
        "zcat updates.jsonl.gz | scripts/shipments send -",
    ),
)
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, allow_dash=True)
)
@click.option("--shipment-id", metavar="TEXT", help="An update of this shipment.")
@click.option("--status", metavar="TEXT", help="Its status, such as IN_TRANSIT.")
@click.option("--location", metavar="TEXT", help="Where it is.")
@click.option("--carrier", metavar="TEXT", help="Who has it.")
@click.option("--event-time", metavar="TIME", help="When it happened: ISO 8601 with zone, or ms.")
@click.option("--update-id", metavar="TEXT", help="The producer's own key of the update.")
@click.option("--detail", metavar="JSON|FILE|-", help="Further fields: an object, or its file.")
@click.option("--format", "form", type=click.Choice(list(lines.FORMATS)), help="Of FILE.")
@click.option("--as-is", is_flag=True, help="Send updates that break the contract too.")
@click.option("--unsent", type=click.Path(path_type=Path), help="Where to write what is not sent.")
@for_stack
def send(
    *, target: Target, output: Output, file: str | None, detail: str | None, **options: Any
) -> int:
    """Put updates on the bus: one from options, or all of FILE (- for standard input).

    FILE has a JSON object a line, or is CSV (by its name, or --format csv): its header names the
    fields, an empty cell is a missing field. All of it is checked before anything is sent, by
    the rules that the deployed function has.

    An update without eventTime happens now, and is a new one. With eventTime the same content is
    the same update, so that sending the same file again adds nothing.

    What EventBridge does not take for a while is tried for twenty seconds. What is not sent then
    is written to FILE.unsent.jsonl, to be sent as it is: it stays the same update.

    Exit status: 0 if all were sent, 1 if some were not, 2 if nothing was tried.
    """
    given = {
        field: lines.typed(field, options[name])
        for name, field in FIELDS.items()
        if options[name] is not None
    }
    if file is not None and (given or detail):
        raise click.UsageError("say a FILE, or the options of one update, not both")
    if file is not None:
        return _send_file(target, output, file, options)
    if not given and not detail:
        raise click.UsageError("say a FILE, or --shipment-id and --status")
    return _send_one(target, output, {**_object(detail), **given}, as_is=options["as_is"])


def _send_one(target: Target, output: Output, detail: Detail, *, as_is: bool) -> int:
    """Send one update; return the exit status."""
    update = lines.complete(detail)
    event = lines.event(update)
    if not as_is and (broken := contract.broken_rule(event)):
        raise WrongUse(f"{broken}: mend it, or say --as-is to have it rejected and kept")
    text = _event(update)
    deployed = target.find()
    with Interrupt() as interrupt:
        sender = Sender(deployed.client("events"), deployed["EventBusName"], interrupt)
        (sent,) = sender.send([text])
    for _, why in sent.unsent:
        output.say(f"Not sent: {why}")
    who = contract.identity(event)
    update_id = who.attributes["updateId"]["S"] if who else None
    ids = {"eventId": sent.events[0] if sent.events else None, "updateId": update_id}
    output.record({"sent": len(sent.events), "notSent": len(sent.unsent), **ids})
    if sent.events:
        known = f", update {one_line(update_id)}" if update_id else ""
        output.show(f"Sent 1 update: event {ids['eventId']}{known}.")
    return _status(interrupt, len(sent.unsent))


def _send_file(target: Target, output: Output, file: str, options: dict[str, Any]) -> int:
    """Check a file and send it; return the exit status."""
    name = "standard input" if file == "-" else file
    form = options["form"] or ("csv" if file.lower().endswith(".csv") else "jsonl")
    checks = lines.FORMATS[form] if options["as_is"] else partial(_checked, lines.FORMATS[form])
    with _opened(file) as stream:
        try:
            total = _check(checks(stream), output)
        except LineError as error:
            advice = AS_IS if error.breaks_rule else MEND
            raise WrongUse(f"{name}: {error}: {advice}") from None
        if not total:
            raise WrongUse(f"{name}: has no update in it")
        stream.seek(0)
        deployed = target.find()
        base = Path("stdin.jsonl") if file == "-" else Path(file)
        unsent = _unsent(options["unsent"] or free_path(base))
        with Interrupt() as interrupt:
            sender = Sender(deployed.client("events"), deployed["EventBusName"], interrupt)
            texts = (_event(lines.complete(line.detail)) for line in lines.FORMATS[form](stream))
            sent = _send_all(sender, texts, total, unsent, output)
    _tell(output, sent, unsent, as_is=options["as_is"])
    return _status(interrupt, unsent.reasons.total())


def _unsent(path: Path) -> Unsent:
    try:
        return Unsent(path)
    except FileExistsError:
        raise WrongUse(f"--unsent: {path} is there already: say another") from None
    except OSError as error:
        raise WrongUse(f"--unsent: say where to write what is not sent: {error}") from None


def _checked(form: Callable[[BinaryIO], Iterator[lines.Line]], stream: BinaryIO) -> Any:
    return lines.checked(form(stream))


def _check(found: Iterator[lines.Line], output: Output) -> int:
    """Return how many updates there are; raise LineError at the first one that cannot be sent."""
    total = 0
    with output.progress("Checking", None) as advance:
        for line in found:
            try:
                size = entry_bytes(_event(line.detail))
            except RecursionError:
                raise LineError(line.number, "is nested too deep") from None
            if size > BYTES:
                raise LineError(line.number, f"has {size:,} bytes, an event at most {BYTES:,}")
            total += 1
            advance(1)
    return total


def _send_all(
    sender: Sender, texts: Iterator[str], total: int, unsent: Unsent, output: Output
) -> int:
    """Send details, what is not sent to the file of the unsent; return how many were sent."""
    sent = 0
    try:
        with output.progress("Sending", total) as advance:
            for outcome in sender.send(texts):
                sent += len(outcome.events)
                for text, why in outcome.unsent:
                    unsent.add(text, why)
                advance(len(outcome.events) + len(outcome.unsent))
    finally:
        unsent.close()
    return sent


def _tell(output: Output, sent: int, unsent: Unsent, *, as_is: bool) -> None:
    """Print the counts, and what to do with what was not sent."""
    left = unsent.reasons.total()
    path = str(unsent.path) if left else None
    reasons = dict(unsent.reasons)
    output.record({"sent": sent, "notSent": left, "unsentFile": path, "reasons": reasons})
    output.show(f"Sent {number(sent, 'update')}, {left:,} not sent.")
    for why, count in unsent.reasons.most_common():
        output.say(f"{number(count, 'update')} not sent: {one_line(why)}")
    if left:
        output.say(f"Send these again: scripts/shipments send {'--as-is ' * as_is}{path}")


def _status(interrupt: Interrupt, unsent: int) -> int:
    return 130 if interrupt.asked else min(unsent, 1)


def _event(detail: Detail) -> str:
    return contract.to_json(detail)


def _object(text: str | None) -> Detail:
    """Return the object that --detail gives: itself, in a file, or on standard input."""
    if text is None:
        return {}
    try:
        if text == "-":
            text = sys.stdin.read()
        elif not text.lstrip().startswith("{"):
            text = Path(text).read_text("utf-8")
        parsed = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise WrongUse(f"--detail: must be a JSON object or a file with one: {error}") from None
    if not isinstance(parsed, dict):
        raise WrongUse("--detail: must be a JSON object, such as '{\"weight\": 2.5}'")
    return parsed


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    """Open a file that is read twice; what can be read only once goes to the disk first."""
    if file != "-" and Path(file).is_file():
        with Path(file).open("rb") as stream:
            yield stream
        return
    with ExitStack() as after, tempfile.TemporaryFile() as spool:
        source = sys.stdin.buffer if file == "-" else after.enter_context(Path(file).open("rb"))
        shutil.copyfileobj(source, spool)
        spool.seek(0)
        yield cast("BinaryIO", spool)
