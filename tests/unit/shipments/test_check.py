"""What shipments check knows of the template and of AWS's calendar is what they say."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import cfnlint
import pytest

from shipments.check import intake, permissions, processing
from shipments.check.before import OURS, SUFFIXES
from shipments.check.model import PARAMETERS, allows
from shipments.check.names import NAMED
from shipments.check.people import ADVICE
from shipments.check.runtimes import LIVES
from tests import account
from tests.account import RESOURCES
from tests.unit.shipments.cloud import Cloud

LIFECYCLE = Path(cfnlint.__file__).parent / "data/AdditionalSpecs/LmbdRuntimeLifecycle.json"
RULE = "arn:aws:events:us-east-1:123456789012:rule/b/shipments"


def test_the_parameters_are_the_template_s() -> None:
    defaults = {name: str(each["Default"]) for name, each in account.PARAMETERS.items()}
    assert defaults == PARAMETERS
    assert PARAMETERS.keys() >= OURS
    suffix = account.PARAMETERS["EnvironmentSuffix"]
    assert (suffix["AllowedPattern"], suffix["MaxLength"]) == ("^[a-z0-9-]+$", 38)
    assert SUFFIXES.pattern == "[a-z0-9-]{1,38}"


def test_the_names_are_the_template_s() -> None:
    named = {}
    for logical, resource in RESOURCES.items():
        for key, value in resource["Properties"].items():
            is_own = re.fullmatch(r"(\w*Name)", key) and key != "EventBusName"
            if is_own and isinstance(value, dict) and "${EnvironmentSuffix}" in str(value):
                named[logical] = value["Fn::Sub"].replace("${EnvironmentSuffix}", "{}")
    assert {each.logical: each.pattern for each in NAMED} == named


def test_each_type_of_the_template_has_its_actions() -> None:
    types = {each["Type"] for each in RESOURCES.values()}
    assert permissions.NEEDS.keys() == types | {permissions.STACK}


def test_what_is_expected_of_rule_and_function_is_what_the_template_has() -> None:
    rule = RESOURCES["ShipmentUpdateRule"]["Properties"]
    (target,) = rule["Targets"]
    config = RESOURCES["ShipmentProcessorInvokeConfig"]["Properties"]
    assert rule["EventPattern"] == intake.PATTERN
    assert target["RetryPolicy"] == intake.RETRIES
    assert {name: config[name] for name in processing.DESTINATION} == processing.DESTINATION


def test_each_alarm_s_description_has_a_command_in_it() -> None:
    alarms = {
        name: each["Properties"]["AlarmDescription"]["Fn::Sub"]
        for name, each in RESOURCES.items()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    }
    texts = [
        text.replace("${RunbookUrl}", "https://example.com/runbook.md") for text in alarms.values()
    ]
    commands = [found[1] for text in texts if (found := ADVICE.search(text))]
    assert len(commands) == len(alarms)
    assert {command.split()[0] for command in commands} <= {"aws", "shipments"}


def test_the_ends_of_runtimes_are_those_that_cfn_lint_has() -> None:
    known = json.loads(LIFECYCLE.read_text("utf-8"))
    names = account.PARAMETERS["LambdaRuntime"]["AllowedValues"]
    keys = ("deprecated", "create-block", "update-block")
    expected = {name: tuple(date.fromisoformat(known[name][key]) for key in keys) for name in names}
    assert {name: tuple(life) for name, life in LIVES.items()} == expected


def policy(**statement: Any) -> str:
    """Return a policy that lets the rule in, but for what a case changes."""
    usual = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Condition": {"ArnEquals": {"aws:SourceArn": RULE}},
    }
    return json.dumps({"Statement": {**usual, **statement}})


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"Condition": {"ArnLike": {"AWS:SourceArn": [RULE[:-9] + "*"]}}},
        {"Condition": {}},
        {"Action": ["sqs:*"], "Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"Service": ["x", "events.amazonaws.com"]}},
    ],
)
def test_a_policy_lets_the_rule_in(statement: dict[str, Any]) -> None:
    assert allows(policy(**statement), "events.amazonaws.com", "sqs:SendMessage", RULE)


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny"},
        {"Action": "sqs:ReceiveMessage"},
        {"Principal": {"Service": "sns.amazonaws.com"}},
        {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        {"Condition": {"ArnEquals": {"aws:SourceArn": RULE + "-other"}}},
    ],
)
def test_a_policy_does_not_let_the_rule_in(statement: dict[str, Any]) -> None:
    assert not allows(policy(**statement), "events.amazonaws.com", "sqs:SendMessage", RULE)


def test_a_first_deployment_that_failed_is_named_with_what_to_do(cloud: Cloud) -> None:
    cloud.stacks[0]["StackStatus"] = "ROLLBACK_COMPLETE"
    cloud.stacks[0]["Outputs"] = []
    result = cloud.run("check", "--stack-name", cloud.stacks[0]["StackName"])
    assert result.exit_code == 2
    assert "its first deployment failed: delete it and deploy again" in result.stderr
