"""The status function is asked to refresh shipments, a few at once, and its answers are counted."""

import json
import os
import signal
import threading
import time
from typing import Any

import pytest

from shipments.interrupt import Interrupt
from shipments.refreshing import AT_ONCE, IDS_PER_REQUEST, MOST_FAILURES, Refreshed, refresh
from shipments.stack import Stack, find
from shipments.status_stack import OUTPUTS, companion
from tests.unit.shipments.cloud import Cloud, Fields, once, refusal, stack

SECONDS = 10
MANY = [f"S-{number}" for number in range(10 * IDS_PER_REQUEST + 1)]


class Function:
    """The status function, as far as a refresh sees it. requests: what it was asked."""

    def __init__(self, *failing: str) -> None:
        self.requests: list[Fields] = []
        self.at_once = self.most_at_once = 0
        self.pause_seconds = 0.0
        self._failing = set(failing)
        self._counting = threading.Lock()

    def __call__(self, request: Fields) -> Fields:
        """Answer as the function does."""
        with self._counting:
            self.requests.append(request)
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
        time.sleep(self.pause_seconds)
        with self._counting:
            self.at_once -= 1
        failed = dict.fromkeys(self._failing.intersection(request["shipments"]), "throttled")
        refreshed = len(request["shipments"]) - len(failed)
        return answered({"refreshed": refreshed, "failed": failed})


def answered(payload: Any) -> Fields:
    """Return what Lambda answers."""
    return {"StatusCode": 200, "Payload": json.dumps(payload).encode()}


@pytest.fixture
def status(cloud: Cloud) -> Stack:
    cloud.stacks.append(stack("shipment-status-test", "test", dict.fromkeys(OUTPUTS, "f")))
    found = companion(find(cloud.session, None, "test"))
    assert found is not None
    return found


def test_each_shipment_is_asked_for_once(cloud: Cloud, status: Stack) -> None:
    function = cloud.broken["Invoke"] = Function()
    advanced: list[float] = []
    result = refresh(status, [*MANY, *MANY[:5]], advance=advanced.append)
    asked = [each for request in function.requests for each in request["shipments"]]
    assert sorted(asked) == sorted(MANY)
    assert result == Refreshed(len(MANY), len(MANY))
    assert result.is_complete
    assert sum(advanced) == len(MANY)


def test_a_few_requests_are_under_way_at_once(cloud: Cloud, status: Stack) -> None:
    function = cloud.broken["Invoke"] = Function()
    function.pause_seconds = 0.02
    refresh(status, MANY)
    assert 1 < function.most_at_once <= AT_ONCE


def test_an_emulator_on_this_machine_gets_one_request_at_a_time(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:4566")
    cloud.stacks.append(stack("shipment-status-test", "test", dict.fromkeys(OUTPUTS, "f")))
    local = companion(find(cloud.session, None, "test"))
    assert local is not None
    function = cloud.broken["Invoke"] = Function()
    function.pause_seconds = 0.02
    refresh(local, MANY)
    assert function.most_at_once == 1


def test_since_when_is_passed_on_if_it_is_given(cloud: Cloud, status: Stack) -> None:
    function = cloud.broken["Invoke"] = Function()
    refresh(status, ["S-1"])
    refresh(status, ["S-1"], "2026-11-22T06:12:55Z")
    request = {"do": "refresh", "shipments": ["S-1"]}
    assert function.requests == [request, {**request, "since": "2026-11-22T06:12:55Z"}]


def test_a_shipment_that_fails_is_named_with_the_reason(cloud: Cloud, status: Stack) -> None:
    cloud.broken["Invoke"] = Function("S-3")
    result = refresh(status, MANY)
    assert result == Refreshed(len(MANY), len(MANY) - 1, {"S-3": "throttled"})
    assert not result.is_complete


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ({"errorType": "KeyError", "errorMessage": "'x'"}, "'x'"),
        (None, "the function gave no answer"),
    ],
)
def test_a_function_that_raises_fails_its_shipments_and_not_the_others(
    cloud: Cloud, status: Stack, payload: Any, why: str
) -> None:
    function = Function()
    cloud.broken["Invoke"] = lambda asked: (
        answered(payload) if "S-3" in asked["shipments"] else function(asked)
    )
    result = refresh(status, MANY)
    assert result.failed == dict.fromkeys(MANY[:IDS_PER_REQUEST], why)
    assert (result.refreshed, result.stopped) == (len(MANY) - IDS_PER_REQUEST, "")


def test_a_function_that_raises_each_time_is_not_asked_for_every_shipment(
    cloud: Cloud, status: Stack
) -> None:
    cloud.broken["Invoke"] = lambda _: answered({"errorMessage": "no module named x"})
    result = refresh(status, [f"S-{number}" for number in range(100 * IDS_PER_REQUEST)])
    assert result.stopped == "the status function fails: no module named x"
    assert MOST_FAILURES <= cloud.calls.count("Invoke") < MOST_FAILURES + AT_ONCE


def test_a_call_that_is_refused_ends_it_in_one_line(cloud: Cloud, status: Stack) -> None:
    cloud.broken["Invoke"] = lambda _: refusal("AccessDeniedException")
    result = refresh(status, MANY)
    assert result.stopped == ("not allowed: have Invoke granted to the identity in use")
    assert (result.refreshed, result.is_complete) == (0, False)


def test_after_an_interrupt_only_what_is_under_way_is_ended(cloud: Cloud, status: Stack) -> None:
    function, interrupt = Function(), once(lambda: os.kill(os.getpid(), signal.SIGINT))
    with Interrupt() as asked:

        def wait_for_it(request: Fields) -> Fields:
            interrupt(request)
            asked.wait(SECONDS)
            return function(request)

        cloud.broken["Invoke"] = wait_for_it
        result = refresh(status, MANY, interrupt=asked)
    assert 0 < result.refreshed <= AT_ONCE * IDS_PER_REQUEST
    assert len(result.left) == len(MANY) - result.refreshed
    assert (result.is_complete, result.failed, result.stopped) == (False, {}, "")
