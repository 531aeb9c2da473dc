"""An update keeps what holds data, from each release and from any values of the parameters."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from scripts.embed import HANDLERS, ROOT, STATUS_TEMPLATE, TEMPLATE, WEBHOOK_TEMPLATE
from tests.releases import ALLOWED, FOLDER, RELEASES
from tests.unit.template import changes, deployments
from tests.unit.template.resolve import Deployment, load, parse

CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
# What is fixed once deployed, as descriptions say, and what another value would replace.
FIXED = {
    TEMPLATE: {"EnvironmentSuffix", "EventBusName"},
    STATUS_TEMPLATE: {"EnvironmentSuffix"},
    WEBHOOK_TEMPLATE: {"EnvironmentSuffix", "Carrier"},
}
DATA = {
    TEMPLATE: "ShipmentUpdateArchive",
    STATUS_TEMPLATE: "ShipmentStatusTable",
    WEBHOOK_TEMPLATE: "WebhookEndpoint",  # the carrier would post to a URL that is gone
}
# SNS mails a new address a link to confirm. Another stream needs another mapping.
REPLACED = {
    TEMPLATE: {"AlertEmail": {"AlertSubscription", "AlarmSubscription"}},
    STATUS_TEMPLATE: {
        "AlertEmail": {"DigestSubscription"},
        "StreamArn": {"ShipmentStatusMapping"},
    },
    WEBHOOK_TEMPLATE: {},
}
PARAMETERS = {path: load(path)["Parameters"] for path in HANDLERS}


def lost(release: str, text: str, values: dict[str, str]) -> set[str]:
    """Return what an update of a release to a template's text takes away, by either deployment."""
    old, new = parse(release), parse(text)
    known = {name: value for name, value in values.items() if name in old["Parameters"]}
    return {
        line
        for given in ({}, known)
        for line in changes.lost(Deployment(old, given), Deployment(new, given))
    }


@pytest.mark.parametrize("version", RELEASES)
def test_an_update_of_a_release_takes_nothing_away_but_what_is_allowed(
    version: str, other_values: dict[str, str]
) -> None:
    allowed = {each.line for each in ALLOWED if each.release == version}
    assert lost(RELEASES[version], TEMPLATE.read_text("utf-8"), other_values) == allowed


def test_the_changelog_has_the_steps_for_what_is_allowed() -> None:
    headings = re.findall(r"^#+ (.+)$", CHANGELOG, re.MULTILINE)
    assert {each.heading for each in ALLOWED} <= set(headings)


def test_the_templates_of_the_releases_are_as_they_were_published() -> None:
    sums = {path.name: hashlib.sha256(path.read_bytes()) for path in FOLDER.glob("*.yml")}
    listed = (FOLDER / "SHA256SUMS").read_text("utf-8").splitlines()
    assert sorted(f"{found.hexdigest()}  {name}" for name, found in sums.items()) == sorted(listed)


# Each line that can be reported, by a change to the template that causes it.
CAUSES = {
    "FailedUpdatesQueue: replaced, by its QueueName": ("!Sub shipment-failed", "!Sub failed"),
    "ShipmentLogsTable: replaced, by its KeySchema": ("KeyType: RANGE", "KeyType: HASH"),
    "ShipmentLogsTable: replaced, by its AttributeDefinitions": ("Type: N\n", "Type: S\n"),
    "ShipmentProcessorInvokeConfig: replaced, by its Qualifier": ("$LATEST", "live"),
    "AlertTopicPolicy: replaced, by its Type": ("AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"),
    "AlarmTopic: deleted": ("AlarmTopic", "TopicOfAlarms"),
    "AlertSubscription: deleted": (
        "MailsAlerts: !Not [!Equals [!Ref AlertMail, 'off']]",
        "MailsAlerts: !Equals [!Ref AlertMail, 'off']",
    ),
    "AlertEmail: not a parameter": ("AlertEmail", "MailAddress"),
    "RunbookUrl: no default": ("Default: docs/runbook.md", "MinLength: 1"),
    "RunbookUrl: stricter, by its AllowedPattern": ("[!-~]{1,200}", "https:[!-~]{1,194}"),
    "RunbookUrl: stricter, by its MinLength": ("Default: docs/runbook.md", "MinLength: 2"),
    "LambdaRuntime: stricter, by its AllowedValues": ("[python3.10, ", "["),
    "CriticalStatuses: stricter, by its MaxLength": ("MaxLength: 1000", "MaxLength: 999"),
    "ExpectUpdatesEveryHours: stricter, by its MinValue": ("MinValue: 0", "MinValue: 1"),
    "ExpectUpdatesEveryHours: stricter, by its MaxValue": ("MaxValue: 168", "MaxValue: 167"),
    "ExpectUpdatesEveryHours: stricter, by its Type": ("Type: Number", "Type: String"),
    "AlarmTopicArn: not the same output": ("AlarmTopicArn:", "ArnOfAlarmTopic:"),
    "AlertTopicArn: not the same output": (
        "AlertTopicArn:\n    Value: !Ref AlertTopic",
        "AlertTopicArn:\n    Value: !GetAtt AlertTopic.TopicName",
    ),
}


@pytest.mark.parametrize("line", CAUSES)
def test_a_template_that_takes_something_away_is_noticed(
    line: str, other_values: dict[str, str]
) -> None:
    current = TEMPLATE.read_text("utf-8")
    before, after = CAUSES[line]
    assert before in current
    assert line in lost(current, current.replace(before, after), other_values)


@deployments.for_each("name", PARAMETERS)
def test_a_changed_parameter_replaces_nothing_unless_it_is_fixed_or_names_what_is_replaced(
    any_template: dict[str, Any], path: Path, name: str
) -> None:
    stack = Deployment(any_template, deployments.NEEDED[path])
    changed = stack.but(**{name: deployments.OTHER_VALUES[path][name]})
    found = {each for each, _ in changes.replaced(stack, changed)}
    if name in FIXED[path]:
        assert DATA[path] in found
    else:
        assert found == REPLACED[path].get(name, set())
