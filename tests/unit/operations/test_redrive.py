"""A redriven update is stored once or still on the queue, whatever happens meanwhile."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.operations import failed_queue, redrive
from scripts.operations.deployed import CALLS_AT_ONCE, find
from scripts.operations.interrupt import Interrupt
from scripts.operations.plan import Plan, Selection, fix, payload
from tests.unit.operations.cloud import Cloud, Fields, envelope, refusal

REDRIVE = ("redrive", "--watch", "5", "--json")
SOME = 15


def told(cloud: Cloud, *options: str) -> Fields:
    """Redrive, and return what is told of it."""
    result: Fields = json.loads(cloud.run(*REDRIVE, *options).stdout)
    return result


def reject(cloud: Cloud, detail: Fields, **fields: Any) -> Fields:
    """Have the function reject an update; return its envelope."""
    event = envelope(detail, **fields)
    cloud.invoke(event)
    return event


@pytest.fixture
def waiting(cloud: Cloud) -> list[Fields]:
    """Put updates on the queue that the function will store; return their envelopes."""
    events = [envelope({"shipmentId": f"S-{n:02d}", "status": "LOST"}) for n in range(SOME)]
    for event in events:
        cloud.fail(event)
    return events


@pytest.fixture
def settled(cloud: Cloud, waiting: list[Fields]) -> Iterator[Callable[[], None]]:
    """Return a check that each update has one row and left the queue."""

    def check() -> None:
        assert [row["updateId"] for row in cloud.rows()] == [event["id"] for event in waiting]
        assert cloud.bodies() == []

    return check


def kept(cloud: Cloud) -> list[str]:
    """Return the ids of the events on the queue."""
    lines = cloud.run("failed", "--json").stdout.splitlines()
    return sorted(json.loads(line)["envelopeId"] for line in lines)


def test_a_redriven_update_is_stored_and_off_the_queue(
    cloud: Cloud, settled: Callable[[], None]
) -> None:
    result = cloud.run(*REDRIVE)
    counts = json.loads(result.stdout)
    assert (result.exit_code, counts["given"], counts["stored"]) == (0, SOME, SOME)
    settled()


def test_a_redriven_update_keeps_its_identity_and_time(cloud: Cloud) -> None:
    cloud.fail(
        envelope({"shipmentId": "S-1", "status": "x"}, id="e-1", time="2025-03-01T12:00:00Z")
    )
    told(cloud)
    (row,) = cloud.rows()
    assert (row["updateId"], row["eventTime"]) == ("e-1", "2025-03-01T12:00:00.000Z")


def test_an_update_stored_before_is_not_stored_again(cloud: Cloud) -> None:
    event = envelope({"shipmentId": "S-1", "status": "LOST"})
    cloud.invoke(event)
    cloud.fail(event)
    assert told(cloud)["stored"] == 1
    assert len(cloud.rows()) == 1


def test_a_rejected_update_comes_back_and_is_counted_so(cloud: Cloud) -> None:
    event = reject(cloud, {"shipmentId": "S-1"})
    result = cloud.run(*REDRIVE)
    counts = json.loads(result.stdout)
    assert (result.exit_code, counts["cameBack"], counts["stored"]) == (1, 1, 0)
    assert counts["cameBackUpdates"][0]["why"] == "status: is required"
    assert kept(cloud) == [event["id"]]


def test_an_update_that_comes_back_is_not_given_twice(cloud: Cloud) -> None:
    for number in range(30):
        reject(cloud, {"shipmentId": f"S-{number}"})
    cloud.calls.clear()
    assert told(cloud)["given"] == cloud.calls.count("Invoke") == 30


def test_a_fixed_update_is_stored_under_its_own_identity(cloud: Cloud) -> None:
    event = reject(cloud, {"shipmentId": "S-1", "eventTime": "noon"}, time="2025-03-01T12:00:00Z")
    fixes = ("--fix", "status=out for delivery", "--fix", "eventTime=null")
    assert told(cloud, "--shipment", "S-1", *fixes)["stored"] == 1
    (row,) = cloud.rows()
    assert (row["updateId"], row["eventTime"]) == (event["id"], "2025-03-01T12:00:00.000Z")
    assert row["status"] == "OUT_FOR_DELIVERY"
    assert cloud.bodies() == []


def test_a_fix_that_does_not_help_leaves_the_update_on_the_queue(cloud: Cloud) -> None:
    reject(cloud, {"shipmentId": "S-1"})
    assert told(cloud, "--shipment", "S-1", "--fix", "status=")["cameBack"] == 1
    assert len(cloud.bodies()) == 1


def test_a_fix_touches_rejected_updates_only(cloud: Cloud) -> None:
    cloud.fail(envelope({"shipmentId": "S-1", "status": "LOST"}))
    reject(cloud, {"shipmentId": "S-1"})
    counts = told(cloud, "--shipment", "S-1", "--fix", "status=FOUND")
    assert counts["left"] == {"not rejected, so not to be fixed": 1}
    assert [row["status"] for row in cloud.rows()] == ["FOUND"]


def test_a_fix_needs_to_say_of_what(cloud: Cloud) -> None:
    result = cloud.run("redrive", "--fix", "status=LOST", "--older-than", "1s")
    assert (result.exit_code, cloud.calls) == (2, [])
    assert "--fix: say which updates too, by --shipment, --id or --reason" in result.stderr


FIXES = [
    ("status=LOST", ("status", "LOST")),
    ('status="LOST"', ("status", "LOST")),
    ("detail.status=LOST", ("status", "LOST")),
    ("shipmentId=007", ("shipmentId", "007")),
    ("shipmentId=7", ("shipmentId", "7")),
    ("eventTime=1700000000000", ("eventTime", 1_700_000_000_000)),
    ("carrier=null", ("carrier", None)),
    ("weight=2.5", ("weight", 2.5)),
    ("note=a=b", ("note", "a=b")),
    ("note=", ("note", "")),
]


@pytest.mark.parametrize(("text", "expected"), FIXES)
def test_a_fix_is_json_or_else_a_string(text: str, expected: tuple[str, Any]) -> None:
    assert fix(text) == expected


@pytest.fixture
def too_big(cloud: Cloud) -> Fields:
    """Have the function keep an update whole that is too big for its row; return its envelope."""
    event = envelope({"shipmentId": "S-1", "status": "LOST", "note": "x" * 410_000})
    cloud.invoke(event)
    return event


def test_the_only_whole_copy_of_an_update_stays(cloud: Cloud, too_big: Fields) -> None:
    assert told(cloud)["left"] == {"the only whole copy": 1}
    assert kept(cloud) == [too_big["id"]]


def test_the_only_whole_copy_does_not_leave_the_queue_unsaved(
    cloud: Cloud, too_big: Fields
) -> None:
    result = cloud.run("redrive", "--include-stored")
    assert (result.exit_code, kept(cloud)) == (2, [too_big["id"]])
    assert "--save FILE" in result.stderr


def test_what_leaves_the_queue_is_saved_first(
    cloud: Cloud, too_big: Fields, tmp_path: Path
) -> None:
    saved = tmp_path / "saved.jsonl"
    sizes: list[int] = []
    cloud.broken["DeleteMessage"] = lambda _: sizes.append(saved.stat().st_size)
    assert told(cloud, "--include-stored", "--save", str(saved))["given"] == 1
    assert json.loads(json.loads(saved.read_text("utf-8"))["body"])["envelope"] == too_big
    assert sizes == [saved.stat().st_size]
    assert cloud.bodies() == []


def test_a_redriven_update_that_is_too_big_is_stored_and_kept_whole(cloud: Cloud) -> None:
    event = envelope({"shipmentId": "S-1", "status": "LOST", "note": "x" * 410_000})
    cloud.fail(event)
    counts = told(cloud)
    assert (counts["stored"], counts["cameBack"]) == (1, 0)
    assert kept(cloud) == [event["id"]]


def test_the_whole_copy_of_an_update_is_no_copy_of_its_failure(cloud: Cloud) -> None:
    event = envelope({"shipmentId": "S-1", "status": "LOST", "note": "x" * 410_000})
    cloud.fail(event)
    cloud.invoke(event)
    counts = told(cloud)
    assert (counts["stored"], counts["copiesTakenOff"]) == (1, 0)
    assert kept(cloud) == [event["id"]]


def test_an_unreadable_message_stays(cloud: Cloud) -> None:
    cloud.put_on_queue("hello")
    assert told(cloud)["left"] == {"unreadable": 1}
    assert cloud.bodies() == ["hello"]


def test_an_update_that_cannot_be_written_down_stays(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_deep(_: Any) -> bytes:
        raise RecursionError

    monkeypatch.setattr(redrive, "payload", too_deep)
    cloud.fail(envelope({"shipmentId": "S-1", "status": "LOST"}))
    assert told(cloud)["left"] == {"nested too deep": 1}
    assert len(cloud.bodies()) == 1


@pytest.mark.parametrize("depth", range(100, 1_100, 90))
def test_a_deep_update_is_given_or_stays_and_is_no_error(cloud: Cloud, depth: int) -> None:
    event = json.dumps(envelope({"shipmentId": "S-1", "status": "x", "note": 0}))
    cloud.put_on_queue(event.replace(": 0", f": {'[' * depth}{']' * depth}"))
    result = cloud.run(*REDRIVE)
    assert result.exit_code in {0, 1}
    assert len(cloud.rows()) + len(cloud.bodies()) == 1


def test_what_is_not_meant_stays_readable_at_once(cloud: Cloud, waiting: list[Fields]) -> None:
    assert told(cloud, "--shipment", "S-03")["given"] == 1
    others = sorted(event["id"] for event in waiting if event != waiting[3])
    assert kept(cloud) == others


def test_a_dry_run_gives_and_takes_nothing(cloud: Cloud, waiting: list[Fields]) -> None:
    cloud.calls.clear()
    result = cloud.run("redrive", "--dry-run", "--json", "--shipment", "S-03")
    verdicts = [json.loads(line)["verdict"] for line in result.stdout.splitlines()]
    assert sorted(verdicts) == ["give", *["leave (not selected)"] * (SOME - 1)]
    assert not {"Invoke", "DeleteMessage"} & set(cloud.calls)
    assert kept(cloud) == sorted(event["id"] for event in waiting)


def test_copies_of_a_stored_update_leave_the_queue_with_it(cloud: Cloud) -> None:
    event = envelope({"shipmentId": "S-1", "status": "LOST"})
    for _ in range(3):
        cloud.fail(event)
    counts = told(cloud)
    assert (counts["given"], counts["stored"], counts["copiesTakenOff"]) == (1, 1, 2)
    assert cloud.bodies() == []


def test_copies_of_a_rejected_update_stay(cloud: Cloud) -> None:
    event = envelope({"shipmentId": "S-1"})
    for _ in range(2):
        cloud.invoke(event)
    counts = told(cloud)
    assert (counts["given"], counts["cameBack"], counts["copiesTakenOff"]) == (1, 1, 0)
    assert kept(cloud) == [event["id"]]


def test_another_update_under_the_same_update_id_is_not_taken_for_it(cloud: Cloud) -> None:
    detail = {"shipmentId": "S-1", "updateId": "u-1", "eventTime": "2025-03-01T12:00:00Z"}
    cloud.invoke(envelope({**detail, "status": "DELAYED"}))
    cloud.fail(envelope({**detail, "status": "LOST"}))
    cloud.broken["Invoke"] = lambda _: {"StatusCode": 202}  # Lambda has not tried it yet
    counts = told(cloud, "--watch", "0")
    assert (counts["given"], counts["stored"], counts["unknown"]) == (1, 0, 1)


def test_an_update_whose_alert_fails_again_is_not_called_stored(cloud: Cloud) -> None:
    cloud.fail(envelope({"shipmentId": "S-1", "status": "LOST"}))
    cloud.session.client("sns").delete_topic(TopicArn=cloud.topic)
    counts = told(cloud)
    assert (len(cloud.rows()), counts["stored"], counts["cameBack"]) == (1, 0, 1)
    assert len(cloud.bodies()) == 1


def test_nothing_leaves_the_queue_that_lambda_does_not_take(
    cloud: Cloud, waiting: list[Fields]
) -> None:
    denied = "User: arn:x is not authorized to perform: lambda:InvokeFunction on resource: arn:f"
    cloud.broken["Invoke"] = lambda _: refusal("AccessDeniedException", denied)
    result = cloud.run(*REDRIVE)
    cloud.broken.clear()
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: not allowed: have lambda:InvokeFunction on arn:f granted to the identity in use\n"
    )
    assert kept(cloud) == sorted(event["id"] for event in waiting)


def test_what_fails_for_one_is_not_tried_with_all(cloud: Cloud) -> None:
    for number in range(60):
        cloud.fail(envelope({"shipmentId": f"S-{number}", "status": "LOST"}))
    cloud.broken["Invoke"] = lambda _: refusal("AccessDeniedException")
    cloud.run(*REDRIVE)
    assert cloud.calls.count("Invoke") <= 2 * CALLS_AT_ONCE


def test_an_answer_that_is_no_acceptance_takes_nothing_off(
    cloud: Cloud, waiting: list[Fields]
) -> None:
    cloud.broken["Invoke"] = lambda _: {"StatusCode": 200}
    assert cloud.run(*REDRIVE).exit_code == 2
    cloud.broken.clear()
    assert kept(cloud) == sorted(event["id"] for event in waiting)


def test_an_update_that_lambda_finds_too_large_stops_no_other(
    cloud: Cloud, waiting: list[Fields]
) -> None:
    def refuse(request: Any) -> Any:
        large = request["detail"]["shipmentId"] == "S-03"
        return refusal("RequestTooLargeException", "over 1 MB") if large else None

    cloud.broken["Invoke"] = refuse
    result = cloud.run(*REDRIVE)
    counts = json.loads(result.stdout)
    assert (result.exit_code, counts["stored"], counts["notGiven"]) == (1, SOME - 1, 1)
    cloud.broken.clear()
    assert kept(cloud) == [waiting[3]["id"]]


def test_what_was_done_is_told_when_the_rest_fails(cloud: Cloud, waiting: list[Fields]) -> None:
    cloud.broken["Query"] = lambda _: refusal("AccessDeniedException", "no")
    result = cloud.run(*REDRIVE)
    counts = json.loads(result.stdout)
    assert (result.exit_code, counts["given"], counts["unknown"]) == (1, SOME, SOME)
    assert "not allowed: have Query granted" in counts["stopped"]
    assert len(cloud.rows()) == len(waiting)


def test_an_interrupted_redrive_loses_nothing_and_doubles_nothing(
    cloud: Cloud, waiting: list[Fields], settled: Callable[[], None]
) -> None:
    cloud.broken["Invoke"] = lambda _: os.kill(os.getpid(), signal.SIGINT)
    result = cloud.run(*REDRIVE, "--rate", "1000")
    cloud.broken.clear()
    given = json.loads(result.stdout)["given"]
    assert result.exit_code == 130
    assert 0 < given < SOME
    assert len(cloud.bodies()) == len(waiting) - given
    assert told(cloud)["given"] == SOME - given
    settled()


class Died(BaseException):
    """The process ends here, and nothing of it runs any more."""


@pytest.mark.parametrize("call", ["ReceiveMessage", "Invoke", "DeleteMessage", "Query"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_redrive_that_dies_at_any_call_loses_nothing_and_doubles_nothing(
    cloud: Cloud,
    settled: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    *,
    before: bool,
) -> None:
    number = 0

    def die(*_: Any, **__: Any) -> None:
        nonlocal number
        number += 1
        if number == 4:
            raise Died

    event = f"{'before' if before else 'after'}-call.*.{call}"
    cloud.session.events.register_first(event, die)
    with monkeypatch.context() as patch:
        # What died hides what it had for so long; nobody gives it back.
        patch.setattr(failed_queue, "HIDDEN_SECONDS", 1)
        patch.setattr(failed_queue.FailedQueue, "give_back", lambda _: None)
        with pytest.raises(Died):
            cloud.run(*REDRIVE)
    cloud.session.events.unregister(event, die)
    give_up = time.monotonic() + 30
    while depth(cloud) and time.monotonic() < give_up:
        told(cloud)
    settled()


def depth(cloud: Cloud) -> int:
    """Return how many messages the queue has, hidden ones too."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = cloud.sqs.get_queue_attributes(QueueUrl=cloud.queue, AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)


