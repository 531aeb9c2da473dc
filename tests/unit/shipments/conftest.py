"""An account of its own for each test, and nothing to wait for."""

import threading
from collections.abc import Callable, Iterator

import pytest

from shipments import failed_queue, mails, replay, sending
from tests.unit.shipments.cloud import Cloud, Fields, envelope, opened
from tests.unit.shipments.redriving import SOME

JOIN_SECONDS = 10


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with opened() as cloud:
        yield cloud
        for thread in threading.enumerate():
            if thread.name == sending.THREAD:  # it would send to the next test's account
                thread.join(JOIN_SECONDS)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten what commands wait for: a mocked queue has no other server to ask."""
    monkeypatch.setattr(failed_queue, "WAIT_SECONDS", 0)
    monkeypatch.setattr(mails, "PER_SECOND", 1000.0)
    monkeypatch.setattr(sending, "LONGEST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(replay, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(replay, "SILENCE_SECONDS", 0.02)


@pytest.fixture
def waiting(cloud: Cloud) -> list[Fields]:
    """Put updates on the queue that the function will store; return their envelopes."""
    events = [envelope({"shipmentId": f"S-{n:02d}", "status": "LOST"}) for n in range(SOME)]
    for event in events:
        cloud.fail(event)
    return events


@pytest.fixture
def settled(cloud: Cloud, waiting: list[Fields]) -> Iterator[Callable[[], None]]:
    """Return a check that each update has one row and left the queue."""

    def check() -> None:
        assert [row["updateId"] for row in cloud.rows()] == [event["id"] for event in waiting]
        assert cloud.bodies() == []

    return check
