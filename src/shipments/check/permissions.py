"""What a deployment needs to be allowed, by the type of a resource, and whether it is.

The actions are those that CloudFormation's own handlers of these types name for creating one; a
service role (deploy --role-arn) would need them in place of whoever deploys.
"""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from shipments.check.model import Finding, aws, not_checked

STACK = "AWS::CloudFormation::Stack"
# Type: actions, service and resource of the ARN, with {s} for the suffix, {stack} for the stack.
ACTIONS: dict[str, tuple[tuple[str, ...], str, str]] = {
    STACK: (
        (
            "cloudformation:CreateChangeSet",
            "cloudformation:DescribeChangeSet",
            "cloudformation:DescribeStacks",
            "cloudformation:ExecuteChangeSet",
        ),
        "cloudformation",
        "stack/{stack}/new",
    ),
    "AWS::Events::Rule": (
        ("events:PutRule", "events:PutTargets", "events:DescribeRule"),
        "events",
        "rule/{bus}shipment-update-rule-{s}",
    ),
    "AWS::Events::Archive": (
        ("events:CreateArchive", "events:DescribeArchive"),
        "events",
        "archive/shipments-{s}",
    ),
    "AWS::Lambda::Function": (
        ("lambda:CreateFunction", "lambda:GetFunction"),
        "lambda",
        "function:shipment-processor-{s}",
    ),
    "AWS::Lambda::Permission": (
        ("lambda:AddPermission",),
        "lambda",
        "function:shipment-processor-{s}",
    ),
    "AWS::Lambda::EventInvokeConfig": (
        ("lambda:PutFunctionEventInvokeConfig",),
        "lambda",
        "function:shipment-processor-{s}",
    ),
    "AWS::Logs::LogGroup": (
        ("logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:DescribeLogGroups"),
        "logs",
        "log-group:/aws/lambda/shipment-processor-{s}",
    ),
    "AWS::IAM::Role": (
        ("iam:CreateRole", "iam:GetRole", "iam:PutRolePolicy", "iam:PassRole"),
        "iam",
        "role/{stack}-LambdaExecutionRole-new",
    ),
    "AWS::SQS::Queue": (
        ("sqs:CreateQueue", "sqs:GetQueueAttributes"),
        "sqs",
        "shipment-failed-updates-{s}",
    ),
    "AWS::SQS::QueuePolicy": (("sqs:SetQueueAttributes",), "sqs", "shipment-failed-updates-{s}"),
    "AWS::SNS::Topic": (
        ("sns:CreateTopic", "sns:GetTopicAttributes"),
        "sns",
        "shipment-alerts-{s}",
    ),
    "AWS::SNS::Subscription": (("sns:Subscribe",), "sns", "shipment-alerts-{s}"),
    "AWS::SNS::TopicPolicy": (("sns:SetTopicAttributes",), "sns", "shipment-alerts-{s}"),
    "AWS::CloudWatch::Alarm": (
        ("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms"),
        "cloudwatch",
        "alarm:{stack}-new",
    ),
    "AWS::CloudWatch::Dashboard": (
        ("cloudwatch:PutDashboard", "cloudwatch:GetDashboard"),
        "cloudwatch",
        "dashboard/logistics-processing-{s}",
    ),
    "AWS::DynamoDB::Table": (
        (
            "dynamodb:CreateTable",
            "dynamodb:DescribeTable",
            "dynamodb:UpdateTimeToLive",
            "dynamodb:UpdateContinuousBackups",
            "dynamodb:DescribeContinuousBackups",
            "dynamodb:TagResource",
        ),
        "dynamodb",
        "table/shipment-logs-{s}",
    ),
}


def denied(
    client: Callable[..., Any], identity: str, types: set[str], names: dict[str, str], region: str
) -> Iterator[Finding]:
    """Yield what the simulation says may not be done.

    identity: the caller's ARN, of a user or an assumed role; names: what ARNs are made of.
    """
    iam = client("iam")
    try:
        principal = _principal(iam, identity)
        if principal is None:  # the account's root user, who may do everything
            return
        for kind in sorted(types & ACTIONS.keys()):
            actions, service, pattern = ACTIONS[kind]
            resource = _arn(identity, region, service, pattern.format(**names))
            yield from _simulate(iam, principal, kind, actions, resource)
    except ClientError as error:
        yield not_checked(error)


def _simulate(
    iam: Any, principal: str, kind: str, actions: tuple[str, ...], resource: str
) -> Iterator[Finding]:
    """Yield a finding if one of the actions on a resource is not allowed."""
    answer = iam.simulate_principal_policy(
        PolicySourceArn=principal, ActionNames=list(actions), ResourceArns=[resource]
    )
    refused = [
        each["EvalActionName"]
        for each in answer["EvaluationResults"]
        if each["EvalDecision"] != "allowed"
    ]
    if refused:
        yield Finding(
            f"{principal} may not do {', '.join(refused)} on {resource}, which {kind} needs",
            aws(
                "iam simulate-principal-policy",
                policy_source_arn=principal,
                action_names=refused,
                resource_arns=resource,
            ),
        )


def _principal(iam: Any, identity: str) -> str | None:
    """Return the ARN whose policies hold for an identity, or None for the root user."""
    _, partition, service, _, account, resource = identity.split(":", 5)
    if resource == "root":
        return None
    kind, _, rest = resource.partition("/")
    if service == "sts" and kind == "assumed-role":
        # Its ARN has not the role's path, such as that of roles of the Identity Center.
        role = rest.split("/")[0]
        try:
            found: str = iam.get_role(RoleName=role)["Role"]["Arn"]
        except ClientError:
            return f"arn:{partition}:iam::{account}:role/{role}"
        return found
    return identity


def _arn(identity: str, region: str, service: str, resource: str) -> str:
    partition, account = identity.split(":")[1], identity.split(":")[4]
    is_global = service == "iam" or resource.startswith("dashboard/")
    return f"arn:{partition}:{service}:{'' if is_global else region}:{account}:{resource}"
