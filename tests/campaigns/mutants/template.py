"""The templates' mutants: each value removed, widened, swapped or changed."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scripts.embed import DATA_KEY, STATUS_TEMPLATE, TEMPLATE, WEBHOOK_TEMPLATE
from tests.campaigns.mutants.campaign import Mutant
from tests.unit.template import resolve, status_handler, webhook_handler

TESTS = [Path(resolve.__file__).parent]
REMOVED = object()
OPPOSITES = {"Allow": "Deny", "Deny": "Allow", "true": "false", "false": "true"}
# What an author might write where a pseudo parameter belongs.
WRITTEN_OUT = {
    "AWS::AccountId": "210987654321",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "tapstack",
    "AWS::URLSuffix": "amazonaws.com",
}
PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
PLACEHOLDER_OR_WORD = re.compile(r"\$\{[^}]*\}|(\w+|\.+)")

# What a test gets each template by, if not by any_template.
FIXTURES = {
    TEMPLATE: "template",
    STATUS_TEMPLATE: "status_template",
    WEBHOOK_TEMPLATE: "webhook_template",
    DATA_KEY: "data_key",
}

Place = tuple[str | int, ...]


class Change(NamedTuple):
    """A change to the template: the path to where, what it is, and the value that is there then."""

    place: Place
    change: str
    value: Any

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.place))}: {self.change}"

    def make(self, template: Any) -> None:
        """Make the change in a template."""
        for key in self.place[:-1]:
            template = template[key]
        if self.value is REMOVED:
            del template[self.place[-1]]
        else:
            template[self.place[-1]] = self.value


def mutants(template: dict[str, Any]) -> Iterator[Change]:
    """Yield every change to a parsed template that is to be noticed."""
    for key, section in template.items():
        yield Change((key,), "removed", REMOVED)
        yield from _changes(section, (key,), template)
    condition = "FindsStuck" if "FindsStuck" in template.get("Conditions", {}) else "HasArchive"
    for name, resource in template["Resources"].items():
        place: Place = ("Resources", name)
        yield Change((*place, "Properties", "Extra"), "added", "x")
        for key, value in (("DeletionPolicy", "Snapshot"), ("Condition", condition)):
            if key not in resource:
                yield Change((*place, key), "added", value)


def _changes(value: Any, place: Place, template: dict[str, Any]) -> Iterator[Change]:
    """Yield the changes to a value and to all that it holds."""
    for change, new in _replacements(value, place, template):
        yield Change(place, change, new)
    if not isinstance(value, (dict, list)) or _is_call(value, "Ref") or _is_call(value, "GetAtt"):
        return
    is_argument = str(place[-1]).startswith("Fn::")
    for key, member in value.items() if isinstance(value, dict) else enumerate(value):
        here = (*place, key)
        # A function without one of its arguments would be refused by CloudFormation itself.
        if not is_argument and not str(key).startswith("Fn::"):
            yield Change(here, "removed", REMOVED)
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
    if value in OPPOSITES:
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
                yield put(
                    found, str(int(found[1]) * 2 or 1) if found[1].isdigit() else f"{found[1]}x"
                )


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
        yield "written out", parameters[name].get("Default", "x")
    elif name in WRITTEN_OUT:
        yield "written out", WRITTEN_OUT[name]


def _is_call(value: Any, *functions: str) -> bool:
    """Tell whether a value is a call of one of some intrinsic functions."""
    name = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else ""
    return str(name).removeprefix("Fn::") in functions


def _is_wording(place: Place) -> bool:
    """Tell whether a text may be another, though not be missing: prose, and the handler's code."""
    prose = {"Description", "ConstraintDescription", "ZipFile"}
    # Nothing refers to the id of an alarm's own expression.
    return place[-1] in prose or place[-3:] == ("Metrics", 0, "Id")


def all_mutants() -> list[Mutant]:
    """Return the templates' mutants: each changes what all tests get from resolve.load()."""
    status_handler.lines()  # slow to make, and the same for each mutant
    webhook_handler.posted()
    webhook_handler.module()
    return [
        Mutant(
            f"{path.stem}.{change}",
            ".".join([path.stem, *map(str, change.place[:3])]),
            _maker(path, template, change),
            partial(_reads, path),
        )
        for path in FIXTURES
        for template in [resolve.load(path)]
        for change in mutants(template)
    ]


def _maker(path: Path, template: dict[str, Any], change: Change) -> Callable[[], None]:
    load = resolve.load

    def make() -> None:
        change.make(template)
        resolve.load = lambda asked=TEMPLATE: template if asked == path else load(asked)

    return make


def may_notice(item: pytest.Item) -> bool:
    """Return whether a mutant shows in a test: not in one that reads the template's text."""
    return any(_reads(path, item) for path in FIXTURES)


def _reads(path: Path, item: pytest.Item) -> bool:
    """Return whether a test reads a template."""
    fixtures = {FIXTURES[path], "any_template"} & set(getattr(item, "fixturenames", ()))
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return fixtures != set() and parameters.get("path", path) == path
