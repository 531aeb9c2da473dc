"""The templates' text: small enough, plain YAML in one style, with the handler inside as it is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from scripts import embed, lint
from scripts.embed import HANDLERS
from tests.unit.template import resolve
from tests.unit.template.resolve import Deployment

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


# The order of the sections, and of what a parameter and a resource say of themselves.
SECTIONS = ["AWSTemplateFormatVersion", "Description", "Metadata"]
SECTIONS += ["Parameters", "Conditions", "Resources", "Outputs"]
PARAMETER = ["Type", "Description", "Default", "AllowedPattern", "AllowedValues"]
PARAMETER += ["MinValue", "MaxValue", "MaxLength", "ConstraintDescription"]
RESOURCE = ["Type", "Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "Properties"]
# What the rooms of the templates are called, in their order: an update's way, then who watches it.
ROOMS = ["Intake", "Processing", "Failed updates", "Status", "Alerts", "Mails"]
ROOMS += ["Alarms", "Dashboard", "Table"]
# A resource, at the beginning of a room with what the room is for.
BLOCK = re.compile(r"(?:  # ---- (?P<room>[A-Z][a-z ]+): .+\n)?  \w+:.*(?:\n    .+)+")


@pytest.fixture(scope="module")
def text(path: Path) -> str:
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def bare(text: str) -> str:
    """Return a template's text without the handler."""
    return embed.embed(text, "pass\n")


@pytest.fixture(scope="module")
def nodes(text: str) -> list[yaml.Node]:
    """Return every node of a template, each before what it holds."""
    return list(_within(yaml.compose(text, LOADER)))


def _within(node: yaml.Node) -> Iterator[yaml.Node]:
    yield node
    for member in _members(node):
        yield from _within(member)


def _members(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [each for pair in node.value for each in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def line(node: yaml.Node) -> int:
    """Return the number of the line where a node begins."""
    return int(node.start_mark.line) + 1


def test_the_template_fits_into_a_request(text: str, path: Path) -> None:
    assert lint.SIZE_LIMIT_BYTES <= 51_000
    assert list(lint.check_size(path)) == []
    assert len(text.encode()) <= lint.SIZE_LIMIT_BYTES


def test_the_function_runs_the_handler_as_it_is(
    any_stack: Deployment, text: str, path: Path
) -> None:
    code = any_stack.only("AWS::Lambda::Function")["Code"]["ZipFile"]
    assert code == embed.code_of(HANDLERS[path])
    assert embed.embedded(text) == code


def test_the_template_uses_no_anchor_or_alias(text: str) -> None:
    # CloudFormation does not take them.
    assert [each for each in yaml.parse(text, LOADER) if getattr(each, "anchor", None)] == []


def test_no_key_is_given_twice(nodes: list[yaml.Node]) -> None:
    # A YAML reader may take either, in silence.
    for node in nodes:
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            assert len(keys) == len(set(keys)), line(node)


# ---- its style


def column(node: yaml.Node) -> int:
    """Return the column of a block's keys or hyphens."""
    first = _members(node)[0].start_mark.column
    return int(first) - 2 * isinstance(node, yaml.SequenceNode)


def test_each_level_is_indented_by_two_blanks(text: str, nodes: list[yaml.Node]) -> None:
    assert re.search(r"\t|^ *-  ", text, re.MULTILINE) is None
    for node in nodes:
        for member in _members(node):
            if isinstance(member, yaml.CollectionNode) and not member.flow_style:
                assert column(member) - column(node) == 2, line(member)


def test_only_short_things_are_in_flow_style(nodes: list[yaml.Node]) -> None:
    for node in nodes:
        if isinstance(node, yaml.MappingNode) and node.flow_style:
            assert len(node.value) == 1, line(node)
        if isinstance(node, yaml.CollectionNode) and node.flow_style:
            assert node.start_mark.line == node.end_mark.line, line(node)


def test_a_colon_in_flow_style_is_quoted(nodes: list[yaml.Node]) -> None:
    # AWS's reader has refused `[sts:AssumeRole]`.
    unquoted = [
        line(inner)
        for node in nodes
        if isinstance(node, yaml.CollectionNode) and node.flow_style
        for inner in _within(node)
        if isinstance(inner, yaml.ScalarNode) and not inner.style and ":" in inner.value
    ]
    assert unquoted == []


def in_order(names: list[str], order: list[str]) -> bool:
    """Return whether names are all in an order, and stand as they do there."""
    return set(names) <= set(order) and names == sorted(names, key=order.index)


def test_sections_and_what_they_hold_stand_in_one_order(text: str) -> None:
    template = resolve.parse(text)
    assert in_order(list(template), SECTIONS)
    assert set(SECTIONS) - {"Metadata"} <= template.keys()
    for name, parameter in template["Parameters"].items():
        assert in_order(list(parameter), PARAMETER), name
    for name, resource in template["Resources"].items():
        assert in_order(list(resource), RESOURCE), name


def test_resources_stand_in_rooms_a_blank_line_before_each(bare: str) -> None:
    resources = bare.partition("\nResources:\n")[2].partition("\n\nOutputs:\n")[0]
    found = [BLOCK.fullmatch(block) for block in resources.split("\n\n")]
    assert None not in found
    titles = [match["room"] for match in found if match and match["room"]]
    assert titles[0] == "Intake"
    assert in_order(titles, ROOMS)


def test_a_comment_is_one_short_line(bare: str) -> None:
    comments = re.findall(r"(?:^| )#(.*)$", bare, re.MULTILINE)
    assert comments
    assert [each for each in comments if not re.fullmatch(r" \S.{0,99}(?<![. ])", each)] == []
