"""Runs taskcat's tests on an emulator of their own, and puts updates through their stacks."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any

import cfn_flip
import click
from botocore.exceptions import ClientError

from scripts import emulator
from scripts.embed import ROOT
from scripts.mailbox import Mailbox
from shipments.events import DETAIL_TYPE, SOURCE
from shipments.stack import Stack, describe

PYTHON = ROOT / ".venv-taskcat" / "bin" / "python"
# Not the emulator's default region: a run fails if it ignores the region that it is given.
REGION = "eu-west-1"
# taskcat needs some seconds here for both stacks; updates, well under one.
TASKCAT_SECONDS = 120
UPDATE_SECONDS = 20

Fields = dict[str, Any]


def prepare(local: emulator.Emulator, config: Fields) -> None:
    """Put the templates where MiniStack looks for them, and its parameters where taskcat does.

    Of a template's URL MiniStack reads only the path, /project/folder/file, and takes its first
    part for the bucket. taskcat overrides each test's parameters by those of ~/.taskcat.yml.
    """
    project = config["project"]
    local.client("s3").create_bucket(Bucket=project["name"])
    paths = [str(path.relative_to(ROOT)) for path in (ROOT / "templates").iterdir()]
    for path in paths + [
        test["template"] for test in config["tests"].values() if "template" in test
    ]:
        local.client("s3").upload_file(str(ROOT / path), project["name"], path)
    general = {"general": {"parameters": emulator.PARAMETERS}}
    (local.folder / ".taskcat.yml").write_text(json.dumps(general), "utf-8")


@contextmanager
def taskcat_running(
    local: emulator.Emulator, region: str = REGION
) -> Iterator["subprocess.Popen[str]"]:
    """Run taskcat for the length of a with block, for at most TASKCAT_SECONDS.

    Its home is the emulator's folder, so it reads and writes nothing of the user's.
    """
    foreign = ("AWS_", "TASKCAT_", "PYTHON")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    home = str(local.folder)
    process = subprocess.Popen(
        # -I: or this very file is what it imports as taskcat. -W: it uses a deprecated module.
        [PYTHON, "-I", "-W", "ignore", ROOT / "scripts" / "taskcat_hold.py", ROOT, region],
        env={**inherited, **local.environment, "HOME": home, "TMPDIR": home},
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us, and we end it
    )
    watchdog = Timer(TASKCAT_SECONDS, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()


def pipeline_id(client: Callable[[str], Any], stack_id: str) -> str:
    """Return the id of the stack of our template: a test's own, or the one nested in it."""
    found = client("cloudformation").describe_stack_resources(StackName=stack_id)["StackResources"]
    nested = [
        resource["PhysicalResourceId"]
        for resource in found
        if resource["LogicalResourceId"] == "TapStack"
    ]
    return str((nested or [stack_id])[0])


def check(client: Callable[[str], Any], stack: Stack, critical: str) -> str:
    """Put an ordinary and a critical update through a stack; return what is wrong, or nothing."""
    mailbox = Mailbox(client, stack["AlertTopicArn"], "taskcat-" + stack["ShipmentLogsTableName"])
    statuses = ["IN_TRANSIT", critical]
    for status in statuses:
        entry = {
            "EventBusName": stack["EventBusName"],
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": json.dumps({"shipmentId": f"SHIP-{status}", "status": status}),
        }
        client("events").put_events(Entries=[entry])
    rows: list[Any] = []
    give_up = time.monotonic() + UPDATE_SECONDS
    while (len(rows) < len(statuses) or not mailbox.alerts()) and time.monotonic() < give_up:
        time.sleep(0.02)
        rows = client("dynamodb").scan(TableName=stack["ShipmentLogsTableName"])["Items"]
    if len(rows) != len(statuses):
        return f"{len(statuses)} updates became {len(rows)} rows in {UPDATE_SECONDS} s"
    subjects = [alert.subject for alert in mailbox.alerts()]
    is_right = len(subjects) == 1 and f"SHIP-{critical}" in subjects[0]
    return "" if is_right else f"{critical} was to be published, and this was: {subjects}"


def run(local: emulator.Emulator, config: Fields) -> Iterator[tuple[str, str]]:
    """Run taskcat on an emulator; yield each promise, with what is wrong about it or nothing."""
    prepare(local, config)
    with taskcat_running(local, "nowhere-1") as taskcat:
        taskcat.communicate()
    yield "taskcat fails in an unknown region", "" if taskcat.returncode == 1 else "it does not"
    client = local.clients(region_name=REGION)
    ids: list[str] = []
    with taskcat_running(local) as taskcat:
        stacks = json.loads(next(iter(taskcat.stdout or ()), "{}"))
        for name, test in config["tests"].items():
            try:
                ids += [stacks[name], pipeline_id(client, stacks[name])]
                critical = test["parameters"].get("CriticalStatuses", "LOST").split(",")[-1]
                wrong = check(client, describe(client, ids[-1]), critical)
            except (ClientError, LookupError) as error:
                wrong = f"{type(error).__name__}: {error}"
            yield f"{name} is created, stores updates and publishes the critical one", wrong
        taskcat.communicate("delete\n")
    status = taskcat.returncode
    yield "taskcat passes", f"it exits with {status}" if status else ""
    found = [client("cloudformation").describe_stacks(StackName=each) for each in ids]
    states = {each["Stacks"][0]["StackStatus"] for each in found}
    tables = client("dynamodb").list_tables()["TableNames"]
    is_gone = states == {"DELETE_COMPLETE"} and not tables
    yield "the stacks are deleted", "" if is_gone else f"{states or 'no stack'}, tables: {tables}"
    kms = client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"]) for key in kms.list_keys()["Keys"]]
    key_states = {key["KeyMetadata"]["KeyState"] for key in keys}
    is_gone = key_states == {"PendingDeletion"}
    yield "the key is being deleted", "" if is_gone else f"{key_states or 'no key'}"


@click.command()
def main() -> None:
    """Run taskcat's tests on an emulator; exit 1 if anything failed."""
    if not PYTHON.exists():
        click.echo("taskcat: not set up yet; run: make taskcat", err=True)
        sys.exit(2)
    config: Fields = cfn_flip.load_yaml((ROOT / ".taskcat.yml").read_text("utf-8"))
    failed = 0
    with emulator.running() as local:
        click.echo(f"MiniStack runs at {local.endpoint}, with TLS and IAM enforced.")
        for promise, wrong in run(local, config):
            failed += bool(wrong)
            click.echo(f"FAIL  {promise}: {wrong}" if wrong else f" ok   {promise}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
