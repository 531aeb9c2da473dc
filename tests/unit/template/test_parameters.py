"""The parameters: what they are called, what they are unless told, and what they refuse."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

# Name, type and default of each; a number is handed on as text, however the template writes it.
# The documented deploy command passes the first two.
PARAMETERS = {
    "EnvironmentSuffix": ("String", "dev"),
    "AlertEmail": ("String", "test@test.com"),
    "CriticalStatuses": ("String", "DELAYED,LOST,DAMAGED,EXCEPTION"),
    "EventBusName": ("String", "default"),
    "LambdaRuntime": ("String", "python3.13"),
    "LogRetentionDays": ("Number", "30"),
    "ArchiveRetentionDays": ("Number", "30"),
    "RowRetentionDays": ("Number", "0"),
    "TableDeletionProtection": ("String", "true"),
    "TracingMode": ("String", "Active"),
}
# The first two are published.
PATTERNS = {
    "EnvironmentSuffix": "^[a-z0-9-]+$",
    "AlertEmail": r"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$",
    "CriticalStatuses": "^[A-Za-z][A-Za-z0-9 _-]*(, *[A-Za-z][A-Za-z0-9 _-]*)*$",
    "EventBusName": "^[A-Za-z0-9._/-]{1,256}$",
}
CHOICES: dict[str, list[object]] = {
    "LambdaRuntime": ["python3.10", "python3.11", "python3.12", "python3.13", "python3.14"],
    "LogRetentionDays": [1, 7, 14, 30, 60, 90, 180, 365, 731, 3653],
    "TableDeletionProtection": ["true", "false"],
    "TracingMode": ["Active", "PassThrough"],
}
CONSTRAINTS = {
    "EnvironmentSuffix": {"AllowedPattern", "MaxLength"},
    "AlertEmail": {"AllowedPattern"},
    "CriticalStatuses": {"AllowedPattern"},
    "EventBusName": {"AllowedPattern"},
    "LambdaRuntime": {"AllowedValues"},
    "LogRetentionDays": {"AllowedValues"},
    "ArchiveRetentionDays": {"MinValue", "MaxValue"},
    "RowRetentionDays": {"MinValue", "MaxValue"},
    "TableDeletionProtection": {"AllowedValues"},
    "TracingMode": {"AllowedValues"},
}
# What CloudWatch Logs takes as retentionInDays (PutRetentionPolicy).
LOG_RETENTION = {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192}
LOG_RETENTION |= {2557, 2922, 3288, 3653}

ACCEPTED = [
    ("EnvironmentSuffix", ["dev", "pr-123", "7", "a" * 38]),
    ("AlertEmail", ["your-email@domain.com", "first.last+tag@mail.example.co.uk"]),
    ("CriticalStatuses", ["LOST", "DELAYED,LOST", "Out For Delivery,in_transit,Re-Routed 2"]),
    ("EventBusName", ["default", "carriers", "aws.partner/example.com/a_1-b", "b" * 256]),
    ("LambdaRuntime", ["python3.10", "python3.11", "python3.12", "python3.13", "python3.14"]),
    ("LogRetentionDays", ["1", "30", "3653"]),
    ("ArchiveRetentionDays", ["0", "1", "3653"]),
    ("RowRetentionDays", ["0", "1", "3653"]),
    ("TableDeletionProtection", ["true", "false"]),
    ("TracingMode", ["Active", "PassThrough"]),
]
REFUSED = [
    ("EnvironmentSuffix", ["Prod!", "prod_1", "", "a" * 39]),
    ("AlertEmail", ["ops.example.com", "ops@example", "a b@example.com", "@example.com", ""]),
    ("CriticalStatuses", ["", "LOST,", ",LOST", "LOST,,DELAYED", "LOST;DELAYED", "7LOST"]),
    ("EventBusName", ["", "two words", "arn:aws:events:us-east-1:1:event-bus/x", "b" * 257]),
    ("LambdaRuntime", ["python3.9", "python3.15", "python3", "nodejs22.x"]),
    ("LogRetentionDays", ["0", "2", "31", "for ever"]),
    ("ArchiveRetentionDays", ["-1", "3654", "for ever"]),
    ("RowRetentionDays", ["-1", "3654", "for ever"]),
    ("TableDeletionProtection", ["True", "yes", ""]),
    ("TracingMode", ["active", "Off"]),
]
# What a refusal has to name, so that the reader can mend the value.
SAYS = {
    "EnvironmentSuffix": ["lowercase letters", "numbers", "hyphens", "38"],
    "AlertEmail": ["valid email address"],
    "CriticalStatuses": ["letters", "digits", "commas"],
    "EventBusName": ["name", "not its ARN"],
    "LambdaRuntime": ["python3.10", "python3.14"],
    "LogRetentionDays": ["1", "7", "14", "30", "60", "90", "180", "365", "731", "3653"],
    "ArchiveRetentionDays": ["0", "no archive", "3653"],
    "RowRetentionDays": ["0", "for ever", "3653"],
    "TableDeletionProtection": ["true", "false"],
    "TracingMode": ["Active", "PassThrough"],
}


def accepts(parameter: Mapping[str, Any], value: str) -> bool:
    """Tell whether CloudFormation takes a value: every constraint holds, on the whole of it."""
    if parameter["Type"] == "Number":
        if not re.fullmatch(r"-?\d+", value):
            return False
        if not parameter.get("MinValue", -1e9) <= int(value) <= parameter.get("MaxValue", 1e9):
            return False
    choices = parameter.get("AllowedValues")
    return (
        (choices is None or value in map(str, choices))
        and parameter.get("MinLength", 0) <= len(value) <= parameter.get("MaxLength", 4096)
        and re.fullmatch(parameter.get("AllowedPattern", ".*"), value) is not None
    )


def test_the_parameters_have_these_names_types_and_defaults(template: dict[str, Any]) -> None:
    found = {
        name: (each.get("Type"), str(each.get("Default")))
        for name, each in template["Parameters"].items()
    }
    assert found == PARAMETERS


@pytest.mark.parametrize(("name", "pattern"), PATTERNS.items())
def test_a_pattern_is_this_one_and_of_the_whole_value(
    template: dict[str, Any], name: str, pattern: str
) -> None:
    assert template["Parameters"][name]["AllowedPattern"] == pattern
    # Whatever matching means to the reader: CloudFormation, cfn-lint and emulators differ.
    assert (pattern[0], pattern[-1]) == ("^", "$")


@pytest.mark.parametrize(("name", "choices"), CHOICES.items())
def test_a_choice_offers_exactly_these_values(
    template: dict[str, Any], name: str, choices: list[object]
) -> None:
    assert template["Parameters"][name]["AllowedValues"] == choices


def test_cloudwatch_logs_takes_each_log_retention_offered() -> None:
    assert LOG_RETENTION.issuperset(CHOICES["LogRetentionDays"])


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_is_constrained_and_shown_in_one_way(
    template: dict[str, Any], name: str
) -> None:
    # Nothing besides: a NoEcho would hide what an operator has to see.
    common = {"Type", "Default", "Description", "ConstraintDescription"}
    assert template["Parameters"][name].keys() == common | CONSTRAINTS[name]


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in ACCEPTED for value in values]
)
def test_a_right_value_is_accepted(template: dict[str, Any], name: str, value: str) -> None:
    assert accepts(template["Parameters"][name], value)


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in REFUSED for value in values]
)
def test_a_wrong_value_is_refused(template: dict[str, Any], name: str, value: str) -> None:
    assert not accepts(template["Parameters"][name], value)


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_default_is_accepted(template: dict[str, Any], name: str) -> None:
    parameter = template["Parameters"][name]
    assert accepts(parameter, str(parameter["Default"]))


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_is_described(template: dict[str, Any], name: str) -> None:
    assert template["Parameters"][name]["Description"][0].isupper()


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_refusal_says_what_is_allowed(template: dict[str, Any], name: str) -> None:
    sentence = template["Parameters"][name]["ConstraintDescription"]
    assert sentence.startswith("Must ")
    assert [word for word in SAYS[name] if word not in sentence] == []


def test_the_console_groups_every_parameter_once(template: dict[str, Any]) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(PARAMETERS)
    assert all(group["Label"]["default"] for group in groups)


def test_the_console_labels_every_parameter(template: dict[str, Any]) -> None:
    labels = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterLabels"]
    assert labels.keys() == PARAMETERS.keys()
    assert all(label["default"] for label in labels.values())


def test_the_second_deployment_of_these_tests_shares_no_value_with_the_first(
    template: dict[str, Any], other_values: dict[str, str]
) -> None:
    parameters = template["Parameters"]
    assert other_values.keys() == parameters.keys()
    for name, value in other_values.items():
        assert accepts(parameters[name], value)
        assert value != str(parameters[name]["Default"])
