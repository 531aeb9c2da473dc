"""Writes each handler of lambda/ into its template's ZipFile, or checks that it is there as is."""

import difflib
import os
import re
import textwrap
from pathlib import Path

import click

from shipments.errors import CommandError
from shipments.oneline import OneLine

ROOT = Path(__file__).resolve().parent.parent
# What a process needs to import this project from the checkout.
PYTHON_PATH = {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))}
HANDLER = ROOT / "lambda" / "index.py"
TEMPLATE = ROOT / "templates" / "TapStack.yml"
STATUS_HANDLER = HANDLER.with_name("status.py")
STATUS_TEMPLATE = TEMPLATE.with_name("ShipmentStatus.yml")  # the status stack, beside the other
WEBHOOK_HANDLER = HANDLER.with_name("webhook.py")
WEBHOOK_TEMPLATE = TEMPLATE.with_name("CarrierWebhook.yml")  # in front of the bus
DATA_KEY = TEMPLATE.with_name("DataKey.yml")  # makes a key for the data of all
# The code that each template carries.
HANDLERS = {
    TEMPLATE: HANDLER,
    STATUS_TEMPLATE: STATUS_HANDLER,
    WEBHOOK_TEMPLATE: WEBHOOK_HANDLER,
}
CARRIERS = ROOT / "src" / "shipments" / "carriers"

# The block scalar: its header, and the lines after it that are indented deeper or, between two of
# these, blank.
_BLOCK = re.compile(r"^(?P<indent> +)ZipFile: \|\n(?P<code>(?:\n*(?P=indent) .*\n)*)", re.MULTILINE)

# What a handler takes from the package, which Lambda does not have.
_IMPORT = re.compile(r"^from shipments\.carriers import ([\w, ]+)\n", re.MULTILINE)


class EmbedError(Exception):
    """The code cannot be embedded; the message says why."""


def embedded(template: str) -> str:
    """Return the code in a template's ZipFile block without its indentation; raise EmbedError."""
    match = _block(template)
    return re.sub(rf"^{match['indent']}  ", "", match["code"], flags=re.MULTILINE)


def code_of(handler: Path) -> str:
    """Return a handler's code as its template carries it; raise OSError.

    It is the file as it is, but each module that it imports from shipments.carriers is in the place
    of the import. There the module's code is in a function, so that names of two do not collide.
    """
    return _IMPORT.sub(_modules, handler.read_text("utf-8"))


def _modules(found: re.Match[str]) -> str:
    parts = ["from types import SimpleNamespace\n"]
    for name in found[1].split(", "):
        body = textwrap.indent((CARRIERS / f"{name}.py").read_text("utf-8"), "    ")
        parts.append(f"""

def _{name}() -> SimpleNamespace:
{body}
    return SimpleNamespace(details=details)


{name} = _{name}()
""")
    return "".join(parts)


def embed(template: str, code: str) -> str:
    """Return the template with code in its ZipFile block and nothing else changed.

    Raises EmbedError unless the template has exactly one block scalar named ZipFile and the code
    ends with one newline, because a block scalar ends so.
    """
    if code.rstrip("\n") + "\n" != code or code == "\n":
        raise EmbedError("the handler must end with one newline")
    match = _block(template)
    lines = re.sub("^(?=.)", match["indent"] + "  ", code, flags=re.MULTILINE)
    return template[: match.start("code")] + lines + template[match.end("code") :]


def _block(template: str) -> re.Match[str]:
    found = list(_BLOCK.finditer(template))
    if len(found) != 1:
        raise EmbedError(f"ZipFile: expected one 'ZipFile: |' block, found {len(found)}")
    return found[0]


@click.command(cls=OneLine, epilog="Example: scripts/embed --check")
@click.option(
    "--check", is_flag=True, help="Change nothing; exit 1 and print the diff if they differ."
)
@click.option(
    "--handler",
    type=click.Path(path_type=Path),
    help="The code to embed.  [default: all of lambda/, each into its template]",
)
@click.option(
    "--template",
    type=click.Path(path_type=Path),
    help="The template to write it into.",
)
def main(*, check: bool, handler: Path | None, template: Path | None) -> int:
    """Write each handler into its template's ZipFile and change nothing else."""
    if handler and template:
        return write(template, handler, check=check)
    if handler or template:
        raise CommandError("--handler, --template: pass both or neither")
    return max(write(template, handler, check=check) for template, handler in HANDLERS.items())


def write(template: Path, handler: Path, *, check: bool) -> int:
    """Write a handler into a template, or only check it; print and return 1 if check finds it old.

    Raises CommandError if a file cannot be read or the code cannot be embedded.
    """
    try:
        code, before = code_of(handler), template.read_text("utf-8")
        after = embed(before, code)
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from None
    except EmbedError as error:
        raise CommandError(str(error)) from None
    if after == before:
        click.echo(f"{template.name} contains {handler.name} as it is.")
        return 0
    if check:
        click.echo(f"Run scripts/embed: the code in {template.name} differs from {handler.name}.")
        diff = difflib.unified_diff(
            embedded(before).splitlines(), code.splitlines(), template.name, handler.name, "", "", 1
        )
        click.echo("\n".join(line.rstrip("\n") for line in diff))
        return 1
    template.write_text(after, "utf-8")
    click.echo(f"Wrote {handler.name} into {template.name}.")
    return 0


if __name__ == "__main__":
    main(prog_name="scripts/embed")
