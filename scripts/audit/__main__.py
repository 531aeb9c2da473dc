"""Runs the tools on the templates, rendered with a key given, and lists what is not answered."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import click
import yaml  # type: ignore[import-untyped]  # no types in the lock file

from scripts.audit.render import render
from scripts.embed import TEMPLATE
from shipments.errors import CommandError
from shipments.oneline import OneLine

ROOT = TEMPLATE.parents[1]
ANSWERS = Path(__file__).with_name("answers.yml")
# The deployment that is checked: with a key of the user's, and with every resource there is.
PARAMETERS = {
    "KmsKeyArn": "arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012",
    "ExpectUpdatesEveryHours": "24",
    "Carrier": "easypost",
    "SecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:easypost-dev-aB3dE5",
    "AlarmTopicArn": "arn:aws:sns:us-east-1:111122223333:shipment-alarms-dev",
    "StreamArn": "arn:aws:dynamodb:us-east-1:111122223333:table/shipment-logs-dev/stream/1",
}
COLUMNS = "{:<24} {:>9} {:>6} {:>9} {:>9} {:>5}"


class Finding(NamedTuple):
    """A rule that a resource breaks, and the rule in words."""

    rule: str
    resource: str
    text: str


def accepted(answers: Path) -> set[tuple[str, str]]:
    """Return the rule and the resource of each answer; raise CommandError if one lacks a part."""
    found = set()
    for number, entry in enumerate(yaml.safe_load(answers.read_text("utf-8")), 1):
        if not all(entry.get(key) for key in ("resource", "rules", "reason")):
            raise CommandError(
                f"{answers.name}: entry {number} needs a resource, rules and a reason"
            )
        found |= {(rule, entry["resource"]) for rule in entry["rules"]}
    return found


def rendered(folder: Path) -> list[Path]:
    """Write each template, rendered, into a folder, and return the files."""
    files = []
    for template in sorted(TEMPLATE.parent.glob("*.yml")):
        files.append(folder / f"{template.stem}.json")
        files[-1].write_text(json.dumps(render(template.read_text("utf-8"), PARAMETERS)), "utf-8")
    return files


def reports(tool: str, templates: list[Path]) -> list[dict[str, Any]]:
    """Return a tool's reports; raise CommandError if it fails."""
    python = ROOT / f".venv-audit-{tool}" / "bin" / "python"
    script = Path(__file__).with_name(f"run_{tool}.py")
    run = subprocess.run(
        [python, "-I", "-W", "ignore", script, *templates],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise CommandError(f"{tool}: {run.stderr.strip().splitlines()[-1]}")
    found: list[dict[str, Any]] = json.loads(run.stdout)
    return found


@click.command(cls=OneLine)
@click.argument("tools", nargs=-1, required=True, metavar="TOOL...")
def main(tools: tuple[str, ...]) -> int:
    """Print what each TOOL found; exit 1 if a finding has no answer, or an answer no finding."""
    unused = answered = accepted(ANSWERS)
    findings: list[Finding] = []
    click.echo(COLUMNS.format("rules", "version", "number", "findings", "answered", "open"))
    with tempfile.TemporaryDirectory() as folder:
        templates = rendered(Path(folder))
        for report in (each for tool in tools for each in reports(tool, templates)):
            found = [Finding(*each) for each in report["findings"]]
            unanswered = [each for each in found if each[:2] not in answered]
            unused = unused - {each[:2] for each in found}
            findings += unanswered
            counts = (len(found), len(found) - len(unanswered), len(unanswered))
            click.echo(
                COLUMNS.format(report["name"], report["version"], report["rules"] or "-", *counts)
            )
    for each in findings:
        click.echo(f"OPEN  {each.rule} of {each.resource}: {each.text}")
    for rule, resource in sorted(unused):
        click.echo(f"OPEN  {ANSWERS.name}: no tool finds {rule} of {resource}; take it out")
    return 1 if findings or unused else 0


if __name__ == "__main__":
    main(prog_name="python -m scripts.audit")
