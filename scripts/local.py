"""Keeps the deployed template running on this machine, for as long as one wants to try it."""

import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

import click

from scripts import emulator, stack
from scripts.embed import ROOT, TEMPLATE

FOLDER = ROOT / "build" / "local"
STATE = FOLDER / "emulator.json"
# Its process's id; locked for as long as that process runs.
FORWARDER = FOLDER / "forwarder.pid"
STACK_NAME = "logistics-processing-dev"
TEST_DETAIL = {
    "shipmentId": "SHIP-12345",
    "status": "IN_TRANSIT",
    "location": "Memphis, TN",
    "carrier": "FedEx",
}


@click.group()
def main() -> None:
    """Run the template on this machine: up starts it, down ends it."""


@main.command()
def up() -> None:
    """Start MiniStack, deploy the template, and say how to talk to it."""
    if _recorded() is not None:
        raise click.UsageError("it runs already; end it first: make down")
    _end_forwarder()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        local = emulator.start(FOLDER)
    except emulator.EmulatorError as error:
        raise click.ClickException(str(error)) from None
    STATE.write_text(json.dumps({"endpoint": local.endpoint, "pid": local.pid}), "utf-8")
    try:
        template = TEMPLATE.read_text("utf-8")
        deploying = local.client("cloudformation")
        stack.deploy(deploying, STACK_NAME, template, emulator.PARAMETERS)
    except stack.StackError as error:
        _end(local)
        raise click.ClickException(str(error)) from None
    _start_forwarder(local)
    click.echo(_how_to_talk_to(local))


@main.command()
def down() -> None:
    """End what up started."""
    local = _recorded()
    if local is None:
        _end_forwarder()  # the emulator may have been killed
        click.echo("Nothing runs.")
        return
    _end(local)
    click.echo("MiniStack has ended.")


def _recorded() -> emulator.Emulator | None:
    """Return the emulator that up started, if its process is still that one."""
    try:
        state = json.loads(STATE.read_text("utf-8"))
        os.killpg(state["pid"], 0)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    local = emulator.Emulator(state["endpoint"], state["pid"], FOLDER)
    return local if emulator.answers(local) else None


def _start_forwarder(local: emulator.Emulator) -> None:
    """Start what makes CloudWatch's metrics, with its output in FOLDER."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with FORWARDER.open("w") as lock, (FOLDER / "forwarder.txt").open("w") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.forwarder", STACK_NAME],
            env={**inherited, **local.environment, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=[lock.fileno()],  # the lock goes with the last process that holds the file
        )
        lock.write(str(process.pid))


def _end_forwarder() -> None:
    """End it if it runs; return when it is gone."""
    if not FORWARDER.exists():
        return
    with FORWARDER.open() as lock:
        pid = lock.read()
        give_up = time.monotonic() + emulator.STOP_SECONDS
        # Only the lock says that the number is still that process's.
        while pid and _is_locked(lock) and time.monotonic() < give_up:
            with suppress(ProcessLookupError):
                os.killpg(int(pid), signal.SIGKILL)
            time.sleep(0.02)


def _is_locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _end(local: emulator.Emulator) -> None:
    _end_forwarder()
    emulator.stop(local)
    shutil.rmtree(FOLDER, ignore_errors=True)


def _how_to_talk_to(local: emulator.Emulator) -> str:
    """Return the text that up prints: the environment, and commands to paste."""
    aws = shlex.quote(str(Path(sys.executable).with_name("aws")))
    exports = [f"export {name}={shlex.quote(v)}" for name, v in local.environment.items()]
    parameters = " ".join(f"{name}={value}" for name, value in emulator.PARAMETERS.items())
    address = "AlertEmail=your-email@domain.com"
    entry = {
        "Source": "logistics.shipments",
        "DetailType": "Shipment Update",
        "Detail": json.dumps(TEST_DETAIL, separators=(",", ":")),
    }
    dashboard = shlex.quote(str(ROOT / "scripts" / "dashboard"))
    key = json.dumps({":id": {"S": TEST_DETAIL["shipmentId"]}})
    return "\n".join(
        [
            f"{TEMPLATE.name} is deployed as {STACK_NAME} at {local.endpoint}.",
            "Paste this first, so that commands in this shell go there:",
            "",
            *exports,
            "",
            "Deploy (again, after a change to the template or with other parameters):",
            "",
            f"{aws} cloudformation deploy --template-file {shlex.quote(str(TEMPLATE))} \\",
            f"  --stack-name {STACK_NAME} --capabilities CAPABILITY_IAM \\",
            f"  --parameter-overrides EnvironmentSuffix=dev {address} {parameters}",
            "",
            "Put an update on the bus, and read its row:",
            "",
            f"{aws} events put-events --entries {shlex.quote(json.dumps([entry]))}",
            f"{aws} dynamodb query --table-name shipment-logs-dev \\",
            "  --key-condition-expression 'shipmentId = :id' \\",
            f"  --expression-attribute-values {shlex.quote(key)}",
            "",
            "Draw its dashboard, a point each 10 s, into build/dashboard.png:",
            "",
            f"{dashboard} --stack-name {STACK_NAME} --minutes 10 --period 10",
            "",
            "End it with: make down",
        ]
    )


if __name__ == "__main__":
    main()
