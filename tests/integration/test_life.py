"""A stack from its creation to its deletion: the order, what a failure leaves, what stays."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import TEMPLATE
from tests.integration.changes import change, physical_ids, reached
from tests.integration.pipeline import Pipeline
from tests.integration.template import TABLE, failing, unconditional

pytestmark = pytest.mark.own_stack("deploys stacks of its own")

Client = Callable[[str], Any]
Deploy = Callable[..., Pipeline]

# Calls that list what a stack consists of, and the services that answer them.
KINDS = {
    "list_tables": "dynamodb",
    "list_queues": "sqs",
    "list_topics": "sns",
    "list_subscriptions": "sns",
    "list_functions": "lambda",
    "list_rules": "events",
    "list_roles": "iam",
    "describe_log_groups": "logs",
    "describe_alarms": "cloudwatch",
    "list_dashboards": "cloudwatch",
}


def kinds_with(client: Client, word: str) -> set[str]:
    """Return the kinds of resource of which one has a word in its name."""
    listed = {kind: getattr(client(service), kind)() for kind, service in KINDS.items()}
    return {kind for kind, found in listed.items() if word in json.dumps(found, default=str)}


def parameters(suffix: str) -> dict[str, str]:
    return {**ministack.PARAMETERS, "EnvironmentSuffix": suffix, "TableDeletionProtection": "true"}


# ---- created and deleted


@dataclass(frozen=True)
class Life:
    """The order in which a stack's resources were created and deleted, and what there was."""

    created: list[str]
    deleted: list[str]
    kinds: set[str]
    left: set[str]


@pytest.fixture(scope="module")
def life(client: Client) -> Life:
    """Deploy a stack and delete it."""
    cloudformation = client("cloudformation")
    deployment.deploy(client, "brief", TEMPLATE.read_text("utf-8"), parameters("brief"))
    stack_id = cloudformation.describe_stacks(StackName="brief")["Stacks"][0]["StackId"]
    kinds = kinds_with(client, "brief")
    deployment.delete(client, "brief")
    created, deleted = (
        reached(cloudformation, stack_id, status)
        for status in ("CREATE_COMPLETE", "DELETE_COMPLETE")
    )
    return Life(created, deleted, kinds, kinds_with(client, "brief"))


def test_the_table_is_created_last(life: Life) -> None:
    assert unconditional() <= set(life.created)
    assert life.created[-1] == TABLE


def test_the_table_is_deleted_first(life: Life) -> None:
    assert set(life.deleted) == set(life.created)
    assert life.deleted[0] == TABLE


def test_a_deleted_stack_leaves_nothing(life: Life) -> None:
    assert life.kinds == set(KINDS)
    assert life.left == set()


def test_the_table_refuses_to_be_deleted(pipeline: Pipeline) -> None:
    with pytest.raises(ClientError, match="protected against deletion"):
        pipeline.client("dynamodb").delete_table(TableName=pipeline.stack["ShipmentLogsTableName"])


# ---- a first deployment that fails


def fail(client: Client, suffix: str, *, table_first: bool = False) -> list[str]:
    """Deploy a stack that fails at the end; return the resources that were created before."""
    template = failing(table_first=table_first)
    with pytest.raises(deployment.StackError, match="Obstacle"):
        deployment.deploy(client, suffix, template, parameters(suffix))
    return reached(client("cloudformation"), suffix, "CREATE_COMPLETE")


