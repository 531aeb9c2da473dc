"""docs/architecture.md has each resource and parameter of each template, with its reason."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts import resources
from scripts.embed import TEMPLATE
from tests.unit.template import resolve

PAGE = resources.PAGE.read_text("utf-8")


def names(path: Path) -> set[str]:
    template = resolve.load(path)
    return {*template.get("Parameters", {}), *template["Resources"]}


@pytest.mark.parametrize("path", resources.TEMPLATES, ids=lambda path: path.stem)
def test_each_resource_and_parameter_is_in_the_table_of_its_template(path: Path) -> None:
    section = PAGE.partition(f"\n### {path.name}\n")[2].partition("\n### ")[0]
    rows = re.findall(r"(?m)^\| `(\w+)` \| [\w ]+ \| (.+) \|$", section)
    assert {name for name, _ in rows} == names(path)
    assert all(why.strip() for _, why in rows)


def test_the_page_is_what_scripts_resources_writes() -> None:
    result = CliRunner().invoke(resources.main, ["--check"])
    assert (result.exit_code, result.output) == (
        0,
        "docs/architecture.md has each resource and parameter.\n",
    )


@pytest.mark.parametrize("template", resources.REASONS)
def test_each_reason_is_of_a_resource_that_exists(template: str) -> None:
    assert resources.REASONS[template].keys() <= names(TEMPLATE.with_name(template))


def test_a_change_is_found_and_then_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "docs" / "architecture.md"
    page.parent.mkdir()
    page.write_text(PAGE.replace("| Lambda Function | Checks", "| Lambda Function | Was"), "utf-8")
    monkeypatch.setattr(resources, "PAGE", page)
    monkeypatch.setattr(resources, "ROOT", tmp_path)
    found = [CliRunner().invoke(resources.main, options) for options in (["--check"], [])]
    assert [each.exit_code for each in found] == [1, 0]
    assert found[0].output == (
        "Run scripts/resources: docs/architecture.md differs from the templates.\n"
    )
    assert page.read_text("utf-8") == PAGE


def test_a_resource_without_a_reason_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(resources.REASONS[TEMPLATE.name], "AlertTopic")
    result = CliRunner().invoke(resources.main, ["--check"])
    assert (result.exit_code, result.output) == (
        2,
        "Error: TapStack.yml: AlertTopic has no reason; add it to scripts/resources.yml\n",
    )
