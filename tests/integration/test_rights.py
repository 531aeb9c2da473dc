"""Each command works with the actions that docs/operating.md names, as docs/policies narrow them.

Without any one of them it fails, or says what it leaves out.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scripts import dashboard, deployment
from scripts.embed import STATUS_TEMPLATE, TEMPLATE
from scripts.emulator import ACCOUNT, REGION, Emulator
from scripts.function_metrics import datum
from shipments import failed_queue, replay
from shipments.check import canary, status
from shipments.cli import COMMANDS
from tests.integration.checking import Session
from tests.integration.conftest import deploying
from tests.integration.data_key import key_of
from tests.integration.operations import Done, Shipments
from tests.integration.pipeline import Fields, Pipeline
from tests.rights import documented, groups, statements, table

pytestmark = pytest.mark.own_stack("makes a role, a user, a rule and an archive")


class Case(NamedTuple):
    """A command that uses all of its actions. stored: its shipment has a row."""

    arguments: str
    stored: bool = False
    status: tuple[int, ...] = (0,)


INVOKE = "lambda:InvokeFunction"
# By the row of the table. {shipment} has a message on the queue, of {event}.
CASES = {
    "send": Case("{folder}/updates.csv"),
    "check": Case("", status=(0, 1)),
    "check --canary": Case("", status=(0, 1)),
    "check --before": Case(
        "{template} --parameter EnvironmentSuffix=new --parameter KmsKeyArn={key}", status=(0, 1)
    ),
    "log": Case("--shipment {shipment}", stored=True),
    "cost": Case(""),
    "track": Case("{shipment}", status=(2,)),
    "list": Case(""),
    "export": Case("--output {folder}/rows.jsonl"),
    "failed": Case("--shipment {shipment}"),
    "discard": Case("--message {event} --save {folder}/saved.jsonl"),
    "erase": Case("{shipment} --yes", stored=True),
    "restore": Case("{restored}"),
    "redrive": Case("--shipment {shipment} --watch 20"),
    "replay": Case("--from 1h --archive {archive} --yes"),
    "dashboard": Case("--output {folder}/dashboard.png --minutes 5"),
}
# With a status stack: what is run, by its row, and the actions that it needs besides.
WATCHED_CASES = {
    "list --sort time": {"dynamodb:DescribeTable", "dynamodb:Scan", "dynamodb:BatchGetItem"},
    "list --status delayed": {"dynamodb:Query"},
    "status rebuild --no-mail": {"dynamodb:DescribeTable", "dynamodb:Scan", INVOKE},
    "erase another --yes": {INVOKE},
    "check": {
        *("dynamodb:DescribeTable", "dynamodb:Scan", "events:DescribeRule", "iam:GetRole"),
        *("lambda:GetFunctionConfiguration", "lambda:ListEventSourceMappings"),
        *("sns:GetSubscriptionAttributes", "sns:ListSubscriptionsByTopic"),
    },
    "redrive": {"dynamodb:DescribeTable", "dynamodb:Scan", INVOKE},
}
WATCHED = {"SUFFIX": "watched", "STACK": "stack-watched", "BUS": "bus-watched"}
# Of the stack to come that check --before is about.
NEW = {"SUFFIX": "new", "STACK": "logistics-processing-new"}
# Its unit tests see that it calls nothing.
WITHOUT_AWS = {"map"}
WITH_KEY, WITH_STATUS = "with a key", "with a status stack"
RESTORED = "a-shipment-with-a-lost-row"
# Of another stack, or mostly on what the emulator does not narrow.
ON_OTHER_RESOURCES = {"check --before", "replay", "dashboard"}

# ---- what the emulator does not do as AWS does

# It takes these calls for other actions.
CHECKED_AS = {
    "lambda:GetFunctionConcurrency": "lambda:PutFunctionConcurrency",
    "lambda:GetFunctionEventInvokeConfig": "lambda:GetFunction",
    "sqs:ChangeMessageVisibility": "sqs:ChangeMessageVisibilityBatch",
}
# It asks for these on another resource, so they are granted on all.
NOT_NARROWED = {
    "cloudwatch:GetDashboard",
    "events:DescribeArchive",
    "events:DescribeEventBus",
    "events:DescribeReplay",
    "events:ListTargetsByRule",
    "events:StartReplay",
    "iam:SimulatePrincipalPolicy",
    "logs:StartQuery",
    "sns:GetSubscriptionAttributes",
}
# Of a rule on the default bus, whose ARN has the bus only here.
RULE = ":rule/shipment-", ":rule/default/shipment-"
UNSEEN = {
    ("check", "events:DescribeArchive"): "no stack has an archive here: test_check.py",
    ("check --canary", "events:DescribeArchive"): "likewise",
    ("dashboard", "logs:StopQuery"): "each query ends in time",
    ("check --before", "iam:GetRole"): "a role is taken to have no path: test_check_before.py",
    ("check --before", "kms:GetKeyPolicy"): "of a status stack only: test_check_before_status.py",
}


class Operator:
    """Somebody in a role that has some of what docs/policies grant."""

    def __init__(self, emulator: Emulator, pipeline: Pipeline) -> None:
        self._iam, self._name = emulator.client("iam"), "operator"
        trust = _document(
            [_allow("sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})]
        )
        role = self._iam.create_role(RoleName=self._name, AssumeRolePolicyDocument=trust)
        keys = emulator.client("sts").assume_role(
            RoleArn=role["Role"]["Arn"], RoleSessionName=self._name
        )["Credentials"]
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        self._session = Session(*(keys[name] for name in names))
        self._pipeline, self._environment = pipeline, emulator.environment
        self._always = (WITH_KEY,) if pipeline.stack.parameters.get("KmsKeyArn") else ()
        self._words = {
            "REGION": REGION,
            "ACCOUNT": ACCOUNT,
            "KEY": key_of(emulator.client).split("/")[1],
            "SUFFIX": "test",
            "STACK": pipeline.stack.name,
            "BUS": pipeline.stack["EventBusName"],
        }

    def grant(self, *rows: str, without: str = "", **words: str) -> None:
        """Grant what rows of the table have, as the policies have it.

        without: an action that is not granted; words: instead of this stack's names.
        """
        rows = (*rows, *self._always)
        actions = set().union(*map(documented, rows))
        sids = set().union(*(groups().get(row, ()) for row in rows))
        filled = {**self._words, **words}
        usable = [each for each in statements("operator", **filled) if each["Sid"] in sids]
        if WITH_STATUS in rows:
            usable += statements("operator-with-status", **filled)
        lacking = CHECKED_AS.get(without, without)
        # Where CloudWatch answers no SEARCH, dashboard lists the metrics.
        granted = [_allow("cloudwatch:ListMetrics", Resource="*")]
        for statement in [*usable, *statements("operator-with-key", **filled)]:
            for action in actions.intersection(statement["Action"]):
                name = CHECKED_AS.get(action, action)
                resources = statement["Resource"]
                resources = [*resources, *(each.replace(*RULE) for each in resources)]
                if action in NOT_NARROWED:
                    resources = ["*"]
                if name != lacking:  # conditions are left out: it does not know their keys
                    granted.append(_allow(name, Resource=resources))
        self._iam.put_role_policy(
            RoleName=self._name, PolicyName="some", PolicyDocument=_document(granted)
        )

    def run(self, command: str, *options: str, **settings: str) -> Done:
        """Run a command on the shared stack, unless the options name another."""
        shipments = Shipments(self._pipeline, self._environment, self._session)
        if command == "dashboard":
            shipments.main, command = dashboard.main, ""
        return shipments.run(command, *options, **settings)

    def close(self) -> None:
        """Remove the role."""
        self._iam.delete_role_policy(RoleName=self._name, PolicyName="some")
        self._iam.delete_role(RoleName=self._name)


def _allow(*actions: str, **fields: Any) -> Fields:
    return {"Effect": "Allow", "Action": list(actions), **fields}


def _document(statements: list[Fields]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture(scope="module")
def operator(emulator: Emulator, pipeline: Pipeline) -> Iterator[Operator]:
    operator = Operator(emulator, pipeline)
    yield operator
    operator.close()
    pipeline.failed(pipeline.run)  # takes this module's messages off the queue


@pytest.fixture(scope="module")
def archive(pipeline: Pipeline) -> Iterator[str]:
    """Make an archive, and a rule whose pattern only EventBridge can match; return its ARN."""
    events, name = pipeline.client("events"), "shipments-test"
    bus = events.describe_event_bus(Name=pipeline.stack["EventBusName"])["Arn"]
    events.put_rule(Name=name, EventPattern='{"source": [{"prefix": "nobody"}]}')
    yield str(events.create_archive(ArchiveName=name, EventSourceArn=bus)["ArchiveArn"])
    events.delete_archive(ArchiveName=name)
    events.delete_rule(Name=name)


@pytest.fixture(scope="module")
def restored(pipeline: Pipeline) -> Iterator[str]:
    """Restore the table, with a row of RESTORED in it, beside the stack's; return its name."""
    dynamodb = pipeline.client("dynamodb")
    pipeline.invoke(pipeline.envelope({"shipmentId": RESTORED, "status": "IN_TRANSIT"}))
    name = f"{pipeline.stack['ShipmentLogsTableName']}-restored"
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=pipeline.stack["ShipmentLogsTableName"],
        TargetTableName=name,
        UseLatestRestorableTime=True,
    )
    yield name
    dynamodb.delete_table(TableName=name)


