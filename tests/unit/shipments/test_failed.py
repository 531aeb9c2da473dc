"""Whatever is on the failed-updates queue is listed, and listing it changes nothing."""

import itertools
import json
import os
import re
import signal
import sys
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipments import failed_queue
from shipments.failed import Message, Where, read
from shipments.interrupt import Interrupt
from shipments.stack import find
from tests.unit.shipments.cloud import Cloud, envelope, once, refusal

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
    "never tried by Lambda": (TOO_OLD, {}, Where.FUNCTION, "no error reported (EventAgeExceeded)"),
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


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the output go to a terminal of 80 columns, without colours."""
    monkeypatch.setattr("rich.console.Console.is_terminal", property(lambda _: True))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")


def listed(cloud: Cloud, *options: str) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in cloud.run("failed", "--json", *options).stdout.split("\n")[:-1]
    ]


def test_each_update_is_listed_with_where_and_why(cloud: Cloud) -> None:
    for body, attributes, _, _ in SHAPES.values():
        fresh = json.loads(json.dumps(body).replace("e-1", f"e-{len(cloud.bodies())}"))
        cloud.put_on_queue(json.dumps(fresh), attributes)
    result = cloud.run("failed")
    assert result.exit_code == 0
    assert result.stdout.endswith(
        "6 failed updates: 2 function, 2 delivery, 1 rejected, 1 too big.\n"
    )
    assert result.stdout.count("S-1") == 6


@pytest.fixture
def many(cloud: Cloud) -> Cloud:
    """Put 60 updates on the queue, rejected for two kinds of reason."""
    for number in range(60):
        carrier = "FedEx" if number % 3 else "UPS"
        event = envelope({"shipmentId": f"S-{number:02}", "status": "LOST", "carrier": carrier})
        cloud.put_on_queue(
            json.dumps({"reason": f"no {number} 'x{number}' " * 9, "envelope": event})
        )
    return cloud


@pytest.mark.usefixtures("terminal")
def test_many_updates_are_a_summary_whose_lines_fit_a_terminal(many: Cloud) -> None:
    lines = many.run("failed").stdout.splitlines()
    assert lines[0].split() == ["Updates", "Where", "Carrier", "Example", "Why"]
    assert [line.split()[:3] for line in lines[1:3]] == [
        ["40", "rejected", "FedEx"],
        ["20", "rejected", "UPS"],
    ]
    assert re.search(r"UPS +S-\d\d +no \d+ 'x", lines[2])
    assert all(line.endswith("\u2026") and len(line) <= 80 for line in lines[1:3])
    assert lines[3:] == ["60 failed updates: 60 rejected. Pass --all to list each."]


@pytest.mark.usefixtures("terminal")
def test_the_whole_reason_of_a_few_updates_is_below_a_narrow_line(cloud: Cloud) -> None:
    cloud.put_on_queue(json.dumps({"reason": "no " * 40, "envelope": EVENT}))
    _, line, reason, _ = cloud.run("failed").stdout.splitlines()
    assert line.split()[0] == "S-1"
    assert reason == "    " + "no " * 39 + "no"


@pytest.mark.usefixtures("terminal")
def test_all_of_many_updates_are_a_line_each_if_asked(many: Cloud) -> None:
    lines = many.run("failed", "--all").stdout.splitlines()
    assert len(lines) == 62
    assert max(map(len, lines)) <= 80


def test_without_a_terminal_each_update_is_one_whole_line(many: Cloud) -> None:
    lines = many.run("failed").stdout.splitlines()
    assert len(lines) == 62
    assert {line.count("'x") for line in lines[1:-1]} == {9}


def test_the_lines_for_scripts_go_to_standard_output_while_a_bar_is_shown(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rich.console.Console.is_terminal", property(lambda each: each.stderr))
    cloud.fail(EVENT)
    assert [each["shipmentId"] for each in listed(cloud)] == ["S-1"]


def test_copies_of_an_update_are_one_line_that_counts_them(cloud: Cloud) -> None:
    for _ in range(3):
        cloud.fail(EVENT)
    _, line, count = cloud.run("failed").stdout.splitlines()
    assert line.endswith("(3 messages)")
    assert count == "1 failed update in 3 messages: 1 delivery."


def test_scripts_get_each_message_and_which_are_copies(cloud: Cloud) -> None:
    for _ in range(3):
        cloud.fail(EVENT)
    found = listed(cloud)
    assert len({each["messageId"] for each in found}) == 3
    assert [each["copy"] for each in found] == [False, True, True]


def test_scripts_get_the_whole_of_what_cannot_be_read(cloud: Cloud) -> None:
    bodies = ["9" * 5_000, "[" * 1_200 + "]" * 1_200]
    for body in bodies:
        cloud.put_on_queue(body)
    assert sorted(each["body"] for each in listed(cloud, "--envelopes")) == bodies


def test_what_is_nested_as_deep_as_can_be_read_can_be_printed(cloud: Cloud) -> None:
    limit = sys.getrecursionlimit()
    for depth in range(limit - 150, limit, 3):
        cloud.put_on_queue('{"detail": ' + "[" * depth + "]" * depth + "}")
    assert len(listed(cloud, "--envelopes")) == 50


def test_listing_leaves_all_readable_at_once(cloud: Cloud) -> None:
    for number in range(25):
        cloud.fail(envelope({"shipmentId": f"S-{number}"}))
    looks = [cloud.run("failed", "--json").stdout.splitlines() for _ in range(2)]
    assert [len(look) for look in looks] == [25, 25]
    assert len(cloud.bodies()) == 25


def test_an_interrupted_listing_leaves_all_readable_at_once(cloud: Cloud) -> None:
    for number in range(25):
        cloud.fail(envelope({"shipmentId": f"S-{number}"}))
    cloud.broken["ReceiveMessage"] = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    result = cloud.run("failed")
    cloud.broken.clear()
    assert (result.exit_code, len(cloud.bodies())) == (130, 25)
    assert "Interrupted: there may be more." in result.stderr


def test_a_listing_that_fails_half_way_leaves_all_readable_at_once(cloud: Cloud) -> None:
    for number in range(25):
        cloud.fail(envelope({"shipmentId": f"S-{number}"}))
    calls = 0

    def fail(_: Any) -> Any:
        nonlocal calls
        calls += 1
        return refusal("AccessDenied") if calls > 3 else None

    cloud.broken["ReceiveMessage"] = fail
    result = cloud.run("failed")
    cloud.broken.clear()
    assert (result.exit_code, len(cloud.bodies())) == (2, 25)
    assert result.stderr.startswith("Error: not allowed: have ReceiveMessage granted")


def test_a_message_that_can_be_read_again_meanwhile_is_listed_once(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_queue, "BROWSED_SECONDS", 0)
    cloud.fail(EVENT)
    assert len(listed(cloud)) == 1


def test_an_empty_queue_has_no_failed_update(cloud: Cloud) -> None:
    result = cloud.run("failed")
    assert (result.exit_code, result.stdout) == (0, "No failed update.\n")


def test_what_another_command_hides_is_counted(cloud: Cloud) -> None:
    cloud.fail(EVENT)
    cloud.sqs.receive_message(QueueUrl=cloud.queue, VisibilityTimeout=60)
    result = cloud.run("failed")
    assert result.stdout == "No failed update can be read now.\n"
    assert "About 1 message more cannot be read now" in result.stderr


def no_right_to_give_back(cloud: Cloud) -> list[int]:
    """Deny it, and return how long each call hides messages, as they are called."""
    seconds: list[int] = []
    cloud.broken["ChangeMessageVisibilityBatch"] = lambda _: refusal("AccessDenied")
    cloud.broken["ReceiveMessage"] = lambda asked: seconds.append(asked["VisibilityTimeout"])
    return seconds


def test_who_may_only_read_hides_messages_for_five_seconds(cloud: Cloud) -> None:
    for number in range(3):
        cloud.fail(envelope({"shipmentId": f"S-{number}"}))
    seconds = no_right_to_give_back(cloud)
    result = cloud.run("failed")
    assert set(seconds) == {5}
    assert result.stdout.endswith("3 failed updates: 3 delivery.\n")
    assert "have ChangeMessageVisibilityBatch granted" in result.stderr


def test_a_redrive_needs_the_right_to_give_messages_back(cloud: Cloud) -> None:
    cloud.fail(EVENT)
    seconds = no_right_to_give_back(cloud)
    result = cloud.run("redrive")
    assert (result.exit_code, seconds, "Invoke" in cloud.calls) == (2, [5], False)


def test_what_is_read_for_long_stays_hidden(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        cloud.fail(envelope({"shipmentId": f"S-{number}"}))
    renewed: list[int] = []
    cloud.broken["ChangeMessageVisibilityBatch"] = lambda asked: renewed.extend(
        each["VisibilityTimeout"] for each in asked["Entries"]
    )
    clock = itertools.count(0, 31)
    monkeypatch.setattr(failed_queue, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    cloud.run("failed")
    assert renewed[:11] == [0] + [60] * 10


def test_messages_that_cannot_be_given_back_are_reported(cloud: Cloud) -> None:
    cloud.fail(EVENT)
    cloud.broken["ChangeMessageVisibilityBatch"] = lambda _: (
        refusal("InternalError") if cloud.calls.count("ChangeMessageVisibilityBatch") > 1 else None
    )
    result = cloud.run("failed")
    assert result.stdout.endswith("1 failed update: 1 delivery.\n")
    assert "The messages stay hidden from others for up to 60 seconds" in result.stderr


def test_a_queue_that_hides_no_more_is_reported(cloud: Cloud) -> None:
    cloud.fail(EVENT)
    first = once(lambda: None)
    cloud.broken["ReceiveMessage"] = lambda asked: (
        refusal("OverLimit") if cloud.calls.count("ReceiveMessage") > 2 else first(asked)
    )
    result = cloud.run("failed")
    assert result.exit_code == 0
    assert "there are others that were not read" in result.stderr


def test_a_long_queue_is_listed_to_its_end(cloud: Cloud) -> None:
    for number in range(150):
        cloud.fail(envelope({"shipmentId": f"S-{number}"}))
    assert len({each["shipmentId"] for each in listed(cloud)}) == 150


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
def test_updates_can_be_selected(cloud: Cloud, options: list[str], expected: list[str]) -> None:
    cloud.fail(envelope({"shipmentId": "S-1"}, id="e-1"), {"ERROR_CODE": "NO_PERMISSIONS"})
    cloud.fail(envelope({"shipmentId": "S-2"}, id="e-2"), {"ERROR_CODE": "THROTTLING"})
    assert sorted(each["shipmentId"] for each in listed(cloud, *options)) == expected


def test_an_update_is_found_by_its_event_s_id_and_by_its_message_s(cloud: Cloud) -> None:
    cloud.fail(EVENT)
    cloud.fail(envelope({"shipmentId": "S-2"}))
    message_id = listed(cloud, "--shipment", "S-1")[0]["messageId"]
    for each in ("e-1", message_id):
        assert [found["shipmentId"] for found in listed(cloud, "--id", each)] == ["S-1"]


NONE = [
    (["--id", "no-such"], "None with this id, 1 other.\n"),
    (["--id", "e-1", "--shipment", "S-2"], "None selected, 1 other.\n"),
]


@pytest.mark.parametrize(("options", "message"), NONE)
def test_options_that_select_nothing_are_no_all_clear(
    cloud: Cloud, options: list[str], message: str
) -> None:
    cloud.fail(EVENT)
    result = cloud.run("failed", *options)
    assert (result.exit_code, result.stdout) == (1, message)
    for_scripts = cloud.run("failed", "--json", *options)
    assert (for_scripts.exit_code, for_scripts.stdout, for_scripts.stderr) == (1, "", message)


def test_scripts_get_the_whole_event_if_they_ask(cloud: Cloud) -> None:
    cloud.fail(EVENT)
    (line,) = cloud.run("failed", "--json", "--envelopes").stdout.splitlines()
    assert json.loads(line)["envelope"] == EVENT


def test_a_shipment_s_failed_updates_are_found_for_other_commands(cloud: Cloud) -> None:
    for name in (" S-1 ", "S-2"):
        cloud.fail(envelope({"shipmentId": name}, id=name.strip()))
    stack = find(cloud.session, None, None)
    found, _ = failed_queue.failed_of(stack, "S-1", Interrupt())
    assert [update.envelope_id for update in found] == ["S-1"]
    assert len(cloud.bodies()) == 2
