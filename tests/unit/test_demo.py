"""The demo: each update has the outcome it expects, and the totals show what is missing."""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from scripts.mailbox import Alert
from scripts.results import Seen, all_found, totals
from scripts.scenario import live_steps, past_steps
from shipments.repairs import fix
from shipments.rules import broken_rule

NOW = datetime.now(timezone.utc)
STEPS = [*past_steps(NOW), *live_steps(NOW)]
REJECTED = [step for step in STEPS if step.outcome == "rejected"]


def broken(detail: dict[str, Any]) -> str:
    """Return the rule of the handler that an update breaks, or nothing."""
    return broken_rule({"id": "an-id", "time": f"{NOW:%Y-%m-%dT%H:%M:%SZ}", "detail": detail})


def test_an_update_breaks_a_rule_if_it_is_to_be_rejected() -> None:
    breaking = [step for step in STEPS if broken(step.at(NOW).detail)]
    assert breaking == REJECTED


def test_a_rejected_update_breaks_no_rule_once_it_is_fixed() -> None:
    for step in REJECTED:
        field, value = fix(step.fix)
        assert broken({**step.at(NOW).detail, field: value}) == ""


def mails(subject: str, count: int) -> list[Alert]:
    return [Alert(subject, "", {}, "")] * count


@pytest.fixture
def seen() -> Seen:
    """Return what is there at the end if all went well."""
    kept = [step for step in STEPS if step.outcome != "duplicate"]
    outcomes = [step.outcome for step in STEPS] + ["stored"] * len(REJECTED)
    return Seen(
        rows=[{"updateId": {"S": step.detail["updateId"]}} for step in kept],
        records=[{"outcome": outcome} for outcome in outcomes],
        alerts=mails("Logistics Alert: LOST - SHIP-1", sum(step.critical for step in kept))
        + mails("Logistics Processing Error - dev", len(REJECTED)),
        alarms=mails('ALARM: "FailedUpdatesAlarm"', 1),
    )


def test_every_update_is_accounted_for_if_nothing_is_missing(seen: Seen) -> None:
    assert all_found(totals(STEPS, seen))


LOSSES: dict[str, Callable[[Seen], Any]] = {
    "a row is missing": lambda seen: seen.rows.pop(),
    "a row is there twice": lambda seen: seen.rows.append(seen.rows[0]),
    "an update was not processed": lambda seen: seen.records.pop(),
    "an alert was repeated": lambda seen: seen.alerts.append(seen.alerts[0]),
    "an error alert is missing": lambda seen: seen.alerts.pop(),
    "no alarm fired": lambda seen: seen.alarms.clear(),
    "an update waits on the queue": lambda seen: setattr(seen, "waiting", 1),
}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
def test_not_every_update_is_accounted_for_if(seen: Seen, lose: Callable[[Seen], Any]) -> None:
    lose(seen)
    assert not all_found(totals(STEPS, seen))
