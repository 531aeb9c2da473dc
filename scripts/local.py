"""Runs the deployed templates on this machine until `make down`."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import IO

import click

from scripts import deployment, emulator, stacks
from scripts.embed import PYTHON_PATH, ROOT, STATUS_TEMPLATE, TEMPLATE
from scripts.guide import guide
from scripts.mails import Mails
from shipments.errors import CommandError
from shipments.oneline import OneLine

FOLDER = ROOT / "build" / "local"
STATE = FOLDER / "emulator.json"
# The id of its process, which locks the file for as long as it runs.
FORWARDER = FOLDER / "forwarder.pid"
MAILS = FOLDER / "mails.jsonl"
PAUSE_SECONDS = 1


class Local(OneLine, click.Group):
    """The commands."""


@click.group(cls=Local)
def main() -> None:
    """Run the templates on this machine, with MiniStack, an emulator of AWS."""


@main.command()
def up() -> int:
    """Start MiniStack, deploy the templates, and print commands to try.

    If it runs already, print the commands again.
    """
    local = _recorded()
    if local is not None:
        click.echo("MiniStack is running already.")
        click.echo(guide(local))
        return 0
    _end_forwarder()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(0o700, parents=True)  # it gets mails, the log and the emulator's key
    both = f"{TEMPLATE.name} and {STATUS_TEMPLATE.name}"
    click.echo(f"Starting MiniStack, an emulator of AWS, and deploying {both}.")
    try:
        local = emulator.start(FOLDER)
    except emulator.EmulatorError as error:
        click.echo(f"Error: {error}", err=True)  # with the end of MiniStack's log
        return 1
    STATE.write_text(json.dumps({"endpoint": local.endpoint, "pid": local.pid}), "utf-8")
    try:
        deployed = stacks.Stacks(*stacks.deploying(local.client))
        emulator.complete(local.client, deployed.main["ShipmentLogsTableName"])
        emulator.complete(local.client, deployed.status["ShipmentStatusTableName"])
    except deployment.StackError as error:
        _end(local)
        raise click.ClickException(str(error)) from None
    Mails(local.client, deployed.topics, MAILS)
    _start_forwarder(local)
    click.echo(guide(local))
    return 0


@main.command()
@click.option("--follow", is_flag=True, help="Then show each new mail, until Ctrl-C.")
def mail(*, follow: bool) -> int:
    """Show the mails of all channels since `make up`, the oldest first.

    MiniStack sends no mail. This shows all that the alert topic, the digest topic and the alarm
    topic published, also what the stack's parameter AlertMail leaves out of mails.
    """
    local = _recorded()
    if local is None:
        raise CommandError("MiniStack is not running: start it with make up")
    try:
        mails = Mails(local.client, stacks.deployed(local.client).topics, MAILS)
        while True:
            for each in mails.new():
                click.echo(each)
            if not follow:
                return 0
            time.sleep(PAUSE_SECONDS)
    except KeyboardInterrupt:
        return 0
    except emulator.GONE:
        raise click.ClickException("MiniStack has stopped") from None


@main.command()
def down() -> int:
    """Stop what up started."""
    local = _recorded()
    if local is None:
        _end_forwarder()  # the emulator may have been killed
        click.echo("MiniStack is not running.")
        return 0
    _end(local)
    click.echo("MiniStack has stopped.")
    return 0


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
    """Start the process that puts metrics into CloudWatch, with its output in FOLDER."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with FORWARDER.open("w") as lock, (FOLDER / "forwarder.txt").open("w") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.forwarder", *stacks.NAMES],
            env={
                **inherited,
                **local.environment,
                **PYTHON_PATH,
            },
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
        # Without the lock, another process may have the id by now.
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


if __name__ == "__main__":
    main(prog_name="scripts/local")
