"""What the function may do, and who may be the function."""

from tests.unit.template import handler
from tests.unit.template.resolve import ACCOUNT, Deployment

# What Lambda itself does in the function's name: its log, its traces.
RUNTIME = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}


def grants(stack: Deployment, policy_name: str) -> set[tuple[str, str]]:
    """Return each action allowed without a condition, with the one resource it is allowed on."""
    (policy,) = stack.only("AWS::IAM::Role")["Policies"]
    assert policy.keys() == {"PolicyName", "PolicyDocument"}
    assert policy["PolicyName"] == policy_name
    assert policy["PolicyDocument"]["Version"] == "2012-10-17"
    found = set()
    for statement in policy["PolicyDocument"]["Statement"]:
        if "Condition" in statement:
            continue  # the key: test_encryption.py
        assert statement.keys() == {"Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            found.add((action, statement["Resource"]))
    return found


def test_the_role_grants_what_the_handler_calls_and_lambda_does_and_nothing_else(
    stack: Deployment,
) -> None:
    resources = {
        "dynamodb": stack.arn("dynamodb", f"table/shipment-logs-{stack.suffix}"),
        "sns": stack.arn("sns", f"shipment-alerts-{stack.suffix}"),
        "sqs": stack.arn("sqs", f"shipment-failed-updates-{stack.suffix}"),
        "logs": stack.arn("logs", f"log-group:/aws/lambda/shipment-processor-{stack.suffix}:*"),
        "xray": "*",  # it has no resources
    }
    actions = handler.aws_actions() | RUNTIME | TRACES
    assert grants(stack, "ProcessShipmentUpdates") == {
        (each, resources[each.partition(":")[0]]) for each in actions
    }


def test_the_role_has_its_one_policy_and_no_managed_one(any_stack: Deployment) -> None:
    assert any_stack.only("AWS::IAM::Role").keys() == {"AssumeRolePolicyDocument", "Policies"}


def test_only_lambda_in_this_account_takes_the_role(any_stack: Deployment) -> None:
    assert any_stack.only("AWS::IAM::Role")["AssumeRolePolicyDocument"] == {
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
