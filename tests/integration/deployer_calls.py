"""The calls that make the template's resources, read them, change them and delete them, in order.

Who calls here stands for CloudFormation's handlers, which call as whoever deploys.
"""

import json
from collections.abc import Iterator
from typing import Any

from scripts.emulator import ACCOUNT, REGION

Fields = dict[str, Any]

SUFFIX, STACK_NAME = "deployer", "stack-deployer"

# Actions of the policy that the emulator never asks for. Of these calls of Lambda it asks for
# another action, such as UpdateFunctionCode.
NOT_CHECKED = {
    *("cloudformation:TagResource", "cloudformation:UntagResource", "iam:PassRole"),
    *("lambda:DeleteFunctionEventInvokeConfig", "lambda:GetFunctionEventInvokeConfig"),
    *("lambda:PutFunctionEventInvokeConfig", "lambda:UpdateFunctionEventInvokeConfig"),
    *("lambda:GetFunctionRecursionConfig", "lambda:GetFunctionScalingConfig"),
    "lambda:GetRuntimeManagementConfig",
}


def _arn(service: str, name: str, region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{name}"


_QUEUE = f"shipment-failed-updates-{SUFFIX}"
_PROCESSOR = f"shipment-processor-{SUFFIX}"
_CHANGES = {"StackName": STACK_NAME, "ChangeSetName": "first"}
_STACK = {"StackName": STACK_NAME}
_ROLE = {"RoleName": f"{STACK_NAME}-LambdaExecutionRole-1A2B"}
_GROUP = {"logGroupName": f"/aws/lambda/{_PROCESSOR}"}
_URL = {"QueueUrl": f"https://127.0.0.1/{ACCOUNT}/{_QUEUE}"}
_FUNCTION = {"FunctionName": _PROCESSOR}
_RULE = {"Rule": f"shipment-update-rule-{SUFFIX}"}
_ARCHIVE = {"ArchiveName": f"shipments-{SUFFIX}"}
TOPIC = {"TopicArn": _arn("sns", f"shipment-alerts-{SUFFIX}")}
_ALARM = f"{STACK_NAME}-FunctionErrorsAlarm-1A2B"
_DASHBOARD = {"DashboardName": f"logistics-processing-{SUFFIX}"}
_TABLE = {"TableName": f"shipment-logs-{SUFFIX}"}

_CODE = b"PK\x05\x06" + bytes(18)
_PATTERN = '{"source": ["logistics.shipments"]}'
_TRUST = '{"Version": "2012-10-17", "Statement": []}'
_BODY = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
_ALLOW = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [_ALLOW]})


def _call(action: str, *named: Fields, **others: Any) -> tuple[str, Fields]:
    return action, {name: value for each in (*named, others) for name, value in each.items()}


def _reads(service: str, named: Fields, *names: str) -> Iterator[tuple[str, Fields]]:
    yield from (_call(f"{service}:{name}", named) for name in names)


def _tags(
    service: str, named: Fields, read: str = "ListTagsForResource", *, is_list: bool = True
) -> Iterator[tuple[str, Fields]]:
    tags = [{"Key": "Owner", "Value": "x"}] if is_list else {"Owner": "x"}
    tag, untag = ("tags", "tagKeys") if service == "logs" else ("Tags", "TagKeys")
    yield _call(f"{service}:TagResource", named, **{tag: tags})
    yield _call(f"{service}:{read}", named)
    yield _call(f"{service}:UntagResource", named, **{untag: ["Owner"]})


