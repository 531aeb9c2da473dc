"""Every invocation prints one line, from which CloudWatch makes the metrics that are meant.

The rules are those of the embedded metric format, whose page is
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
emf.schema.json and emf.py restate them; test_emf_rules.py proves those two.
"""

from typing import Any, NamedTuple

import pytest

from tests.unit.handler import emf, gate
from tests.unit.handler.account import Account
from tests.unit.handler.test_failures import CALLS
from tests.unit.handler.test_properties import FAULTS
from tests.unit.handler.test_status import KNOWN
from tests.unit.handler.updates import Fields, critical, envelope, update

# ---- each kind of line


class Kind(NamedTuple):
    """An event, what its line calls the outcome, and what had come before it."""

    event: Any
    outcome: str
    before: tuple[Fields, ...] = ()


BIG, LONG = "x" * 410_000, "x" * 100_000
KINDS = {
    "stored": Kind(update(), "stored"),
    "critical": Kind(critical(), "stored"),
    "of an unknown status": Kind(update(status="held at customs"), "stored"),
    "redelivered": Kind(update(), "duplicate", before=(update(),)),
    "critical and redelivered": Kind(critical(), "duplicate", before=(critical(),)),
    "in another's millisecond": Kind(update(updateId="2"), "stored", before=(update(),)),
    "replayed": Kind({**update(), "replay-name": "again"}, "duplicate", before=(update(),)),
    "too big": Kind(update(note=BIG), "stored"),
    "critical and too big": Kind(critical(note=BIG), "stored"),
    "too big and redelivered": Kind(update(note=BIG), "duplicate", before=(update(note=BIG),)),
    "rejected": Kind(update(status=None), "rejected"),
    "rejected for its time": Kind(update(eventTime="soon"), "rejected"),
    "rejected and long": Kind(update(shipmentId=LONG, status=LONG, carrier=LONG), "rejected"),
    "no update": Kind(envelope("text"), "rejected"),
    "no event": Kind(None, "rejected"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_update_is_one_valid_line(account: Account, kind: str) -> None:
    for event in KINDS[kind].before:
        account.deliver(event)
    delivery = account.deliver(KINDS[kind].event)
    assert emf.read(delivery.printed)["outcome"] == KINDS[kind].outcome


def test_an_alert_made_good_by_a_redelivery_is_a_valid_line(account: Account) -> None:
    account.gate.break_calls("Publish", gate.no_connection, times=2)
    account.attempt(critical())
    line = emf.read(account.deliver(critical()).printed)
    assert (line["outcome"], line["CriticalAlerts"]) == ("duplicate", 1)


@pytest.mark.parametrize(("operation", "event"), [*CALLS, ("SendMessage", update(note=BIG))])
@pytest.mark.parametrize("fault", [*FAULTS, gate.no_connection, gate.killed])
def test_an_invocation_that_raises_is_one_valid_line(
    account: Account, operation: str, event: Fields, fault: gate.Fault
) -> None:
    account.gate.break_calls(operation, fault)
    delivery = account.attempt(event)
    assert delivery.error is not None
    line = emf.read(delivery.printed)
    assert (line["outcome"], line["ProcessingErrors"]) == ("failed", 1)


@pytest.mark.parametrize("environment", ["-", "0", "x" * 38])
def test_a_line_is_valid_in_any_environment(account: Account, environment: str) -> None:
    account.restart(ENVIRONMENT=environment)
    assert emf.read(account.deliver(critical()).printed)["Environment"] == environment


# ---- as few metrics whatever comes

STORED = ("CriticalAlerts", "ShipmentUpdatesProcessed")


def test_whatever_the_status_its_metrics_are_those_of_the_known_and_of_other(
    account: Account,
) -> None:
    seen = set()
    for number, status in enumerate([*KNOWN, "held at customs", "lost-ish", "配送中", "TRANSITX"]):
        # A producer who names fields of its own like ours adds nothing either.
        event = update(status=status, shipmentId=f"S-{number}", Status=status, Environment=status)
        seen.update(emf.series(account.deliver(event).log))
    assert seen == {(name, "Environment=test") for name in STORED} | {
        ("ShipmentUpdatesProcessed", "Environment=test", f"Status={status}")
        for status in [*KNOWN, "OTHER"]
    }
