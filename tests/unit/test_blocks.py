"""Each command of README.md and docs/ is run by a test, or has a reason why not."""

import re
from collections import Counter

import click
import pytest
from cfnlint.api import lint_all

from scripts.embed import ROOT
from shipments.cli import main
from tests import blocks
from tests.blocks import COMMANDS, NOT_RUN, RUN

ALL = [block for block in blocks.ALL if block.kind in COMMANDS]
TEMPLATES = [block for block in blocks.ALL if block.file.endswith(".yml")]
TESTS = "\n".join(
    path.read_text("utf-8") for path in (ROOT / "tests" / "integration").glob("test_*.py")
)


def test_each_block_of_commands_is_run_by_a_test_or_has_a_reason() -> None:
    run = {block for name in RUN for block in blocks.to_run(name)}
    left_out = set(blocks.blocks(*NOT_RUN))
    assert [block.name for block in ALL if block not in run | left_out] == [], "see tests/blocks.py"


@pytest.mark.parametrize("name", RUN)
def test_a_test_runs_the_blocks_of_each_list(name: str) -> None:
    assert f'to_run("{name}")' in TESTS


@pytest.mark.parametrize(
    "choice", sorted({*NOT_RUN, *(each for name in RUN.values() for each in name)})
)
def test_each_choice_is_about_a_block(choice: str) -> None:
    assert [block for block in blocks.blocks(choice) if block.kind in COMMANDS]


@pytest.mark.parametrize("choice", NOT_RUN)
def test_what_is_not_run_is_in_no_list(choice: str) -> None:
    assert choice not in {each for name in RUN.values() for each in name}


def test_two_blocks_have_different_names() -> None:
    assert [name for name, times in Counter(block.name for block in ALL).items() if times > 1] == []


def test_no_command_is_in_a_block_of_another_kind() -> None:
    kinds = {block.kind for block in blocks.ALL}
    assert not kinds & {"bash", "shell", "zsh", "shell-session"}


@pytest.mark.parametrize("block", TEMPLATES, ids=lambda block: block.file)
def test_cfn_lint_finds_nothing_in_a_template_of_a_page(block: blocks.Block) -> None:
    # Infos are about what is kept for long.
    assert [each for each in lint_all(block.text) if each.rule.id[0] in "EW"] == []


# ---- forms: commands in a line, and those of blocks that are not run

IN_A_LINE = re.compile(r"`shipments ([a-z][^`#|>]*)`")
IN_A_BLOCK = re.compile(r"(?m)^shipments ([^#|>\n]+)")
FORMS = {
    " ".join(form.split())
    for page in blocks.PAGES
    for form in IN_A_LINE.findall((ROOT / page).read_text("utf-8"))
} | {form.strip() for block in ALL for form in IN_A_BLOCK.findall(block.text)}


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_form_of_a_command_has_options_that_it_takes(form: str) -> None:
    name, *words = form.replace("\\", " ").split()
    command: click.Command = main.commands[name]
    if isinstance(command, click.Group) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    taken = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= taken
