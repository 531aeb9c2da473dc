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
# Neither the emulator's default region nor one of .taskcat.yml: a run fails if it ignores the one
# that it is given. Not two: of a stack's name MiniStack makes one role, whatever the region.
REGION = "eu-central-1"
# taskcat needs some seconds here for all stacks; updates, a second or two.
TASKCAT_SECONDS = 120
UPDATE_SECONDS = 20

# The stacks of our templates, as the nesting templates name them.
OURS = ("TapStack", "ShipmentStatus")

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


def nested(client: Callable[[str], Any], stack_id: str) -> dict[str, str]:
    """Return the ids of the stacks of a test: of those nested in it, or its own as TapStack."""
    found = client("cloudformation").describe_stack_resources(StackName=stack_id)["StackResources"]
    ids = {
        str(resource["LogicalResourceId"]): str(resource["PhysicalResourceId"])
        for resource in found
        if resource["ResourceType"] == "AWS::CloudFormation::Stack"
    }
    return ids or {"TapStack": stack_id}


def check(
    client: Callable[[str], Any], stack: Stack, critical: str, status: Stack | None = None
) -> str:
    """Put an ordinary and a critical update through a stack; return what is wrong, or nothing.

    With a status stack, both updates become a status, and a digest names the critical one. Other
    stacks on the bus get the same updates, and this one theirs, which are left out.
    """
    tables, topics = [stack["ShipmentLogsTableName"]], [stack["AlertTopicArn"]]
    if status:
        tables.append(status["ShipmentStatusTableName"])
        topics.append(status["DigestTopicArn"])
    mailboxes = [Mailbox(client, topic, "taskcat-" + topic.rpartition(":")[2]) for topic in topics]
    names = {word: f"SHIP-{word}-{stack.suffix}" for word in ("IN_TRANSIT", critical)}
    for word, name in names.items():
        entry = {
            "EventBusName": stack["EventBusName"],
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": json.dumps({"shipmentId": name, "status": word}),
        }
        client("events").put_events(Entries=[entry])
        # One after the other: MiniStack loses what a busy machine is too slow for.
        if missing := [table for table in tables if not _comes(client, table, name)]:
            return f"{word} is not in {missing} after {UPDATE_SECONDS} s"
    if not _becomes_true(lambda: all(_subjects(each, stack) for each in mailboxes)):
        return f"{critical} was not published within {UPDATE_SECONDS} s"
    for mailbox in mailboxes:
        subjects = _subjects(mailbox, stack)
        if len(subjects) != 1 or names[critical] not in subjects[0]:
            return f"{critical} was to be published, and this was: {subjects}"
    return ""


def _comes(client: Callable[[str], Any], table: str, shipment: str) -> bool:
    """Wait for a shipment in a table; return whether it came in time, as one row."""
    items = client("dynamodb").get_paginator("scan")

    def rows() -> int:
        found = [item for page in items.paginate(TableName=table) for item in page["Items"]]
        return [item["shipmentId"]["S"] for item in found].count(shipment)

    return _becomes_true(lambda: rows() > 0) and rows() == 1


def _becomes_true(holds: Callable[[], bool]) -> bool:
    """Wait for UPDATE_SECONDS at most; return whether something holds then."""
    give_up = time.monotonic() + UPDATE_SECONDS
    while time.monotonic() < give_up:
        if holds():
            return True
        time.sleep(0.02)
    return False


def _subjects(mailbox: Mailbox, stack: Stack) -> list[str]:
    """Return the subjects of the mails about this stack's shipments."""
    return [alert.subject for alert in mailbox.alerts() if f"-{stack.suffix}" in alert.body]


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
                others: list[Stack] = []
                found = nested(client, stacks[name])
                ids += [stacks[name], *found.values()]
                stack, *others = (describe(client, found[each]) for each in OURS if each in found)
                critical = test["parameters"].get("CriticalStatuses", "LOST").split(",")[-1]
                wrong = check(client, stack, critical, *others)
            except (ClientError, LookupError) as error:
                wrong = f"{type(error).__name__}: {error}"
            publishes = "publishes the critical one" + (" and its digest" if others else "")
            yield f"{name} is created, stores updates and {publishes}", wrong
        taskcat.communicate("delete\n")
    status = taskcat.returncode
    yield "taskcat passes", f"it exits with {status}" if status else ""
    yield from left(client, ids, config["project"]["name"])


def left(client: Callable[[str], Any], ids: list[str], bucket: str) -> Iterator[tuple[str, str]]:
    """Yield what is to be gone after a run, with what is left of it or nothing.

    ids: of the stacks; bucket: the one that we made for MiniStack, which stays.
    """
    described = [client("cloudformation").describe_stacks(StackName=each) for each in ids]
    states = {each["Stacks"][0]["StackStatus"] for each in described}
    tables = client("dynamodb").list_tables()["TableNames"]
    is_gone = states == {"DELETE_COMPLETE"} and not tables
    yield "the stacks are deleted", "" if is_gone else f"{states or 'no stack'}, tables: {tables}"
    kms = client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"]) for key in kms.list_keys()["Keys"]]
    key_states = {key["KeyMetadata"]["KeyState"] for key in keys}
    is_gone = key_states == {"PendingDeletion"}
    yield "the keys are being deleted", "" if is_gone else f"{key_states or 'no key'}"
    buckets = [each["Name"] for each in client("s3").list_buckets()["Buckets"]]
    yield "taskcat's bucket is deleted", "" if buckets == [bucket] else f"buckets: {buckets}"


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
