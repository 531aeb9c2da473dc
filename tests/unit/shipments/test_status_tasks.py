"""What the status stack puts on the failed-updates queue is known, and never taken for updates."""

import json
from pathlib import Path
from typing import Any

import pytest

from shipments.failed import FailedUpdate, Message, Where, read
from tests.unit.shipments.cloud import Cloud, Fields, envelope
from tests.unit.shipments.status_tasks import asked, given_up, not_done, notice
from tests.unit.shipments.test_failed import message

FIRST, LAST = "2026-11-24T12:00:00Z", "2026-11-24T12:01:30.5Z"
STUCK = {"do": "stuck"}
AGAIN = "invoke the status function with the same request"
CALL = "ClientError: Query AccessDeniedException: no (RetriesExhausted, 3 attempts)"
UNTIL = "2026-11-24T11:59:00.000Z to 2026-11-24T12:02:30.500Z"
SHAPES: dict[str, tuple[Fields, str, str, str]] = {
    "a shipment": (asked("S-1", FIRST), "S-1", "no room", "refresh the shipment"),
    "a shipment's newest row": (asked("S-1"), "S-1", "no room", "refresh the shipment"),
    "rows of the stream": (
        given_up(FIRST, LAST),
        "",
        "12 rows of the table's stream were given up (RetryAttemptsExhausted, 11 attempts)",
        f"refresh the shipments with a row stored from {UNTIL}",
    ),
    "rows of the stream, not counted": (
        given_up(FIRST, LAST, None),
        "",
        "rows of the table's stream were given up (RetryAttemptsExhausted, 11 attempts)",
        f"refresh the shipments with a row stored from {UNTIL}",
    ),
    "a rule's request": (not_done(STUCK), "", CALL, AGAIN),
    "a rejected update": (not_done(notice("S-1")), "S-1", CALL, AGAIN),
}


def found(body: Any) -> FailedUpdate:
    return read(message(json.dumps(body)))


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_is_known_with_its_shipment_its_reason_and_what_redrive_does(shape: str) -> None:
    body, shipment, why, does = SHAPES[shape]
    read_as = found(body)
    assert (read_as.where, read_as.shipment, read_as.why) == (Where.STATUS, shipment, why)
    assert (read_as.fields["redrive"], read_as.envelope) == (does, None)


OTHERS: list[tuple[Fields, Where]] = [
    (asked(""), Where.UNREADABLE),
    (asked(17), Where.UNREADABLE),
    (asked("S-1", 17), Where.UNREADABLE),
    ({**asked("S-1"), "more": 1}, Where.UNREADABLE),
    ({"reason": "no room", "refresh": "S-1"}, Where.UNREADABLE),
    (given_up(None, LAST), Where.UNREADABLE),
    (given_up(FIRST, "yesterday"), Where.UNREADABLE),
    (given_up("0001-01-01T00:00:00Z", LAST), Where.UNREADABLE),
    ({"DDBStreamBatchInfo": 17}, Where.UNREADABLE),
    ({"requestContext": not_done(STUCK)["requestContext"]}, Where.UNREADABLE),
]


@pytest.mark.parametrize(("body", "where"), OTHERS)
def test_what_is_not_whole_is_none_of_them(body: Fields, where: Where) -> None:
    assert found(body).where is where


def test_an_update_whose_function_failed_is_still_an_update() -> None:
    record = not_done(envelope({"shipmentId": "S-1", "status": "LOST"}))
    arn = record["requestContext"]["functionArn"].replace("-status-", "-processor-")
    record["requestContext"]["functionArn"] = arn
    assert (found(record).where, found(record).status) == (Where.FUNCTION, "LOST")


@pytest.mark.parametrize(
    "payload",
    [None, [], {"Records": 1}, {"Records": []}, {"Records": [1]}, {"Records": [{"Sns": []}]}],
)
def test_a_request_without_a_shipment_has_none(payload: Any) -> None:
    assert (found(not_done(payload)).where, found(not_done(payload)).shipment) == (Where.STATUS, "")