@pytest.fixture
def command(
    pipeline: Pipeline, archive: str, restored: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], list[str]]:
    """Return a function that prepares what a row's case needs, and returns its arguments."""
    for module, name in (
        (failed_queue, "WAIT_SECONDS"),
        (replay, "SILENCE_SECONDS"),
        (replay, "POLL_SECONDS"),
        (canary, "POLL_SECONDS"),
    ):
        monkeypatch.setattr(module, name, 0)
    monkeypatch.setattr(dashboard, "png", lambda *_: b"")  # takes seconds
    (tmp_path / "updates.csv").write_text("shipmentId,status\nS-1,IN_TRANSIT\n", "utf-8")

    stack_table = pipeline.stack["ShipmentLogsTableName"]

    def prepare(row: str) -> list[str]:
        event = pipeline.envelope({"shipmentId": pipeline.shipment(), "status": "IN_TRANSIT"})
        if "{shipment}" in CASES[row].arguments or "{event}" in CASES[row].arguments:
            pipeline.client("sqs").send_message(
                QueueUrl=pipeline.stack["FailedUpdatesQueueUrl"], MessageBody=json.dumps(event)
            )
        for stored in pipeline.rows(RESTORED):  # which restore is to put back
            key = {"shipmentId": {"S": RESTORED}, "timestamp": {"N": str(stored["timestamp"])}}
            pipeline.client("dynamodb").delete_item(TableName=stack_table, Key=key)
        if CASES[row].stored:
            pipeline.invoke(event)
        if row == "cost":
            by = {"FunctionName": pipeline.stack["ShipmentProcessorFunctionName"]}
            pipeline.client("cloudwatch").put_metric_data(
                Namespace="AWS/Lambda",
                MetricData=[datum("Invocations", by, time.time_ns() // 1_000_000, 1)],
            )
        words = {
            "shipment": event["detail"]["shipmentId"],
            "event": event["id"],
            "folder": tmp_path,
            "archive": archive,
            "restored": restored,
            "template": TEMPLATE,
            "key": key_of(pipeline.client),
        }
        return [*row.split(), *CASES[row].arguments.format(**words).split()]

    return prepare


def names(row: str) -> dict[str, str]:
    return NEW if row == "check --before" else {}


def test_each_command_has_a_case() -> None:
    rows = {*CASES, *WITHOUT_AWS, *(each.split()[0] for each in WATCHED_CASES)}
    assert all(documented(row) == set() for row in WITHOUT_AWS)
    assert rows == table().keys() - {"all", WITH_KEY, WITH_STATUS}
    assert {each.name for each in COMMANDS} < rows


@pytest.mark.parametrize("row", CASES)
def test_a_command_works_with_its_documented_actions(
    operator: Operator, command: Callable[[str], list[str]], row: str
) -> None:
    operator.grant(row, **names(row))
    done = operator.run(*command(row))
    assert done.status in CASES[row].status
    assert "not allowed" not in done.out + done.err


@pytest.mark.parametrize(
    ("row", "action"),
    [
        (row, action)
        for row in CASES
        for action in sorted(documented(row))
        if (row, action) not in UNSEEN
    ],
)
def test_a_command_without_one_of_its_actions_names_it(
    operator: Operator, command: Callable[[str], list[str]], row: str, action: str
) -> None:
    operator.grant(row, without=action, **names(row))
    done = operator.run(*command(row))
    assert f"have {CHECKED_AS.get(action, action)}" in done.out + done.err
    if done.status == 2:  # a usage error, or nothing was done: one line
        assert [line[:7] for line in done.err.splitlines()].index("Error: ") == (
            done.err.count("\n") - 1
        )


@pytest.mark.parametrize("row", [row for row in CASES if row not in ON_OTHER_RESOURCES])
def test_an_operator_of_another_stack_is_refused(
    operator: Operator, command: Callable[[str], list[str]], row: str
) -> None:
    # The stack itself may be described: the names of its resources are others.
    operator.grant(row, SUFFIX="other", BUS="other")
    done = operator.run(*command(row))
    assert done.status != 0 or row.startswith("check")
    assert "not allowed" in done.out + done.err


def test_an_operator_of_another_stack_does_not_find_this_one(operator: Operator) -> None:
    operator.grant("failed", STACK="another")
    assert "not allowed: have cloudformation:DescribeStacks" in operator.run("failed").err


def test_a_stack_with_a_key_needs_more_to_be_checked(
    operator: Operator, deploy: Callable[..., Pipeline], client: Callable[[str], Any]
) -> None:
    name = deploy("keyed", KmsKeyArn=key_of(client)).stack.name
    words = {"SUFFIX": "keyed", "STACK": name, "BUS": "bus-keyed"}
    for action in ("", "kms:DescribeKey", "kms:GetKeyPolicy"):
        operator.grant("check", WITH_KEY, without=action, **words)
        found = operator.run("check", "--stack-name", name).out
        assert f"not allowed: have {action}" in found if action else "not allowed" not in found


@pytest.fixture(scope="module")
def watched(client: Callable[[str], Any]) -> Iterator[Callable[[], None]]:
    """Deploy another stack, with a status stack beside it.

    Returns a function that puts Lambda's record of a batch of the stream on the queue.
    """
    with deploying(client) as deploy:
        main = deploy(WATCHED["SUFFIX"])
        stored = "2026-01-01T00:00:00.000Z"
        values = dict.fromkeys(("eventTime", "processedAt"), stored)
        values |= dict.fromkeys(("shipmentId", "status", "location", "carrier"), "old")
        row = {name: {"S": value} for name, value in values.items()}
        table = main.stack["ShipmentLogsTableName"]
        main.client("dynamodb").put_item(TableName=table, Item={**row, "timestamp": {"N": "1"}})
        stream = main.stack["ShipmentLogsTableStreamArn"]
        name, text = f"shipment-status-{WATCHED['SUFFIX']}", STATUS_TEMPLATE.read_text("utf-8")
        parameters = {"EnvironmentSuffix": WATCHED["SUFFIX"], "StreamArn": stream}
        deployment.deploy(client, name, text, parameters)
        batch = {f"approximateArrivalOf{each}Record": stored for each in ("First", "Last")}
        record = json.dumps({"DDBStreamBatchInfo": batch})

        def give_up() -> None:
            queue = main.stack["FailedUpdatesQueueUrl"]
            client("sqs").send_message(QueueUrl=queue, MessageBody=record)

        yield give_up
        deployment.delete(client, name)


@pytest.mark.parametrize("case", WATCHED_CASES)
def test_with_a_status_stack_a_command_works_with_its_documented_actions(
    operator: Operator, watched: Callable[[], None], case: str
) -> None:
    watched()
    operator.grant(case.partition(" ")[0], WITH_STATUS, **WATCHED)
    done = operator.run(*case.split(), "--stack-name", WATCHED["STACK"])
    done_text = done.out + done.err
    assert "not allowed" not in done_text
    assert re.search("status table|Refreshed|1 shipment refreshed|ok       status ", done_text)


@pytest.mark.parametrize(
    ("case", "action"),
    [(case, action) for case, actions in WATCHED_CASES.items() for action in sorted(actions)],
)
def test_with_a_status_stack_a_command_without_one_of_its_actions_names_it(
    operator: Operator, watched: Callable[[], None], case: str, action: str
) -> None:
    watched()
    operator.grant(case.partition(" ")[0], WITH_STATUS, without=action, **WATCHED)
    done = operator.run(*case.split(), "--stack-name", WATCHED["STACK"])
    assert f"have {action}" in done.out + done.err


@pytest.mark.usefixtures("watched")
def test_what_may_not_be_checked_of_a_status_stack_is_a_warning_for_each_check(
    operator: Operator,
) -> None:
    operator.grant("check", **WATCHED)
    out = operator.run("check", "--stack-name", WATCHED["STACK"]).out
    names = [line.split()[1] for line in out.splitlines() if "not checked: needs" in line]
    # All but what CloudFormation's description of the stacks says, and which alarms exist.
    unchecked = {each.name for each in status.CHECKS} - {"status", "both-stacks"}
    assert set(names) == unchecked


def test_with_read_rights_alone_updates_are_soon_readable_again(
    operator: Operator, pipeline: Pipeline, command: Callable[[str], list[str]]
) -> None:
    operator.grant("failed", without="sqs:ChangeMessageVisibility")
    _, *options, shipment = command("failed")
    done = operator.run("failed", *options, shipment)
    assert (done.status, shipment in done.out) == (0, True)
    assert pipeline.until(lambda: pipeline.failed(shipment))
