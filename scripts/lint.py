"""Checks the template: the embedded handler, its size, cfn-lint, and its JSON form."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cfn_flip
import click

from scripts.embed import HANDLER, TEMPLATE, EmbedError, embedded

# The commercial regions by size, and the two other partitions, where ARNs and services differ.
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2", "us-gov-west-1", "cn-north-1")
# CloudFormation takes 51,200 bytes without a bucket (its quotas page); a fifth is for growth.
SIZE_LIMIT_BYTES = 40_960


def check_embedding(template: Path) -> Iterator[str]:
    """Yield what is wrong with the code in the template."""
    try:
        if embedded(template.read_text("utf-8")) != HANDLER.read_text("utf-8"):
            yield "ZipFile: is not lambda/index.py; run scripts/embed, or scripts/embed --check"
    except EmbedError as error:
        yield str(error)


def check_size(template: Path) -> Iterator[str]:
    """Yield a complaint if the template is too big, as YAML or as compact JSON (bytes)."""
    text = template.read_text("utf-8")
    compact = json.dumps(json.loads(cfn_flip.to_json(text)), separators=(",", ":"))
    for form, size in (("YAML", len(text.encode())), ("JSON", len(compact.encode()))):
        if size > SIZE_LIMIT_BYTES:
            yield f"{form} form: has {size:,} bytes, may have {SIZE_LIMIT_BYTES:,}"


def check_cfn_lint(template: Path) -> Iterator[str]:
    """Yield each finding of cfn-lint, informational and serverless rules included."""
    found = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("cfn-lint")), "--template", str(template)),
            *("--include-checks", "I", "--append-rules", "cfn_lint_serverless.rules"),
            *("--format", "parseable", "--regions", *REGIONS),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    yield from found.stdout.splitlines()
    if found.returncode and not found.stdout:
        yield found.stderr.strip()


def check_round_trip(template: Path) -> Iterator[str]:
    """Yield a complaint if YAML to JSON and back makes another template."""
    there = cfn_flip.to_json(template.read_text("utf-8"))
    back = cfn_flip.to_json(cfn_flip.to_yaml(there))
    if json.loads(there) != json.loads(back):
        yield "round trip: YAML to JSON and back makes another template"


CHECKS: dict[str, Callable[[Path], Iterator[str]]] = {
    "embedded handler": check_embedding,
    "size": check_size,
    f"cfn-lint in {', '.join(REGIONS)}": check_cfn_lint,
    "YAML to JSON and back": check_round_trip,
}


@click.command(epilog="Example: scripts/lint")
@click.option("--template", type=click.Path(exists=True, path_type=Path), default=TEMPLATE)
def main(template: Path) -> None:
    """Check the template; exit 1 if a check has something to say."""
    complaints = 0
    for name, check in CHECKS.items():
        found = list(check(template))
        complaints += len(found)
        click.echo(f"{'FAIL' if found else ' ok '}  {name}")
        for complaint in found:
            click.echo(f"      {complaint}")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
