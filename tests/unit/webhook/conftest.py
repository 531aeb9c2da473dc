"""An account with a webhook in it for each test, and clocks that tests set."""

from collections.abc import Iterator

import pytest

from tests.unit.handler.conftest import naps
from tests.unit.status.conftest import Clock, clock
from tests.unit.webhook.account import WebhookAccount, opened_with_webhook

__all__ = ["Clock", "clock", "naps"]


@pytest.fixture(scope="module")
def shared_account() -> Iterator[WebhookAccount]:
    """Return the account of a module's tests: one for each test would take most of their time."""
    with opened_with_webhook() as account:
        yield account


@pytest.fixture
def account(shared_account: WebhookAccount, clock: Clock) -> WebhookAccount:
    """Return the account, empty, and EasyPost's webhook as a cold start makes it."""
    del clock  # stands still before the handler starts
    shared_account.empty()
    shared_account.start()
    return shared_account
