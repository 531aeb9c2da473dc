"""What the function may do, and who may be the function."""

from typing import Any

import pytest

from tests.unit.template import handler
from tests.unit.template.resolve import ACCOUNT, Deployment

# What Lambda itself does in the function's name: its log, its traces.
RUNTIME = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
}


def statements(stack: Deployment) -> list[dict[str, Any]]:
    (policy,) = stack["LambdaExecutionRole"]["Policies"]
    assert policy["PolicyDocument"]["Version"] == "2012-10-17"
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def grants(stack: Deployment) -> set[tuple[str, str]]:
    """Return each action allowed, with the one resource it is allowed on."""
    found = set()
    for statement in statements(stack):
        assert statement.keys() == {"Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            found.add((action, statement["Resource"]))
    return found


def test_the_role_grants_these_actions_on_these_resources_and_no_other(stack: Deployment) -> None:
    table = stack.arn("dynamodb", f"table/shipment-logs-{stack.suffix}")
    topic = stack.arn("sns", f"shipment-alerts-{stack.suffix}")
    queue = stack.arn("sqs", f"shipment-failed-updates-{stack.suffix}")
    log = stack.arn("logs", f"log-group:/aws/lambda/shipment-processor-{stack.suffix}:*")
    assert grants(stack) == {
        ("dynamodb:PutItem", table),
        ("dynamodb:UpdateItem", table),
        ("sns:Publish", topic),
        ("sqs:SendMessage", queue),
        ("logs:CreateLogStream", log),
        ("logs:PutLogEvents", log),
        ("xray:PutTraceSegments", "*"),
        ("xray:PutTelemetryRecords", "*"),
    }


def test_the_role_grants_what_the_handler_calls_and_the_runtime_does(stack: Deployment) -> None:
    assert {action for action, _ in grants(stack)} == handler.aws_actions() | RUNTIME


def test_only_x_ray_which_knows_no_resource_is_granted_on_everything(stack: Deployment) -> None:
    wide = {action for action, resource in grants(stack) if "*" in resource.removesuffix(":*")}
    assert {action.partition(":")[0] for action in wide} == {"xray"}


def test_the_role_has_its_one_policy_and_no_managed_one(stack: Deployment) -> None:
    role = stack["LambdaExecutionRole"]
    assert role.keys() == {"AssumeRolePolicyDocument", "Policies"}
    assert [policy["PolicyName"] for policy in role["Policies"]] == ["ProcessShipmentUpdates"]


def test_only_lambda_in_this_account_takes_the_role(stack: Deployment) -> None:
    assert stack["LambdaExecutionRole"]["AssumeRolePolicyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            }
        ],
    }


@pytest.mark.parametrize(
    ("logical_id", "service"),
    [
        ("LambdaExecutionRole", "lambda.amazonaws.com"),
        ("FailedUpdatesQueuePolicy", "events.amazonaws.com"),
        ("AlertTopicPolicy", "cloudwatch.amazonaws.com"),
    ],
)
def test_a_service_is_let_in_for_this_account_alone(
    stack: Deployment, logical_id: str, service: str
) -> None:
    policy = (
        stack[logical_id].get("PolicyDocument") or stack[logical_id]["AssumeRolePolicyDocument"]
    )
    for statement in policy["Statement"]:
        if statement["Effect"] == "Allow":
            assert statement["Principal"] == {"Service": service}
            (bound,) = statement["Condition"].values()
            assert bound.keys() <= {"aws:SourceArn", "aws:SourceAccount"}
            assert all(ACCOUNT in value for value in bound.values())