CALLS: list[tuple[str, Fields]] = [
    _call("iam:CreateRole", _ROLE, AssumeRolePolicyDocument=_TRUST),
    _call("iam:UpdateAssumeRolePolicy", _ROLE, PolicyDocument=_TRUST),
    _call("iam:PutRolePolicy", _ROLE, PolicyName="p", PolicyDocument=_POLICY),
    _call("iam:GetRolePolicy", _ROLE, PolicyName="p"),
    *_reads("iam", _ROLE, "GetRole", "ListRolePolicies", "ListAttachedRolePolicies"),
    _call("iam:TagRole", _ROLE, Tags=[{"Key": "Owner", "Value": "x"}]),
    *_reads("iam", _ROLE, "ListRoleTags"),
    _call("iam:UntagRole", _ROLE, TagKeys=["Owner"]),
    _call("logs:CreateLogGroup", _GROUP),
    _call("logs:PutRetentionPolicy", _GROUP, retentionInDays=7),
    *_tags(
        "logs", {"resourceArn": _arn("logs", f"log-group:{_GROUP['logGroupName']}")}, is_list=False
    ),
    _call("logs:GetDataProtectionPolicy", logGroupIdentifier=_GROUP["logGroupName"]),
    *_reads("logs", {}, "DescribeLogGroups", "DescribeResourcePolicies"),
    _call("logs:DescribeIndexPolicies", logGroupIdentifiers=[_GROUP["logGroupName"]]),
    _call("logs:AssociateKmsKey", _GROUP, kmsKeyId=_arn("kms", "key/a")),
    _call("logs:DisassociateKmsKey", _GROUP),
    _call("sqs:CreateQueue", QueueName=_QUEUE),
    _call("sqs:SetQueueAttributes", _URL, Attributes={"VisibilityTimeout": "9"}),
    _call("sqs:GetQueueUrl", QueueName=_QUEUE),
    _call("sqs:TagQueue", _URL, Tags={"Owner": "x"}),
    *_reads("sqs", _URL, "GetQueueAttributes", "ListQueueTags"),
    _call("sqs:UntagQueue", _URL, TagKeys=["Owner"]),
    _call(
        "lambda:CreateFunction",
        _FUNCTION,
        Role=_arn("iam", f"role/{_ROLE['RoleName']}", ""),
        Runtime="python3.13",
        Handler="index.x",
        Code={"ZipFile": _CODE},
    ),
    _call("lambda:UpdateFunctionConfiguration", _FUNCTION, Timeout=9),
    _call("lambda:UpdateFunctionCode", _FUNCTION, ZipFile=_CODE),
    _call(
        "lambda:AddPermission",
        _FUNCTION,
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
    ),
    *_reads("lambda", _FUNCTION, "GetPolicy", "GetFunction", "GetFunctionCodeSigningConfig"),
    _call("lambda:RemovePermission", _FUNCTION, StatementId="s"),
    *_tags(
        "lambda", {"Resource": _arn("lambda", f"function:{_PROCESSOR}")}, "ListTags", is_list=False
    ),
    _call("events:PutRule", Name=_RULE["Rule"], EventPattern=_PATTERN),
    _call("events:DescribeRule", Name=_RULE["Rule"]),
    _call("events:PutTargets", _RULE, Targets=[{"Id": "a", "Arn": _arn("sqs", _QUEUE)}]),
    _call("events:ListTargetsByRule", _RULE),
    *_tags("events", {"ResourceARN": _arn("events", f"rule/{_RULE['Rule']}")}),
    _call("events:CreateArchive", _ARCHIVE, EventSourceArn=_arn("events", "event-bus/default")),
    _call("events:UpdateArchive", _ARCHIVE, RetentionDays=3),
    _call("events:DescribeArchive", _ARCHIVE),
    _call("sns:CreateTopic", Name=TOPIC["TopicArn"].rpartition(":")[2]),
    _call("sns:SetTopicAttributes", TOPIC, AttributeName="DisplayName", AttributeValue="x"),
    *_reads("sns", TOPIC, "GetTopicAttributes", "ListSubscriptionsByTopic"),
    _call("sns:GetDataProtectionPolicy", ResourceArn=TOPIC["TopicArn"]),
    *_tags("sns", {"ResourceArn": TOPIC["TopicArn"]}),
    _call("sns:Subscribe", TOPIC, Protocol="sqs", Endpoint=_arn("sqs", _QUEUE)),
    _call(
        "sns:SetSubscriptionAttributes",
        AttributeName="RawMessageDelivery",
        AttributeValue="true",
    ),
    *_reads("sns", {}, "GetSubscriptionAttributes", "Unsubscribe"),
    _call(
        "cloudwatch:PutMetricAlarm",
        AlarmName=_ALARM,
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    ),
    _call("cloudwatch:DescribeAlarms", AlarmNames=[_ALARM]),
    *_tags("cloudwatch", {"ResourceARN": _arn("cloudwatch", f"alarm:{_ALARM}")}),
    _call("cloudwatch:PutDashboard", _DASHBOARD, DashboardBody='{"widgets": []}'),
    _call("cloudwatch:GetDashboard", _DASHBOARD),
    _call(
        "dynamodb:CreateTable",
        _TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "shipmentId", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "shipmentId", "KeyType": "HASH"}],
    ),
    _call("dynamodb:UpdateTable", _TABLE, DeletionProtectionEnabled=False),
    _call(
        "dynamodb:UpdateTimeToLive",
        _TABLE,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiresAt"},
    ),
    _call(
        "dynamodb:UpdateContinuousBackups",
        _TABLE,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    ),
    *_reads("dynamodb", _TABLE, "DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups"),
    *_reads("dynamodb", _TABLE, "DescribeContributorInsights"),
    *_reads("dynamodb", _TABLE, "DescribeKinesisStreamingDestination"),
    *_tags(
        "dynamodb",
        {"ResourceArn": _arn("dynamodb", f"table/{_TABLE['TableName']}")},
        "ListTagsOfResource",
    ),
    _call(
        "dynamodb:GetResourcePolicy", ResourceArn=_arn("dynamodb", f"table/{_TABLE['TableName']}")
    ),
    # Deletion, in the reverse order.
    _call("dynamodb:DeleteTable", _TABLE),
    _call("cloudwatch:DeleteDashboards", DashboardNames=[_DASHBOARD["DashboardName"]]),
    _call("cloudwatch:DeleteAlarms", AlarmNames=[_ALARM]),
    _call("sns:DeleteTopic", TOPIC),
    _call("events:DeleteArchive", _ARCHIVE),
    _call("events:RemoveTargets", _RULE, Ids=["a"]),
    _call("events:DeleteRule", Name=_RULE["Rule"]),
    _call("lambda:DeleteFunction", _FUNCTION),
    _call("sqs:DeleteQueue", _URL),
    _call("logs:DeleteRetentionPolicy", _GROUP),
    _call("logs:DeleteLogGroup", _GROUP),
    _call("iam:DeleteRolePolicy", _ROLE, PolicyName="p"),
    _call("iam:DeleteRole", _ROLE),
    # The stack itself, as aws cloudformation deploy makes and changes it.
    _call("cloudformation:CreateChangeSet", _CHANGES, ChangeSetType="CREATE", TemplateBody=_BODY),
    _call("cloudformation:DescribeChangeSet", _CHANGES),
    _call("cloudformation:ExecuteChangeSet", _CHANGES),
    *_reads(
        "cloudformation", _STACK, "DescribeStacks", "GetTemplateSummary", "DescribeStackEvents"
    ),
    _call("cloudformation:UpdateTerminationProtection", _STACK, EnableTerminationProtection=False),
    _call("cloudformation:DeleteStack", _STACK),
]
# What the status stack's deployment needs besides, and the others, which the emulator does not ask.
MAPPING_CALL = _call(
    "lambda:CreateEventSourceMapping", _FUNCTION, EventSourceArn=_arn("sqs", _QUEUE)
)
MAPPING_NOT_CHECKED = {f"lambda:{name}EventSourceMapping" for name in ("Delete", "Get", "Update")}
