"""A carrier is answered 200 when the bus has all its updates, and 500 if it is to send again."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.unit.handler.gate import (
    answer,
    killed,
    lost_request,
    no_connection,
    no_connection_in_time,
    refusal,
)
from tests.unit.webhook.account import WebhookAccount, message, scans, status, tracker
from tests.unit.webhook.conftest import Clock

TAKEN, THROTTLED = '{"EventId": "1"}', '{"ErrorCode": "ThrottlingException"}'


def results(*each: str) -> Callable[[AWSPreparedRequest], AWSResponse]:
    """Return a fault: EventBridge answers the entries of a request so."""
    return answer(f'{{"FailedEntryCount": 1, "Entries": [{", ".join(each)}]}}')


@pytest.mark.parametrize(
    ("number", "batches"), [(1, [1]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])]
)
def test_updates_are_put_on_the_bus_ten_at_a_time_in_their_order(
    account: WebhookAccount, number: int, batches: list[int]
) -> None:
    found = account.post_signed(tracker(tracking_details=scans(number)))
    assert (status(found), message(found)) == (200, f"{number} updates")
    assert [len(batch) for batch in account.sent] == batches
    times = [each["eventTime"] for each in account.details()]
    assert times == [each["datetime"] for each in scans(number)]


def test_a_batch_is_no_bigger_than_the_bus_takes(account: WebhookAccount) -> None:
    module = account.start()
    entries = [{"Detail": "x" * size} for size in (499_900, 499_900, 1, 999_900, 1, 999_800)]
    assert [len(batch) for batch in module.batches(entries)] == [2, 1, 1, 1, 1]


def test_only_the_updates_that_the_bus_did_not_take_are_put_again(account: WebhookAccount) -> None:
    account.gate.break_calls("PutEvents", results(TAKEN, THROTTLED, TAKEN), times=1)
    found = account.post_signed(tracker(tracking_details=scans(3)))
    assert status(found) == 200
    assert [each["eventTime"] for each in account.details()] == [scans(3)[1]["datetime"]]
    assert found.calls.count("PutEvents") == 2


def test_the_bus_is_not_asked_again_at_once(account: WebhookAccount, naps: list[float]) -> None:
    account.gate.break_calls("PutEvents", results(THROTTLED), times=3)
    account.post_signed(tracker())
    assert naps == [0.2] * 3


def test_updates_that_the_bus_does_not_take_are_sent_again_by_the_carrier(
    account: WebhookAccount, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", clock.pass_)
    account.gate.break_calls("PutEvents", results(THROTTLED))
    began = clock.ms
    found = account.post_signed(tracker())
    assert (status(found), message(found)) == (500, "failed; send it again")
    assert clock.ms - began == 10_000
    assert found.log["error"] == "TimeoutError"
    assert found.log["FailedRequests"] == 1
    account.gate.repair()
    assert status(account.post_signed(tracker())) == 200
    assert len(account.details()) == 1


@pytest.mark.parametrize(("seconds", "expected"), [(9.999, 200), (10, 500)])
def test_a_batch_is_not_begun_too_late(
    account: WebhookAccount, clock: Clock, seconds: float, expected: int
) -> None:
    account.gate.after("PutEvents", lambda: clock.pass_(seconds))
    found = account.post_signed(tracker(tracking_details=scans(11)))
    assert status(found) == expected
    assert found.calls.count("PutEvents") == 1 + (expected == 200)


FAULTS = {
    "throttled": refusal(400, "ThrottlingException"),
    "denied": refusal(400, "AccessDeniedException"),
    "no bus": refusal(400, "ResourceNotFoundException"),
    "its failure": refusal(500, "InternalException"),
    "no connection": no_connection,
    "no connection in time": no_connection_in_time,
    "no answer": lost_request,
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", ["PutEvents", "GetSecretValue"])
def test_a_call_that_fails_lets_the_carrier_send_again(
    account: WebhookAccount, operation: str, fault: str
) -> None:
    account.gate.break_calls(operation, FAULTS[fault])
    found = account.post_signed(tracker())
    assert status(found) == 500
    assert found.log["outcome"] == "failed"


def test_a_call_that_fails_once_is_made_again(account: WebhookAccount) -> None:
    account.gate.break_calls("PutEvents", refusal(500, "InternalException"), times=1)
    assert status(account.post_signed(tracker())) == 200


def test_a_process_that_ends_answers_nothing(account: WebhookAccount) -> None:
    account.gate.break_calls("PutEvents", killed)
    with pytest.raises(AssertionError):  # Lambda answers 502 then
        account.post_signed(tracker())


def test_what_is_sent_again_gives_the_same_details(account: WebhookAccount) -> None:
    # So that the stack behind the bus knows them for redeliveries.
    payload: Any = tracker(tracking_details=scans(2), status="delivered")
    account.post_signed(payload)
    first = account.details()
    account.sent.clear()
    account.post_signed(payload)
    assert account.details() == first
