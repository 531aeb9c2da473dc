"""The demo: each update has the outcome it expects, and the totals show what is missing."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from itertools import groupby
from typing import Any

import pytest

from scripts.mailbox import Alert
from scripts.results import Seen, all_found, totals
from scripts.scenario import (
    LIVE_SECONDS,
    STORM,
    STORM_FROM_SECONDS,
    STORM_SECONDS,
    STUCK,
    Step,
    live_steps,
    past_steps,
)
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


def histories() -> dict[str, list[Step]]:
    """Return the updates of each shipment that are stored at last, in the order of their events."""
    kept = [step for step in STEPS if step.outcome != "duplicate"]
    dated = [
        (step.detail.get("eventTime", ""), step.due or 0, step) for step in kept if not step.fix
    ]
    dated.sort(key=lambda each: (each[1] > 0, each[1], each[0]))
    found: dict[str, list[Step]] = {}
    for _, _, step in dated:
        found.setdefault(step.detail["shipmentId"], []).append(step)
    return found


def test_a_shipment_is_stuck_if_its_last_update_is_three_days_old() -> None:
    before = (NOW - timedelta(days=3)).isoformat()
    last = {shipment: steps[-1] for shipment, steps in histories().items()}
    stuck = {
        shipment for shipment, step in last.items() if step.detail.get("eventTime", "~") < before
    }
    assert stuck == STUCK


def test_each_critical_update_enters_its_status_so_that_a_digest_names_it() -> None:
    for steps in histories().values():
        runs = [list(run) for _, run in groupby(steps, key=lambda step: step.detail["status"])]
        assert all(len(run) == 1 for run in runs if run[0].critical)


def test_the_storm_delays_its_shipments_within_a_second_of_the_live_part() -> None:
    dues = [step.due for step in STEPS if step.detail["shipmentId"] in STORM]
    assert len(dues) == len(STORM) == 40
    assert all(step.critical for step in STEPS if step.detail["shipmentId"] in STORM)
    assert STORM_SECONDS <= 1
    assert all(STORM_FROM_SECONDS <= (due or 0) < LIVE_SECONDS for due in dues)


def mails(subject: str, count: int = 1, body: str = "") -> list[Alert]:
    return [Alert(subject, body, {}, "")] * count


def row(step: Step, timestamp: int) -> dict[str, Any]:
    """Return what the table has of an update."""
    names = ("shipmentId", "updateId")
    texts = {"status": "S", "location": "L", "carrier": "C", **{n: step.detail[n] for n in names}}
    return {
        "timestamp": {"N": str(timestamp)},
        **{name: {"S": each} for name, each in texts.items()},
    }


@pytest.fixture
def seen() -> Seen:
    """Return what is there at the end if all went well."""
    kept = [step for step in STEPS if step.outcome != "duplicate"]
    outcomes = [step.outcome for step in STEPS] + ["stored"] * len(REJECTED)
    rows = [row(step, number) for number, step in enumerate(kept)]
    critical = sum(step.critical for step in kept)
    return Seen(
        rows=rows,
        items=list({each["shipmentId"]["S"]: each for each in rows}.values()),
        records=[{"outcome": outcome} for outcome in outcomes],
        alerts=mails("Logistics Alert: LOST - SHIP-1", critical)
        + mails("Logistics Processing Error - dev", len(REJECTED)),
        digests=mails(f"Logistics Alert: {critical - 1} shipments (53 LOST) - dev")
        + mails("Logistics Alert: LOST - SHIP-1")
        + mails("Logistics Processing Error: 4 updates - dev", body="3 x status: a\n1 x time: b")
        + mails(f"Shipments without news: {len(STUCK)} - dev"),
        alarms=mails('ALARM: "FailedUpdatesAlarm"'),
    )


def test_every_update_is_accounted_for_if_nothing_is_missing(seen: Seen) -> None:
    assert all_found(totals(STEPS, seen))


LOSSES: dict[str, Callable[[Seen], Any]] = {
    "a row is missing": lambda seen: seen.rows.pop(),
    "a row is there twice": lambda seen: seen.rows.append(seen.rows[0]),
    "an update was not processed": lambda seen: seen.records.pop(),
    "an alert was repeated": lambda seen: seen.alerts.append(seen.alerts[0]),
    "an error alert is missing": lambda seen: seen.alerts.pop(),
    "a shipment has no status": lambda seen: seen.items.pop(),
    "a shipment's status is not the newest": lambda seen: seen.items.append(
        {**seen.items[-1], "timestamp": {"N": "0"}}
    ),
    "a critical alert is in no digest": lambda seen: seen.digests.pop(1),
    "rejected updates are in no digest": lambda seen: seen.digests.pop(2),
    "no digest has come": lambda seen: seen.digests.clear(),
    "a digest is repeated": lambda seen: seen.digests.append(seen.digests[0]),
    "no stuck shipment was mailed": lambda seen: seen.digests.pop(),
    "no alarm fired": lambda seen: seen.alarms.clear(),
    "an update waits on the queue": lambda seen: setattr(seen, "waiting", 1),
}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
def test_not_every_update_is_accounted_for_if(seen: Seen, lose: Callable[[Seen], Any]) -> None:
    lose(seen)
    assert not all_found(totals(STEPS, seen))
