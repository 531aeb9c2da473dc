"""AWS/Lambda: the invocations in the log that CloudWatch has not heard of."""

import time

import pytest

from scripts.forwarding.function import FunctionLog
from scripts.forwarding.log import Log
from scripts.forwarding.outbox import Outbox
from tests.unit.forwarder.account import FUNCTION, GROUP, Client, found, invoke, record, write

METRICS = ("Invocations", "Errors", "Throttles", "Duration")
FAILURES = {
    "it raised": "Traceback (most recent call last):",
    "it took too long": "Task timed out after 30.00 seconds",
}


@pytest.fixture
def source(client: Client) -> FunctionLog:
    return FunctionLog(Log(client("logs"), GROUP), client("cloudwatch"), FUNCTION)


def forward(client: Client, source: FunctionLog) -> None:
    outbox = Outbox(client("cloudwatch"))
    for data in source.read():
        outbox.add(data)
    outbox.send()


def test_invocations_by_a_rule_are_told_from_the_log(client: Client, source: FunctionLog) -> None:
    invoke(client, "one", 10)
    invoke(client, "two", 30)
    forward(client, source)
    forward(client, source)
    assert {name: found(client, name) for name in METRICS} == dict.fromkeys(METRICS, 2)
    assert found(client, "Duration", "Sum") == 40
    assert found(client, "Duration", "Maximum") == 30
    assert found(client, "Errors", "Sum") == 0
    assert found(client, "Throttles", "Sum") == 0


@pytest.mark.parametrize("line", FAILURES.values(), ids=FAILURES.keys())
def test_a_failed_invocation_is_an_error(client: Client, source: FunctionLog, line: str) -> None:
    invoke(client, "one")
    invoke(client, "two", 10, line)
    forward(client, source)
    assert found(client, "Invocations") == 2
    assert (found(client, "Errors"), found(client, "Errors", "Sum")) == (2, 1)


def test_what_ministack_has_recorded_itself_is_not_told_again(
    client: Client, source: FunctionLog
) -> None:
    record(client, Invocations=1, Errors=1, Throttles=0, Duration=12)
    invoke(client, "asked-for", 12, "Traceback (most recent call last):")
    forward(client, source)
    invoke(client, "by-a-rule", 20)
    forward(client, source)
    assert {name: found(client, name) for name in METRICS} == dict.fromkeys(METRICS, 2)
    assert found(client, "Errors", "Sum") == 1
    assert found(client, "Duration", "Sum") == 32


@pytest.mark.parametrize("looks", [1, 3])
def test_the_retries_of_an_asynchronous_invocation_count(
    client: Client, source: FunctionLog, looks: int
) -> None:
    # MiniStack records one invocation, when it takes it, and neither errors nor durations.
    record(client, Invocations=1, Errors=0, Throttles=0)
    forward(client, source)
    for attempt in range(3):
        invoke(client, f"attempt-{attempt}", 5, FAILURES["it raised"])
        if looks > 1 or attempt == 2:
            forward(client, source)
    assert found(client, "Invocations", "Sum") == 3
    # The one that MiniStack took for no error stays.
    assert (found(client, "Errors", "Sum"), found(client, "Errors")) == (3, 4)
    assert found(client, "Duration", "Sum") == 15


def test_a_line_of_the_function_that_says_report_is_no_invocation(
    client: Client, source: FunctionLog
) -> None:
    write(client, "a", (time.time_ns() // 1_000_000, "REPORT of the day: nothing"))
    forward(client, source)
    assert found(client, "Invocations") == 0
