"""What shipments check knows of the template and of AWS's calendar is what they say."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import cfn_flip
import cfnlint
import pytest

from scripts.embed import STATUS_TEMPLATE
from shipments.check import feeds, intake, permissions, processing, resources, status
from shipments.check.companion import Companion
from shipments.check.model import PARAMETERS, WARNING, Main
from shipments.check.names import NAMED, STATUS_NAMED, Named
from shipments.check.people import ADVICE
from shipments.check.plans import OURS, SUFFIXES
from shipments.check.plans import STATUS as STATUS_PLAN
from shipments.check.runtimes import LIVES
from shipments.stack import find
from tests import account
from tests.account import RESOURCES
from tests.unit.shipments.cloud import Cloud

LIFECYCLE = Path(cfnlint.__file__).parent / "data/AdditionalSpecs/LmbdRuntimeLifecycle.json"
STATUS = cfn_flip.load_yaml(STATUS_TEMPLATE.read_text("utf-8"))
RULE = "arn:aws:events:us-east-1:123456789012:rule/b/shipments"


def test_the_parameters_are_the_template_s() -> None:
    defaults = {name: str(each["Default"]) for name, each in account.PARAMETERS.items()}
    assert defaults == PARAMETERS
    assert PARAMETERS.keys() >= OURS
    suffix = account.PARAMETERS["EnvironmentSuffix"]
    assert (suffix["AllowedPattern"], suffix["MaxLength"]) == ("^[a-z0-9-]+$", 38)
    assert SUFFIXES.pattern == "[a-z0-9-]{1,38}"


def test_the_parameters_of_the_status_stack_are_its_template_s() -> None:
    defaults = {name: str(each.get("Default", "")) for name, each in STATUS["Parameters"].items()}
    assert defaults == Companion.defaults
    assert STATUS_PLAN.ours <= defaults.keys()
    assert not STATUS_PLAN.ours <= PARAMETERS.keys()
    assert {name: defaults[name] for name in status.SHARED} == {
        name: PARAMETERS[name] for name in status.SHARED
    }


@pytest.mark.parametrize(
    ("resources", "expected"), [(RESOURCES, NAMED), (STATUS["Resources"], STATUS_NAMED)]
)
def test_the_names_are_the_template_s(
    resources: dict[str, Any], expected: tuple[Named, ...]
) -> None:
    named = {}
    for logical, resource in resources.items():
        for key, value in resource["Properties"].items():
            is_own = re.fullmatch(r"(\w*Name)", key) and key != "EventBusName"
            if is_own and isinstance(value, dict) and "${EnvironmentSuffix}" in str(value):
                named[logical] = value["Fn::Sub"].replace("${EnvironmentSuffix}", "{}")
    assert {each.logical: each.pattern for each in expected} == named


@pytest.mark.parametrize(
    ("resources", "needs"),
    [(RESOURCES, permissions.NEEDS), (STATUS["Resources"], permissions.STATUS_NEEDS)],
)
def test_each_type_of_the_template_has_its_actions(
    resources: dict[str, Any], needs: dict[str, permissions.Need]
) -> None:
    types = {each["Type"] for each in resources.values()}
    assert needs.keys() == types | {permissions.STACK}


def test_what_is_expected_of_rule_and_function_is_what_the_template_has() -> None:
    rule = RESOURCES["ShipmentUpdateRule"]["Properties"]
    (target,) = rule["Targets"]
    config = RESOURCES["ShipmentProcessorInvokeConfig"]["Properties"]
    assert rule["EventPattern"] == intake.PATTERN
    assert target["RetryPolicy"] == intake.RETRIES
    assert {name: config[name] for name in processing.DESTINATION} == processing.DESTINATION


def test_what_is_expected_of_the_status_stack_is_what_its_template_has() -> None:
    resources = {name: each["Properties"] for name, each in STATUS["Resources"].items()}
    mapping = resources["ShipmentStatusMapping"]
    (pattern,) = mapping["FilterCriteria"]["Filters"]
    expected = {**feeds.KEEPS, **feeds.PACES}
    assert {name: mapping[name] for name in expected} == expected
    assert json.loads(pattern["Pattern"]) == feeds.PATTERN
    assert resources["ShipmentRejections"]["FilterPolicy"] == feeds.REJECTIONS
    config = resources["ShipmentStatusInvokeConfig"]
    assert {name: config[name] for name in status.DESTINATION} == status.DESTINATION
    indexes = resources["ShipmentStatusTable"]["GlobalSecondaryIndexes"]
    assert {each["IndexName"] for each in indexes} == status.INDEXES


@pytest.mark.parametrize("name", feeds.RULES)
def test_the_rules_of_the_status_stack_are_its_template_s(name: str) -> None:
    rule = STATUS["Resources"][f"Shipment{name}Rule"]["Properties"]
    (target,) = rule["Targets"]
    assert rule["Name"] == {"Fn::Sub": f"shipment-{name.lower()}-rule-${{EnvironmentSuffix}}"}
    assert target["Id"] == f"Shipment{name}Target"
    assert json.loads(target["Input"]) == feeds.RULES[name]
    assert f"Shipment{name}Permission" in STATUS["Resources"]


@pytest.mark.parametrize("resources", [RESOURCES, STATUS["Resources"]])
def test_each_alarm_s_description_has_a_command_in_it(resources: dict[str, Any]) -> None:
    alarms = {
        name: each["Properties"]["AlarmDescription"]["Fn::Sub"]
        for name, each in resources.items()
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


def test_a_first_deployment_that_failed_is_named_with_what_to_do(cloud: Cloud) -> None:
    cloud.stacks[0]["StackStatus"] = "ROLLBACK_COMPLETE"
    cloud.stacks[0]["Outputs"] = []
    result = cloud.run("check", "--stack-name", cloud.stacks[0]["StackName"])
    assert result.exit_code == 2
    assert "its first deployment failed: delete it and deploy again" in result.stderr


@pytest.mark.parametrize(
    ("deployed", "found", "remedy"),
    [
        ("", "deployed before 1.0.0, command 1.1.0: update the stack", "cloudformation deploy"),
        ("1.0.9", "deployed 1.0.9, command 1.1.0: update the stack", "cloudformation deploy"),
        ("1.1.0", None, None),
        ("1.10.0", "deployed 1.10.0, command 1.1.0: install the command", "checkout of 1.10.0"),
    ],
)
def test_a_stack_of_another_version_than_the_command_is_named_with_what_to_do(
    deployed: str,
    found: str | None,
    remedy: str | None,
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resources, "__version__", "1.1.0")
    output = {"OutputKey": "Version", "OutputValue": deployed}
    cloud.stacks[0]["Outputs"] += [output] if deployed else []
    findings = list(resources.version(Main(find(cloud.session, None, None))))
    if found is None or remedy is None:
        assert findings == []
        return
    (finding,) = findings
    assert finding.what.startswith(found)
    assert remedy in finding.remedy
    assert finding.severity == WARNING
