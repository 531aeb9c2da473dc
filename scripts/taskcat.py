"""Runs taskcat's tests on an emulator of their own, and puts updates through their stacks."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from threading import Timer
from typing import Any

import cfn_flip
import click
from botocore.exceptions import ClientError
from yaml import YAMLError  # type: ignore[import-untyped]

from scripts import emulator, stack
from scripts.embed import ROOT
from scripts.mailbox import Mailbox

CONFIG = ROOT / ".taskcat.yml"
PYTHON = ROOT / ".venv-taskcat" / "bin" / "python"
# Not the emulator's default region: a run fails if it ignores the region that it is given.
REGION = "eu-west-1"
# taskcat needs some seconds here for both stacks; updates, well under one.
TASKCAT_SECONDS = 120
UPDATE_SECONDS = 20

Config = dict[str, Any]


def prepare_emulator(local: emulator.Emulator, config: Config, home: Path) -> None:
    """Put the templates where MiniStack looks for them, and its parameters where taskcat does.

    Of a template's URL MiniStack reads only the path, /project/folder/file, and takes its first
    part for the bucket. taskcat lays the parameters of ~/.taskcat.yml over each test's own. The
    file lists a region, too, because a user's may; taskcat must not deploy there.
    """
    project = config["project"]
    s3 = local.client("s3")
    s3.create_bucket(Bucket=project["name"])
    for template in {
        test.get("template", project["template"]) for test in config["tests"].values()
    }:
        s3.upload_file(str(ROOT / template), project["name"], template)
    general = {"parameters": emulator.PARAMETERS, "regions": [emulator.REGION]}
    (home / ".taskcat.yml").write_text(json.dumps({"general": general}), "utf-8")


class Taskcat:
    """A run of taskcat and its stacks, test to stack id; there are none if it has failed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Wait until its stacks are created."""
        self._process = process
        self.stacks: dict[str, str] = json.loads(next(iter(process.stdout or ()), "{}"))

    def delete(self) -> int:
        """Have it delete its stacks; return its exit status."""
        self._process.communicate("delete\n")
        return self._process.returncode


@contextmanager
def taskcat_running(
    local: emulator.Emulator, home: Path, project: Path = ROOT, region: str = REGION
) -> Iterator[Taskcat]:
    """Run taskcat for the length of a with block, for at most TASKCAT_SECONDS.

    It runs in home, so that whatever it writes, or would read of the user's, is there.
    """
    foreign = ("AWS_", "TASKCAT_", "PYTHON")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    program = Path(__file__).with_name("taskcat_hold.py")
    process = subprocess.Popen(
        # -I: or this very file is what it imports as taskcat. -W: it uses a deprecated module.
        [str(PYTHON), "-I", "-W", "ignore", str(program), str(project), region],
        env={**inherited, **local.environment, "HOME": str(home), "TMPDIR": str(home)},
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us, and we end it
    )
    watchdog = Timer(TASKCAT_SECONDS, process.kill)
    watchdog.start()
    try:
        yield Taskcat(process)
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()


class Deployment:
    """A test's stack: each check returns what is wrong, or nothing."""

    def __init__(self, local: emulator.Emulator, test: str, asked: Config, stack_id: str) -> None:
        """Take the test's name, the parameters it asks for, and the id of its stack, if any."""
        self.client = partial(local.client, region_name=REGION)
        self.cloudformation = self.client("cloudformation")
        self.test = test
        self.asked = asked
        self.stack_id = stack_id

    @cached_property
    def pipeline_id(self) -> str:
        """The id of the stack of our template: a test's own, or the one nested in it."""
        found = self.cloudformation.describe_stack_resources(StackName=self.stack_id)
        nested = [
            resource["PhysicalResourceId"]
            for resource in found["StackResources"]
            if resource["ResourceType"] == "AWS::CloudFormation::Stack"
        ]
        return nested[0] if nested else self.stack_id

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The parameters that our template has been deployed with."""
        described = self._describe(self.pipeline_id)
        return {each["ParameterKey"]: each["ParameterValue"] for each in described["Parameters"]}

    @property
    def critical(self) -> str:
        """The last one of the statuses that alert."""
        return self.parameters["CriticalStatuses"].split(",")[-1]

    @cached_property
    def pipeline(self) -> stack.Stack:
        """The deployed stack of our template, with its outputs."""
        return stack.describe(self.cloudformation, self.pipeline_id)

    @cached_property
    def mailbox(self) -> Mailbox:
        """A subscriber of the alert topic."""
        return Mailbox(self.client, self.pipeline["AlertTopicArn"], f"inbox-{self.test}")

    def created(self) -> str:
        """Check the state of the stack, and of the one nested in it."""
        return self._not_in_state("CREATE_COMPLETE")

    def configured(self) -> str:
        """Check that the parameters have arrived: taskcat drops what it cannot place."""
        return "; ".join(
            f"{name}: is {self.parameters.get(name)!r}, asked for {value!r}"
            for name, value in {**self.asked, **emulator.PARAMETERS}.items()
            if name in self.parameters and not _rendered(str(value), self.parameters[name])
        )

    def stores(self) -> str:
        """Check that an ordinary update becomes a row, and then a critical one."""
        _ = self.mailbox  # subscribed before there is something to alert of
        for status in ("IN_TRANSIT", self.critical):
            detail = {"shipmentId": self._shipment(status), "status": status}
            entry = {
                "EventBusName": self.pipeline["EventBusName"],
                "Source": "logistics.shipments",
                "DetailType": "Shipment Update",
                "Detail": json.dumps(detail),
            }
            self.client("events").put_events(Entries=[entry])
            rows = _until(partial(self._rows, detail["shipmentId"]))
            if len(rows) != 1:
                return f"{detail}: {len(rows)} rows after {UPDATE_SECONDS} s"
        return ""

    def alerts(self) -> str:
        """Check that the critical update of stores became a publish, and the ordinary one none."""
        subjects = [alert.subject for alert in _until(self.mailbox.alerts)]
        shipment = self._shipment(self.critical)
        return "" if len(subjects) == 1 and shipment in subjects[0] else f"published: {subjects}"

    def deleted(self) -> str:
        """Check the states again, and that the table is gone with its stack."""
        table = self.pipeline["ShipmentLogsTableName"]
        if table in self.client("dynamodb").list_tables()["TableNames"]:
            return f"table {table} is still there"
        return self._not_in_state("DELETE_COMPLETE")

    def _describe(self, stack_id: str) -> Any:
        return self.cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]

    def _not_in_state(self, state: str) -> str:
        ids = dict.fromkeys((self.stack_id, self.pipeline_id))
        found = [self._describe(stack_id)["StackStatus"] for stack_id in ids]
        return "" if set(found) == {state} else f"is in {', '.join(found)}"

    def _shipment(self, status: str) -> str:
        return f"SHIP-{self.test}-{status}"

    def _rows(self, shipment: str) -> Any:
        return self.client("dynamodb").query(
            TableName=self.pipeline["ShipmentLogsTableName"],
            ConsistentRead=True,
            KeyConditionExpression="shipmentId = :id",
            ExpressionAttributeValues={":id": {"S": shipment}},
        )["Items"]


def _rendered(asked: str, deployed: str) -> bool:
    """Say whether deployed is what was asked for, with something for each pseudo-parameter."""
    literal = re.split(r"\$\[\w+(?:-\w+)*\]", asked)
    return re.fullmatch("[a-z0-9-]+".join(map(re.escape, literal)), deployed) is not None


def _until(look: Callable[[], list[Any]]) -> list[Any]:
    """Return what look finds once it finds something, or nothing after UPDATE_SECONDS."""
    give_up = time.monotonic() + UPDATE_SECONDS
    while not (found := look()) and time.monotonic() < give_up:
        time.sleep(0.02)
    return found


Promises = dict[str, Callable[[Deployment], str]]
WHILE_IT_STANDS: Promises = {
    "reaches CREATE_COMPLETE": Deployment.created,
    "has the parameters of .taskcat.yml": Deployment.configured,
    "makes a row of each update": Deployment.stores,
    "publishes the critical one, and no other": Deployment.alerts,
}
AFTERWARDS: Promises = {"reaches DELETE_COMPLETE, its table gone": Deployment.deleted}


def check(deployments: list[Deployment], promises: Promises) -> Iterator[tuple[str, str]]:
    """Yield each deployment's promises, each with what is wrong about it, or nothing."""
    for deployment in deployments:
        for promise, look in promises.items():
            try:
                complaint = look(deployment) if deployment.stack_id else "there is no stack"
            except (ClientError, LookupError) as error:
                complaint = f"{type(error).__name__}: {error}"
            yield f"{deployment.test} {promise}", complaint


