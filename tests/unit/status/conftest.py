"""An empty account with the companion's handler in it for each test, and clocks that tests set."""

import time
from collections.abc import Iterator

import pytest

from tests.unit.handler.conftest import NOW_MS, naps
from tests.unit.status.account import StatusAccount, opened_with_status

__all__ = ["naps"]


class Clock:
    """The time that the handler is told (epoch ms), which stands still until a test moves it."""

    def __init__(self) -> None:
        self.ms = NOW_MS

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.ms += round(seconds * 1000)


@pytest.fixture(scope="module")
def shared_account() -> Iterator[StatusAccount]:
    """Return the account of a module's tests: one for each test would take most of their time."""
    with opened_with_status() as account:
        yield account


@pytest.fixture
def account(shared_account: StatusAccount) -> StatusAccount:
    """Return the account, empty, and the handlers warm as they are after other work."""
    shared_account.empty()
    return shared_account


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stop the clock, a little after the events, and return it."""
    clock = Clock()
    # Not at a whole millisecond: the fraction is to be cut.
    monkeypatch.setattr(time, "time_ns", lambda: clock.ms * 1_000_000 + 999_999)
    return clock
