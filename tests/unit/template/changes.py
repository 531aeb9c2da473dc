"""What an update from one template to another does to a stack, by CloudFormation's schemas.

An emulator shows only a part of it: docs/aws.md, "The schema of a resource's type".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.unit.template.resolve import Deployment
from tests.unit.template.test_resources import schema

# The schema says this of the type of an attribute in words only.
MORE_CREATE_ONLY = {"AWS::DynamoDB::Table": {"AttributeDefinitions"}}
VERSION = "Version"  # the output that is another one with each release
# Whether each value that the old constraint lets through also passes the new one.
IS_AS_WIDE = {
    "AllowedPattern": lambda old, new: old == new,
    "AllowedValues": lambda old, new: set(old) <= set(new),
    "MinLength": lambda old, new: new <= old,
    "MaxLength": lambda old, new: new >= old,
    "MinValue": lambda old, new: new <= old,
    "MaxValue": lambda old, new: new >= old,
}


def lost(old: Deployment, new: Deployment) -> set[str]:
    """Return what an update takes away from a stack and its user, a line each."""
    before, after = old.template["Parameters"], new.template["Parameters"]
    return {
        *(f"{name}: deleted" for name in set(old.resources) - set(new.resources)),
        *(f"{name}: replaced, by its {key}" for name, key in replaced(old, new)),
        *(f"{name}: not a parameter" for name in before.keys() - after.keys()),
        *(f"{name}: no default" for name, each in after.items() if "Default" not in each),
        *(f"{name}: stricter, by its {key}" for name, key in _stricter(before, after)),
        *(
            f"{name}: not the same output"
            for name, value in old.outputs.items()
            if name != VERSION and new.outputs.get(name) != value
        ),
    }


def replaced(old: Deployment, new: Deployment) -> Iterator[tuple[str, str]]:
    """Yield each resource that an update replaces, and a property that makes it do so."""
    for name in set(old.resources) & set(new.resources):
        kinds = [each.template["Resources"][name]["Type"] for each in (old, new)]
        if kinds[0] != kinds[1]:
            yield name, "Type"
            continue
        keys = set.union(*create_only(kinds[0]))
        yield from ((name, key) for key in keys if old[name].get(key) != new[name].get(key))


def create_only(kind: str) -> tuple[set[str], set[str]]:
    """Return the properties of a type of resource that never, or not always, change in place."""
    never, sometimes = (
        {pointer.split("/")[2] for pointer in schema(kind).schema.get(name, [])}
        for name in ("createOnlyProperties", "conditionalCreateOnlyProperties")
    )
    return never, sometimes | MORE_CREATE_ONLY.get(kind, set())


def _stricter(
    old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """Yield each parameter that may refuse a value it has taken, and the constraint."""
    for name in old.keys() & new.keys():
        before, after = old[name], new[name]
        if before["Type"] != after["Type"]:
            yield name, "Type"
        for key in IS_AS_WIDE.keys() & after.keys():
            if key not in before or not IS_AS_WIDE[key](before[key], after[key]):
                yield name, key
