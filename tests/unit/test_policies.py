"""docs/policies: what the templates' resources need, within IAM's limits."""

import json
from pathlib import Path
from typing import Any

import cfn_flip
import pytest
from cfnlint.api import lint_all
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from scripts import policies
from shipments.check.names import NAMED, STATUS_NAMED, Named
from shipments.check.permissions import NEEDS, STACK, STATUS_NEEDS, Need
from tests.account import RESOURCES

POLICIES = policies.policies()
# Characters of a managed policy without white space (quotas page of IAM).
SIZE_LIMIT = 6144
LONGEST = {"SUFFIX": "s" * 38, "STACK": "s" * 30, "REGION": "ap-southeast-2", "ACCOUNT": "1" * 12}
STATUS_RESOURCES = cfn_flip.load_yaml(policies.STATUS_TEMPLATE.read_text("utf-8"))["Resources"]
each_policy = pytest.mark.parametrize("name", POLICIES)
each_template = pytest.mark.parametrize(
    ("template", "needs"), [(policies.TEMPLATE, NEEDS), (policies.STATUS_TEMPLATE, STATUS_NEEDS)]
)


def schema(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return found


def test_the_files_are_what_scripts_policies_writes() -> None:
    written = {path.stem: json.loads(path.read_text("utf-8")) for path in _files()}
    assert written == POLICIES, "run scripts/policies"


def _files() -> list[Path]:
    return sorted(policies.POLICIES.glob("*deployer*.json"))


@each_template
def test_shipments_check_simulates_what_the_policy_has_for_creating_each_resource(
    template: Path, needs: dict[str, Need]
) -> None:
    simulated = {kind: set(need.actions) for kind, need in needs.items() if kind != STACK}
    simulated["AWS::IAM::Role"].discard("iam:PassRole")
    needed = {kind: policies.handlers(template, kind)["create"] for kind in simulated}
    assert simulated == needed
    assert set(needs[STACK].actions) < set(policies.STACK_ACTIONS)


def test_the_key_s_policy_has_each_type_of_its_template() -> None:
    text = policies.DATA_KEY.read_text("utf-8")
    types = {each["Type"] for each in cfn_flip.load_yaml(text)["Resources"].values()}
    assert policies.KEY_NEEDS.keys() == {*types, STACK}


def test_the_webhook_s_policy_has_each_type_of_its_template_and_its_names() -> None:
    resources = cfn_flip.load_yaml(policies.WEBHOOK_TEMPLATE.read_text("utf-8"))["Resources"]
    assert policies.WEBHOOK_NEEDS.keys() == {*(each["Type"] for each in resources.values()), STACK}
    arns = {arn for each in POLICIES["deployer-webhook"]["Statement"] for arn in each["Resource"]}
    ends = {arn.rpartition(mark)[2] for arn in arns for mark in (":", "/", "log-group:")}
    name = "shipment-webhook-*-SUFFIX"
    assert {name, f"/aws/lambda/{name}", "STACK-WebhookRole-*", "STACK-*"} <= ends


@pytest.mark.parametrize("kind", policies.FOR_PROPERTIES)
def test_what_is_left_out_is_for_a_property_and_among_the_type_s_permissions(kind: str) -> None:
    properties = policies.FOR_PROPERTIES[kind]
    assert properties.keys() - {"Replicas"} <= schema(kind)["properties"].keys()
    known = {each for found in schema(kind)["handlers"].values() for each in found["permissions"]}
    names = {each.partition(":")[2] for each in known}
    assert {name for text in properties.values() for name in text.split()} <= names


@pytest.mark.parametrize(
    ("policy", "resources", "named"),
    [("deployer", RESOURCES, NAMED), ("deployer-status", STATUS_RESOURCES, STATUS_NAMED)],
)
def test_each_name_of_the_template_is_one_that_the_policy_allows(
    policy: str, resources: dict[str, Any], named: tuple[Named, ...]
) -> None:
    arns = [arn for each in POLICIES[policy]["Statement"] for arn in each["Resource"]]
    ends = {arn.rpartition(mark)[2] for arn in arns for mark in (":", "/", "log-group:")}
    roles = {name for name, each in resources.items() if each["Type"] == "AWS::IAM::Role"}
    names = {each.name("SUFFIX") for each in named} | {f"STACK-{name}-*" for name in roles}
    assert names <= ends


def test_a_mapping_is_made_changed_and_deleted_for_the_stack_s_function_only() -> None:
    function = "arn:aws:lambda:REGION:ACCOUNT:function:shipment-status-SUFFIX"
    on_all = [
        each
        for each in POLICIES["deployer-status"]["Statement"]
        if each["Resource"] == ["*"] and "lambda:CreateEventSourceMapping" in each["Action"]
    ]
    assert [each["Condition"] for each in on_all] == [
        {"ArnEquals": {"lambda:FunctionArn": function}}
    ]


@each_policy
def test_a_policy_fits_into_a_managed_policy_with_the_longest_names(name: str) -> None:
    text = json.dumps(POLICIES[name], separators=(",", ":"))
    for word, value in LONGEST.items():
        text = text.replace(word, value)
    assert len(text) <= SIZE_LIMIT


@each_policy
def test_cfn_lint_knows_the_actions_and_the_resources_that_they_take(name: str) -> None:
    text = json.dumps(POLICIES[name]).replace("REGION", "us-east-1").replace("ACCOUNT", "1" * 12)
    properties = {"PolicyDocument": json.loads(text)}
    resource = {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}
    found = lint_all(json.dumps({"Resources": {"Policy": resource}}))
    # I4010 is about a template's Context, which this one, made for the test, does not need.
    assert [each for each in found if each.rule.id != "I4010"] == []
