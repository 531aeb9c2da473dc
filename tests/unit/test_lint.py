"""scripts/lint: what it finds in the template, and its size, which it always prints."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scripts import lint
from scripts.embed import HANDLERS, STATUS_TEMPLATE, TEMPLATE


@pytest.fixture(autouse=True)
def no_cfn_lint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out cfn-lint, which takes seconds and is not what these tests are about."""
    others = {name: check for name, check in lint.CHECKS.items() if "cfn-lint" not in name}
    monkeypatch.setattr(lint, "CHECKS", others)


def run(template: Path) -> Result:
    return CliRunner().invoke(lint.main, ["--template", str(template)])


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = TEMPLATE.read_text("utf-8")
    assert old in text
    path = tmp_path / "Stack.yml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


@pytest.mark.parametrize("template", HANDLERS, ids=lambda template: template.name)
def test_the_size_is_printed_also_if_all_is_well(template: Path) -> None:
    result = run(template)
    assert result.exit_code == 0, result.output
    size = template.stat().st_size
    closing = result.output.splitlines()[-1]
    assert closing.startswith(f"{template.name} has {size:,} bytes as YAML and ")
    assert closing.endswith(" bytes as JSON, of 51,000.")


def test_a_template_with_other_code_first_says_what_to_run(tmp_path: Path) -> None:
    result = run(changed(tmp_path, "import json\n", "import json  # another\n"))
    assert result.exit_code == 1
    assert result.output.splitlines()[:2] == [
        "FAIL  embedded handler",
        "      run scripts/embed: the code in ZipFile differs from lambda/index.py",
    ]


def test_each_template_is_compared_with_its_own_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint, "HANDLERS", {STATUS_TEMPLATE: HANDLERS[TEMPLATE]})
    assert list(lint.check_embedding(STATUS_TEMPLATE)) == [
        "run scripts/embed: the code in ZipFile differs from lambda/index.py"
    ]


def test_a_template_named_by_a_relative_path_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(STATUS_TEMPLATE.parent)
    result = run(Path(STATUS_TEMPLATE.name))
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(("excess", "status"), [(0, 0), (1, 1)])
def test_a_template_over_the_limit_fails(tmp_path: Path, excess: int, status: int) -> None:
    room = lint.SIZE_LIMIT_BYTES - TEMPLATE.stat().st_size
    comment = "#".ljust(room + excess - 1, "x") + "\n"
    result = run(changed(tmp_path, "Resources:\n", f"{comment}Resources:\n"))
    assert result.exit_code == status
    finding = "      YAML form: 51,001 bytes, the limit is 51,000"
    assert (finding in result.output.splitlines()) == bool(excess)


def test_a_file_that_is_not_yaml_is_an_error_of_one_line(tmp_path: Path) -> None:
    result = run(changed(tmp_path, "Resources:\n", "Resources: {\n"))
    assert result.exit_code == 2
    assert result.output.startswith("Error: --template: ")
    assert "Stack.yml is not YAML: " in result.output
    assert result.output.count("\n") == 1
