"""What is deployed: names, references, conditions, and the order of creation and deletion."""

import itertools
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from jsonschema import Draft7Validator

from scripts.embed import STATUS_TEMPLATE, TEMPLATE, WEBHOOK_TEMPLATE
from tests.unit.template import deployments
from tests.unit.template.resolve import RETURNS, Deployment, targets

# Where a name is set, what it is, and how long the service lets it be.
NAMES = {
    TEMPLATE: [
        ("ShipmentLogsTable", "TableName", "shipment-logs-{}", 255),
        ("ShipmentProcessorFunction", "FunctionName", "shipment-processor-{}", 64),
        ("ShipmentProcessorLogGroup", "LogGroupName", "/aws/lambda/shipment-processor-{}", 512),
        ("ShipmentUpdateRule", "Name", "shipment-update-rule-{}", 64),
        ("ShipmentUpdateArchive", "ArchiveName", "shipments-{}", 48),
        ("FailedUpdatesQueue", "QueueName", "shipment-failed-updates-{}", 80),
        ("AlertTopic", "TopicName", "shipment-alerts-{}", 256),
        ("AlarmTopic", "TopicName", "shipment-alarms-{}", 256),
        ("LogisticsDashboard", "DashboardName", "logistics-processing-{}", 255),
    ],
    STATUS_TEMPLATE: [
        ("ShipmentStatusTable", "TableName", "shipment-status-{}", 255),
        ("ShipmentStatusFunction", "FunctionName", "shipment-status-{}", 64),
        ("ShipmentStatusLogGroup", "LogGroupName", "/aws/lambda/shipment-status-{}", 512),
        ("ShipmentMailRule", "Name", "shipment-mail-rule-{}", 64),
        ("ShipmentStuckRule", "Name", "shipment-stuck-rule-{}", 64),
        ("DigestTopic", "TopicName", "shipment-digests-{}", 256),
        ("StatusDashboard", "DashboardName", "shipment-status-{}", 255),
    ],
    # Carriers can have a webhook each.
    WEBHOOK_TEMPLATE: [
        ("WebhookFunction", "FunctionName", "shipment-webhook-{Carrier}-{}", 64),
        ("WebhookLogGroup", "LogGroupName", "/aws/lambda/shipment-webhook-{Carrier}-{}", 512),
    ],
}
each_name = deployments.for_each("named", NAMES)
# For each condition: the parameters that make it false, and what is then missing.
CONDITIONS = {
    "HasArchive": ({"ArchiveRetentionDays": "0"}, {"ShipmentUpdateArchive"}),
    "MailsAlerts": ({"AlertMail": "off"}, {"AlertSubscription", "UnheardAlertsAlarm"}),
    "WatchesMail": ({"UnheardAlertsAlarmEnabled": "false"}, {"UnheardAlertsAlarm"}),
    "ExpectsUpdates": ({"ExpectUpdatesEveryHours": "0"}, {"NoUpdatesAlarm"}),
}
EVERYTHING = {"ExpectUpdatesEveryHours": "24"}  # the rest exists by default
# What data and logs there are, and whether they go with the stack and with a replacement.
KEPT = {
    TEMPLATE: {
        "ShipmentLogsTable": ("Delete", "Retain"),
        "FailedUpdatesQueue": ("Delete", "Retain"),
        "ShipmentProcessorLogGroup": ("Delete", "Delete"),
    },
    # The table can be made anew from the other stack's.
    STATUS_TEMPLATE: {
        "ShipmentStatusTable": ("Delete", "Delete"),
        "ShipmentStatusLogGroup": ("Delete", "Delete"),
    },
    WEBHOOK_TEMPLATE: {"WebhookLogGroup": ("Delete", "Delete")},
}
TABLE = "ShipmentLogsTable"


@cache
def schema(kind: str) -> Draft7Validator:
    return Draft7Validator(PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema)


def test_the_template_says_what_it_is(any_template: dict[str, Any]) -> None:
    assert any_template["AWSTemplateFormatVersion"] == "2010-09-09"
    assert re.search(r"[Ss]hipment (updates|is)\b", any_template["Description"])


def test_the_template_needs_no_capability_but_iam(any_stack: Deployment) -> None:
    # That is all that the documented command passes: no Transform, and no name of a role.
    sections = {"Description", "Parameters", "Conditions", "Resources", "Outputs"}
    assert any_stack.template.keys() - {"Metadata"} == {"AWSTemplateFormatVersion", *sections}
    assert "RoleName" not in any_stack.only("AWS::IAM::Role")


def test_cloudformation_knows_every_property(any_stack: Deployment) -> None:
    faults = [
        f"{name}: {error.message}"
        for name in any_stack.resources
        for error in schema(any_stack.template["Resources"][name]["Type"]).iter_errors(
            any_stack[name]
        )
        # A parameter's number is handed on as text.
        if error.validator in {"additionalProperties", "enum", "required"}
        and not str(error.instance).isdigit()
    ]
    assert faults == []


