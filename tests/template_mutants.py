"""Changes the template in one place at a time, and lists the changes that no template test notices.

Run it from the project's root: ``python -m tests.template_mutants``. Exit status: 0 if every
mutant is noticed, 1 if one survives, 2 if the tests do not pass on the template as it is.
"""

import gc
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

from tests.unit.template import resolve

TESTS = Path(__file__).resolve().parent / "unit" / "template"
REMOVED = object()
OPPOSITES = {"Allow": "Deny", "Deny": "Allow", "true": "false", "false": "true"}
# What an author might write where a pseudo parameter belongs.
WRITTEN_OUT = {
    "AWS::AccountId": "210987654321",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "tapstack",
}
PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
PLACEHOLDER_OR_WORD = re.compile(r"\$\{[^}]*\}|(\w+|\.+)")

Place = tuple[str | int, ...]


class Mutant(NamedTuple):
    """A change to the template: the path to where, what it is, and the value that is there then."""

    place: Place
    change: str
    value: Any

    def __str__(self) -> str:
        """Return the path and the change."""
        return f"{'.'.join(map(str, self.place))}: {self.change}"

    def make(self, template: Any) -> None:
        """Make the change in a template."""
        for key in self.place[:-1]:
            template = template[key]
        if self.value is REMOVED:
            del template[self.place[-1]]
        else:
            template[self.place[-1]] = self.value


def mutants(template: dict[str, Any]) -> Iterator[Mutant]:
    """Yield every change to a parsed template that is to be noticed."""
    for key, section in template.items():
        yield Mutant((key,), "removed", REMOVED)
        yield from _changes(section, (key,), template)
    for name, resource in template["Resources"].items():
        place: Place = ("Resources", name)
        yield Mutant((*place, "Properties", "Extra"), "added", "x")
        for key, value in (("DeletionPolicy", "Snapshot"), ("Condition", "HasArchive")):
            if key not in resource:
                yield Mutant((*place, key), "added", value)


def _changes(value: Any, place: Place, template: dict[str, Any]) -> Iterator[Mutant]:
    """Yield the changes to a value and to all that it holds."""
    for change, new in _replacements(value, place, template):
        yield Mutant(place, change, new)
    if not isinstance(value, (dict, list)) or _is_call(value, "Ref") or _is_call(value, "GetAtt"):
        return
    is_argument = str(place[-1]).startswith("Fn::")
    for key, member in value.items() if isinstance(value, dict) else enumerate(value):
        here = (*place, key)
        if _is_remark_for_lint(here):
            continue
        # A function without one of its arguments would be refused by CloudFormation itself.
        if not is_argument and not str(key).startswith("Fn::"):
            yield Mutant(here, "removed", REMOVED)
        yield from _changes(member, here, template)


def _replacements(value: Any, place: Place, template: Any) -> Iterator[tuple[str, Any]]:
    """Yield what could wrongly stand in a value's place: a word for it, and the new value."""
    match value:
        case bool():
            yield "flipped", not value
        case int():
            yield "doubled", value * 2 or 1
            yield "zeroed", 0 if value else -1
        case str() if "Fn::Sub" in place[-2:]:
            yield from _substitutions(value, place)
        case str():
            yield from _texts(value, place)
        case dict():
            yield from _calls(value, template)
        case [str(first), *_] if place[-1] == "Action":
            yield "widened", [*value, f"{first.partition(':')[0]}:*"]
        case list() if place[-1] in {"Statement", "Policies", "Targets"}:
            yield "member added", [*value, {"Effect": "Allow", "Action": "*", "Resource": "*"}]
    may_be_wide = place[-1] in {"Action", "Principal", "Resource"} and value != "*"
    if may_be_wide or _is_call(value, "Ref", "GetAtt", "Sub"):
        yield "widened to *", "*"


def _calls(call: dict[str, Any], template: Any) -> Iterator[tuple[str, Any]]:
    """Yield what could wrongly stand in the place of an intrinsic function's call."""
    match call:
        case {"Ref": str(name), **rest} if not rest:
            yield from _other_targets(name, "Ref", template)
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            yield from _other_targets(name, attribute, template)
        case {"Fn::If": [condition, yes, no]}:
            yield "branches swapped", {"Fn::If": [condition, no, yes]}
        case {"Fn::Not": [condition]}:
            yield "no longer negated", condition


def _texts(value: str, place: Place) -> Iterator[tuple[str, Any]]:
    if place[-1] == "AlarmDescription":
        yield "runbook anchor changed", f"{value}x"
        yield "runbook pointer removed", value.partition(" docs/")[0]
    elif value in OPPOSITES:
        yield "flipped", OPPOSITES[value]
    elif not _is_wording(place):
        yield "suffixed", f"{value}x"


