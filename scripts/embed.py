"""Writes lambda/index.py into the template's ZipFile, or checks that it is there unchanged."""

import difflib
import os
import re
from pathlib import Path

import click

from shipments.errors import CommandError
from shipments.oneline import OneLine

ROOT = Path(__file__).resolve().parent.parent
# What a process needs to import this project from the checkout.
PYTHON_PATH = {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))}
HANDLER = ROOT / "lambda" / "index.py"
TEMPLATE = ROOT / "templates" / "TapStack.yml"
DATA_KEY = TEMPLATE.with_name("DataKey.yml")  # makes a key for the data of the other

# The block scalar: its header, and the lines after it that are indented deeper or, between two of
# these, blank.
_BLOCK = re.compile(r"^(?P<indent> +)ZipFile: \|\n(?P<code>(?:\n*(?P=indent) .*\n)*)", re.MULTILINE)


class EmbedError(Exception):
    """The code cannot be embedded; the message says why."""


def embedded(template: str) -> str:
    """Return the code in a template's ZipFile block without its indentation; raise EmbedError."""
    match = _block(template)
    return re.sub(rf"^{match['indent']}  ", "", match["code"], flags=re.MULTILINE)


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
    default=HANDLER,
    show_default="lambda/index.py",
    help="The code to embed.",
)
@click.option(
    "--template",
    type=click.Path(path_type=Path),
    default=TEMPLATE,
    show_default="templates/TapStack.yml",
    help="The template to write it into.",
)
def main(*, check: bool, handler: Path, template: Path) -> int:
    """Write the handler into the template's ZipFile and change nothing else."""
    try:
        code, before = handler.read_text("utf-8"), template.read_text("utf-8")
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
