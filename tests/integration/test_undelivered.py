"""An update that EventBridge cannot deliver: who may invoke, how often it tries, what is kept.

The emulator does neither ask nor try. tests/services.py does, by the settings of the deployed
stack, which these tests change.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from scripts.emulator import ACCOUNT
from tests.integration import intake as intakes
from tests.integration.intake import ANOTHER_RULE, Intake
from tests.integration.pipeline import Fields
from tests.services import RETRIES, Fate

pytestmark = [pytest.mark.own_emulator, pytest.mark.own_stack("breaks what lets the rule in")]

THROTTLED: Fields = {
    "Error": {"Code": "TooManyRequestsException", "Message": "Rate exceeded"},
    "Status": 429,
}
REFUSED: Fields = {"Error": {"Code": "RequestTooLargeException", "Message": "big"}, "Status": 413}


@pytest.fixture(scope="module")
def deployed() -> Iterator[Intake]:
    with intakes.deployed() as deployed:
        yield deployed


@pytest.fixture
def intake(deployed: Intake) -> Iterator[Intake]:
    """Return the stack, which is whole again after the test."""
    with intakes.repaired(deployed):
        yield deployed


# ---- the bus and the rule


def test_an_update_that_the_rule_may_deliver_is_stored(intake: Intake) -> None:
    assert len(intake.pipeline.wait_for_rows(intake.put())) == 1


def test_an_update_that_the_command_sends_is_delivered_by_the_deployed_rule(intake: Intake) -> None:
    shipment = intake.pipeline.shipment()
    intake.shipments.run("send", "--shipment-id", shipment, "--status", "IN_TRANSIT")
    assert intake.bridge.deliveries[-1].rule == intake.pipeline.stack["ShipmentUpdateRuleArn"]


def test_an_event_of_another_source_is_given_to_nobody(intake: Intake) -> None:
    before = len(intake.bridge.deliveries)
    intake.pipeline.put({"shipmentId": "S-1", "status": "LOST"}, Source="another")
    assert len(intake.bridge.deliveries) == before


def test_an_update_is_given_to_nobody_while_the_rule_is_disabled(intake: Intake) -> None:
    before, broken = len(intake.bridge.deliveries), intake.broken
    broken.client("events").disable_rule(Name=broken.rule, EventBusName=broken.bus)
    intake.put()
    broken.client("events").enable_rule(Name=broken.rule, EventBusName=broken.bus)
    assert len(intake.bridge.deliveries) == before


# ---- the function's permission, and the dead letter


def test_what_the_rule_may_not_deliver_is_on_the_queue_with_the_cause(intake: Intake) -> None:
    intake.broken.remove_permission()
    function = intake.broken.configuration()["FunctionArn"]
    assert intake.causes(intake.put()) == [
        {
            "RULE_ARN": intake.pipeline.stack["ShipmentUpdateRuleArn"],
            "TARGET_ARN": function,
            "ERROR_CODE": "NO_PERMISSIONS",
            "ERROR_MESSAGE": f"The rule is not allowed to invoke {function}.",
            "RETRY_ATTEMPTS": "0",
        }
    ]


def test_shipments_failed_says_that_the_rule_may_not_deliver_an_update(intake: Intake) -> None:
    intake.broken.remove_permission()
    (update,) = intake.shipments.failed(intake.put())
    assert update["where"] == "delivery"
    assert update["why"].startswith("NO_PERMISSIONS: The rule is not allowed to invoke")


def test_what_could_not_be_delivered_is_stored_by_a_redrive_after_the_repair(
    intake: Intake,
) -> None:
    intake.broken.remove_permission()
    shipment, stack = intake.put(), intake.pipeline.stack.name
    (line,) = intake.account.found("--stack-name", stack, check="permission")
    intake.account.paste(line["remedy"])
    assert intake.shipments.redrive([shipment]).status == 0
    assert len(intake.pipeline.rows(shipment)) == 1
    assert len(intake.pipeline.wait_for_rows(intake.put())) == 1


# What the function's permission is instead, and what then becomes of an update.
PERMISSIONS: dict[str, tuple[Fields, Fate]] = {
    "for every rule": ({"SourceArn": None}, Fate.INVOKED),
    "for the account's rules": ({"SourceArn": None, "SourceAccount": ACCOUNT}, Fate.INVOKED),
    "for another rule": ({"SourceArn": ANOTHER_RULE}, Fate.KEPT),
    "for another account": ({"SourceAccount": "111111111111"}, Fate.KEPT),
    "for another action": ({"Action": "lambda:GetFunction"}, Fate.KEPT),
    "for another service": ({"Principal": "sns.amazonaws.com"}, Fate.KEPT),
}


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_a_permission_counts_for_whom_it_names(permission: str, intake: Intake) -> None:
    fields, fate = PERMISSIONS[permission]
    intake.broken.put_permission(**fields)
    intake.put()
    assert intake.fate is fate


def test_an_update_for_a_function_that_is_gone_is_on_the_queue(intake: Intake) -> None:
    (target,) = intake.broken.targets()
    intake.broken.change_target(Arn=f"{target['Arn']}-gone")
    (cause,) = intake.causes(intake.put())
    assert (cause["ERROR_CODE"], cause["RETRY_ATTEMPTS"]) == ("NO_RESOURCE", "0")


# ---- retries


def test_an_update_is_stored_once_lambda_takes_it_again(intake: Intake) -> None:
    answers = iter([THROTTLED, {**THROTTLED, "Status": 503}, None])
    with intake.account.answers("Invoke", lambda _: next(answers)):
        shipment = intake.put()
    assert len(intake.pipeline.wait_for_rows(shipment)) == 1
    assert intake.bridge.deliveries[-1].retries == 2


class GivenUp(NamedTuple):
    """What Lambda answers each time, how far apart (s), and what the dead letter then says."""

    answer: Fields
    pause: float
    retries: str
    end: str | None
    code: str = "THROTTLING"


GIVEN_UP = {
    "after the deployed number of retries": GivenUp(THROTTLED, 60, "185", "MaximumRetryAttempts"),
    "when it is a day old": GivenUp(THROTTLED, 3_600, "24", "MaximumEventAgeInSeconds"),
    "at once": GivenUp(REFUSED, 60, "0", None, "ERROR_FROM_TARGET"),
}


@pytest.mark.parametrize("when", GIVEN_UP)
def test_an_update_that_lambda_does_not_take_is_given_up(when: str, intake: Intake) -> None:
    given, intake.bridge.pause = GIVEN_UP[when], GIVEN_UP[when].pause
    with intake.account.answers("Invoke", given.answer):
        (cause,) = intake.causes(intake.put())
    names = ("ERROR_CODE", "RETRY_ATTEMPTS", "EXHAUSTED_RETRY_CONDITION")
    assert [cause.get(name) for name in names] == [given.code, given.retries, given.end]


def test_another_number_of_retries_that_is_deployed_is_kept_to(intake: Intake) -> None:
    intake.broken.change_target(RetryPolicy={**RETRIES, "MaximumRetryAttempts": 3})
    with intake.account.answers("Invoke", THROTTLED):
        intake.put()
    assert (intake.fate, intake.bridge.deliveries[-1].retries) == (Fate.KEPT, 3)
