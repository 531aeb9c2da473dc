"""Two mappings stand alone, so that their text can be put into another program."""

import ast
from pathlib import Path

import pytest

from shipments.carriers import reading

FOLDER = Path(reading.__file__).parent
ALONE = ("easypost", "shippo")


def functions(name: str) -> dict[str, str]:
    """Return the source of each top-level function of a mapping by name."""
    source = (FOLDER / f"{name}.py").read_text("utf-8")
    found = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    return {node.name: ast.get_source_segment(source, node) or "" for node in found}


@pytest.mark.parametrize("name", ALONE)
def test_a_mapping_that_stands_alone_reads_payloads_by_the_common_code(name: str) -> None:
    common = functions("reading")
    own = {each: text for each, text in functions(name).items() if each in common}
    assert own == {each: common[each] for each in own}
    assert {"member", "entries", "place", "filled"} <= own.keys()


@pytest.mark.parametrize("name", ALONE)
def test_a_mapping_that_stands_alone_works_as_text(name: str) -> None:
    module: dict[str, object] = {}
    exec((FOLDER / f"{name}.py").read_text("utf-8"), module)  # noqa: S102 - our own file
    assert callable(module["details"])
