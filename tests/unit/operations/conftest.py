"""An account of its own for each test, and nothing to wait for."""

from collections.abc import Iterator

import pytest

from scripts.operations import failed_queue, replay, sending
from tests.unit.operations.cloud import Cloud, opened


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with opened() as cloud:
        yield cloud


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten what commands wait for: a mocked queue has no other server to ask."""
    monkeypatch.setattr(failed_queue, "WAIT_SECONDS", 0)
    monkeypatch.setattr(sending, "LONGEST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(replay, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(replay, "SILENCE_SECONDS", 0.02)
