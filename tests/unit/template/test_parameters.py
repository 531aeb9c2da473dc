"""The parameters: their defaults, and what they accept and refuse."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scripts.embed import STATUS_TEMPLATE, TEMPLATE, WEBHOOK_TEMPLATE
from tests.unit.template import deployments
from tests.unit.template.resolve import Deployment, targets
from tests.unit.template.test_changes import FIXED
from tests.unit.template.test_resources import schema

LOG_TABLE = "dynamodb:eu-west-1:123456789012:table/shipment-logs"


class Parameter(NamedTuple):
    """A parameter's default, if it has one, and what it accepts and refuses, all as text."""

    default: str | None
    accepted: list[str]
    refused: list[str]


# The documented deploy command passes EnvironmentSuffix and AlertEmail.
COMMON = {
    "EnvironmentSuffix": Parameter(
        "dev", ["pr-123", "7", "a" * 38], ["Prod!", "prod_1", "", "a" * 39]
    ),
    "LambdaRuntime": Parameter(
        "python3.13",
        ["python3.10", "python3.11", "python3.12", "python3.14"],
        ["python3.9", "python3.15", "python3", "nodejs22.x"],
    ),
    "AlertEmail": Parameter(
        "test@test.com",
        ["ops@example.com", "first.last+tag@mail.example.co.uk"],
        ["ops.example.com", "ops@example", "a b@example.com", "@example.com", ""],
    ),
    "CriticalStatuses": Parameter(
        "DELAYED,DELAY,LOST,LOSS,DAMAGED,DAMAGE,EXCEPTION",
        ["LOST", "159,7A", "Out For Delivery, in_transit,Re-Routed 2", "S" * 1000],
        ["", "LOST,", ",LOST", "LOST,,DELAYED", "LOST;DELAYED", "-LOST", "S" * 1001],
    ),
    "RunbookUrl": Parameter(
        "docs/runbook.md",
        ["https://example.com/a?b=c", "!", "~", "u" * 200],
        ["", "two words", "u" * 201, "https://example.com/ü", "a\nb"],
    ),
    "KmsKeyArn": Parameter(
        "",
        [
            "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-1234abcd12ab34cd",
        ],
        [
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "alias/aws/sns",
            "arn:aws:kms:us-east-1:123456789012:alias/shipments-dev",
            "arn:aws:kms:us-east-1:12345678901:key/1234abcd",
            "arn:aws:iam::123456789012:key/1234abcd",
            "arn:aws:kms:us-east-1:123456789012:key/",
        ],
    ),
    "LogRetentionDays": Parameter(
        "30",
        ["1", "7", "14", "60", "90", "180", "365", "731", "3653"],
        ["0", "2", "31", "for ever"],
    ),
}
PARAMETERS = {
    TEMPLATE: {
        **COMMON,
        "EventBusName": Parameter(
            "default",
            ["carriers", "aws.partner/example.com/a_1-b", "b" * 256],
            ["", "two words", "arn:aws:events:us-east-1:1:event-bus/x", "b" * 257],
        ),
        "TracingMode": Parameter("PassThrough", ["Active"], ["active", "Off"]),
        "AlertMail": Parameter("each", ["critical", "off"], ["none", "Each", "false", ""]),
        "ExpectUpdatesEveryHours": Parameter("0", ["1", "168"], ["-1", "169", "a day", ""]),
        "UnheardAlertsAlarmEnabled": Parameter("true", ["false"], ["True", "no", ""]),
        "RowRetentionDays": Parameter("0", ["1", "3653"], ["-1", "3654", "for ever"]),
        "ArchiveRetentionDays": Parameter("30", ["0", "1", "3653"], ["-1", "3654", "for ever"]),
        "TableDeletionProtection": Parameter("true", ["false"], ["True", "yes", ""]),
    },
    STATUS_TEMPLATE: {
        **COMMON,
        "StreamArn": Parameter(
            None,
            [
                f"arn:aws:{LOG_TABLE}-dev/stream/2026-01-15T12:00:00.000",
                f"arn:aws-us-gov:{LOG_TABLE}-pr-123/stream/2026-01-15T12:00:00.000",
            ],
            [
                "",
                "shipment-logs-dev",
                f"arn:aws:{LOG_TABLE}-dev",
                f"arn:aws:{LOG_TABLE}-dev/stream/",
                f"arn:aws:{LOG_TABLE}-dev/index/i/stream/1",
                f"arn:aws:{LOG_TABLE}/stream/2026-01-15T12:00:00.000",
                "arn:aws:dynamodb:us-east-1:123456789012:table/orders-dev/stream/1",
                "arn:aws:kinesis:us-east-1:123456789012:stream/shipment-logs-dev",
            ],
        ),
        "FinalStatuses": Parameter(
            "DELIVERED,RETURNED,CANCELLED",
            ["DELIVERED", "159,7A", "Picked Up, in_transit", "S" * 1000, ",".join(["S"] * 99)],
            ["", "LOST,", ",LOST", "LOST,,DELAYED", "-LOST", "S" * 1001, ",".join(["S"] * 100)],
        ),
        "StuckAfterDays": Parameter("3", ["0", "1", "365"], ["-1", "366", "never", ""]),
        "BatchWindowSeconds": Parameter("20", ["1", "120"], ["-1", "0", "121", "a minute", ""]),
    },
}
PARAMETERS[WEBHOOK_TEMPLATE] = {
    **{name: COMMON[name] for name in COMMON.keys() - deployments.OF_MAILS},
    "EventBusName": PARAMETERS[TEMPLATE]["EventBusName"],
    "Carrier": Parameter(None, ["easypost", "shippo", "other"], ["EasyPost", "fedex", ""]),
    "SecretArn": Parameter(
        None,
        [
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:carriers/easypost-a1B2c3",
            "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:a-b_c.d@e+f=-a1B2c3",
        ],
        [
            "",
            "carriers/easypost",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:carriers",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:*",
            "arn:aws:ssm:us-east-1:123456789012:parameter/easypost-a1B2c3",
            f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{'s' * 550}-a1B2c3",
        ],
    ),
    "AlarmTopicArn": Parameter(
        None,
        ["arn:aws:sns:us-east-1:123456789012:shipment-alarms-dev"],
        ["", "shipment-alarms-dev", "arn:aws:sqs:us-east-1:123456789012:shipment-alarms-dev"],
    ),
    "ReservedConcurrency": Parameter("5", ["0", "1", "900"], ["-1", "901", "all", ""]),
}
each_parameter = deployments.for_each("name", PARAMETERS)


