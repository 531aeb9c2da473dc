"""Puts the whole corpus through the handler once, in memory."""

import json
import time
from typing import NamedTuple

import pytest

from tests.campaigns.hostile.outcome import Collected, Outcome, named
from tests.unit.handler.account import Account, Delivery, opened

# A long queue takes the mock of SQS long.
LOT = 25


class Run(NamedTuple):
    """What the handler answered to each event, by the event's name, printed, and left."""

    statuses: dict[str, int]
    printed: list[str]
    collected: Collected

    def outcomes(self) -> dict[str, Outcome]:
        """Return what came of each event, by its own name."""
        return {
            own: self.collected.outcome(entry, own, self.statuses[own]) for own, entry in named()
        }


@pytest.fixture(scope="session")
def run() -> Run:
    """Deliver every event of the corpus."""
    statuses, printed, alerts, kept = {}, [], [], []
    with opened() as account, pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", lambda _: None)  # the client's pauses between its requests
        for number, (own, entry) in enumerate(named()):
            delivery = _deliver(account, entry.event(own))
            result = delivery and delivery.result
            statuses[own] = result["statusCode"] if result else 0
            printed += [delivery.printed] if delivery else []
            if number % LOT == 0:
                alerts += account.alerts()
                kept += account.kept()
        alerts += account.alerts()
        kept += account.kept()
        return Run(statuses, printed, Collected(account.rows(), alerts, kept))


def _deliver(account: Account, text: str) -> Delivery | None:
    """Give the handler an event; return None if Lambda's runtime does not get that far."""
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return account.attempt(event)
