"""What `make up` keeps running beside the emulator, and what `make down` ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scripts import emulator as ministack
from scripts import stack as stacks
from scripts.embed import ROOT, TEMPLATE
from tests.integration.metrics import STORED, by_status, dashboard, leftovers, send
from tests.integration.pipeline import EMULATED, Pipeline

pytestmark = pytest.mark.own_stack("puts metrics, which AWS makes itself")

Deploy = Callable[..., Pipeline]
PATIENCE_SECONDS = 30


def python(*arguments: str, **more: Any) -> "subprocess.Popen[str]":
    """Start Python with the project on its path; its standard output can be read."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**inherited, "PYTHONPATH": str(ROOT), **more}
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@contextmanager
def forwarding(local: ministack.Emulator, stack: str) -> Iterator["subprocess.Popen[str]"]:
    """Run the command for a stack for the length of a with block."""
    with python("-m", "scripts.forwarder", stack, **local.environment) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_command_forwards_until_it_is_ended_and_says_nothing(
    deploy: Deploy, emulator: ministack.Emulator
) -> None:
    pipeline = deploy("command")
    before = leftovers(pipeline)
    with forwarding(emulator, pipeline.stack.name) as process:
        pipeline.until(lambda: leftovers(pipeline)[1] != before[1])
        send(pipeline, STORED)
        pipeline.until(lambda: by_status(pipeline, "IN_TRANSIT") == 1)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=PATIENCE_SECONDS)[0] == ""
    assert process.returncode == 0
    assert leftovers(pipeline) == before


def test_the_command_goes_on_with_a_stack_that_is_deployed_anew(
    deploy: Deploy, emulator: ministack.Emulator, client: Callable[[str], Any]
) -> None:
    pipeline = deploy("anew", TableDeletionProtection="false")
    with forwarding(emulator, pipeline.stack.name):
        send(pipeline, STORED)
        pipeline.until(lambda: by_status(pipeline, "IN_TRANSIT") == 1)
        cloudformation = client("cloudformation")
        stacks.delete(cloudformation, pipeline.stack.name)
        parameters = {
            **ministack.PARAMETERS,
            "EnvironmentSuffix": "anew",
            "EventBusName": pipeline.stack["EventBusName"],
        }
        text = TEMPLATE.read_text("utf-8")
        stacks.deploy(cloudformation, pipeline.stack.name, text, parameters)
        send(pipeline, STORED)
        pipeline.until(lambda: by_status(pipeline, "IN_TRANSIT") == 2)
        # Of the new table, whose stream is another one.
        written = ("AWS/DynamoDB", "ConsumedWriteCapacityUnits")
        pipeline.until(lambda: dashboard(pipeline, *written) == 2)


def test_the_command_says_that_a_stack_is_missing(emulator: ministack.Emulator) -> None:
    with python("-m", "scripts.forwarder", "missing", **emulator.environment) as process:
        printed = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert process.returncode == 2
    assert "STACK_NAME: there is no stack missing; deploy it" in printed
    assert "Traceback" not in printed


# Runs scripts/local with its files in another folder.
LOCAL = """
import sys
from pathlib import Path
from scripts import local
for name in ("STATE", "FORWARDER"):
    setattr(local, name, Path(sys.argv[1]) / getattr(local, name).name)
local.FOLDER = Path(sys.argv.pop(1))
local.main()
"""


def local(folder: Path, command: str) -> str:
    """Run a command of scripts/local; return what it prints."""
    with python("-c", LOCAL, str(folder), command) as process:
        printed = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert process.returncode == 0, printed
    return printed


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait(come: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not come():
        assert time.monotonic() < give_up, f"not within {PATIENCE_SECONDS} s"
        time.sleep(0.05)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[tuple[Path, ministack.Emulator, int]]:
    """Start what `make up` starts; return its folder, the emulator and the forwarder's pid."""
    folder = tmp_path / "local"
    try:
        assert "is deployed as logistics-processing-dev" in local(folder, "up")
        state = json.loads((folder / "emulator.json").read_text("utf-8"))
        started = ministack.Emulator(state["endpoint"], state["pid"], folder)
        yield folder, started, int((folder / "forwarder.pid").read_text("utf-8"))
    finally:
        local(folder, "down")


def test_up_makes_metrics_and_down_ends_it(up: tuple[Path, ministack.Emulator, int]) -> None:
    folder, started, pid = up
    stack = stacks.describe(started.client("cloudformation"), "logistics-processing-dev")
    pipeline = Pipeline(stack, started.client, EMULATED)
    pipeline.put({"shipmentId": "SHIP-1", **STORED})
    pipeline.until(lambda: by_status(pipeline, "IN_TRANSIT") == 1)
    os.kill(pid, signal.SIGSTOP)  # or it would notice and end by itself
    assert local(folder, "down") == "MiniStack has ended.\n"
    wait(lambda: not runs(pid) and not runs(started.pid))
    assert not folder.exists()


def test_down_ends_the_forwarder_of_an_emulator_that_was_killed(
    up: tuple[Path, ministack.Emulator, int],
) -> None:
    folder, started, pid = up
    os.kill(pid, signal.SIGSTOP)  # or it would notice and end by itself
    ministack.stop(started)
    assert local(folder, "down") == "Nothing runs.\n"
    wait(lambda: not runs(pid))


def test_a_forwarder_ends_by_itself_when_its_emulator_is_gone(
    up: tuple[Path, ministack.Emulator, int],
) -> None:
    folder, started, pid = up
    sqs = started.client("sqs")
    wait(lambda: len(sqs.list_queues()["QueueUrls"]) == 3)  # it has made its two
    ministack.stop(started)
    wait(lambda: not runs(pid))
    assert (folder / "forwarder.txt").read_text("utf-8") == ""
