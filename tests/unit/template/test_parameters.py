"""The parameters: their defaults, and what they accept and refuse."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from tests.unit.template.test_resources import schema


class Parameter(NamedTuple):
    """A parameter's default, and values that it accepts and refuses; all of them as text."""

    default: str
    accepted: list[str]
    refused: list[str]


# The documented deploy command passes EnvironmentSuffix and AlertEmail.
PARAMETERS = {
    "EnvironmentSuffix": Parameter(
        "dev", ["pr-123", "7", "a" * 38], ["Prod!", "prod_1", "", "a" * 39]
    ),
    "EventBusName": Parameter(
        "default",
        ["carriers", "aws.partner/example.com/a_1-b", "b" * 256],
        ["", "two words", "arn:aws:events:us-east-1:1:event-bus/x", "b" * 257],
    ),
    "LambdaRuntime": Parameter(
        "python3.13",
        ["python3.10", "python3.11", "python3.12", "python3.14"],
        ["python3.9", "python3.15", "python3", "nodejs22.x"],
    ),
    "TracingMode": Parameter("Active", ["PassThrough"], ["active", "Off"]),
    "AlertEmail": Parameter(
        "test@test.com",
        ["ops@example.com", "first.last+tag@mail.example.co.uk"],
        ["ops.example.com", "ops@example", "a b@example.com", "@example.com", ""],
    ),
    "AlertMail": Parameter("each", ["critical", "off"], ["none", "Each", "false", ""]),
    "CriticalStatuses": Parameter(
        "DELAYED,DELAY,LOST,LOSS,DAMAGED,DAMAGE,EXCEPTION",
        ["LOST", "159,7A", "Out For Delivery, in_transit,Re-Routed 2", "S" * 1000],
        ["", "LOST,", ",LOST", "LOST,,DELAYED", "LOST;DELAYED", "-LOST", "S" * 1001],
    ),
    "ExpectUpdatesEveryHours": Parameter("0", ["1", "168"], ["-1", "169", "a day", ""]),
    "UnheardAlertsAlarmEnabled": Parameter("true", ["false"], ["True", "no", ""]),
    "RunbookUrl": Parameter(
        "docs/runbook.md",
        ["https://example.com/a?b=c", "!", "~", "u" * 200],
        ["", "two words", "u" * 201, "https://example.com/ü", "a\nb"],
    ),
    "RowRetentionDays": Parameter("0", ["1", "3653"], ["-1", "3654", "for ever"]),
    "ArchiveRetentionDays": Parameter("30", ["0", "1", "3653"], ["-1", "3654", "for ever"]),
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
    "TableDeletionProtection": Parameter("true", ["false"], ["True", "yes", ""]),
}
each_parameter = pytest.mark.parametrize("name", PARAMETERS)


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


def test_these_are_the_parameters(template: dict[str, Any]) -> None:
    assert template["Parameters"].keys() == PARAMETERS.keys()


@each_parameter
def test_a_parameter_has_its_default_and_accepts_right_values_only(
    template: dict[str, Any], name: str
) -> None:
    parameter, expected = template["Parameters"][name], PARAMETERS[name]
    assert parameter["Type"] in {"String", "Number"}
    assert str(parameter["Default"]) == expected.default
    right = [expected.default, *expected.accepted]
    assert [value for value in right if not accepts(parameter, value)] == []
    assert [value for value in expected.refused if accepts(parameter, value)] == []


@each_parameter
def test_a_pattern_is_of_the_whole_value(template: dict[str, Any], name: str) -> None:
    # CloudFormation, cfn-lint and emulators differ in what matching means.
    pattern = template["Parameters"][name].get("AllowedPattern", "^$")
    assert (pattern[0], pattern[-1]) == ("^", "$")


def test_the_published_parameters_are_as_they_were_published(template: dict[str, Any]) -> None:
    suffix, address = (template["Parameters"][name] for name in ("EnvironmentSuffix", "AlertEmail"))
    assert suffix["AllowedPattern"] == "^[a-z0-9-]+$"
    assert address["AllowedPattern"] == r"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$"
    assert address["ConstraintDescription"] == "Must be a valid email address"
    said = suffix["ConstraintDescription"]
    assert said.startswith("Must contain only lowercase letters, numbers, and hyphens")
    assert str(suffix["MaxLength"]) in said


def test_cloudwatch_logs_takes_each_log_retention(template: dict[str, Any]) -> None:
    taken = schema("AWS::Logs::LogGroup").schema["properties"]["RetentionInDays"]["enum"]
    assert set(template["Parameters"]["LogRetentionDays"]["AllowedValues"]) <= set(taken)


@each_parameter
def test_a_parameter_is_described_and_shown(template: dict[str, Any], name: str) -> None:
    parameter = template["Parameters"][name]
    assert parameter["Description"][0].isupper()
    assert "NoEcho" not in parameter  # an operator has to see it
    fixed = {"EnvironmentSuffix", "EventBusName"}  # physical names would collide
    assert ("Fixed once deployed" in parameter["Description"]) == (name in fixed)


def test_the_second_deployment_of_these_tests_shares_no_value_with_the_first(
    template: dict[str, Any], other_values: dict[str, str]
) -> None:
    parameters = template["Parameters"]
    assert other_values.keys() == parameters.keys()
    for name, value in other_values.items():
        assert accepts(parameters[name], value)
        assert value != str(parameters[name]["Default"])
