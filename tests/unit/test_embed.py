"""scripts/embed: the handler goes into the template as it is, and nothing else changes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from scripts import embed

BEFORE_THE_CODE = """\
# The top of the file
Resources:

  Function:   # its comment, and more blanks than needed
    Properties:
      Names: {a: 1,   b: "two"}
      Code:
        ZipFile: |
"""
OLD_CODE = """\
          OLD = 1

          def handler():
              return OLD
"""
AFTER_THE_CODE = """\
      Timeout: 30 # seconds
  # ---- The next room
  Table: {Type: 'AWS::DynamoDB::Table'}
"""
TEMPLATE = BEFORE_THE_CODE + OLD_CODE + AFTER_THE_CODE
NEW_CODE = '''"""Does what it does.   """

# a comment, ${NotAPlaceholder} and a \\ backslash
TABLE = {"a": 'b: c'}  # another


def handler():
    if TABLE:
\ttabbed = "ü"
    return TABLE
'''


def code_in(template: str) -> str:
    """Return the code as any YAML reader, CloudFormation's too, finds it."""
    parsed: dict[str, Any] = yaml.safe_load(template)
    return str(parsed["Resources"]["Function"]["Properties"]["Code"]["ZipFile"])


@pytest.mark.parametrize(
    "code",
    [
        NEW_CODE,
        "one = 1\n",
        "\nafter_a_blank_line = 1\n",
        'text = """\n   \n  blanks \n"""\n',
    ],
    ids=["all sorts", "one line", "blank first", "lines of blanks"],
)
def test_the_code_is_embedded_verbatim(code: str) -> None:
    template = embed.embed(TEMPLATE, code)
    assert code_in(template) == code
    assert embed.embedded(template) == code


def test_the_rest_of_the_template_stays_byte_for_byte() -> None:
    template = embed.embed(TEMPLATE, NEW_CODE)
    assert template.startswith(BEFORE_THE_CODE)
    assert template.endswith("    return TABLE\n" + AFTER_THE_CODE)


def test_a_blank_line_after_the_code_stays() -> None:
    template = BEFORE_THE_CODE + OLD_CODE + "\n\n" + AFTER_THE_CODE
    assert embed.embed(template, NEW_CODE).endswith("    return TABLE\n\n\n" + AFTER_THE_CODE)
    assert embed.embed(template, embed.embedded(template)) == template


def test_code_at_the_end_of_the_template_is_replaced_whole() -> None:
    assert code_in(embed.embed(BEFORE_THE_CODE + OLD_CODE, NEW_CODE)) == NEW_CODE


def test_embedding_twice_changes_nothing() -> None:
    once = embed.embed(TEMPLATE, NEW_CODE)
    assert embed.embed(once, NEW_CODE) == once


@pytest.mark.parametrize(
    "code", ["", "x = 1", "x = 1\n\n"], ids=["nothing", "no newline", "two newlines"]
)
def test_code_that_a_block_cannot_hold_as_it_is_is_refused(code: str) -> None:
    with pytest.raises(embed.EmbedError, match="must end with one newline"):
        embed.embed(TEMPLATE, code)


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("Resources: {}\n", 0),
        (TEMPLATE.replace("ZipFile: |", "ZipFile: x = 1"), 0),
        (TEMPLATE.replace("ZipFile: |", "# ZipFile: |"), 0),
        (TEMPLATE + TEMPLATE, 2),
    ],
    ids=["no code", "code on the line", "only a comment", "two functions"],
)
def test_a_template_without_one_place_for_the_code_is_refused(template: str, found: int) -> None:
    with pytest.raises(embed.EmbedError, match=rf"expected one 'ZipFile: \|' block, found {found}"):
        embed.embed(template, NEW_CODE)


