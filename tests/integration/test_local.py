"""`make up`: what it prints, what it keeps running, its mails, and how `make down` stops it."""

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

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import PYTHON_PATH, ROOT, TEMPLATE
from shipments.stack import describe
from tests.integration.metrics import STORED, by_status, send, values
from tests.integration.pipeline import EMULATED, Pipeline

pytestmark = [
    pytest.mark.own_emulator,
    pytest.mark.own_stack("puts metrics, which AWS makes itself"),
]

Deploy = Callable[..., Pipeline]
# The folder of `make up`, its emulator and its forwarder's pid.
Up = tuple[Path, ministack.Emulator, int]
PATIENCE_SECONDS = 120  # a mail that finds no turn waits for the rule that runs each minute


def python(*arguments: str, **more: Any) -> "subprocess.Popen[str]":
    """Start Python with the project on its path; its standard output can be read."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**inherited, **PYTHON_PATH, **more}
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
    with forwarding(emulator, pipeline.stack.name) as process:
        send(pipeline, STORED)
        pipeline.until(lambda: by_status(pipeline, "IN_TRANSIT") == 1)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=PATIENCE_SECONDS)[0] == ""
    assert process.returncode == 0


def test_the_command_goes_on_with_a_stack_that_is_deployed_anew(
    deploy: Deploy, emulator: ministack.Emulator, client: Callable[[str], Any]
) -> None:
    pipeline = deploy("anew", TableDeletionProtection="false")
    with forwarding(emulator, pipeline.stack.name):
        send(pipeline, STORED)
        pipeline.until(lambda: by_status(pipeline, "IN_TRANSIT") == 1)
        deployment.delete(client, pipeline.stack.name)
        parameters = {
            **ministack.PARAMETERS,
            "EnvironmentSuffix": "anew",
            "EventBusName": pipeline.stack["EventBusName"],
        }
        text = TEMPLATE.read_text("utf-8")
        deployment.deploy(client, pipeline.stack.name, text, parameters)
        send(pipeline, STORED)
        pipeline.until(lambda: by_status(pipeline, "IN_TRANSIT") == 2)


def test_the_command_says_that_a_stack_is_missing(emulator: ministack.Emulator) -> None:
    with python("-m", "scripts.forwarder", "missing", **emulator.environment) as process:
        printed = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert process.returncode == 2
    assert "STACK_NAME: no stack missing: deploy it first" in printed
    assert "Traceback" not in printed


# Runs scripts/local with its files in another folder.
LOCAL = """
import sys
from pathlib import Path
from shipments.stack import describe
from scripts import local
for name in ("STATE", "FORWARDER", "MAILS"):
    setattr(local, name, Path(sys.argv[1]) / getattr(local, name).name)
local.FOLDER = Path(sys.argv.pop(1))
local.main()
"""


def local(folder: Path, command: str, status: int = 0) -> str:
    """Run a command of scripts/local; return what it prints."""
    with python("-c", LOCAL, str(folder), command) as process:
        printed = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert process.returncode == status, printed
    return printed


def commands(guide: str) -> Iterator[str]:
    """Yield the commands that `make up` prints, the indented lines."""
    lines = guide.replace("\\\n", " ").splitlines()
    yield from (line.strip() for line in lines if line.startswith("  "))


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


@contextmanager
def started_in(folder: Path) -> Iterator[Up]:
    """Start what `make up` starts, and stop it at the end of a with block."""
    try:
        local(folder, "up")
        state = json.loads((folder / "emulator.json").read_text("utf-8"))
        started = ministack.Emulator(state["endpoint"], state["pid"], folder)
        yield folder, started, int((folder / "forwarder.pid").read_text("utf-8"))
    finally:
        local(folder, "down")


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """Return what `make up` starts, for a test that stops it."""
    with started_in(tmp_path / "local") as up:
        yield up


@pytest.fixture(scope="module")
def lasting_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Return what `make up` starts, for tests that leave it running."""
    with started_in(tmp_path_factory.mktemp("up") / "local") as up:
        yield up


@pytest.fixture
def pipeline(lasting_up: Up) -> Pipeline:
    """Return the stack of `make up`."""
    client = lasting_up[1].client
    stack = describe(client, "logistics-processing-dev")
    return Pipeline(stack, client, EMULATED)


def test_up_makes_metrics_and_down_ends_it(up: Up) -> None:
    folder, started, pid = up
    stack = describe(started.client, "logistics-processing-dev")
    pipeline = Pipeline(stack, started.client, EMULATED)
    pipeline.put({"shipmentId": "SHIP-1", **STORED})
    pipeline.until(lambda: by_status(pipeline, "IN_TRANSIT") == 1)
    refreshed = ("LogisticsProcessing", "ShipmentsRefreshed", "Sum", {"Environment": "dev"})
    pipeline.until(lambda: values(pipeline, *refreshed) == 1)
    os.kill(pid, signal.SIGSTOP)  # or it would notice and end by itself
    assert local(folder, "down") == "MiniStack has stopped.\n"
    wait(lambda: not runs(pid) and not runs(started.pid))
    assert not folder.exists()


