"""How a command ends: with the status that it returns, or one line that says what went wrong."""

import errno
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from shipments.errors import CommandError, explain

INTERRUPTED = 130  # as shells have it: 128 + SIGINT


class OneLine(click.Command):
    """A command whose function returns its exit status, and whose errors are one line each."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and exit with its status."""
        try:
            status = super().invoke(ctx)
        except (BotoCoreError, ClientError) as error:
            raise CommandError(explain(error)) from None
        except (KeyboardInterrupt, EOFError):
            click.echo("Interrupted.", err=True)
            ctx.exit(INTERRUPTED)
        except OSError as error:
            if error.errno == errno.EPIPE:  # click ends the command: its reader has seen enough
                raise
            raise CommandError(explain(error)) from None
        except ValueError as error:
            if "endpoint" not in str(error):  # botocore's, if the endpoint is not a URL
                raise
            raise CommandError(f"{explain(error)}: check AWS_ENDPOINT_URL") from None
        ctx.exit(status or 0)
