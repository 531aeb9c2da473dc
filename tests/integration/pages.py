"""Runs blocks of the pages by a shell, as they are, and compares what they print.

A console block has commands and what each prints; an sh block has commands that must succeed.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scripts import deployment, forwarder
from scripts import emulator as ministack
from scripts.embed import ROOT, TEMPLATE
from shipments.stack import Stack
from tests.blocks import COMMANDS, Block

STACK = "logistics-processing-dev"
ARCHIVE = "shipments-dev"
# Of the template, for what the emulator's CloudFormation cannot do.
DEFAULT = r"(?m)^(  {name}:\n(?:    .*\n)*?    Default: ).*$"
DEFINES = re.compile(r"^(\w+)\(\) ", re.MULTILINE)
ASSIGNS = re.compile(r"^(\w+)=", re.MULTILINE)
# Read again until they show what is on its way: an update takes a moment to be stored or rejected.
LOOKS = {"track", "list", "failed", "log", "export", "filter-log-events"}
LOOKS |= {"scripts/dashboard"}
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


def steps(block: Block) -> Iterator[Step]:
    for text in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, printed = re.sub(r"\\\n", "", text).partition("\n")
        yield Step(command, printed)


def comparable(text: str) -> str:
    """Return what a command prints without what differs each time, such as ids and times."""
    for changing, instead in CHANGING:
        text = changing.sub(instead, text)
    return text.strip()


@dataclass
class Shell:
    """An operator's shell in a folder with the pages' files and the templates.

    definitions: the functions and variables of the blocks so far; ids: those of the page, and
    those that are printed instead; instead: what else is replaced in a command.
    """

    client: Callable[[str], Any]
    folder: Path
    environment: Mapping[str, str]
    definitions: str = ""
    ids: dict[str, str] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)

    def look(self, step: Step) -> str:
        """Return what a command prints, once that is what the page says, or after a while."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            printed = self._run(step.command)[1]
            same = comparable(printed) == comparable(step.printed)
            if same or not LOOKS & set(step.command.split()) or time.monotonic() > give_up:
                break
        self.ids.update(zip(ID.findall(step.printed), ID.findall(printed), strict=False))
        return printed

    def do(self, text: str) -> tuple[int, str]:
        """Run an sh block until a command fails; return its exit status and what it printed.

        What it defines is there for the blocks after it.
        """
        names = ASSIGNS.findall(text)
        values = "".join(f'\nprintf "\\036%s" "${name}"' for name in names)
        status, output = self._run(f"set -e\n{text}{values}")
        printed, *found = output.split("\x1e")
        for name, value in zip(names, found, strict=False):
            self.definitions += f"{name}={shlex.quote(value)}\n"
        if DEFINES.search(text):
            self.definitions += text
        return status, printed

    def _run(self, command: str) -> tuple[int, str]:
        command = ID.sub(lambda found: self.ids.get(found[0], found[0]), command)
        for text, instead in {"scripts/": f"{ROOT}/scripts/", **self.instead}.items():
            command = command.replace(text, instead)
        done = subprocess.run(
            ["/bin/sh", "-c", f"{self.definitions}\n{command}"],
            cwd=self.folder,
            env=self.environment,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout.replace(f"{ROOT}/", "")

    def follow(
        self,
        blocks: Iterable[Block],
        subtests: pytest.Subtests,
        after: Mapping[str, Callable[[], None]] | None = None,
        statuses: Mapping[str, int] | None = None,
    ) -> None:
        """Run blocks in their order, and compare what they print, or that they succeed.

        after: what to do once a command that contains a text has been run; statuses: the exit
        status of an sh block that contains a text, if it is not 0.
        """
        expected = statuses or {}
        for block in blocks:
            if block.kind == "sh" and not block.file:
                status, printed = self.do(block.text)
                wanted = {status for text, status in expected.items() if text in block.text}
                with subtests.test(block=block.name):
                    assert status in (wanted or {0}), printed
            for step in steps(block) if block.kind == "console" else ():
                printed = self.look(step)
                with subtests.test(command=step.command):
                    assert comparable(printed) == comparable(step.printed), printed
            for text, act in (after or {}).items():
                if block.kind in COMMANDS and text in block.text:
                    act()


def bare(emulator: ministack.Emulator, blocks: Iterable[Block], folder: Path) -> Shell:
    """Return a shell in a folder with what blocks need: their files, the templates, the policies.

    The templates' defaults are those that the emulator can deploy.
    """
    for block in blocks:
        if block.file:
            (folder / block.file).write_text(block.text, "utf-8")
    shutil.copytree(TEMPLATE.parent, folder / "templates")
    (folder / "docs").symlink_to(ROOT / "docs")
    text = TEMPLATE.read_text("utf-8")
    for name, value in ministack.PARAMETERS.items():
        text = re.sub(DEFAULT.format(name=name), rf"\g<1>'{value}'", text)
    (folder / "templates" / TEMPLATE.name).write_text(text, "utf-8")
    path = f"{ROOT / 'scripts'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **emulator.environment,
        "PATH": f"{path}{os.environ['PATH']}",
        "TAPSTACK_STACK": STACK,
        "COLUMNS": "100",
        # As in a terminal, but for colours and progress bars.
        "TTY_COMPATIBLE": "1",
        "TTY_INTERACTIVE": "0",
        "NO_COLOR": "1",
    }
    return Shell(emulator.client, folder, environment)


@contextmanager
def opened(
    emulator: ministack.Emulator, blocks: Iterable[Block], folder: Path
) -> Iterator[tuple[Shell, Stack]]:
    """Deploy a new stack with an archive; yield a shell for blocks, in a folder, and the stack."""
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
    with forwarder.running(client, stack):
        yield bare(emulator, blocks, folder), stack
    deployment.delete(client, STACK)
    events.delete_archive(ArchiveName=ARCHIVE)