@each_name
def test_a_physical_name_ends_in_the_environment_and_has_room_for_the_longest(
    any_stack: Deployment, named: tuple[str, str, str, int]
) -> None:
    logical_id, prop, name, limit = named
    assert any_stack[logical_id][prop] == name.format(any_stack.suffix, **any_stack.parameters)
    longest = any_stack.but(**deployments.longest(any_stack.template))
    assert len(longest[logical_id][prop]) <= limit


def test_every_reference_has_a_target(any_template: dict[str, Any]) -> None:
    resources = any_template["Resources"]
    pseudo = {"AccountId", "NoValue", "Partition", "Region", "StackName", "URLSuffix"}
    plain = {*any_template["Parameters"], *(f"AWS::{name}" for name in pseudo)}
    missing = [
        (name, attribute)
        for name, attribute in targets(
            [resources, any_template["Outputs"], any_template["Conditions"]]
        )
        if not (name in plain and attribute == "Ref")
        and attribute not in RETURNS.get(resources.get(name, {}).get("Type"), {})
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_no_arn_names_another_partition(
    any_template: dict[str, Any], path: Path, region: str, partition: str
) -> None:
    needed = {
        name: value.replace("arn:aws:", f"arn:{partition}:")
        for name, value in deployments.NEEDED[path].items()
    }
    parameters = {**(EVERYTHING if path == TEMPLATE else {}), **needed}
    stack = Deployment(any_template, parameters, region=region, partition=partition)
    everything = json.dumps([[stack[name] for name in stack.resources], stack.outputs])
    assert f"arn:{partition}:" in everything
    assert "arn:aws:" not in everything


# ---- conditions


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_that_is_false_takes_away_its_resources_and_no_other(
    template: dict[str, Any], condition: str
) -> None:
    parameters, missing = CONDITIONS[condition]
    whole = Deployment(template, EVERYTHING)
    part = Deployment(template, {**EVERYTHING, **parameters})
    assert set(whole.resources) == template["Resources"].keys()
    assert whole.resources == [
        name for name in template["Resources"] if name in {*part.resources, *missing}
    ]
    assert missing.isdisjoint(part.resources)
    # What refers to these says so by a condition; the rest stays as it is.
    changed = {name for name in part.resources if part[name] != whole[name]}
    assert changed <= {"LogisticsDashboard", TABLE}


def test_the_archive_s_output_exists_with_the_archive(template: dict[str, Any]) -> None:
    whole, part = Deployment(template), Deployment(template, {"ArchiveRetentionDays": "0"})
    assert whole.outputs.keys() - part.outputs.keys() == {"ShipmentUpdateArchiveArn"}


# ---- creation and deletion


@pytest.mark.parametrize("absent", list(itertools.product([True, False], repeat=len(CONDITIONS))))
def test_the_table_depends_on_every_other_resource(
    template: dict[str, Any], absent: tuple[bool, ...]
) -> None:
    # So it is created last: a first deployment that fails leaves no protected table behind.
    parameters = dict(EVERYTHING)
    for (changes, _), is_absent in zip(CONDITIONS.values(), absent, strict=True):
        parameters.update(changes if is_absent else {})
    stack = Deployment(template, parameters)
    assert stack.needs(TABLE) == set(stack.resources) - {TABLE}


def test_no_resource_refers_to_the_table(template: dict[str, Any]) -> None:
    others = [each for name, each in template["Resources"].items() if name != TABLE]
    assert TABLE not in {name for name, _ in targets(others)}
    assert TABLE not in json.dumps([each.get("DependsOn") for each in others])


def test_the_table_s_name_is_the_same_everywhere(stack: Deployment) -> None:
    name = stack[TABLE]["TableName"]
    others = {each: json.dumps(stack[each]) for each in stack.resources if each != TABLE}
    assert {each for each, text in others.items() if name in text} == {
        *("LambdaExecutionRole", "LogisticsDashboard", "ShipmentProcessorFunction"),
        "TableThrottlesAlarm",
    }
    assert [text for text in others.values() if "shipment-logs" in text.replace(name, "")] == []


def test_data_survive_a_replacement_and_go_with_the_stack(
    any_template: dict[str, Any], path: Path
) -> None:
    # Deleting a stack is a decision, which the table can refuse. Replacing a table or a queue
    # in an update would be an accident.
    policies = {
        name: (each.get("DeletionPolicy"), each.get("UpdateReplacePolicy"))
        for name, each in any_template["Resources"].items()
    }
    assert {name: found for name, found in policies.items() if any(found)} == KEPT[path]
