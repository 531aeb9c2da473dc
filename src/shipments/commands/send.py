"""The command send."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from shipments import __version__, lines, rules
from shipments.bus import warn_of_other_rules
from shipments.carriers import SOURCES
from shipments.errors import CommandError, one_line
from shipments.interrupt import Interrupt
from shipments.lines import Detail
from shipments.options import Target, examples, for_stack
from shipments.output import Output
from shipments.sendfile import INTERRUPTED, Job, send_file
from shipments.sending import Sender, default_rate

# The options that name a field of the update.
FIELDS = {
    "shipment_id": "shipmentId",
    "status": "status",
    "location": "location",
    "carrier": "carrier",
    "event_time": "eventTime",
    "update_id": "updateId",
}


@click.command(
    short_help="Put updates on the bus, one or a whole file.",
    epilog=examples(
        "shipments send --shipment-id SHIP-12345 --status IN_TRANSIT",
        "shipments send --shipment-id SHIP-12345 --status LOST --detail '{\"scan\": 7}'",
        "shipments send updates.jsonl",
        "shipments send updates.jsonl --skip-broken --rate 50",
        "shipments send carrier.csv --environment staging --json",
        "shipments send --from easypost webhook.json",
        "zcat updates.jsonl.gz | shipments send -",
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
@click.option(
    "--from",
    "source",
    type=click.Choice(sorted(SOURCES)),
    help="FILE has this source's payloads; see: shipments map --help",
)
@click.option("--as-is", is_flag=True, help="Send updates that break the contract too.")
@click.option("--skip-broken", is_flag=True, help="Send the good lines of FILE.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    metavar="N",
    help="Updates a second; 0: no limit, the default unless the endpoint is this machine (10).",
)
@click.option("--unsent", type=click.Path(path_type=Path), help="Where to write what is not sent.")
@for_stack
def send(
    *, target: Target, output: Output, file: str | None, detail: str | None, **options: Any
) -> int:
    """Put updates on the bus: one from options, or all of FILE (- for standard input).

    FILE has one JSON object per line, or is CSV (by its name, or --format csv), separated by
    commas, semicolons or tabs: its header names the fields, an empty cell is a missing field.

    All of FILE is checked first, by the rules of this version of shipments; it warns if the
    deployed function has other code. If lines are broken, nothing is sent, and they are listed by
    reason. With --skip-broken the others are sent, and FILE.broken.jsonl (or .csv) gets the
    broken lines.

    With --from, FILE has a carrier's payloads, which are mapped to updates first. If one cannot be
    mapped, nothing is sent.

    An update without eventTime happens now, and is a new one. With eventTime the same content is
    the same update, so that sending the same file again adds nothing.

    What EventBridge does not take at first is tried again for twenty seconds. Whatever happens,
    what is not known to be sent is in FILE.unsent.jsonl: send that file.

    Exit status: 0 if all were sent, 1 if some were not, 2 if nothing was tried.
    """
    fields = {
        field: lines.typed(field, options[name])
        for name, field in FIELDS.items()
        if options[name] is not None
    }
    if options["source"] and (file is None or options["form"] == "csv"):
        raise click.UsageError("--from: pass a FILE with payloads in JSON")
    if file is not None and (fields or detail):
        raise click.UsageError("pass a FILE, or the options of one update, not both")
    if file is None and not fields and not detail:
        raise click.UsageError("pass a FILE, or --shipment-id and --status")
    if file is None:
        return _send_one(target, output, {**_object(detail), **fields}, as_is=options["as_is"])
    stack = target.find()
    warn_of_other_rules(stack, output)
    rate = options["rate"]
    if rate is None:
        rate = default_rate(stack.client("events").meta.endpoint_url)
    names = ("source", "as_is", "skip_broken", "unsent")
    job = Job(file, options["form"], rate=rate, **{name: options[name] for name in names})
    return send_file(stack, output, job)


def _send_one(target: Target, output: Output, detail: Detail, *, as_is: bool) -> int:
    """Send one update; return the exit status."""
    update = lines.complete(detail)
    event = lines.event(update)
    if not as_is and (broken := rules.broken_rule(event)):
        rules_of = f"the rules of shipments {__version__}"
        raise CommandError(
            f"{broken}: correct it, or pass --as-is to have it rejected and kept ({rules_of})"
        )
    text = rules.to_json(update)
    stack = target.find()
    warn_of_other_rules(stack, output)
    with Interrupt() as interrupt:
        sender = Sender(stack.client("events"), stack["EventBusName"], interrupt)
        (sent,) = sender.send([text])
    for _, why in sent.unsent:
        output.say(f"Not sent: {one_line(why)}")
    who = rules.identity(event)
    update_id = who.attributes["updateId"]["S"] if who else None
    ids = {"eventId": sent.events[0] if sent.events else None, "updateId": update_id}
    output.record({"sent": len(sent.events), "notSent": len(sent.unsent), **ids})
    if sent.events:
        known = f", update {one_line(update_id)}" if update_id else ""
        output.show(f"Sent 1 update: event {ids['eventId']}{known}.")
    return INTERRUPTED if interrupt.asked else len(sent.unsent)


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
        raise CommandError(f"--detail: must be a JSON object or a file with one: {error}") from None
    if not isinstance(parsed, dict):
        raise CommandError("--detail: must be a JSON object, such as '{\"weight\": 2.5}'")
    return parsed