def accepts(parameter: Mapping[str, Any], value: str) -> bool:
    """Return whether CloudFormation takes a value: every constraint holds for the whole of it."""
    if parameter["Type"] == "Number":
        if not re.fullmatch(r"-?\d+", value):
            return False
        if not parameter.get("MinValue", -1e9) <= int(value) <= parameter.get("MaxValue", 1e9):
            return False
    choices = parameter.get("AllowedValues")
    return (
        (choices is None or value in map(str, choices))
        and len(value) <= parameter.get("MaxLength", 4096)
        and re.fullmatch(parameter.get("AllowedPattern", ".*"), value) is not None
    )


def test_these_are_the_parameters(any_template: dict[str, Any], path: Path) -> None:
    assert any_template["Parameters"].keys() == PARAMETERS[path].keys()


@each_parameter
def test_a_parameter_has_its_default_and_accepts_right_values_only(
    any_template: dict[str, Any], path: Path, name: str
) -> None:
    parameter, expected = any_template["Parameters"][name], PARAMETERS[path][name]
    assert parameter["Type"] in {"String", "Number"}
    right = list(expected.accepted)
    if expected.default is None:
        assert "Default" not in parameter
    else:
        assert str(parameter["Default"]) == expected.default
        right.append(expected.default)
    assert [value for value in right if not accepts(parameter, value)] == []
    assert [value for value in expected.refused if accepts(parameter, value)] == []


