"""The commands on the failed-updates queue need what docs/operating.md says, and no more."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scripts.embed import ROOT
from scripts.emulator import Emulator
from tests.integration.operations import Done, Shipments
from tests.integration.pipeline import Fields, Pipeline

pytestmark = pytest.mark.own_stack("makes users")

GIVE_BACK = "sqs:ChangeMessageVisibility"
Runner = Callable[..., Done]


def documented(command: str) -> set[str]:
    """Return the actions that the page's table has for a command."""
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    row = re.search(rf"^\| {command} \| (.+) \|$", page, re.MULTILINE)
    assert row is not None
    inherited = re.findall(r"those of (\w+)", row[1])
    return set(re.findall(r"`(\w+:\w+)`", row[1])).union(*map(documented, inherited))


@pytest.fixture
def run(
    pipeline: Pipeline, emulator: Emulator, client: Callable[[str], Any]
) -> Callable[..., Done]:
    """Return what runs a command as a user who may do the documented actions only."""

    def as_user(command: str, *options: str, without: str = "") -> Done:
        actions = (documented("all") | documented(command)) - {without}
        # The emulator takes the batch's name for an action of its own.
        actions |= {f"{GIVE_BACK}Batch"} if GIVE_BACK in actions else set()
        with user(client("iam"), sorted(actions)) as keys:
            return Shipments(pipeline, {**emulator.environment, **keys}).run(command, *options)

    return as_user


@contextmanager
def user(iam: Any, actions: list[str]) -> Iterator[dict[str, str]]:
    """Make a user for the length of a with block; yields the variables with its keys."""
    iam.create_user(UserName="operator")
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="operator", PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    yield {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    iam.delete_access_key(UserName="operator", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="operator", PolicyName="p")
    iam.delete_user(UserName="operator")


@pytest.fixture
def event(pipeline: Pipeline) -> Fields:
    """Put an update on the queue that EventBridge could not deliver; return it."""
    event = pipeline.envelope({"shipmentId": pipeline.shipment(), "status": "IN_TRANSIT"})
    pipeline.client("sqs").send_message(
        QueueUrl=pipeline.stack["FailedUpdatesQueueUrl"], MessageBody=json.dumps(event)
    )
    return event


def test_the_documented_rights_suffice(
    pipeline: Pipeline, run: Runner, event: Fields, tmp_path: Path
) -> None:
    name = event["detail"]["shipmentId"]
    assert run("failed", "--shipment", name).status == 0
    assert run("discard", "--message", event["id"], "--save", str(tmp_path / "f")).status == 0
    pipeline.invoke(pipeline.envelope({"shipmentId": name, "status": "IN_TRANSIT"}))
    assert run("erase", name, "--yes").status == 0
    assert pipeline.rows(name) == []


def test_with_read_rights_alone_updates_are_listed_and_soon_readable_again(
    pipeline: Pipeline, run: Runner, event: Fields
) -> None:
    name = event["detail"]["shipmentId"]
    done = run("failed", "--shipment", name, without=GIVE_BACK)
    assert (done.status, name in done.out) == (0, True)
    assert f"have {GIVE_BACK}" in done.err
    assert pipeline.until(lambda: pipeline.failed(name))