@dataclass(frozen=True)
class Project:
    """A handler and a template in a folder, and the command run on them."""

    handler: Path
    template: Path

    def embed(self, *options: str) -> Result:
        files = ["--handler", str(self.handler), "--template", str(self.template)]
        return CliRunner().invoke(embed.main, [*files, *options])


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project(tmp_path / "index.py", tmp_path / "Stack.yml")
    found.handler.write_text(NEW_CODE, "utf-8")
    found.template.write_text(TEMPLATE, "utf-8")
    return found


def test_the_command_writes_the_handler_into_the_template(project: Project) -> None:
    result = project.embed()
    assert (result.exit_code, result.output) == (0, "Wrote index.py into Stack.yml.\n")
    assert code_in(project.template.read_text("utf-8")) == NEW_CODE


def test_the_command_does_not_touch_a_template_that_contains_the_handler(project: Project) -> None:
    project.embed()
    written = project.template.stat().st_mtime_ns
    result = project.embed()
    assert (result.exit_code, result.output) == (0, "Stack.yml contains index.py as it is.\n")
    assert project.template.stat().st_mtime_ns == written


def test_the_check_passes_if_the_template_contains_the_handler(project: Project) -> None:
    project.embed()
    assert project.embed("--check").exit_code == 0


def test_the_check_says_what_to_do_and_shows_the_difference_and_writes_nothing(
    project: Project,
) -> None:
    project.embed()
    before = project.template.read_text("utf-8")
    project.handler.write_text(NEW_CODE.replace("return TABLE", "return None"), "utf-8")
    result = project.embed("--check")
    assert result.exit_code == 1
    what_to_do, *lines = result.output.splitlines()
    assert what_to_do == "Run scripts/embed: the code in Stack.yml differs from index.py."
    assert lines[:2] == ["--- Stack.yml", "+++ index.py"]
    assert [line for line in lines[2:] if line[0] in "-+"] == [
        "-    return TABLE",
        "+    return None",
    ]
    assert project.template.read_text("utf-8") == before


def test_the_check_notices_a_changed_comment(project: Project) -> None:
    project.embed()
    project.handler.write_text(NEW_CODE.replace("# another", "# a third"), "utf-8")
    assert project.embed("--check").exit_code == 1


@pytest.mark.parametrize("name", ["handler", "template"])
def test_a_missing_file_is_named(project: Project, name: str) -> None:
    path: Path = getattr(project, name)
    path.unlink()
    result = project.embed()
    assert result.exit_code == 2
    assert result.output == f"Error: {path}: No such file or directory\n"


def test_a_template_without_a_place_for_the_code_is_an_error_of_one_line(project: Project) -> None:
    project.template.write_text("Resources: {}\n", "utf-8")
    result = project.embed()
    assert result.exit_code == 2
    assert result.output == "Error: ZipFile: expected one 'ZipFile: |' block, found 0\n"
    assert project.template.read_text("utf-8") == "Resources: {}\n"


@pytest.mark.parametrize("name", ["handler", "template"])
def test_a_handler_without_its_template_or_the_other_way_round_is_refused(
    project: Project, name: str
) -> None:
    result = CliRunner().invoke(embed.main, [f"--{name}", str(getattr(project, name))])
    assert result.exit_code == 2
    assert result.output == "Error: --handler, --template: pass both or neither\n"


def test_the_command_without_options_is_about_this_project() -> None:
    pairs = {template.name: handler.name for template, handler in embed.HANDLERS.items()}
    assert pairs == {
        "TapStack.yml": "index.py",
        "ShipmentStatus.yml": "status.py",
        "CarrierWebhook.yml": "webhook.py",
    }
    assert all(path.is_file() for pair in embed.HANDLERS.items() for path in pair)


def test_the_check_without_options_checks_each_template() -> None:
    result = CliRunner().invoke(embed.main, ["--check"])
    assert (result.exit_code, result.output.splitlines()) == (
        0,
        [
            "TapStack.yml contains index.py as it is.",
            "ShipmentStatus.yml contains status.py as it is.",
            "CarrierWebhook.yml contains webhook.py as it is.",
        ],
    )
