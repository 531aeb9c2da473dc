"""How long the handler waits for a service, and how often it asks."""

import pytest

from tests.unit.handler.gate import no_connection
from tests.unit.webhook.account import WebhookAccount, tracker


@pytest.mark.parametrize("service", ["events", "secretsmanager"])
def test_a_call_is_made_twice_and_waits_for_seconds_only(
    account: WebhookAccount, service: str
) -> None:
    config = account.webhook.client(service).meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 2)
    assert config.retries == {"mode": "standard", "total_max_attempts": 2}


@pytest.mark.parametrize("operation", ["GetSecretValue", "PutEvents"])
def test_a_call_that_fails_is_made_twice(account: WebhookAccount, operation: str) -> None:
    account.gate.break_calls(operation, no_connection)
    assert account.post_signed(tracker()).attempts.count(operation) == 2


def test_a_client_is_made_once(account: WebhookAccount) -> None:
    for _ in range(2):
        account.post_signed(tracker())
    assert sorted(account.gate.clients) == ["eventbridge", "secrets-manager"]
