"""What the handler is made of: its imports, its clients and their patience."""

import sys
from types import ModuleType

import pytest

from tests.unit.handler import gate
from tests.unit.handler.account import Account
from tests.unit.handler.updates import critical, update


def test_the_handler_uses_the_standard_library_and_boto3_only(account: Account) -> None:
    names = {
        value.__name__ if isinstance(value, ModuleType) else value.__module__
        for value in vars(account.handler).values()
        if isinstance(value, (ModuleType, type)) or callable(value)
    }
    allowed = {*sys.stdlib_module_names, "boto3", "botocore", account.handler.__name__}
    assert {str(name).partition(".")[0] for name in names} <= allowed


def test_a_cold_start_makes_the_client_that_every_update_needs(account: Account) -> None:
    account.restart()
    assert account.gate.clients == ["dynamodb"]


def test_a_cold_start_calls_nobody(account: Account) -> None:
    account.restart()
    assert account.gate.attempts == []


@pytest.mark.parametrize(
    ("event", "clients"),
    [
        (update(), ["dynamodb"]),
        (critical(), ["dynamodb", "sns"]),
        (update(status=None), ["dynamodb", "sqs", "sns"]),
    ],
)
def test_a_client_is_made_once_and_when_it_is_needed(
    account: Account, event: dict[str, object], clients: list[str]
) -> None:
    account.restart()
    for _ in range(3):
        account.deliver(event)
    assert account.gate.clients == clients


@pytest.mark.parametrize("service", ["dynamodb", "sns", "sqs"])
def test_a_call_is_tried_twice_and_not_waited_for_long(account: Account, service: str) -> None:
    config = account.handler.client(service).meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 2)
    assert config.retries["mode"] == "standard"
    assert config.retries["total_max_attempts"] == 2


def test_what_was_checked_is_not_checked_again_by_the_client(account: Account) -> None:
    account.gate.break_calls("PutItem", gate.answer("{}"))
    account.handler.dynamodb.put_item(TableName=account.table)  # Item is required
    assert account.gate.attempts == ["PutItem"]
