"""Keeps the deployed template running on this machine, for as long as one wants to try it."""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path

import click

from scripts import emulator, stack
from scripts.embed import ROOT, TEMPLATE

FOLDER = ROOT / "build" / "local"
STATE = FOLDER / "emulator.json"
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
    click.echo(_how_to_talk_to(local))


@main.command()
def down() -> None:
    """End what up started."""
    local = _recorded()
    if local is None:
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


def _end(local: emulator.Emulator) -> None:
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
            "End it with: make down",
        ]
    )


if __name__ == "__main__":
    main()
