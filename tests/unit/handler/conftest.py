"""An empty account with the handler in it for each test, and clocks that tests set."""

import time
from collections.abc import Iterator

import pytest

from tests.unit.handler.account import Account, opened

NOW_MS = 1_768_478_401_234


@pytest.fixture(scope="module")
def shared_account() -> Iterator[Account]:
    """Return the account of a module's tests: one for each test would take most of their time."""
    with opened() as account:
        yield account


@pytest.fixture
def account(shared_account: Account) -> Account:
    """Return the account, empty, and the handler warm as it is after other updates."""
    shared_account.empty()
    return shared_account


@pytest.fixture
def now_ms(monkeypatch: pytest.MonkeyPatch) -> int:
    """Stop the clock at an instant and return it (epoch ms)."""
    # Not at a whole millisecond: the fraction is to be cut.
    monkeypatch.setattr(time, "time_ns", lambda: NOW_MS * 1_000_000 + 999_999)
    return NOW_MS


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the pauses before retried calls (seconds), which are not waited for."""
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    return naps
