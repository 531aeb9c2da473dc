"""The operator's command: send shipment updates, follow them, and repair what failed."""

import sys

import click

from scripts.operations.commands.failed import failed
from scripts.operations.commands.redrive import redrive
from scripts.operations.commands.replay import replay
from scripts.operations.commands.send import send
from scripts.operations.commands.track import track
from scripts.operations.oneline import OneLine
from scripts.operations.options import examples


class Shipments(OneLine, click.Group):
    """The commands."""


@click.group(
    cls=Shipments,
    epilog=examples(
        "scripts/shipments send updates.jsonl",
        "scripts/shipments track SHIP-12345 --follow",
        "scripts/shipments failed --environment staging",
        "scripts/shipments redrive --dry-run",
        "scripts/shipments replay --from 2h",
    ),
    context_settings={"max_content_width": 100},
)
def main() -> None:
    """Send shipment updates, follow them, and repair what failed.

    It works on a deployed stack, in the account, region and endpoint that the AWS settings of
    the environment name: AWS_PROFILE, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL. Results go to
    standard output, messages to standard error.

    Exit status: 0 all is well, 1 a part failed, 2 it was used wrongly.
    """
    for stream in (sys.stdout, sys.stderr):
        # A location may be in any script, and a terminal may know one.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")


for command in (send, track, failed, redrive, replay):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="scripts/shipments")