def _substitutions(text: str, place: Place) -> Iterator[tuple[str, str]]:
    """Yield changed texts of a Sub: each placeholder, and each word and number of a dashboard."""

    def put(found: re.Match[str], new: str) -> tuple[str, str]:
        changed = text[: found.start()] + new + text[found.end() :]
        return f"{found[0]} at {found.start()} is {new!r}", changed

    yield "suffixed", f"{text}x"
    for found in PLACEHOLDER.finditer(text):
        yield put(found, "*")
        yield put(found, WRITTEN_OUT.get(found[1], "dev"))
    if "DashboardBody" in place:
        for found in PLACEHOLDER_OR_WORD.finditer(text):
            if found[1]:
                yield put(found, str(int(found[1]) * 2) if found[1].isdigit() else f"{found[1]}x")


def _other_targets(name: str, attribute: str, template: Any) -> Iterator[tuple[str, Any]]:
    """Yield references to others of the same sort, and the value written out."""
    resources, parameters = template["Resources"], template["Parameters"]
    others = [other for other in parameters if other != name] if name in parameters else []
    if name in resources:
        others = [
            other
            for other, resource in resources.items()
            if resource["Type"] != resources[name]["Type"]
            and attribute in resolve.RETURNS.get(resource["Type"], {})
        ]
    for other in others[:2]:
        call = {"Ref": other} if attribute == "Ref" else {"Fn::GetAtt": [other, attribute]}
        yield f"swapped for {other}", call
    if name in parameters:
        yield "written out", parameters[name]["Default"]
    elif name in WRITTEN_OUT:
        yield "written out", WRITTEN_OUT[name]


def _is_call(value: Any, *functions: str) -> bool:
    """Tell whether a value is a call of one of some intrinsic functions."""
    name = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else ""
    return str(name).removeprefix("Fn::") in functions


def _is_wording(place: Place) -> bool:
    """Tell whether a text may be another, though not be missing: prose, and the handler's code."""
    prose = {"Description", "ConstraintDescription", "ZipFile"}
    return place[-1] in prose or (place[0] == "Metadata" and place[-1] == "default")


def _is_remark_for_lint(place: Place) -> bool:
    return place[0] == "Resources" and place[2:] == ("Metadata",)


class Trial:
    """A pytest plugin: runs the collected tests on each mutant, each in a process of its own."""

    def __init__(self, only: str) -> None:
        """Take a text; only the mutants that have it in their path or change are tried."""
        self.only = only
        self.ready = False
        self.tried = 0
        self.survivors: list[Mutant] = []
        self._noticed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure, in the process of a mutant."""
        self._noticed = self._noticed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try the template as it is, then each mutant."""
        if session.testsfailed:
            return True
        # The others read the template's text, in which no mutant shows.
        items = [item for item in session.items if "template" in getattr(item, "fixturenames", ())]
        template = resolve.load()
        gc.freeze()  # the processes share the parent's memory as long as nothing touches it
        self.ready = self._noticed_by(items, template, None) is None
        for mutant in mutants(template) if self.ready else ():
            if self.only not in str(mutant):
                continue
            self.tried += 1
            by = self._noticed_by(items, template, mutant)
            if by is None:
                self.survivors.append(mutant)
            else:  # and likely notices the next one too
                items.insert(0, items.pop(by))
        return True

    def _noticed_by(
        self, items: list[pytest.Item], template: dict[str, Any], mutant: Mutant | None
    ) -> int | None:
        """Return the position of the first test that fails on a mutant, None if all pass."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writer, str(self._run(items, template, mutant)).encode())
            finally:
                os._exit(0)  # never back into the parent's pytest
        os.close(writer)
        with os.fdopen(reader) as answer:
            said = answer.read()
        os.waitpid(child, 0)
        if not said:
            raise RuntimeError(f"the tests ended before their answer: {mutant}")
        return None if said == "None" else int(said)

    def _run(
        self, items: list[pytest.Item], template: dict[str, Any], mutant: Mutant | None
    ) -> int | None:
        if mutant is not None:
            mutant.make(template)
        resolve.load = lambda: template
        for at, item in enumerate(items):
            following = items[at + 1] if at + 1 < len(items) else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._noticed:
                return at
        return None


@click.command(epilog="Example: python -m tests.template_mutants --only Alarm")
@click.option("--only", default="", help="Try only the mutants with this text in their line.")
def main(*, only: str) -> None:
    """Try every mutant of the template on its tests and list those that survive."""
    started = time.monotonic()
    trial = Trial(only)
    # Neither a report nor a rewritten assertion is read here; without them it is twice as fast.
    quick = ["-o", "addopts=", "-p", "no:terminal", "-p", "no:cacheprovider", "--assert=plain"]
    pytest.main([*quick, "--capture=no", "--import-mode=importlib", str(TESTS)], [trial])
    if not trial.ready:
        click.echo(
            "the tests fail on the template as it is; run pytest tests/unit/template", err=True
        )
        sys.exit(2)
    for mutant in trial.survivors:
        click.echo(mutant)
    seconds = time.monotonic() - started
    click.echo(f"{trial.tried} mutants, {len(trial.survivors)} survive ({seconds:.0f} s)")
    sys.exit(1 if trial.survivors else 0)


if __name__ == "__main__":
    main()
