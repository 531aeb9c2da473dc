"""A stack from its creation to its deletion: the order, what a failure leaves, what stays."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import TEMPLATE
from tests.integration.changes import reached
from tests.integration.pipeline import Pipeline
from tests.integration.template import TABLE, failing, unconditional

pytestmark = pytest.mark.own_stack("deploys stacks of its own")

Client = Callable[[str], Any]

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
