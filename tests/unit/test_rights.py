"""docs/permissions.md and docs/policies agree with the commands, IAM and the templates."""

import json
import re
from collections.abc import Iterator
from typing import Any

import cfn_flip
import pytest
from cfnlint.data import AdditionalSpecs
from cfnlint.helpers import load_resource

from scripts.embed import ROOT
from shipments.events import DETAIL_TYPE, SOURCE
from tests.rights import DOCS, POLICIES, actions, documented, groups, statements, table

OURS = ("producer", "operator", "operator-with-key", "operator-with-status")
WORDS = {"REGION", "ACCOUNT", "SUFFIX", "STACK", "BUS", "KEY"}
VALUES = {"COUNT"}  # of a condition
WITH_KEY = {"kms:DescribeKey", "kms:GetKeyPolicy"}  # in a policy of their own
# IAM narrows these, but not as the commands use them: for a template and a stack that are not there
# yet, alarms by the beginning of their names, metrics of all services, and a query by its id.
ON_ALL = {
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplateSummary",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "logs:GetQueryResults",
}
# Characters of a managed policy, without white space (quotas page of IAM).
SIZE_LIMIT = 6144
IAM = load_resource(AdditionalSpecs, "Policies.json")


@pytest.mark.parametrize("command", groups())
def test_the_statements_of_a_command_have_its_actions(command: str) -> None:
    used = [each for each in statements("operator") if each["Sid"] in groups()[command]]
    granted = {action for statement in used for action in statement["Action"]}
    assert documented(command) - WITH_KEY <= granted


def test_each_row_of_the_table_has_its_statements() -> None:
    assert groups().keys() == table().keys() - {"all", "with a key", "with a status stack"}


def test_the_policies_grant_what_the_commands_need_and_nothing_else() -> None:
    granted = {each for statement in statements(*OURS) for each in statement["Action"]}
    assert granted == {action for row in table().values() for action in actions(row)}


@pytest.mark.parametrize("policy", OURS)
def test_each_action_is_narrowed_where_iam_can(policy: str) -> None:
    for statement in statements(policy):
        for action in statement["Action"]:
            service, name = action.split(":")
            narrowable = IAM[service]["Actions"][name.lower()].get("Resources")
            is_narrowed = statement["Resource"] != ["*"]
            assert narrowable if is_narrowed else not narrowable or action in ON_ALL


@pytest.mark.parametrize("policy", OURS)
def test_what_is_to_be_replaced_is_what_the_page_replaces(policy: str) -> None:
    text = (POLICIES / f"{policy}.json").read_text("utf-8")
    assert set(re.findall(r"\b[A-Z]{3,}\b", text)) <= WORDS | VALUES
    for statement in statements(policy):
        for resource in statement["Resource"]:
            # By the stack's own names; replays and identities have none of them.
            is_ours = re.search(r"SUFFIX|STACK|BUS|KEY", resource)
            assert is_ours or resource == "*" or re.search("replay/shipments-|:iam:", resource)


@pytest.mark.parametrize("policy", OURS)
def test_a_policy_fits_into_a_managed_one(policy: str) -> None:
    longest = {"SUFFIX": "s" * 38, "STACK": "s" * 60, "BUS": "b" * 40, "REGION": "ap-southeast-2"}
    text = json.dumps(statements(policy, **longest), separators=(",", ":"))
    assert len(text) < SIZE_LIMIT


def test_a_producer_may_send_shipment_updates_only() -> None:
    (statement,) = statements("producer")
    assert statement["Condition"] == {
        "StringEquals": {"events:source": SOURCE, "events:detail-type": DETAIL_TYPE}
    }
    assert statement in statements("operator")


# ---- the statements of the templates


def granting(value: Any) -> Iterator[dict[str, Any]]:
    """Yield each statement in a resource, of whatever kind of policy."""
    if isinstance(value, dict):
        if "Effect" in value or value.get("Type") == "AWS::Lambda::Permission":
            yield value.get("Properties", value)
        else:
            for member in value.values():
                yield from granting(member)
    elif isinstance(value, list):
        for member in value:
            yield from granting(member)


def rows() -> list[list[str]]:
    """Return the rows of the table of the templates' statements."""
    section = (DOCS / "permissions.md").read_text("utf-8").partition("## What the stack itself")[2]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_each_statement_of_the_templates_has_its_reason() -> None:
    found = []
    for path in sorted((ROOT / "templates").glob("*.yml")):
        resources = cfn_flip.load_yaml(path.read_text("utf-8"))["Resources"]
        for name, resource in resources.items():
            for statement in granting(resource):
                action = statement["Action"]
                listed = [action] if isinstance(action, str) else action
                found.append((name, statement.get("Sid", ", ".join(listed))))
    assert sorted(found) == sorted((name, statement) for name, statement, *_ in rows())


def test_the_tests_that_need_a_statement_exist() -> None:
    texts = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    for *_, tests in rows():
        for name in re.findall(r"`(test_\w+)`", tests):
            assert any(f"def {name}(" in text for text in texts), name
