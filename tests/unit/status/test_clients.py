"""What the companion's handler is made of: its imports, its clients and their patience."""

import sys
from types import ModuleType
from typing import Any

import pytest

from tests.unit.handler import gate
from tests.unit.status.account import StatusAccount, row


def test_the_handler_uses_the_standard_library_and_boto3_only(account: StatusAccount) -> None:
    names = {
        value.__name__ if isinstance(value, ModuleType) else value.__module__
        for value in vars(account.status).values()
        if isinstance(value, (ModuleType, type)) or callable(value)
    }
    allowed = {*sys.stdlib_module_names, "boto3", "botocore", account.status.__name__}
    assert {str(name).partition(".")[0] for name in names} <= allowed


def test_a_cold_start_makes_the_client_that_most_need_and_calls_nobody(
    account: StatusAccount,
) -> None:
    account.restart_status()
    assert account.gate.clients == ["dynamodb"]
    assert account.gate.attempts == []


@pytest.mark.parametrize(
    ("rows", "clients"),
    [
        ([row("HELD")], ["dynamodb"]),
        ([row("LOST")], ["dynamodb", "sns"]),
        ([{"shipmentId": "S-1", "timestamp": 1}], ["dynamodb", "sqs"]),
    ],
)
def test_a_client_is_made_once_and_when_it_is_needed(
    account: StatusAccount, rows: list[Any], clients: list[str]
) -> None:
    account.restart_status(BATCH_WINDOW_SECONDS="0")
    for number in range(3):
        account.follow(*({**each, "shipmentId": f"S-{number}"} for each in rows))
    assert account.gate.clients == clients


@pytest.mark.parametrize("service", ["dynamodb", "sns", "sqs"])
def test_a_call_is_tried_twice_and_not_waited_for_long(
    account: StatusAccount, service: str
) -> None:
    config = account.status.client(service).meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 2)
    assert config.retries["mode"] == "standard"
    assert config.retries["total_max_attempts"] == 2


def test_what_it_sends_is_not_checked_by_the_client(account: StatusAccount) -> None:
    account.gate.break_calls("PutItem", gate.answer("{}"))
    account.status.dynamodb.put_item(TableName=account.table)  # Item is required
    assert account.gate.attempts == ["PutItem"]


def test_a_call_that_succeeds_at_its_second_attempt_is_no_failure(
    account: StatusAccount,
) -> None:
    records = account.store(row("LOST"))
    for operation in ("Query", "UpdateItem", "Scan", "BatchGetItem", "Publish"):
        account.gate.break_calls(operation, gate.refusal(503, "ServiceUnavailable"), times=1)
    assert account.batch(records) == {"batchItemFailures": []}
    assert account.subjects() == ["Logistics Alert: LOST - S-1"]
