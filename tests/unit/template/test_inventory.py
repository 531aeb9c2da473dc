"""What is deployed: the resources, their names, what becomes of them when they go."""

import json
from typing import Any

import pytest

from tests.unit.template.resolve import RETURNS, Deployment, targets

ALARM = (
    "AlarmDescription Namespace MetricName Dimensions Statistic Period EvaluationPeriods "
    "ComparisonOperator Threshold TreatMissingData AlarmActions OKActions"
)
# Each resource's type, and its properties: no more, for a property can also take away (a filter
# on the subscription, an input path on the target, a reserved concurrency of 0), and no fewer.
RESOURCES = {
    "ShipmentUpdateRule": (
        "AWS::Events::Rule",
        "Name Description EventBusName State EventPattern Targets",
    ),
    "ShipmentUpdatePermission": (
        "AWS::Lambda::Permission",
        "FunctionName Action Principal SourceArn",
    ),
    "ShipmentUpdateArchive": (
        "AWS::Events::Archive",
        "ArchiveName SourceArn RetentionDays EventPattern",
    ),
    "ShipmentProcessorFunction": (
        "AWS::Lambda::Function",
        (
            "FunctionName Runtime Architectures Handler Role Timeout MemorySize TracingConfig "
            "LoggingConfig Environment Code"
        ),
    ),
    "ShipmentProcessorLogGroup": ("AWS::Logs::LogGroup", "LogGroupName RetentionInDays"),
    "ShipmentProcessorInvokeConfig": (
        "AWS::Lambda::EventInvokeConfig",
        "FunctionName Qualifier MaximumRetryAttempts MaximumEventAgeInSeconds DestinationConfig",
    ),
    # No RoleName: the documented deploy command passes CAPABILITY_IAM, not CAPABILITY_NAMED_IAM.
    "LambdaExecutionRole": ("AWS::IAM::Role", "AssumeRolePolicyDocument Policies"),
    "ShipmentLogsTable": (
        "AWS::DynamoDB::Table",
        (
            "TableName BillingMode DeletionProtectionEnabled AttributeDefinitions KeySchema "
            "TimeToLiveSpecification StreamSpecification PointInTimeRecoverySpecification Tags"
        ),
    ),
    "FailedUpdatesQueue": (
        "AWS::SQS::Queue",
        "QueueName MessageRetentionPeriod MaximumMessageSize SqsManagedSseEnabled",
    ),
    "FailedUpdatesQueuePolicy": ("AWS::SQS::QueuePolicy", "Queues PolicyDocument"),
    "AlertTopic": ("AWS::SNS::Topic", "TopicName"),
    "AlertSubscription": ("AWS::SNS::Subscription", "TopicArn Protocol Endpoint"),
    "AlertTopicPolicy": ("AWS::SNS::TopicPolicy", "Topics PolicyDocument"),
    "FunctionErrorsAlarm": ("AWS::CloudWatch::Alarm", ALARM),
    "FunctionThrottlesAlarm": ("AWS::CloudWatch::Alarm", ALARM),
    "FunctionDurationAlarm": (
        "AWS::CloudWatch::Alarm",
        ALARM.replace("Statistic", "ExtendedStatistic"),
    ),
    "FailedUpdatesAlarm": ("AWS::CloudWatch::Alarm", ALARM),
    "FailedInvocationsAlarm": ("AWS::CloudWatch::Alarm", ALARM),
    "FailedDeadLettersAlarm": ("AWS::CloudWatch::Alarm", ALARM),
    "TableThrottlesAlarm": ("AWS::CloudWatch::Alarm", ALARM),
    "LostFailuresAlarm": ("AWS::CloudWatch::Alarm", ALARM),
    "FailedNotificationsAlarm": ("AWS::CloudWatch::Alarm", ALARM),
    "ProcessingErrorsAlarm": ("AWS::CloudWatch::Alarm", ALARM),
    "LogisticsDashboard": ("AWS::CloudWatch::Dashboard", "DashboardName DashboardBody"),
}
# Where a name is set, what it is, and how long the service lets it be.
NAMES = [
    ("ShipmentLogsTable", "TableName", "shipment-logs-{}", 255),
    ("ShipmentProcessorFunction", "FunctionName", "shipment-processor-{}", 64),
    ("ShipmentProcessorLogGroup", "LogGroupName", "/aws/lambda/shipment-processor-{}", 512),
    ("ShipmentUpdateRule", "Name", "shipment-update-rule-{}", 64),
    ("ShipmentUpdateArchive", "ArchiveName", "shipments-{}", 48),
    ("FailedUpdatesQueue", "QueueName", "shipment-failed-updates-{}", 80),
    ("AlertTopic", "TopicName", "shipment-alerts-{}", 256),
    ("LogisticsDashboard", "DashboardName", "logistics-processing-{}", 255),
]
# What is set beside a resource's type and properties, cfn-lint's remarks aside.
BESIDE = {
    # The first update that fails has to find its queue.
    "ShipmentUpdateRule": {"DependsOn": "ShipmentProcessorInvokeConfig"},
    "ShipmentUpdateArchive": {"Condition": "HasArchive"},
    "ShipmentProcessorLogGroup": {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"},
    # Deleting a stack is a decision (the table refuses it besides); replacing one of these in an
    # update of the stack would be an accident, and takes nothing with it.
    "ShipmentLogsTable": {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Retain"},
    "FailedUpdatesQueue": {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Retain"},
}
# The lint rules that are switched off for a resource; the template has each one's reason beside it.
UNCHECKED = {
    "ShipmentProcessorFunction": ["W1030", "WS1000", "WS1004"],
    "FailedUpdatesQueue": ["ES6000"],
    "AlertSubscription": ["ES7000"],
}


def test_the_template_says_what_it_is(template: dict[str, Any]) -> None:
    assert template["AWSTemplateFormatVersion"] == "2010-09-09"
    assert "Shipment updates" in template["Description"]


def test_the_template_has_these_sections(template: dict[str, Any]) -> None:
    # No Transform: with one, the documented deploy command would lack CAPABILITY_AUTO_EXPAND.
    assert template.keys() == {
        "AWSTemplateFormatVersion",
        "Description",
        "Metadata",
        "Parameters",
        "Conditions",
        "Resources",
        "Outputs",
    }


def test_these_resources_are_deployed(template: dict[str, Any]) -> None:
    found = {name: each["Type"] for name, each in template["Resources"].items()}
    assert found == {name: kind for name, (kind, _) in RESOURCES.items()}


@pytest.mark.parametrize("logical_id", RESOURCES)
def test_a_resource_sets_exactly_these_properties(stack: Deployment, logical_id: str) -> None:
    assert stack[logical_id].keys() == set(RESOURCES[logical_id][1].split())


@pytest.mark.parametrize("logical_id", RESOURCES)
def test_a_resource_is_made_and_removed_like_this(
    template: dict[str, Any], logical_id: str
) -> None:
    resource = template["Resources"][logical_id]
    beside = {key: resource[key] for key in resource.keys() - {"Type", "Properties", "Metadata"}}
    assert beside == BESIDE.get(logical_id, {})


@pytest.mark.parametrize("logical_id", RESOURCES)
def test_no_other_lint_rule_is_switched_off(template: dict[str, Any], logical_id: str) -> None:
    remarks = template["Resources"][logical_id].get("Metadata", {})
    off = remarks.get("cfn-lint", {}).get("config", {}).get("ignore_checks", [])
    assert off == UNCHECKED.get(logical_id, [])


@pytest.mark.parametrize(("logical_id", "prop", "name", "limit"), NAMES)
def test_a_physical_name_ends_with_the_environment(
    stack: Deployment, logical_id: str, prop: str, name: str, limit: int
) -> None:
    del limit
    assert stack[logical_id][prop] == name.format(stack.suffix)


@pytest.mark.parametrize(("logical_id", "prop", "name", "limit"), NAMES)
def test_a_physical_name_has_room_for_the_longest_suffix(
    template: dict[str, Any], logical_id: str, prop: str, name: str, limit: int
) -> None:
    del name
    longest = "s" * template["Parameters"]["EnvironmentSuffix"]["MaxLength"]
    stack = Deployment(template, {"EnvironmentSuffix": longest})
    assert len(stack[logical_id][prop]) <= limit


def test_every_reference_has_a_target(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    pseudo = {f"AWS::{name}" for name in ("AccountId", "NoValue", "Partition", "Region")}
    plain = {*template["Parameters"], *pseudo, "AWS::StackName"}
    sections = [
        resources,
        template["Outputs"],
        template["Conditions"],
    ]
    missing = [
        (name, attribute)
        for name, attribute in targets(sections)
        if not (name in plain and attribute == "Ref")
        and attribute not in RETURNS.get(resources.get(name, {}).get("Type"), {})
    ]
    assert missing == []


def test_every_condition_is_used_and_defined(template: dict[str, Any]) -> None:
    everything = json.dumps([template["Resources"], template["Outputs"]])
    assert template["Conditions"].keys() == {"HasArchive", "OnDefaultBus"}
    assert [name for name in template["Conditions"] if f'"{name}"' not in everything] == []


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_no_arn_names_another_partition(
    template: dict[str, Any], region: str, partition: str
) -> None:
    stack = Deployment(template, region=region, partition=partition)
    everything = json.dumps([[stack[name] for name in stack.resources], stack.outputs])
    assert f"arn:{partition}:" in everything
    assert "arn:aws:" not in everything


def test_without_an_archive_only_the_archive_is_missing(template: dict[str, Any]) -> None:
    stack = Deployment(template, {"ArchiveRetentionDays": "0"})
    with_archive = Deployment(template)
    assert set(with_archive.resources) - set(stack.resources) == {"ShipmentUpdateArchive"}
    assert with_archive.outputs.keys() - stack.outputs.keys() == {"ShipmentUpdateArchiveArn"}
    for name in stack.resources:
        assert stack[name] == with_archive[name]
