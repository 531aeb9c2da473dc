"""The template's text: small enough, plain YAML, and with the handler inside as it is."""

import json
from typing import Any

import pytest
import yaml

from scripts import embed
from tests.unit.template.resolve import HANDLER, TEMPLATE

# CloudFormation takes 51,200 bytes in a request; a fifth of that is kept free.
LIMIT_BYTES = 40_960


@pytest.fixture(scope="module")
def text() -> str:
    return TEMPLATE.read_text("utf-8")


def test_the_template_fits_into_a_request_with_a_fifth_to_spare() -> None:
    assert TEMPLATE.stat().st_size < LIMIT_BYTES


def test_the_template_as_json_fits_into_a_request_too(template: dict[str, Any]) -> None:
    assert len(json.dumps(template, separators=(",", ":")).encode()) < LIMIT_BYTES


def test_the_function_runs_the_handler_as_it_is(template: dict[str, Any]) -> None:
    code = template["Resources"]["ShipmentProcessorFunction"]["Properties"]["Code"]["ZipFile"]
    assert code == HANDLER.read_text("utf-8")


def test_embed_reads_the_code_that_cloudformation_reads(text: str) -> None:
    assert embed.embedded(text) == HANDLER.read_text("utf-8")


def test_the_template_uses_no_anchor_or_alias(text: str) -> None:
    # CloudFormation does not take them.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    assert [event for event in yaml.parse(text, loader) if getattr(event, "anchor", None)] == []


def test_no_key_is_given_twice(text: str) -> None:
    # A YAML reader may take either, in silence.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    twice = []
    waiting = [yaml.compose(text, loader)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            twice += [key for key in keys if keys.count(key) > 1]
            waiting += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
    assert twice == []
