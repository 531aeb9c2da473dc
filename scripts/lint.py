"""Checks the templates: the embedded handlers, their size, cfn-lint, and their JSON form."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cfn_flip
import click
import yaml  # type: ignore[import-untyped]  # no types in the lock file

from scripts.embed import (
    HANDLER,
    HANDLERS,
    ROOT,
    STATUS_TEMPLATE,
    TEMPLATE,
    WEBHOOK_TEMPLATE,
    EmbedError,
    code_of,
    embedded,
)
from shipments.errors import CommandError
from shipments.oneline import OneLine

# The commercial regions by size, and the two other partitions, where ARNs and services differ.
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2", "us-gov-west-1", "cn-north-1")
# CloudFormation accepts 51,200 bytes without a bucket (its quotas page).
SIZE_LIMIT_BYTES = 51_000
# Templates without a handler in them.
OTHERS = sorted({*TEMPLATE.parent.glob("*.yml")} - HANDLERS.keys())
# Findings of cfn-lint that are accepted: template, rule, logical id or property, and the reason.
# They are here and not in the templates, because their size is limited.
RUNTIME = "python3.10 stays allowed as long as Lambda updates functions on it"
TRACING = "TracingMode is the operator's choice"
OWN_NAME = "its group has a name of its own, or both would refer to each other"
ACCEPTED = {
    TEMPLATE: {
        ("W1030", "Runtime"): RUNTIME,
        ("WS1000", "ShipmentProcessorFunction"): TRACING,
        ("WS1004", "ShipmentProcessorFunction"): OWN_NAME,
        ("ES6000", "FailedUpdatesQueue"): "it is itself the dead-letter queue",
        ("ES7000", "AlertSubscription"): "FailedNotificationsAlarm watches it",
        ("ES7000", "AlarmSubscription"): "an alarm's state can be read without it",
    },
    STATUS_TEMPLATE: {
        ("W1030", "Runtime"): RUNTIME,
        ("WS1002", "ShipmentStatusFunction"): "topic and rules call the same code",
        ("WS1004", "ShipmentStatusFunction"): OWN_NAME,
        ("ES4000", "ShipmentMailRule"): "the next run is in a minute; UnmailedAlarm watches it",
        ("ES4000", "ShipmentStuckRule"): "the next day's run mails what this one did not",
        ("ES7000", "ShipmentRejections"): "the rejected update itself is on the watched queue",
        ("ES7000", "DigestSubscription"): "FailedDigestsAlarm watches it",
    },
    WEBHOOK_TEMPLATE: {
        ("W1030", "Runtime"): RUNTIME,
        ("WS1004", "WebhookFunction"): OWN_NAME,
        ("E3006", "us-gov-west-1"): "no function URLs there: docs/decisions.md",
    },
}


def check_embedding(template: Path) -> Iterator[str]:
    """Yield what is wrong with the code in the template, if it has any."""
    if template in OTHERS:
        return
    handler = HANDLERS.get(template, HANDLER)
    try:
        if embedded(template.read_text("utf-8")) != code_of(handler):
            differs = f"the code in ZipFile differs from {handler.relative_to(ROOT)}"
            yield f"run scripts/embed: {differs}"
    except EmbedError as error:
        yield str(error)


def compact_json(text: str) -> str:
    """Return a template in its JSON form, with no blank that is not in a text."""
    return json.dumps(json.loads(cfn_flip.to_json(text)), separators=(",", ":"))


def sizes(template: Path) -> dict[str, int]:
    """Return the template's size (bytes) as YAML and as compact JSON."""
    text = template.read_text("utf-8")
    return {"YAML": len(text.encode()), "JSON": len(compact_json(text).encode())}


def check_size(template: Path) -> Iterator[str]:
    """Yield each form of the template that is too big."""
    for form, size in sizes(template).items():
        if size > SIZE_LIMIT_BYTES:
            yield f"{form} form: {size:,} bytes, the limit is {SIZE_LIMIT_BYTES:,}"


def check_cfn_lint(template: Path) -> Iterator[str]:
    """Yield each finding of cfn-lint that is not in ACCEPTED, and each in ACCEPTED not found.

    The informational and the serverless rules are included.
    """
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
    findings = found.stdout.splitlines()
    expected = {} if template in OTHERS else ACCEPTED.get(template, ACCEPTED[TEMPLATE])
    unused = dict(expected)
    for finding in findings:
        accepted = [
            (rule, name)
            for rule, name in expected
            if f":{rule}:" in finding and re.search(rf"\b{name}\b", finding)
        ]
        for each in accepted:
            unused.pop(each, None)
        if not accepted:
            yield finding
    for rule, name in unused:
        yield f"ACCEPTED: cfn-lint no longer finds {rule} of {name}; take it out"
    if found.returncode and not findings:
        yield found.stderr.strip()


def check_round_trip(template: Path) -> Iterator[str]:
    """Yield a finding if the template changes when converted to JSON, to YAML and back."""
    as_json = cfn_flip.to_json(template.read_text("utf-8"))
    converted = cfn_flip.to_json(cfn_flip.to_yaml(as_json))
    if json.loads(as_json) != json.loads(converted):
        yield "converting YAML to JSON and back changes the template"


CHECKS: dict[str, Callable[[Path], Iterator[str]]] = {
    "embedded handler": check_embedding,
    "size": check_size,
    f"cfn-lint in {', '.join(REGIONS)}": check_cfn_lint,
    "YAML to JSON and back": check_round_trip,
}


@click.command(cls=OneLine, epilog="Example: scripts/lint")
@click.option(
    "--template",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path),
    help="The template to check.  [default: all of templates/]",
)
def main(template: Path | None) -> int:
    """Check the templates and print their sizes; exit 1 if a check finds something."""
    return max(map(check, [template] if template else [*OTHERS, *HANDLERS]))


def check(template: Path) -> int:
    """Check a template, print what is found and its size; return 1 if something is found."""
    try:
        cfn_flip.load_yaml(template.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise CommandError(f"--template: {template} is not YAML: {error}") from None
    found = 0
    for name, find in CHECKS.items():
        findings = list(find(template))
        found += len(findings)
        click.echo(f"{'FAIL' if findings else ' ok '}  {name}")
        for finding in findings:
            click.echo(f"      {finding}")
    forms = " and ".join(f"{size:,} bytes as {form}" for form, size in sizes(template).items())
    click.echo(f"{template.name} has {forms}, of {SIZE_LIMIT_BYTES:,}.")
    return 1 if found else 0


if __name__ == "__main__":
    main(prog_name="scripts/lint")
