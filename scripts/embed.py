"""Writes lambda/index.py into the template's ZipFile, or says whether the two agree."""

import difflib
import re
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
HANDLER = ROOT / "lambda" / "index.py"
TEMPLATE = ROOT / "templates" / "TapStack.yml"

# The block scalar: its header, and all the lines after it that are indented deeper, with the
# blank ones between them.
_BLOCK = re.compile(r"^(?P<indent> +)ZipFile: \|\n(?P<code>(?:\n*(?P=indent) .*\n)*)", re.MULTILINE)


class EmbedError(Exception):
    """The template has no place for the code, or more than one; the message says which."""


def embedded(template: str) -> str:
    """Return the code in a template's ZipFile block as it would run; raise EmbedError."""
    match = _block(template)
    return re.sub(rf"^{match['indent']} ", "", match["code"], flags=re.MULTILINE)


def embed(template: str, code: str) -> str:
    """Return the template with code in its ZipFile block, and nothing else changed.

    Raises EmbedError unless the template has exactly one block scalar named ZipFile, and the
    code ends with one newline, as the block will.
    """
    if code.rstrip("\n") + "\n" != code or code == "\n":
        raise EmbedError("the handler must end with one newline")
    match = _block(template)
    lines = re.sub("^(?=.)", match["indent"] + " ", code, flags=re.MULTILINE)
    return template[: match.start("code")] + lines + template[match.end("code") :]


def _block(template: str) -> re.Match[str]:
    found = list(_BLOCK.finditer(template))
    if len(found) != 1:
        raise EmbedError(f"ZipFile: expected one 'ZipFile: |' block, found {len(found)}")
    return found[0]


@click.command(epilog="Example: scripts/embed --check")
@click.option("--check", is_flag=True, help="Change nothing; exit 1 with a diff if they differ.")
@click.option("--handler", type=click.Path(path_type=Path), default=HANDLER, show_default=False)
@click.option("--template", type=click.Path(path_type=Path), default=TEMPLATE, show_default=False)
def main(*, check: bool, handler: Path, template: Path) -> None:
    """Write the handler into the template, keeping its comments and layout."""
    try:
        code, before = handler.read_text("utf-8"), template.read_text("utf-8")
        after = embed(before, code)
    except (OSError, EmbedError) as error:
        raise click.UsageError(str(error)) from None
    if after == before:
        click.echo(f"{template.name} holds {handler.name} as it is.")
    elif check:
        diff = difflib.unified_diff(
            embedded(before).splitlines(), code.splitlines(), template.name, handler.name, "", "", 1
        )
        click.echo("\n".join(line.rstrip("\n") for line in diff))
        raise click.ClickException("they differ: run scripts/embed to write the handler in.")
    else:
        template.write_text(after, "utf-8")
        click.echo(f"{template.name} now holds {handler.name}.")


if __name__ == "__main__":
    main()
