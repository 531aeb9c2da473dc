"""Runs the console blocks of a page of docs/, on a new stack, and compares what they print."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scripts import deployment, forwarder
from scripts import emulator as ministack
from scripts.embed import ROOT, TEMPLATE
from shipments.stack import Stack

STACK = "logistics-processing-dev"
ARCHIVE = "shipments-dev"
BLOCK = re.compile(r"(?ms)^```(?P<kind>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$")
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


def blocks(page: str, kind: str) -> list[str]:
    """Return the texts of the blocks of one kind."""
    return [block["text"] for block in BLOCK.finditer(page) if block["kind"] == kind]


def files(page: str) -> dict[str, str]:
    """Return the files that the page shows: blocks whose first line names one."""
    return {block["file"]: block["text"] for block in BLOCK.finditer(page) if block["file"]}


def comparable(text: str) -> str:
    """Return what a command prints without what differs each time, such as ids and times."""
    for changing, instead in CHANGING:
        text = changing.sub(instead, text)
    return text.strip()


@dataclass
class Shell:
    """An operator's shell in a folder with a page's files.

    functions: what it defines first; ids: those of the page, and those that are printed instead.
    """

    stack: Stack
    client: Callable[[str], Any]
    folder: Path
    environment: Mapping[str, str]
    functions: str = ""
    ids: dict[str, str] = field(default_factory=dict)

    def run(self, step: Step) -> str:
        """Return what a command prints, once that is what the page says, or after a while."""
        command = ID.sub(lambda found: self.ids.get(found[0], found[0]), step.command)
        command = command.replace("scripts/", f"{ROOT}/scripts/")
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            done = subprocess.run(
                ["/bin/sh", "-c", f"{self.functions}\n{command}"],
                cwd=self.folder,
                env=self.environment,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            printed = done.stdout.replace(f"{ROOT}/", "")
            same = comparable(printed) == comparable(step.printed)
            looks = step.command.split()[1] in LOOKS
            if same or not looks or time.monotonic() > give_up:
                break
        self.ids.update(zip(ID.findall(step.printed), ID.findall(printed), strict=False))
        return printed

    def follow(
        self,
        page: str,
        subtests: pytest.Subtests,
        after: Mapping[str, Callable[[], None]] | None = None,
    ) -> None:
        """Run the console blocks of a page in their order, and compare what they print.

        after: what to do once a command that contains a text has been run.
        """
        for step in steps(page):
            printed = self.run(step)
            with subtests.test(command=step.command):
                assert comparable(printed) == comparable(step.printed), printed
            for text, act in (after or {}).items():
                if text in step.command:
                    act()


@contextmanager
def opened(emulator: ministack.Emulator, page: str, folder: Path) -> Iterator[Shell]:
    """Deploy a new stack with an archive; yield a shell for a page, in a folder."""
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
    for name, text in files(page).items():
        (folder / name).write_text(text, "utf-8")
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
    with forwarder.running(client, stack):
        yield Shell(stack, client, folder, environment)
    deployment.delete(client, STACK)
    events.delete_archive(ArchiveName=ARCHIVE)