@each_parameter
def test_a_pattern_is_of_the_whole_value(any_template: dict[str, Any], name: str) -> None:
    # CloudFormation, cfn-lint and emulators differ in what matching means.
    pattern = any_template["Parameters"][name].get("AllowedPattern", "^$")
    assert (pattern[0], pattern[-1]) == ("^", "$")


@each_parameter
def test_a_parameter_changes_what_is_deployed(any_template: dict[str, Any], name: str) -> None:
    used = [any_template["Resources"], any_template["Conditions"]]
    assert (name, "Ref") in set(targets(used))


def test_the_published_parameters_are_as_they_were_published(template: dict[str, Any]) -> None:
    suffix, address = (template["Parameters"][name] for name in ("EnvironmentSuffix", "AlertEmail"))
    assert suffix["AllowedPattern"] == "^[a-z0-9-]+$"
    assert address["AllowedPattern"] == r"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$"
    assert address["ConstraintDescription"] == "Must be a valid email address"
    said = suffix["ConstraintDescription"]
    assert said.startswith("Must contain only lowercase letters, numbers, and hyphens")
    assert str(suffix["MaxLength"]) in said


@pytest.mark.parametrize("name", COMMON)
def test_a_value_that_one_stack_takes_the_other_takes_too(
    template: dict[str, Any], status_template: dict[str, Any], name: str
) -> None:
    words = {"Description": "", "ConstraintDescription": ""}
    ours, theirs = (each["Parameters"][name] for each in (status_template, template))
    assert {**ours, **words} == {**theirs, **words}
    assert ours.get("ConstraintDescription") in (None, theirs.get("ConstraintDescription"))


@pytest.mark.parametrize("name", sorted({*COMMON, "EventBusName"} - deployments.OF_MAILS))
def test_a_value_that_the_main_stack_takes_a_webhook_takes_too(
    template: dict[str, Any], webhook_template: dict[str, Any], name: str
) -> None:
    words = {"Description": "", "ConstraintDescription": ""}
    ours, theirs = (each["Parameters"][name] for each in (webhook_template, template))
    assert {**ours, **words} == {**theirs, **words}


def test_a_webhook_takes_the_main_stack_s_output(
    webhook_template: dict[str, Any], stack: Deployment
) -> None:
    parameter = webhook_template["Parameters"]["AlarmTopicArn"]
    assert accepts(parameter, stack.outputs["AlarmTopicArn"])
    assert "AlarmTopicArn" in parameter["Description"]


def test_the_status_stack_takes_the_other_stack_s_output(
    status_template: dict[str, Any], stack: Deployment
) -> None:
    arn = stack.outputs["ShipmentLogsTableStreamArn"]
    assert accepts(status_template["Parameters"]["StreamArn"], arn)
    assert "ShipmentLogsTableStreamArn" in status_template["Parameters"]["StreamArn"]["Description"]


def test_cloudwatch_logs_takes_each_log_retention(any_template: dict[str, Any]) -> None:
    taken = schema("AWS::Logs::LogGroup").schema["properties"]["RetentionInDays"]["enum"]
    assert set(any_template["Parameters"]["LogRetentionDays"]["AllowedValues"]) <= set(taken)


@each_parameter
def test_a_parameter_is_described_and_shown(
    any_template: dict[str, Any], path: Path, name: str
) -> None:
    parameter = any_template["Parameters"][name]
    assert parameter["Description"][0].isupper()
    assert "NoEcho" not in parameter  # an operator has to see it
    # Physical names would collide, or a URL would change.
    assert ("Fixed once deployed" in parameter["Description"]) == (name in FIXED[path])


def test_the_second_deployment_of_these_tests_shares_no_value_with_the_first(
    any_template: dict[str, Any], path: Path
) -> None:
    parameters = any_template["Parameters"]
    assert deployments.OTHER_VALUES[path].keys() == parameters.keys()
    for name, value in deployments.OTHER_VALUES[path].items():
        assert accepts(parameters[name], value)
        assert value != str(parameters[name].get("Default"))
    for name, value in deployments.NEEDED[path].items():
        assert accepts(parameters[name], value)
