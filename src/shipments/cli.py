"""The operator's command: check a deployment, send updates, follow them, repair what failed."""

import sys

import click

from shipments import __version__
from shipments.commands.check import check
from shipments.commands.cost import cost
from shipments.commands.discard import discard
from shipments.commands.erase import erase
from shipments.commands.export import export
from shipments.commands.failed import failed
from shipments.commands.list import list_shipments
from shipments.commands.log import log
from shipments.commands.map import map_payloads
from shipments.commands.redrive import redrive
from shipments.commands.replay import replay
from shipments.commands.restore import restore
from shipments.commands.send import send
from shipments.commands.status import status
from shipments.commands.track import track
from shipments.oneline import OneLine
from shipments.options import examples


class Shipments(OneLine, click.Group):
    """The commands."""


@click.group(
    "shipments",
    cls=Shipments,
    epilog=examples(
        "shipments check --environment prod",
        "shipments send updates.jsonl",
        "shipments track SHIP-12345 --follow",
        "shipments list --critical",
        "shipments failed --environment staging",
        "shipments redrive --dry-run",
        "shipments replay --from 2h",
    ),
    context_settings={"max_content_width": 100},
)
@click.version_option(__version__, prog_name="shipments")
def main() -> None:
    """Check a deployment, send shipment updates, follow them, and repair what failed.

    It works on a deployed stack, in the account, region and endpoint that the AWS settings of
    the environment name: AWS_PROFILE, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL. Results go to
    standard output, messages to standard error.

    Exit status: 0 if all is well, 1 if a part failed, 2 for a usage error, 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        # A location may be in any script, and a terminal may know one.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")


COMMANDS = (
    check,
    send,
    map_payloads,
    track,
    list_shipments,
    export,
    failed,
    redrive,
    discard,
    replay,
    log,
    cost,
    erase,
    restore,
    status,
)
for command in COMMANDS:
    main.add_command(command)
