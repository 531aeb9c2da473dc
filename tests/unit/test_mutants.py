"""The handler's mutants are what they are meant to be."""

from typing import Any

import pytest

from tests.campaigns.mutants import handler

SOURCE = """
LIMIT = 3

def kind(value, *, default=""):
    '''Say what a value is.'''
    if value is None or not value:
        return default
    if value >= LIMIT:
        return "big"
    return re.sub("a+", "", value)
"""
KINDS = [
    "3 becomes 4: LIMIT = 3",
    "negated: if value is None or not value:",
    "always: if value is None or not value:",
    "never: if value is None or not value:",
    "and for or: if value is None or not value:",
    "other comparison: if value is None or not value:",
    "without not: if value is None or not value:",
    "other comparison: if value >= LIMIT:",
    "without line 8: def kind",
    "returns None: return default",
    "'big' becomes '': return",
    "pattern without '+' at 1: return re.sub",
]


def made() -> list[Any]:
    codes: list[Any] = []
    found = handler.mutants(SOURCE, codes.append)
    for mutant in found:
        mutant.make()
    assert len(codes) == len(found)
    return [mutant.name for mutant in found]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_change_is_made(kind: str) -> None:
    assert any(kind in name for name in made())


def test_a_docstring_and_an_annotation_are_not_changed() -> None:
    assert not any("Say what" in name for name in made())
    names = [mutant.name for mutant in handler.mutants("def f() -> 1:\n    pass\n", print)]
    assert names == []


@pytest.mark.parametrize("part", handler.PARTS)
def test_each_equivalent_mutant_exists(part: str) -> None:
    at_least = {"webhook": 400}.get(part, 1_000)  # it is a third of the others
    assert len(handler.all_mutants(part)) > at_least
