"""What the handler is made of: its imports, its clients and their patience."""

import subprocess
import sys
from types import ModuleType

import pytest

from shipments import handler
from tests.account import REGION, settings
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


def test_a_cold_start_calls_nobody(account: Account) -> None:
    account.restart()
    assert account.gate.attempts == []


def test_a_cold_start_makes_each_client_and_an_update_none(account: Account) -> None:
    account.restart()
    for event in (update(), critical(), update(status=None), update()):
        account.deliver(event)
    assert account.gate.clients == ["dynamodb", "sns", "sqs"]


# Notes each search for garbage from when boto3 is being imported until init is over.
INIT = """
import gc, sys
searches = []
gc.callbacks.append(lambda phase, _: searches.append(phase) if "boto3" in sys.modules else None)
import index
print(len(searches), gc.isenabled(), gc.get_freeze_count() > 50_000)
"""


def test_only_an_update_pays_for_garbage_and_never_for_what_init_made(account: Account) -> None:
    variables = settings(account.table, account.topic, account.queue)
    found = subprocess.run(
        [sys.executable, "-B", "-c", INIT],
        env={**variables, "AWS_DEFAULT_REGION": REGION},
        cwd=handler.PATH.parent,
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.split() == ["0", "True", "True"]


@pytest.mark.parametrize("service", ["dynamodb", "sns", "sqs"])
def test_a_call_is_tried_twice_and_not_waited_for_long(account: Account, service: str) -> None:
    config = getattr(account.handler, service).meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 2)
    assert config.retries["mode"] == "standard"
    assert config.retries["total_max_attempts"] == 2


def test_what_was_checked_is_not_checked_again_by_the_client(account: Account) -> None:
    account.gate.break_calls("PutItem", gate.answer("{}"))
    account.handler.dynamodb.put_item(TableName=account.table)  # Item is required
    assert account.gate.attempts == ["PutItem"]