def test_a_first_deployment_that_fails_leaves_nothing_and_can_be_repeated(client: Client) -> None:
    suffix, cloudformation = "repeated", client("cloudformation")
    fail(client, suffix)
    (stack,) = cloudformation.describe_stacks(StackName=suffix)["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert kinds_with(client, suffix) == set()
    deployment.delete(client, suffix)  # AWS updates no stack in this status
    deployment.deploy(client, suffix, TEMPLATE.read_text("utf-8"), parameters(suffix))
    assert kinds_with(client, suffix) == set(KINDS)
    deployment.delete(client, suffix)


@pytest.mark.parametrize("table_first", [False, True])
def test_a_first_deployment_that_fails_creates_no_table_and_deletes_none(
    client: Client, *, table_first: bool
) -> None:
    suffix = f"others-{table_first}".lower()
    others = f"shipment-logs-{suffix}"
    client("dynamodb").create_table(
        TableName=others,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "order", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "order", "KeyType": "HASH"}],
    )
    client("dynamodb").put_item(TableName=others, Item={"order": {"S": "1"}})
    created = fail(client, suffix, table_first=table_first)
    assert unconditional() - {TABLE} <= set(created)
    # A table that is created first is there when the deployment fails. On AWS its protection
    # would stop the rollback; MiniStack creates it over the one that there is, and deletes it.
    assert (TABLE in created) is table_first
    assert (others in client("dynamodb").list_tables()["TableNames"]) is not table_first
    if not table_first:
        assert client("dynamodb").scan(TableName=others)["Items"] == [{"order": {"S": "1"}}]


# ---- changed


def test_changed_parameters_take_effect_and_rows_stay(deploy: Deploy) -> None:
    pipeline = deploy("change")
    before, held, delayed = (pipeline.shipment() for _ in range(3))
    pipeline.put({"shipmentId": before, "status": "DELAYED"})
    pipeline.wait_for_alerts(before)
    change(pipeline, CriticalStatuses="LOST,Customs Hold", RowRetentionDays="2")
    pipeline.put({"shipmentId": held, "status": "customs_hold"})
    pipeline.put({"shipmentId": delayed, "status": "DELAYED"})
    for shipment in (held, delayed):
        pipeline.wait_for_log(shipment)
    assert [len(pipeline.alerts(shipment)) for shipment in (before, held, delayed)] == [1, 1, 0]
    assert [
        ["expiresAt" in row for row in pipeline.rows(shipment)]
        for shipment in (before, held, delayed)
    ] == [[False], [True], [True]]


class Deployed(NamedTuple):
    """What parameters have made of a stack.

    ids: physical by logical id; log_days: its log's retention; silent_hours: after which it
    alarms; protected: whether its table refuses to be deleted.
    """

    ids: dict[str, str]
    log_days: int
    silent_hours: list[int]
    protected: bool


def deployed(pipeline: Pipeline) -> Deployed:
    """Return what a stack's resources are now."""
    ids = physical_ids(pipeline)
    (group,) = pipeline.client("logs").describe_log_groups(
        logGroupNamePrefix=pipeline.stack["ShipmentProcessorLogGroupName"]
    )["logGroups"]
    alarms = pipeline.client("cloudwatch").describe_alarms(
        AlarmNames=[ids.get("NoUpdatesAlarm", "none")]
    )["MetricAlarms"]
    table = pipeline.client("dynamodb").describe_table(TableName=ids[TABLE])["Table"]
    return Deployed(
        ids,
        group["retentionInDays"],
        [alarm["EvaluationPeriods"] for alarm in alarms],
        table["DeletionProtectionEnabled"] in {True, "true"},  # MiniStack has the parameter's text
    )


BACK = {
    "LogRetentionDays": ("30", "7"),
    "ExpectUpdatesEveryHours": ("0", "2"),
    "TableDeletionProtection": ("true", "false"),
}


def test_parameters_that_are_changed_and_changed_back_replace_nothing(deploy: Deploy) -> None:
    pipeline = deploy("back")
    first = deployed(pipeline)
    change(pipeline, **{name: there for name, (_, there) in BACK.items()})
    second = deployed(pipeline)
    change(pipeline, **{name: back for name, (back, _) in BACK.items()})
    assert (first.log_days, first.silent_hours, first.protected) == (30, [], True)
    assert (second.log_days, second.silent_hours, second.protected) == (7, [2], False)
    assert second.ids.items() > first.ids.items()
    assert deployed(pipeline) == first