def test_the_commands_that_up_prints_work_as_they_are(lasting_up: Up) -> None:
    folder, _, _ = lasting_up
    # The AWS CLI counts a deployment that changes nothing as an error.
    guide = local(folder, "up").replace("alerts@example.com", "others@example.com")
    guide = guide.replace(
        "--fix ", f"--save {folder}/originals.jsonl --fix "
    )  # not into the checkout
    # These two use build/, which is not the test's.
    others = ("scripts/local", "scripts/dashboard")
    pasted = [each for each in commands(guide) if not each.startswith(others)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        ["/bin/sh", "-ec", "\n".join([*pasted, "scripts/shipments failed"])],
        cwd=ROOT,
        env=inherited,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=4 * PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stdout
    assert "1 failed update: 1 rejected." in done.stdout
    assert done.stdout.endswith("No failed update.\n")


def test_a_second_up_prints_the_same_and_starts_nothing(lasting_up: Up) -> None:
    folder, started, pid = lasting_up
    first, *guide = local(folder, "up").splitlines()
    assert first == "MiniStack is running already."
    assert f"  export AWS_ENDPOINT_URL={started.endpoint}" in guide
    assert json.loads((folder / "emulator.json").read_text("utf-8"))["pid"] == started.pid
    assert int((folder / "forwarder.pid").read_text("utf-8")) == pid


def test_only_its_owner_can_open_the_local_stack_s_files(lasting_up: Up) -> None:
    assert lasting_up[0].stat().st_mode & 0o777 == 0o700


def test_mail_shows_what_both_channels_have_published_since_up(
    lasting_up: Up, pipeline: Pipeline
) -> None:
    folder, lost, rejected = lasting_up[0], pipeline.shipment(), pipeline.shipment()
    pipeline.put({"shipmentId": lost, "status": "LOST"})
    pipeline.put({"shipmentId": rejected})  # which is an alarm as well
    texts = {f"Subject: Logistics Alert: LOST - {lost}", rejected, "Subject: ALARM: "}

    def shown() -> bool:
        mails = local(folder, "mail")
        return all(text in mails for text in texts)

    wait(shown)
    mails = local(folder, "mail")  # what was shown is shown again
    assert f"UTC, alert channel\nSubject: Logistics Alert: LOST - {lost}\n\nALERT: " in mails
    assert "UTC, alarm channel\nSubject: ALARM: " in mails
    assert "\nState change: OK -> ALARM\n" in mails
    pipeline.wait_for_failed(rejected)  # takes it off the queue


def test_mail_shows_the_digests_of_the_status_stack(lasting_up: Up, pipeline: Pipeline) -> None:
    folder, lost = lasting_up[0], pipeline.shipment()
    pipeline.put({"shipmentId": lost, "status": "LOST"})
    wait(lambda: f"\n{lost}: LOST since " in local(folder, "mail"))
    digests = local(folder, "mail").split("UTC, digest channel\n")[1:]
    assert len([each for each in digests if f"\n{lost}: LOST since " in each]) == 1


def test_mail_follows_until_it_is_interrupted(lasting_up: Up, pipeline: Pipeline) -> None:
    lost = pipeline.shipment()
    with python("-c", LOCAL, str(lasting_up[0]), "mail", "--follow") as process:
        assert process.stdout is not None
        pipeline.put({"shipmentId": lost, "status": "LOST"})
        while f"Subject: Logistics Alert: LOST - {lost}" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert "Traceback" not in process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert process.returncode == 0


def test_mail_without_a_running_stack_says_how_to_start_it(tmp_path: Path) -> None:
    printed = local(tmp_path, "mail", status=2)
    assert printed == "Error: MiniStack is not running: start it with make up\n"


def test_down_ends_the_forwarder_of_an_emulator_that_was_killed(
    up: Up,
) -> None:
    folder, started, pid = up
    os.kill(pid, signal.SIGSTOP)  # or it would notice and end by itself
    ministack.stop(started)
    assert local(folder, "down") == "MiniStack is not running.\n"
    wait(lambda: not runs(pid))


def test_a_forwarder_ends_by_itself_when_its_emulator_is_gone(
    up: Up,
) -> None:
    folder, started, pid = up
    wait(lambda: started.client("cloudwatch").list_metrics(Namespace="AWS/SQS")["Metrics"])
    ministack.stop(started)
    wait(lambda: not runs(pid))
    assert (folder / "forwarder.txt").read_text("utf-8") == ""


def test_the_dashboard_of_the_status_stack_is_drawn(
    lasting_up: Up, pipeline: Pipeline, tmp_path: Path
) -> None:
    pipeline.put({"shipmentId": pipeline.shipment(), "status": "LOST"})
    refreshed = ("LogisticsProcessing", "ShipmentsMailed", "Sum", {"Environment": "dev"})
    pipeline.until(lambda: values(pipeline, *refreshed) > 0)
    path = tmp_path / "status.png"
    options = ("--status-stack", "--output", str(path), "--minutes", "5", "--period", "1")
    environment = lasting_up[1].environment
    with python("-m", "scripts.dashboard", *options, **environment) as process:
        printed = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert process.returncode == 0, printed
    assert f"The dashboard is drawn in {path}." in printed
    assert "Not drawn" not in printed
    assert path.is_file()
