"""How many e-mails a redrive or a replay causes, and whether to go on with so many.

SNS stops an e-mail subscription that gets more than 10 a second (docs/aws.md).
"""

import sys

import click

from shipments.output import Output
from shipments.stack import Stack

PER_SECOND = 5.0  # half of what SNS allows, because other updates may alert at the same time
MANY = 50


def of_critical(stack: Stack) -> bool:
    """Return whether a critical update is mailed, by the stack's AlertMail."""
    return stack.parameters.get("AlertMail", "each") != "off"


def of_rejected(stack: Stack) -> bool:
    """Return whether a rejected update is mailed, by the stack's AlertMail."""
    return stack.parameters.get("AlertMail", "each") == "each"


def confirm(output: Output, warning: str, *, yes: bool) -> None:
    """Print a warning; at a terminal ask whether to go on, and raise click.Abort if not.

    yes: go on without asking.
    """
    output.say(f"Warning: {warning}")
    if not yes and _is_terminal():
        click.confirm("Go on?", abort=True, err=True)


def _is_terminal() -> bool:
    return sys.stdin.isatty()
