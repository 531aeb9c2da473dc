"""Prints what differs in the templates since a revision, as a change set would show it: Markdown.

By CloudFormation's schemas, with each template's default parameters and with another value of each:
``python -m tests.releases.change_set REVISION``, or ``make changes BASE=REVISION``.
"""

import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import click

from scripts.embed import ROOT
from shipments.errors import CommandError
from shipments.oneline import OneLine
from tests.unit.template.changes import create_only
from tests.unit.template.deployments import NEEDED, OTHER_VALUES
from tests.unit.template.resolve import Deployment, parse

# What of a resource a change set shows, beside its properties.
SHOWN = ("Type", "DeletionPolicy", "UpdateReplacePolicy")
EMPTY = "Parameters: {}\nResources: {}\nOutputs: {}\n"
Stack = dict[str, dict[str, Any]]
parsed = cache(parse)  # which takes a second


class Change(NamedTuple):
    """What an update does to a resource, in a change set's words."""

    action: str
    name: str
    kind: str


def paths(old: Any, new: Any, prefix: str = "") -> Iterator[str]:
    """Yield where two values differ, such as ``Code.ZipFile`` or ``Targets[0].Arn``."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            path = f"{prefix}.{key}".lstrip(".")
            if (key in old) != (key in new):
                yield path
            else:
                yield from paths(old[key], new[key], path)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from paths(before, after, f"{prefix}[{number}]")
    elif old != new:
        yield prefix


def changes(old: Stack, new: Stack) -> Iterator[tuple[Change, list[str]]]:
    """Yield what an update does to each resource that it changes, and to which parts of it."""
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield Change("Add", name, new[name]["Type"]), []
        elif name not in new:
            yield Change("Remove", name, old[name]["Type"]), []
        elif found := list(paths(old[name], new[name])):
            yield Change("Modify", name, new[name]["Type"]), found


def replacement(change: Change, found: Iterable[str]) -> str:
    """Return whether a change of these parts replaces the resource."""
    if change.action != "Modify":
        return ""
    if "Type" in found:
        return "True"
    always, sometimes = create_only(change.kind)
    keys = {
        path.split(".")[1].partition("[")[0] for path in found if path.startswith("Properties.")
    }
    return "True" if keys & always else "Conditional" if keys & sometimes else "False"


def deployed(text: str, values: dict[str, str]) -> Stack:
    """Return the resources of a template as they are with some parameters, by logical id."""
    template = parsed(text)
    known = {name: value for name, value in values.items() if name in template["Parameters"]}
    stack = Deployment(template, known)
    resources = {name: template["Resources"][name] for name in stack.resources}
    return {
        name: {key: each[key] for key in SHOWN if key in each} | {"Properties": stack[name]}
        for name, each in resources.items()
    }


def section(path: Path, old: str, new: str) -> Iterator[str]:
    """Yield the lines about one template; old, new: its text, or nothing where there is none."""
    yield f"\n### {path.name}\n"
    given = [NEEDED.get(path, {}), OTHER_VALUES.get(path, {})]
    found: dict[Change, dict[str, None]] = {}
    for values in given:
        before, after = deployed(old or EMPTY, values), deployed(new or EMPTY, values)
        for change, parts in changes(before, after):
            found.setdefault(change, {}).update(dict.fromkeys(parts))
    sections = [parsed(text or EMPTY) for text in (old, new)]
    words = [
        f"- {part[:-1]} `{where}`"
        for part in ("Parameters", "Outputs")
        for where in paths(*(template[part] for template in sections))
    ]
    if not found and not words:
        yield "Nothing that CloudFormation would change."
    if found:
        yield "| Action | Resource | Type | Replacement | Changed |"
        yield "| --- | --- | --- | --- | --- |"
    for change in sorted(found):
        parts = ", ".join(f"`{part.removeprefix('Properties.')}`" for part in found[change])
        yield f"| {' | '.join(change)} | {replacement(change, found[change])} | {parts} |"
    if words:
        yield from ("", "Changed, added or removed:", "", *words)


def templates(revision: str) -> Iterator[tuple[Path, str, str]]:
    """Yield each template of the revision or of today: its path, and the text of both."""
    folder = ROOT / "templates"
    names = _git("ls-tree", "--name-only", f"{revision}:templates").splitlines()
    for path in sorted({*folder.glob("*.yml"), *(folder / name for name in names)}):
        old = _git("show", f"{revision}:templates/{path.name}") if path.name in names else ""
        yield path, old, path.read_text("utf-8") if path.exists() else ""


def _git(*arguments: str) -> str:
    git = ["git", *arguments]
    done = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandError(f"BASE: {done.stderr.splitlines()[0]}: pass a revision, such as main")
    return done.stdout


@click.command(cls=OneLine, epilog="Example: make changes BASE=main")
@click.argument("revision")
def main(revision: str) -> None:
    """Print what an update from the templates of REVISION to today's would change."""
    found = [line for each in templates(revision) for line in section(*each)]
    click.echo(f"## What an update of a stack of {revision[:12]} would change")
    click.echo("\n".join(found))


if __name__ == "__main__":
    main(prog_name="make changes")
