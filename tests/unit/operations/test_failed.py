"""Whatever lies on the failed-updates queue is seen, and looking changes nothing."""

import json
import os
import signal
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.operations import failed_queue
from scripts.operations.failed import Message, Where, read
from tests.unit.operations.cloud import Cloud, envelope, once, refusal

EVENT = envelope({"shipmentId": "S-1", "status": "LOST"}, id="e-1")
DENIED = "An error occurred (AccessDeniedException) when calling the PutItem operation: no"
RECORD = {
    "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
    "requestPayload": EVENT,
    "responsePayload": {"errorType": "ClientError", "errorMessage": DENIED},
}
TOO_OLD = {"requestContext": {"condition": "EventAgeExceeded"}, "requestPayload": EVENT}
DEAD = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "not authorized", "RULE_ARN": "arn"}
KEPT = {"reason": "rawEvent: too big for a row, which is stored without it", "envelope": EVENT}

SHAPES: dict[str, tuple[Any, dict[str, str], Where, str]] = {
    "rejected by the handler": (
        {"reason": "status: is required", "envelope": EVENT},
        {},
        Where.REJECTED,
        "status: is required",
    ),
    "kept whole by the handler": (KEPT, {}, Where.TOO_BIG, KEPT["reason"]),
    "given up by Lambda": (
        RECORD,
        {},
        Where.FUNCTION,
        "ClientError: PutItem AccessDeniedException: no (RetriesExhausted, 3 attempts)",
    ),
    "never tried by Lambda": (TOO_OLD, {}, Where.FUNCTION, "no error told (EventAgeExceeded)"),
    "given up by EventBridge": (EVENT, DEAD, Where.DELIVERY, "NO_PERMISSIONS: not authorized"),
    "without attributes": (EVENT, {}, Where.DELIVERY, "EventBridge gave no reason"),
}


def message(body: str, attributes: dict[str, str] | None = None) -> Message:
    return Message("m-1", "r-1", body, attributes or {}, datetime.now(timezone.utc))


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_of_message_is_read(shape: str) -> None:
    body, attributes, where, why = SHAPES[shape]
    update = read(message(json.dumps(body), attributes))
    assert (update.envelope, update.where, update.why) == (EVENT, where, why)
    assert (update.shipment, update.status, update.envelope_id) == ("S-1", "LOST", "e-1")


def test_all_shapes_of_one_update_are_that_update() -> None:
    keys = {read(message(json.dumps(body), dead)).key for body, dead, _, _ in SHAPES.values()}
    replayed = {**EVENT, "replay-name": "r"}
    assert keys == {read(message(json.dumps(replayed))).key}


def test_two_updates_with_one_event_s_id_are_two() -> None:
    other = {**EVENT, "detail": {"shipmentId": "S-2"}}
    assert read(message(json.dumps(other))).key != read(message(json.dumps(EVENT))).key


UNREADABLE = ["", "hello", "null", "17", "[]", "{}", '{"a": 1}', "[" * 100_000, "9" * 5_000]


@pytest.mark.parametrize("body", UNREADABLE)
def test_what_nobody_of_ours_writes_is_unreadable_and_no_error(body: str) -> None:
    update = read(message(body))
    assert (update.where, update.envelope) == (Where.UNREADABLE, None)
    assert body[:20] in update.why


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
)
NAMES = ["reason", "envelope", "requestPayload", "requestContext", "responsePayload", "detail"]


@given(st.dictionaries(st.sampled_from([*NAMES, "id", "shipmentId"]), VALUES) | VALUES)
def test_no_message_is_an_error(body: Any) -> None:
    update = read(message(json.dumps(body), {"ERROR_CODE": "X"}))
    assert json.dumps(update.fields)


def test_an_update_is_one_row_with_where_and_why(cloud: Cloud) -> None:
    for body, attributes, _, _ in SHAPES.values():
        fresh = json.loads(json.dumps(body).replace("e-1", f"e-{len(cloud.bodies())}"))
        cloud.put_on_queue(json.dumps(fresh), attributes)
    result = cloud.run("failed")
    assert result.exit_code == 0
    assert result.stdout.endswith(
        "6 failed updates: 2 function, 2 delivery, 1 rejected, 1 too big.\n"
    )
    assert result.stdout.count("S-1") == 6


def test_copies_of_an_update_are_one_row_that_counts_them(cloud: Cloud) -> None:
    for _ in range(3):
        cloud.fail(EVENT)
    (told,) = cloud.run("failed", "--json").stdout.splitlines()
    assert json.loads(told)["messages"] == 3


