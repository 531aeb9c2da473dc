"""docs/operating.md, checked against the commands: their options, and each console block as it is.

The blocks run in the page's order, on one new stack, as one operator's day.
"""

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from click import Group

from scripts import deployment, forwarder
from scripts import emulator as ministack
from scripts.embed import ROOT, TEMPLATE
from shipments.cli import main

pytestmark = [pytest.mark.own_emulator, pytest.mark.own_stack("deploys a stack of its own")]

PAGE = (ROOT / "docs" / "operating.md").read_text("utf-8")
STACK = "logistics-processing-dev"
ARCHIVE = "shipments-dev"
BLOCK = re.compile(r"(?ms)^```(?P<kind>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$")
SECTION = re.compile(r"(?ms)^## (\w+): .*?(?=^## |\Z)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
# Read again until they show what is on its way: an update takes a moment to be stored or rejected.
LOOKS = {"--stack-name", "track", "list", "failed", "log", "export"}
PATIENCE_SECONDS = 20
ID = re.compile(r"\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b")
CHANGING = [
    (re.compile(r"\x1b\[[?\d;]*[A-Za-z]"), ""),
    (ID, "<id>"),
    (re.compile(r"\b\d{8}T\d{6,12}(-[\da-f]{6})?\b"), "<time>"),
    (re.compile(r"\b(\d{4}-)?\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?Z?)?"), "<time>"),
    (re.compile(r"\b[\da-f]{12}\b"), "<digest>"),
    (re.compile(r"\b[\d,.]+ (ms|s)\b"), r"<n> \1"),
    (re.compile("─+"), "─"),
    (re.compile(r" +"), " "),
    (re.compile(r" $", re.MULTILINE), ""),
    (re.compile(r"\n+"), "\n"),
]


class Step(NamedTuple):
    """A command of the page, and what the page says it prints."""

    command: str
    printed: str


def steps(page: str) -> Iterator[Step]:
    for block in BLOCK.finditer(page):
        if block["kind"] == "console":
            for text in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
                command, _, printed = re.sub(r"\\\n", "", text).partition("\n")
                yield Step(command, printed)


def files(page: str) -> dict[str, str]:
    """Return the files that the page shows: blocks whose first line names one."""
    return {block["file"]: block["text"] for block in BLOCK.finditer(page) if block["file"]}


def comparable(text: str) -> str:
    """Return what a command prints without what differs each time, such as ids and times."""
    for changing, instead in CHANGING:
        text = changing.sub(instead, text)
    return text.strip()


@pytest.fixture(scope="module")
def emulator() -> Iterator[ministack.Emulator]:
    """Run an emulator without any other stack, which the commands would name."""
    with ministack.running() as running:
        yield running


@pytest.fixture(scope="module")
def shell(
    emulator: ministack.Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """Deploy the page's stack; return a folder with the page's files, and the environment."""
    client = emulator.client
    events = client("events")
    bus = events.describe_event_bus(Name="default")["Arn"]
    # MiniStack's CloudFormation makes no archive, so one is made here and named in the output.
    archive = events.create_archive(
        ArchiveName=ARCHIVE, EventSourceArn=bus, EventPattern='{"source": ["logistics.shipments"]}'
    )["ArchiveArn"]
    template = TEMPLATE.read_text("utf-8").replace(
        "Condition: HasArchive\n    Value: !GetAtt ShipmentUpdateArchive.Arn", f"Value: {archive}"
    )
    parameters = {**ministack.PARAMETERS, "AlertEmail": "alerts@example.com"}
    stack = deployment.deploy(client, STACK, template, parameters)
    ministack.complete(client, stack["ShipmentLogsTableName"])
    folder = tmp_path_factory.mktemp("operator")
    for name, text in files(PAGE).items():
        (folder / name).write_text(text, "utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **emulator.environment,
        "PATH": f"{ROOT / 'scripts'}{os.pathsep}{os.environ['PATH']}",
        "TAPSTACK_STACK": STACK,
        "COLUMNS": "100",
        # As in a terminal, but for colours and progress bars.
        "TTY_COMPATIBLE": "1",
        "TTY_INTERACTIVE": "0",
        "NO_COLOR": "1",
    }
    with forwarder.running(client, stack):
        yield folder, environment
    deployment.delete(client, STACK)
    events.delete_archive(ArchiveName=ARCHIVE)


def test_each_console_block_prints_what_the_page_says(
    shell: tuple[Path, Mapping[str, str]], subtests: pytest.Subtests
) -> None:
    folder, environment = shell
    ids: dict[str, str] = {}  # of the page, and those that are printed instead
    for step in steps(PAGE):
        command = ID.sub(lambda found: ids.get(found[0], found[0]), step.command)
        command = command.replace("scripts/", f"{ROOT}/scripts/")
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            done = subprocess.run(
                ["/bin/sh", "-c", command],
                cwd=folder,
                env=environment,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            printed = comparable(done.stdout.replace(f"{ROOT}/", ""))
            same = printed == comparable(step.printed)
            looks = step.command.split()[1] in LOOKS
            if same or not looks or time.monotonic() > give_up:
                break
        ids.update(zip(ID.findall(step.printed), ID.findall(done.stdout), strict=False))
        with subtests.test(command=step.command):
            assert printed == comparable(step.printed), done.stdout


def options(group: Group, command: str) -> set[str]:
    return {
        name
        for parameter in group.commands[command].params
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("--")
    }


# Described once for all commands, at the top of the page.
COMMON = {"--stack-name", "--environment", "--region", "--profile", "--json"}


@pytest.mark.parametrize("command", main.commands)
def test_a_command_s_section_names_its_options_and_no_others(command: str) -> None:
    (section,) = [each[0] for each in SECTION.finditer(PAGE) if each[1] == command]
    named = set(OPTION.findall(re.sub(r"\baws [^`\n]*", "", section)))
    taken = options(main, command)
    known = {name for each in main.commands for name in options(main, each)}
    assert taken - COMMON <= named <= known