def misplaced(local: emulator.Emulator) -> str:
    """Return what is wrong unless taskcat has made one bucket, in REGION."""
    s3 = local.client("s3")
    names = [bucket["Name"] for bucket in s3.list_buckets(Prefix="tcat-")["Buckets"]]
    regions = [s3.get_bucket_location(Bucket=name)["LocationConstraint"] for name in names]
    return "" if regions == [REGION] else f"buckets: {names} in {regions}"


def not_refused(local: emulator.Emulator, home: Path, project: Path, region: str) -> str:
    """Return what is wrong if taskcat does not fail with this project in this region."""
    with taskcat_running(local, home, project, region) as taskcat:
        status = taskcat.delete()
    return "" if status == 1 else f"it exits with {status}"


def run(local: emulator.Emulator, config: Config) -> Iterator[tuple[str, str]]:
    """Run taskcat on an emulator; yield each promise, with what is wrong about it or nothing."""
    home = local.folder / "taskcat"
    home.mkdir()
    prepare_emulator(local, config, home)
    empty = home / "empty"
    empty.mkdir()
    (empty / CONFIG.name).write_text(json.dumps({**config, "tests": {}}), "utf-8")
    yield "a run without a test fails", not_refused(local, home, empty, REGION)
    yield "a run in an unknown region fails", not_refused(local, home, ROOT, "nowhere-1")
    with taskcat_running(local, home) as taskcat:
        deployments = [
            Deployment(local, name, test["parameters"], taskcat.stacks.get(name, ""))
            for name, test in config["tests"].items()
        ]
        yield from check(deployments, WHILE_IT_STANDS)
        yield f"taskcat's bucket is in {REGION}", misplaced(local)
        status = taskcat.delete()
    yield "taskcat itself passes", f"it exits with {status}" if status else ""
    yield from check(deployments, AFTERWARDS)


@click.command()
def main() -> None:
    """Run taskcat's tests on an emulator; exit 1 if anything failed."""
    if not PYTHON.exists():
        click.echo("taskcat: not set up yet; run: make taskcat", err=True)
        sys.exit(2)
    try:
        config: Config = cfn_flip.load_yaml(CONFIG.read_text("utf-8"))
    except (OSError, YAMLError) as error:
        click.echo(f"taskcat: {CONFIG.name}: {' '.join(str(error).split())}", err=True)
        sys.exit(2)
    counts = {"passed": 0, "failed": 0}
    with emulator.running() as local:
        click.echo(f"MiniStack listens at {local.endpoint}, with TLS and IAM enforced.")
        for promise, complaint in run(local, config):
            counts["failed" if complaint else "passed"] += 1
            click.echo(f"FAIL  {promise}: {complaint}" if complaint else f" ok   {promise}")
    click.echo(f"taskcat: {counts['passed']} passed, {counts['failed']} failed")
    sys.exit(1 if counts["failed"] else 0)


if __name__ == "__main__":
    main()