def test_looking_leaves_all_readable_at_once(cloud: Cloud) -> None:
    for number in range(25):
        cloud.fail(envelope({"shipmentId": f"S-{number}"}))
    looks = [cloud.run("failed", "--json").stdout.splitlines() for _ in range(2)]
    assert [len(look) for look in looks] == [25, 25]
    assert len(cloud.bodies()) == 25


def test_an_interrupted_look_leaves_all_readable_at_once(cloud: Cloud) -> None:
    for number in range(25):
        cloud.fail(envelope({"shipmentId": f"S-{number}"}))
    cloud.broken["ReceiveMessage"] = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    result = cloud.run("failed")
    cloud.broken.clear()
    assert (result.exit_code, len(cloud.bodies())) == (130, 25)
    assert "Interrupted: there may be more." in result.stderr


def test_a_look_that_fails_half_way_leaves_all_readable_at_once(cloud: Cloud) -> None:
    for number in range(25):
        cloud.fail(envelope({"shipmentId": f"S-{number}"}))
    calls = 0

    def fail(_: Any) -> Any:
        nonlocal calls
        calls += 1
        return refusal("AccessDenied") if calls > 2 else None

    cloud.broken["ReceiveMessage"] = fail
    result = cloud.run("failed")
    cloud.broken.clear()
    assert (result.exit_code, len(cloud.bodies())) == (2, 25)
    assert result.stderr.startswith("Error: not allowed: have ReceiveMessage granted")


def test_a_message_that_comes_back_while_we_look_is_not_counted_twice(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_queue, "HIDDEN_SECONDS", 0)
    cloud.fail(EVENT)
    (told,) = cloud.run("failed", "--json").stdout.splitlines()
    assert json.loads(told)["messages"] == 1


def test_what_somebody_else_hides_is_told(cloud: Cloud) -> None:
    cloud.fail(EVENT)
    cloud.sqs.receive_message(QueueUrl=cloud.queue, VisibilityTimeout=60)
    result = cloud.run("failed")
    assert result.stdout == "No failed update.\n"
    assert "About 1 message more hidden just now" in result.stderr


def test_a_long_queue_is_seen_to_its_end(cloud: Cloud) -> None:
    for number in range(150):
        cloud.fail(envelope({"shipmentId": f"S-{number}"}))
    told = [json.loads(line) for line in cloud.run("failed", "--json").stdout.splitlines()]
    assert len({each["shipmentId"] for each in told}) == 150


SELECTIONS = [
    (["--shipment", "S-1"], ["S-1"]),
    (["--shipment", "S-1", "--shipment", " S-2 "], ["S-1", "S-2"]),
    (["--id", "e-2"], ["S-2"]),
    (["--reason", "NO_perm"], ["S-1"]),
    (["--reason", "NO_perm", "--shipment", "S-2"], []),
    (["--older-than", "1h"], []),
    (["--newer-than", "1h"], ["S-1", "S-2"]),
]


@pytest.mark.parametrize(("options", "expected"), SELECTIONS)
def test_a_look_can_be_narrowed(cloud: Cloud, options: list[str], expected: list[str]) -> None:
    cloud.fail(envelope({"shipmentId": "S-1"}, id="e-1"), {"ERROR_CODE": "NO_PERMISSIONS"})
    cloud.fail(envelope({"shipmentId": "S-2"}, id="e-2"), {"ERROR_CODE": "THROTTLING"})
    told = cloud.run("failed", "--json", *options).stdout.splitlines()
    assert sorted(json.loads(line)["shipmentId"] for line in told) == expected


def test_nothing_that_comes_with_an_update_steers_the_terminal(cloud: Cloud) -> None:
    cloud.fail(envelope({"shipmentId": "\x1b[31mS-1\r\n[bold]x", "status": ":boom:\x07"}))
    cloud.put_on_queue("hello\x9b2J")
    shown = cloud.run("failed").stdout
    assert "[bold]x" in shown
    assert ":boom:" in shown
    assert not {"\x1b", "\r", "\x07", "\x9b"} & set(shown)


def test_scripts_get_the_whole_event_if_they_ask(cloud: Cloud) -> None:
    cloud.fail(EVENT)
    (line,) = cloud.run("failed", "--json", "--envelopes").stdout.splitlines()
    assert json.loads(line)["envelope"] == EVENT
