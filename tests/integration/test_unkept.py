"""An update that the dead-letter queue does not take either: who hears of it; the status stack.

The emulator asks no policy for this. tests/services.py does, by the settings of the deployed
stacks, which these tests change.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration import intake as intakes
from tests.integration import permissions
from tests.integration.alarms import ALARMS, Alarms
from tests.integration.changes import physical_ids
from tests.integration.companion import ROW, Companion, deploy_status
from tests.integration.intake import ALARM, ANOTHER_RULE, SUFFIX, Intake
from tests.integration.pipeline import Fields
from tests.services import Alarms as CloudWatch
from tests.services import Fate

pytestmark = [pytest.mark.own_emulator, pytest.mark.own_stack("breaks what lets services in")]

RULES = [f"shipment-{name}-rule-{SUFFIX}" for name in ("mail", "stuck")]


@pytest.fixture(scope="module")
def deployed() -> Iterator[Intake]:
    with intakes.deployed() as deployed:
        yield deployed


@pytest.fixture
def intake(deployed: Intake) -> Iterator[Intake]:
    """Return the stack, which is whole again after the test."""
    with intakes.repaired(deployed):
        yield deployed


@pytest.fixture(scope="module")
def notices(deployed: Intake) -> Alarms:
    """Return what the subscribers of the alarm topic get."""
    return Alarms(deployed.pipeline)


@pytest.fixture(scope="module")
def status(deployed: Intake) -> Companion:
    return deploy_status(deployed.pipeline)


# ---- the queue's policy


def test_what_the_queue_does_not_take_is_not_on_it(intake: Intake) -> None:
    assert intake.shipments.failed(intake.lose()) == []
    assert intake.fate is Fate.LOST


# What the queue's policy has instead of its permission for the rule.
POLICIES: dict[str, Callable[[Fields], Any]] = {
    "for another rule": lambda allowed: allowed.update(
        Condition={"ArnEquals": {"aws:SourceArn": ANOTHER_RULE}}
    ),
    "for another queue": lambda allowed: allowed.update(Resource=f"{allowed['Resource']}-2"),
    "for another action": lambda allowed: allowed.update(Action="sqs:ReceiveMessage"),
    "for another service": lambda allowed: allowed["Principal"].update(Service="sns.amazonaws.com"),
    "to deny it": lambda allowed: allowed.update(Effect="Deny"),
}


@pytest.mark.parametrize("change", POLICIES)
def test_the_queue_takes_an_update_only_by_a_policy_for_it(change: str, intake: Intake) -> None:
    document = json.loads(intake.broken.queue_policy())
    POLICIES[change](document["Statement"][0])
    intake.broken.remove_permission()
    intake.broken.set_queue_policy(json.dumps(document))
    intake.put()
    assert intake.fate is Fate.LOST


def test_an_update_is_dropped_if_the_target_has_no_dead_letter_queue(intake: Intake) -> None:
    intake.broken.change_target(DeadLetterConfig=None)
    intake.broken.remove_permission()
    intake.put()
    assert intake.fate is Fate.DROPPED


# ---- the metric, its alarm, and the topic's policy


def test_the_subscribers_hear_of_what_the_queue_does_not_take(
    intake: Intake, notices: Alarms
) -> None:
    intake.lose()
    alarm, notice = notices.notices()[-1]
    assert (alarm, notice["NewStateValue"]) == (ALARM, "ALARM")
    assert "Only the archive has them" in notice["AlarmDescription"]


def test_nobody_hears_of_it_if_the_topic_takes_no_alarms(intake: Intake, notices: Alarms) -> None:
    policy = intakes.without(intake.broken.topic_policy(), "Alarms")
    intake.broken.set_topic_policy(policy)
    intake.lose()
    alarm = intake.broken.alarm(ALARM)
    assert (alarm["StateValue"], alarm["ActionsEnabled"]) == ("ALARM", True)
    assert notices.heard()[-1] == (ALARM, "OK")


# Of a rule on the default bus, and of another rule.
@pytest.mark.parametrize("rule", [SUFFIX, "another"])
def test_nobody_hears_of_it_if_the_alarm_watches_another_metric(
    rule: str, intake: Intake, notices: Alarms
) -> None:
    alarm = intake.broken.alarm(ALARM)
    dimensions = [{"Name": "RuleName", "Value": f"shipment-update-rule-{rule}"}]
    intake.broken.put_alarm(alarm, Dimensions=dimensions)
    before = len(notices.heard())
    intake.lose()
    state, heard = intake.broken.alarm(ALARM)["StateValue"], notices.heard()[before:]
    intake.broken.put_alarm(alarm)
    assert state == "OK"
    assert (ALARM, "ALARM") not in heard


def test_the_alarm_of_a_stack_on_the_default_bus_watches_its_rule_too() -> None:
    with intakes.deployed("default", "default") as intake:
        notices = Alarms(intake.pipeline)
        intake.lose()
        assert notices.heard() == [(ALARM, "OK"), (ALARM, "ALARM")]


def test_the_alarm_topic_takes_every_alarm_of_both_stacks(
    deployed: Intake, status: Companion
) -> None:
    names = {
        physical: logical
        for stack in (deployed.pipeline, status)
        for logical, physical in physical_ids(stack).items()
        if logical in ALARMS
    }
    client = deployed.account.client
    described = client("cloudwatch").describe_alarms(AlarmNames=[*names])["MetricAlarms"]
    heard = {each["AlarmName"] for each in described if CloudWatch(client).may_notify(each)}
    assert heard == names.keys()


# ---- the rules of the status stack


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_of_the_status_stack_may_invoke_its_function(
    rule: str, deployed: Intake, status: Companion
) -> None:
    deployed.bridge.run(rule)
    delivery = deployed.bridge.deliveries[-1]
    assert delivery.fate is Fate.INVOKED
    assert delivery.target.endswith(f":{status.function}")


def test_the_daily_rule_mails_a_shipment_without_news(deployed: Intake, status: Companion) -> None:
    shipment = deployed.pipeline.shipment()
    status.put_row(shipment, status="IN_TRANSIT", **ROW)
    status.do({"do": "refresh", "shipments": [shipment]})
    deployed.bridge.run(RULES[1])
    assert deployed.pipeline.until(lambda: status.mailed(shipment))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_the_status_stack_needs_a_permission_of_its_own(
    rule: str, deployed: Intake, status: Companion
) -> None:
    client, function = status.client, status.function
    found = permissions.of_function(client, function)
    (own,) = (each for each in found if rule in str(each["Condition"]))
    client("lambda").remove_permission(FunctionName=function, StatementId=own["Sid"])
    for each in RULES:
        deployed.bridge.run(each)
    permissions.add_to_function(client, function, own)
    fates = {each.rule.split("/")[-1]: each.fate for each in deployed.bridge.deliveries[-2:]}
    # They have no dead-letter queue: the next run does what this one did not.
    assert fates == {each: Fate.DROPPED if each == rule else Fate.INVOKED for each in RULES}
