"""The operator's command: send shipment updates, follow them, and repair what failed."""

import errno
import os
import sys
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError
from click.exceptions import NoArgsIsHelpError

from scripts.operations.commands.failed import failed
from scripts.operations.commands.redrive import redrive
from scripts.operations.commands.replay import replay
from scripts.operations.commands.send import send
from scripts.operations.commands.track import track
from scripts.operations.errors import explain, one_line
from scripts.operations.options import examples

WRONG_USE, INTERRUPTED = 2, 130


class Shipments(click.Group):
    """The commands, of which each returns its exit status; whatever goes wrong is one line."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command and exit with its status."""
        try:
            status = super().main(*args, **{**options, "standalone_mode": False})
        except NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            status = WRONG_USE
        except click.ClickException as error:
            status = tell(error.format_message(), error.exit_code, _help_of(error))
        except (BotoCoreError, ClientError) as error:
            status = tell(explain(error), WRONG_USE)
        except click.Abort:
            status = tell("broken off", INTERRUPTED)
        except OSError as error:
            if error.errno == errno.EPIPE:  # who reads us has seen enough
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                status = 1
            else:
                status = tell(explain(error), WRONG_USE)
        except ValueError as error:  # botocore's of an endpoint that is no URL
            if "endpoint" not in str(error):
                raise
            status = tell(f"{explain(error)}: check AWS_ENDPOINT_URL", WRONG_USE)
        sys.exit(status or 0)


def tell(message: str, status: int, advice: str = "") -> int:
    """Print an error in one line and return the exit status."""
    click.echo(f"Error: {one_line(message)}{advice}", err=True)
    return status


def _help_of(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f" (see {context.command_path} --help)" if context else ""


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