def test_two_redrives_at_once_lose_nothing_and_double_nothing(
    cloud: Cloud, waiting: list[Fields], settled: Callable[[], None]
) -> None:
    other: list[Fields] = []

    def another(_: Any) -> None:
        if not other:  # a second one begins while the first is at its first update
            other.append({})
            with ThreadPoolExecutor(1) as pool:
                other[0] = pool.submit(_redrive_directly, cloud).result()

    cloud.broken["Invoke"] = another
    first = told(cloud)
    assert first["given"] + other[0]["given"] == len(waiting)
    settled()


def _redrive_directly(cloud: Cloud) -> Fields:
    """Redrive without a command line, which only the main thread may have."""
    deployed = find(cloud.session, None, None)
    with failed_queue.FailedQueue(cloud.sqs, cloud.queue) as queue:
        other = redrive.Redrive(deployed, queue, Plan(Selection()))
        other.run(Interrupt(), lambda _: None)
        return {"given": len(other.tally.given)}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_an_event_is_given_as_it_came(event: Any) -> None:
    given_again = payload(event)
    assert json.loads(given_again) == event
    assert b"Infinity" not in given_again or "Infinity" in json.dumps(event, ensure_ascii=False)


@pytest.mark.parametrize("text", ["1e999", '"Infinity"', '"\\ud800"', '"é"', '{"a": [-1e999]}'])
def test_odd_json_is_given_as_json(text: str) -> None:
    given_again = payload(json.loads(text))
    assert json.loads(given_again, parse_constant=pytest.fail) == json.loads(text)
    assert len(given_again) <= len(text.encode())
