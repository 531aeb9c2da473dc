"""Writes why each resource and parameter of the templates exists into docs/architecture.md.

The reason of a parameter is its description; that of a resource is in scripts/resources.yml, in the
comment beside its name, or in an alarm's description.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cfn_flip
import click
import yaml  # type: ignore[import-untyped]  # no types in the lock file

from scripts.embed import DATA_KEY, ROOT, STATUS_TEMPLATE, TEMPLATE
from shipments.errors import CommandError
from shipments.oneline import OneLine

PAGE = ROOT / "docs" / "architecture.md"
REASONS: dict[str, dict[str, str]] = yaml.safe_load(
    Path(__file__).with_suffix(".yml").read_text("utf-8")
)
FIRST = (TEMPLATE, STATUS_TEMPLATE, DATA_KEY)
TEMPLATES = (*FIRST, *sorted({*TEMPLATE.parent.glob("*.yml")} - {*FIRST}))
TABLES = re.compile(r"(?s)(<!-- scripts/resources writes this -->\n).*?(<!-- to here -->)")
COMMENT = r"(?m)^  {name}: # (.+)$"
# An alarm's description goes on with the command to run.
FINDS = re.compile(r"(.+?)\. (?:Then|Run) ")


def tables() -> str:
    """Return a table for each template; raise CommandError for a resource without a reason."""
    return "".join(f"\n### {path.name}\n\n{table(path)}\n" for path in TEMPLATES)


def table(path: Path) -> str:
    """Return a template's table: each parameter and each resource with its type and reason."""
    text = path.read_text("utf-8")
    template = json.loads(cfn_flip.to_json(text))
    rows = ["| name | type | why |", "| --- | --- | --- |"]
    for name, parameter in template.get("Parameters", {}).items():
        rows.append(f"| `{name}` | parameter | {parameter['Description']} |")
    for name, resource in template["Resources"].items():
        kind = resource["Type"].removeprefix("AWS::").replace("::", " ")
        reason = next(reasons(path, text, name, resource), "")
        if not reason:
            raise CommandError(
                f"{path.name}: {name} has no reason; add it to scripts/resources.yml"
            )
        only = f". Only if `{resource['Condition']}`" if "Condition" in resource else ""
        rows.append(f"| `{name}` | {kind} | {reason}{only} |")
    return "\n".join(rows)


def reasons(path: Path, text: str, name: str, resource: Any) -> Iterator[str]:
    """Yield what says why a resource exists, the first one first."""
    if found := REASONS.get(path.name, {}).get(name):
        yield found
    if comment := re.search(COMMENT.format(name=name), text):
        yield comment[1]
    described = resource["Properties"].get("AlarmDescription")
    if isinstance(described, dict) and (finds := FINDS.match(described["Fn::Sub"])):
        yield finds[1]


@click.command(cls=OneLine, epilog="Example: scripts/resources --check")
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if the page differs.")
def main(*, check: bool) -> int:
    """Write the tables of resources and parameters into docs/architecture.md."""
    before = PAGE.read_text("utf-8")
    written = tables()
    after = TABLES.sub(lambda found: f"{found[1]}{written}\n{found[2]}", before)
    name = PAGE.relative_to(ROOT)
    if after == before:
        click.echo(f"{name} has each resource and parameter.")
        return 0
    if check:
        click.echo(f"Run scripts/resources: {name} differs from the templates.")
        return 1
    PAGE.write_text(after, "utf-8")
    click.echo(f"Wrote {name}.")
    return 0


if __name__ == "__main__":
    main(prog_name="scripts/resources")
