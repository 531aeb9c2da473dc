"""Deploying, changing and deleting a stack."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts import emulator as ministack
from scripts import stack as stacks
from scripts.embed import TEMPLATE
from tests.integration.pipeline import Pipeline
from tests.integration.template import as_json

pytestmark = pytest.mark.own_stack("deploys stacks of its own")

Deploy = Callable[..., Pipeline]

# A wrong parameter, and what CloudFormation's refusal says that is allowed.
WRONG = [
    ("EnvironmentSuffix", "Prod!", "only lowercase letters, numbers, and hyphens"),
    ("EnvironmentSuffix", "x" * 39, "at most 38"),
    ("AlertEmail", "your-email.domain.com", "a valid email address"),
    ("CriticalStatuses", "LOST,,DAMAGED", "separated by commas"),
    ("EventBusName", "arn:aws:events:us-east-1:0:event-bus/x", "not its ARN"),
    ("LambdaRuntime", "python2.7", "python3.14"),
    ("LogRetentionDays", "31", "3653"),
    ("ArchiveRetentionDays", "-1", "0 (no archive) to 3653 days"),
    ("RowRetentionDays", "3654", "0 (for ever) to 3653 days"),
    ("TableDeletionProtection", "yes", "true"),
    ("TracingMode", "Off", "PassThrough"),
]

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


@pytest.mark.parametrize(("parameter", "value", "allowed"), WRONG)
def test_a_wrong_parameter_is_refused_by_what_is_allowed(
    client: Callable[[str], Any], parameter: str, value: str, allowed: str
) -> None:
    template = TEMPLATE.read_text("utf-8")
    with pytest.raises(ClientError) as refusal:
        stacks.deploy(client("cloudformation"), "wrong", template, {parameter: value})
    assert parameter in str(refusal.value)
    assert allowed in str(refusal.value)


def test_the_json_form_of_the_template_processes_updates(deploy: Deploy) -> None:
    pipeline = deploy("json", as_json())
    detail = {"shipmentId": pipeline.shipment(), "status": "LOST"}
    pipeline.put(detail)
    assert len(pipeline.wait_for_rows(detail["shipmentId"])) == 1
    assert len(pipeline.wait_for_alerts(detail["shipmentId"])) == 1


def test_two_stacks_on_buses_of_their_own_keep_apart(deploy: Deploy, pipeline: Pipeline) -> None:
    other = deploy("other")
    ours, theirs = pipeline.shipment(), other.shipment()
    pipeline.put({"shipmentId": ours, "status": "IN_TRANSIT"})
    other.put({"shipmentId": theirs, "status": "IN_TRANSIT"})
    pipeline.wait_for_log(ours)
    other.wait_for_log(theirs)
    assert [len(pipeline.rows(shipment)) for shipment in (ours, theirs)] == [1, 0]
    assert [len(other.rows(shipment)) for shipment in (ours, theirs)] == [0, 1]


def test_changed_parameters_take_effect_and_rows_stay(deploy: Deploy) -> None:
    pipeline = deploy("change")
    before, held, delayed = (pipeline.shipment() for _ in range(3))
    pipeline.put({"shipmentId": before, "status": "DELAYED"})
    pipeline.wait_for_alerts(before)
    _change(pipeline, CriticalStatuses="LOST,Customs Hold", RowRetentionDays="2")
    pipeline.put({"shipmentId": held, "status": "customs_hold"})
    pipeline.put({"shipmentId": delayed, "status": "DELAYED"})
    for shipment in (held, delayed):
        pipeline.wait_for_log(shipment)
    assert [len(pipeline.alerts(shipment)) for shipment in (before, held, delayed)] == [1, 1, 0]
    assert [
        ["expiresAt" in row for row in pipeline.rows(shipment)]
        for shipment in (before, held, delayed)
    ] == [[False], [True], [True]]


def test_a_changed_log_retention_takes_effect(deploy: Deploy) -> None:
    pipeline = deploy("logs")
    _change(pipeline, LogRetentionDays="7")
    name = pipeline.stack["ShipmentProcessorLogGroupName"]
    groups = pipeline.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert [group["retentionInDays"] for group in groups] == [7]


def test_the_table_refuses_to_be_deleted(pipeline: Pipeline) -> None:
    with pytest.raises(ClientError, match="protected against deletion"):
        pipeline.client("dynamodb").delete_table(TableName=pipeline.stack["ShipmentLogsTableName"])


def test_a_deleted_stack_leaves_nothing(client: Callable[[str], Any]) -> None:
    parameters = {**ministack.PARAMETERS, "EnvironmentSuffix": "passing"}
    stacks.deploy(client("cloudformation"), "passing", TEMPLATE.read_text("utf-8"), parameters)
    assert _kinds_with(client, "passing") == set(KINDS)
    stacks.delete(client("cloudformation"), "passing")
    assert _kinds_with(client, "passing") == set()


def _kinds_with(client: Callable[[str], Any], word: str) -> set[str]:
    """Return the kinds of resource of which one has a word in its name."""
    listed = {kind: getattr(client(service), kind)() for kind, service in KINDS.items()}
    return {kind for kind, found in listed.items() if word in json.dumps(found, default=str)}


def _change(pipeline: Pipeline, **parameters: str) -> None:
    """Update a stack, with some of its parameters changed, and wait until that is done."""
    cloudformation, name = pipeline.client("cloudformation"), pipeline.stack.name
    given = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["Parameters"]
    cloudformation.update_stack(
        StackName=name,
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": key, "ParameterValue": parameters[key]}
            if (key := parameter["ParameterKey"]) in parameters
            else {"ParameterKey": key, "UsePreviousValue": True}
            for parameter in given
        ],
    )
    waiter = cloudformation.get_waiter("stack_update_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
