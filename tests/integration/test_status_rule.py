"""The rule mails what found no turn, though nobody else invokes the function.

It first runs a minute after its deployment. Meanwhile other tests run: this module's are the first
one and the last one.
"""

from collections.abc import Iterator

import pytest

from scripts import emulator as ministack
from tests.integration.companion import Companion, deployed
from tests.integration.conftest import EMULATOR_SETTINGS

pytestmark = [pytest.mark.own_emulator, pytest.mark.own_stack("deploys a pair of stacks")]

SHIPMENT = "waits-for-the-rule"
PATIENCE_SECONDS = 300  # for a machine that is busy


@pytest.fixture(scope="session")
def idle() -> Iterator[Companion]:
    """Return a status stack that nobody uses but this module, on an emulator of its own."""
    with (
        ministack.running(EMULATOR_SETTINGS) as emulator,
        deployed(emulator.client, "idle") as idle,
    ):
        yield idle


@pytest.mark.order(-1)
def test_a_shipment_that_finds_no_turn_is_not_mailed(idle: Companion) -> None:
    idle.end_turn(3_600)
    idle.put("LOST", SHIPMENT)
    idle.catch_up()
    assert "dueAt" in idle.wait_for_item(SHIPMENT)
    assert idle.mailed(SHIPMENT) == []
    idle.end_turn(0)


@pytest.mark.order(1)
def test_the_rule_mails_it_once(idle: Companion) -> None:
    idle.pipeline.until(lambda: idle.mailed(SHIPMENT), PATIENCE_SECONDS)
    idle.pipeline.until(lambda: "dueAt" not in idle.wait_for_item(SHIPMENT))
    assert len(idle.mails(SHIPMENT)) == 1
