"""How a command ends: with the status that it returns, or one line that says what went wrong."""

import errno
import os
import sys
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError
from click.exceptions import NoArgsIsHelpError

from scripts.operations.errors import explain, one_line

WRONG_USE, INTERRUPTED = 2, 130


class OneLine(click.Command):
    """A command that returns its exit status; whatever goes wrong in it is told in one line."""

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
