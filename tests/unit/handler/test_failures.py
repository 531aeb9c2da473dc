"""An AWS call that fails makes the invocation fail, so that Lambda tries the update again."""

from typing import NamedTuple

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from tests.unit.handler import gate
from tests.unit.handler.account import Account
from tests.unit.handler.gate import Fault
from tests.unit.handler.updates import Fields, critical, update

REFUSED = update(status=None)


class Failure(NamedTuple):
    """How a call fails: at the gate, as an error with a code or none, after how many attempts."""

    fault: Fault
    error: type[Exception]
    code: str
    attempts: int


FAILURES = [
    Failure(gate.refusal(400, "ThrottlingException"), ClientError, "ThrottlingException", 2),
    Failure(gate.refusal(500, "InternalError"), ClientError, "InternalError", 2),
    Failure(gate.refusal(503, "ServiceUnavailable"), ClientError, "ServiceUnavailable", 2),
    Failure(gate.refusal(400, "AccessDeniedException"), ClientError, "AccessDeniedException", 1),
    Failure(gate.refusal(404, "NotFoundException"), ClientError, "NotFoundException", 1),
    Failure(gate.no_connection, EndpointConnectionError, "", 2),
    Failure(gate.no_connection_in_time, ConnectTimeoutError, "", 2),
    Failure(gate.lost_request, ReadTimeoutError, "", 2),
]
CALLS = [
    ("PutItem", update()),
    ("PutItem", critical()),
    ("Publish", critical()),
    ("UpdateItem", critical()),
    ("SendMessage", REFUSED),
    ("Publish", REFUSED),
]


@pytest.mark.parametrize(("operation", "event"), CALLS)
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_call_fails_the_invocation(
    account: Account, operation: str, event: Fields, failure: Failure
) -> None:
    account.gate.break_calls(operation, failure.fault)
    delivery = account.attempt(event)
    assert isinstance(delivery.error, failure.error)
    assert delivery.attempts.count(operation) == failure.attempts
    assert delivery.attempts[-1] == operation
    assert delivery.log["outcome"] == "failed"
    assert delivery.log["error"] == f"{type(delivery.error).__name__} {failure.code}".strip()


@pytest.mark.parametrize(("operation", "event"), CALLS)
def test_a_call_that_succeeds_at_its_second_attempt_is_no_failure(
    account: Account, operation: str, event: Fields
) -> None:
    account.gate.break_calls(operation, gate.refusal(503, "ServiceUnavailable"), times=1)
    delivery = account.deliver(event)
    assert delivery.attempts.count(operation) == 2
    assert len(account.rows()) + len(account.kept()) == 1
    assert len(account.alerts()) == int("Publish" in delivery.calls)


@pytest.mark.parametrize("operation", ["PutItem", "Publish", "UpdateItem"])
def test_a_failed_update_is_one_row_and_alerted_when_it_comes_again(
    account: Account, operation: str
) -> None:
    account.gate.break_calls(operation, gate.refusal(500, "InternalServerError"))
    for _ in range(2):
        assert account.attempt(critical()).error is not None
    early = len(account.alerts())
    account.gate.repair()
    account.deliver(critical())
    account.deliver(critical())
    assert "alertedAt" in account.row()
    # Published and not marked is the one case in which an alert is repeated.
    assert (early, len(account.alerts())) == (2 if operation == "UpdateItem" else 0, 1)


def test_an_update_refused_by_the_queue_too_is_not_reported_as_kept(account: Account) -> None:
    account.gate.break_calls("SendMessage", gate.refusal(400, "AccessDeniedException"))
    account.attempt(REFUSED)
    assert account.alerts() == []


def test_a_refused_update_that_nobody_could_be_told_of_is_kept_once_a_try(account: Account) -> None:
    account.gate.break_calls("Publish", gate.refusal(500, "InternalError"))
    assert account.attempt(REFUSED).log["outcome"] == "failed"
    assert len(account.kept()) == 1


def test_a_put_that_is_refused_for_a_condition_of_others_is_no_redelivery(
    account: Account,
) -> None:
    account.gate.break_calls("PutItem", gate.refusal(400, "TransactionConflictException"))
    delivery = account.attempt(update())
    assert delivery.log["error"].endswith(" TransactionConflictException")


def test_the_pause_before_a_second_attempt_is_at_most_a_second(
    account: Account, naps: list[float]
) -> None:
    account.gate.break_calls("PutItem", gate.refusal(500, "InternalServerError"))
    for _ in range(50):
        account.attempt(update())
    assert len(naps) == 50
    assert max(naps) <= 1
