"""What a deployment needs to be allowed, by the type of a resource, and whether it is.

Deleting and updating need more: docs/policies/deployer.json. A service role (deploy --role-arn)
would need all of it in place of whoever deploys.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from shipments.check.model import Finding, aws, not_checked

STACK = "AWS::CloudFormation::Stack"
MAPPING = "AWS::Lambda::EventSourceMapping"
# Conditions in docs/policies: which service a role may be passed to, and whose mapping it is.
PASSED_TO = "iam:PassedToService", "lambda.amazonaws.com"
MAPPED_TO = "lambda:FunctionArn", "function:shipment-status-{s}"


class Need(NamedTuple):
    """What creating a type of resource needs.

    resources: the ends of the ARNs, the resource itself first, with {s} for the suffix, {stack} for
    the stack, {bus} for the bus and a slash, and * for what AWS chooses; names: of the actions.
    """

    service: str
    resources: tuple[str, ...]
    names: str

    @property
    def actions(self) -> list[str]:
        """The actions, as a policy names them."""
        return [f"{self.service}:{name}" for name in self.names.split()]


FUNCTION = "function:shipment-processor-{s}", "function:shipment-processor-{s}:*"
GROUP = "log-group:/aws/lambda/shipment-processor-{s}"
TOPICS = "shipment-alerts-{s}", "shipment-alarms-{s}"
QUEUE = ("shipment-failed-updates-{s}",)
NEEDS: dict[str, Need] = {
    STACK: Need(
        "cloudformation",
        ("stack/{stack}/*",),
        "CreateChangeSet DescribeChangeSet DescribeStacks ExecuteChangeSet",
    ),
    "AWS::Events::Rule": Need(
        "events",
        ("rule/{bus}shipment-update-rule-{s}",),
        "DescribeRule PutRule PutTargets TagResource",
    ),
    "AWS::Events::Archive": Need(
        "events", ("archive/shipments-{s}", "event-bus/*"), "CreateArchive DescribeArchive"
    ),
    "AWS::Lambda::Function": Need(
        "lambda",
        FUNCTION,
        "CreateFunction GetFunction GetFunctionCodeSigningConfig "
        "GetFunctionRecursionConfig GetRuntimeManagementConfig TagResource",
    ),
    "AWS::Lambda::Permission": Need("lambda", FUNCTION, "AddPermission"),
    "AWS::Lambda::EventInvokeConfig": Need("lambda", FUNCTION, "PutFunctionEventInvokeConfig"),
    "AWS::Logs::LogGroup": Need(
        "logs",
        (GROUP, f"{GROUP}:*"),
        "CreateLogGroup DescribeIndexPolicies DescribeLogGroups DescribeResourcePolicies "
        "GetDataProtectionPolicy PutRetentionPolicy TagResource",
    ),
    "AWS::IAM::Role": Need(
        "iam",
        ("role/{stack}-LambdaExecutionRole-*",),
        "CreateRole GetRole GetRolePolicy PassRole PutRolePolicy TagRole UntagRole",
    ),
    "AWS::SQS::Queue": Need(
        "sqs", QUEUE, "CreateQueue GetQueueAttributes GetQueueUrl ListQueueTags TagQueue"
    ),
    "AWS::SQS::QueuePolicy": Need("sqs", QUEUE, "SetQueueAttributes"),
    "AWS::SNS::Topic": Need("sns", TOPICS, "CreateTopic GetTopicAttributes TagResource"),
    "AWS::SNS::TopicPolicy": Need("sns", TOPICS, "SetTopicAttributes"),
    "AWS::SNS::Subscription": Need(
        "sns", (*TOPICS, *(f"{topic}:*" for topic in TOPICS)), "Subscribe"
    ),
    "AWS::CloudWatch::Alarm": Need(
        "cloudwatch",
        ("alarm:{stack}-*",),
        "DescribeAlarms ListTagsForResource PutMetricAlarm TagResource",
    ),
    "AWS::CloudWatch::Dashboard": Need(
        "cloudwatch",
        ("dashboard/logistics-processing-{s}",),
        "GetDashboard PutDashboard TagResource",
    ),
    "AWS::DynamoDB::Table": Need(
        "dynamodb",
        ("table/shipment-logs-{s}",),
        "CreateTable DescribeContinuousBackups DescribeContributorInsights "
        "DescribeKinesisStreamingDestination DescribeTable DescribeTimeToLive "
        "GetResourcePolicy ListTagsOfResource TagResource UpdateContinuousBackups "
        "UpdateTable UpdateTimeToLive",
    ),
}


def _status_needs() -> dict[str, Need]:
    """Return what ShipmentStatus.yml needs: the same actions on other resources, and a mapping."""
    function = "function:shipment-status-{s}", "function:shipment-status-{s}:*"
    group = "log-group:/aws/lambda/shipment-status-{s}"
    digests, alerts = "shipment-digests-{s}", "shipment-alerts-{s}"  # the other stack's
    resources: dict[str, tuple[str, ...]] = {
        STACK: NEEDS[STACK].resources,
        "AWS::Events::Rule": ("rule/shipment-mail-rule-{s}", "rule/shipment-stuck-rule-{s}"),
        "AWS::Lambda::Function": function,
        "AWS::Lambda::Permission": function,
        "AWS::Lambda::EventInvokeConfig": function,
        "AWS::Logs::LogGroup": (group, f"{group}:*"),
        "AWS::IAM::Role": ("role/{stack}-ShipmentStatusRole-*",),
        "AWS::SNS::Topic": (digests,),
        "AWS::SNS::TopicPolicy": (digests,),
        "AWS::SNS::Subscription": (digests, alerts, f"{digests}:*", f"{alerts}:*"),
        "AWS::CloudWatch::Alarm": NEEDS["AWS::CloudWatch::Alarm"].resources,
        "AWS::CloudWatch::Dashboard": ("dashboard/shipment-status-{s}",),
        "AWS::DynamoDB::Table": ("table/shipment-status-{s}",),
    }
    mapping = Need(
        "lambda",
        ("event-source-mapping:*",),
        "CreateEventSourceMapping GetEventSourceMapping TagResource",
    )
    needs = {kind: NEEDS[kind]._replace(resources=names) for kind, names in resources.items()}
    return {**needs, MAPPING: mapping}


STATUS_NEEDS = _status_needs()


def denied(
    client: Callable[..., Any],
    identity: str,
    needs: Mapping[str, Need],
    names: dict[str, str],
    region: str,
) -> Iterator[Finding]:
    """Yield what the simulation says may not be done.

    identity: the caller's ARN, of a user or an assumed role; names: what ARNs are made of.
    """
    mapped = arn(identity, region, "lambda", MAPPED_TO[1].format(**names))
    context = [
        {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}
        for key, value in (PASSED_TO, (MAPPED_TO[0], mapped))
    ]
    iam = client("iam")
    try:
        principal = _principal(iam, identity)
        if principal is None:  # the account's root user, who may do everything
            return
        for kind, need in sorted(needs.items()):
            name = need.resources[0].replace("*", "new").format(**names)
            resource = arn(identity, region, need.service, name)
            request = {
                "PolicySourceArn": principal,
                "ActionNames": need.actions,
                "ResourceArns": [resource],
                "ContextEntries": context,
            }
            yield from _simulate(iam, kind, request)
    except ClientError as error:
        yield not_checked(error)


def _simulate(iam: Any, kind: str, request: dict[str, Any]) -> Iterator[Finding]:
    """Yield a finding if one of the actions on a resource is not allowed."""
    principal, (resource,) = request["PolicySourceArn"], request["ResourceArns"]
    answer = iam.simulate_principal_policy(**request)
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


def arn(identity: str, region: str, service: str, resource: str) -> str:
    """Return the ARN of a resource of the account that an identity is of."""
    partition, account = identity.split(":")[1], identity.split(":")[4]
    is_global = service == "iam" or resource.startswith("dashboard/")
    return f"arn:{partition}:{service}:{'' if is_global else region}:{account}:{resource}"
