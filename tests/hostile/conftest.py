"""Puts the whole corpus through the handler once, in memory."""

import json
import time

import pytest

from tests.hostile.outcome import Collected, Outcome, named
from tests.unit.conftest import _no_aws_settings  # noqa: F401 - a fixture, for here too
from tests.unit.handler.account import Account, opened


@pytest.fixture(scope="session")
def run(_no_aws_settings: None) -> tuple[dict[str, int], Collected]:  # noqa: F811 - as above
    """Return what the handler answered to each event, by the event's own name, and what came."""
    with opened() as account, pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", lambda _: None)  # the client's pauses between its requests
        statuses = {own: _answer(account, entry.event(own)) for own, entry in named()}
        kept = [json.loads(text) for text in account.kept_texts()]
        return statuses, Collected(account.rows(), account.alerts(), kept)


@pytest.fixture(scope="session")
def collected(run: tuple[dict[str, int], Collected]) -> Collected:
    """Return what came of all the events."""
    return run[1]


@pytest.fixture(scope="session")
def outcomes(run: tuple[dict[str, int], Collected]) -> dict[str, Outcome]:
    """Return what came of each event, by its own name."""
    statuses, collected = run
    return {own: collected.outcome(entry, own, statuses[own]) for own, entry in named()}


def _answer(account: Account, text: str) -> int:
    """Return the handler's status for an event, or nothing if it or Lambda's runtime raises."""
    try:
        event = json.loads(text)  # as Lambda's runtime does
    except (ValueError, RecursionError):
        return 0
    delivery = account.attempt(event)
    return delivery.result["statusCode"] if delivery.result else 0