def test_two_of_them_are_never_copies() -> None:
    first, second = (
        read(Message(each, "", json.dumps(asked("S-1")), {}, message("").sent_at))
        for each in ("m-1", "m-2")
    )
    assert first.key != second.key


@pytest.fixture
def mixed(cloud: Cloud) -> Cloud:
    """Put an update on the queue, twice, and each shape."""
    event = envelope({"shipmentId": "S-9", "status": "X"}, id="e-9")
    cloud.fail(event)
    cloud.fail(event)
    for body, _, _, _ in SHAPES.values():
        cloud.put_on_queue(json.dumps(body))
    return cloud


def test_they_are_listed_with_their_reason_and_counted_apart(mixed: Cloud) -> None:
    result = mixed.run("failed")
    assert result.stdout.endswith(
        "1 failed update in 2 messages: 1 delivery; 6 messages of the status stack.\n"
    )
    line = next(line for line in result.stdout.splitlines() if "12 rows" in line)
    assert line.split()[:3] == ["-", "-", "-"]
    _, _, why, does = SHAPES["rows of the stream"]
    assert line.endswith(f"status stack  {why}; redrive: {does}")


def test_where_nothing_else_is_there_is_no_failed_update(cloud: Cloud) -> None:
    cloud.put_on_queue(json.dumps(asked("S-1")))
    result = cloud.run("failed")
    assert result.stdout.endswith("No failed update; 1 message of the status stack.\n")


def test_scripts_get_what_redrive_does_and_the_whole_message(cloud: Cloud) -> None:
    cloud.put_on_queue(json.dumps(asked("S-1")))
    line = json.loads(cloud.run("failed", "--json", "--envelopes").stdout)
    assert (line["where"], line["why"], line["redrive"]) == (
        "status stack",
        "no room",
        "refresh the shipment",
    )
    assert (json.loads(line["body"]), line["envelope"]) == (asked("S-1"), None)
    assert (line["shipmentId"], line["status"], line["envelopeId"]) == ("S-1", "", "")


def test_an_update_has_no_text_of_what_redrive_does(cloud: Cloud) -> None:
    cloud.fail(envelope({"shipmentId": "S-1"}))
    line = json.loads(cloud.run("failed", "--json").stdout)
    assert not {"redrive", "body"} & line.keys()


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--shipment", "S-1"], 3),
        (["--shipment", "S-2"], 0),
        (["--reason", "12 rows"], 1),
        (["--older-than", "1h"], 0),
    ],
)
def test_they_are_selected_as_updates_are(mixed: Cloud, options: list[str], count: int) -> None:
    result = mixed.run("failed", "--json", *options)
    assert (result.stdout.count("\n"), result.exit_code) == (count, 0 if count else 1)


def test_track_counts_no_update_of_a_shipment_that_has_none(cloud: Cloud) -> None:
    cloud.put_on_queue(json.dumps(asked("S-1")))
    assert "and none is on the failed-updates queue" in cloud.run("track", "S-1").stderr


def test_to_erase_a_shipment_takes_those_of_it_and_no_other(mixed: Cloud) -> None:
    mixed.put_on_queue(json.dumps(asked("S-10")))
    result = mixed.run("erase", "S-1", "--yes", "--json")
    told = json.loads(result.stdout)
    assert (told["erased"]["messages"], told["unreadable"]) == (3, 0)
    left = sorted(map(json.loads, mixed.bodies()), key=str)
    kept = [given_up(FIRST, LAST), given_up(FIRST, LAST, None), not_done(STUCK), asked("S-10")]
    assert [each for each in left if "detail" not in each] == sorted(kept, key=str)


def test_one_can_be_discarded(cloud: Cloud, tmp_path: Path) -> None:
    cloud.put_on_queue(json.dumps(asked("S-1")))
    message_id = json.loads(cloud.run("failed", "--json").stdout)["messageId"]
    saved = tmp_path / "discarded.jsonl"
    result = cloud.run("discard", "--message", message_id, "--save", str(saved))
    assert f"Discarded message {message_id} of shipment S-1" in result.stdout
    assert json.loads(json.loads(saved.read_text())["body"]) == asked("S-1")
    assert cloud.bodies() == []
