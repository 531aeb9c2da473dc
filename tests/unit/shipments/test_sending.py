"""What EventBridge takes is sent once, what it refuses for a moment later, the rest is kept."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipments.events import SOURCE
from shipments.interrupt import Interrupt
from shipments.sending import (
    BYTES,
    ENTRIES,
    IN_FLIGHT,
    LOCAL_RATE,
    Pace,
    Sender,
    batches,
    default_rate,
    entry_bytes,
)
from tests.unit.shipments.cloud import Cloud, Fields, once, refusal, rule

TIME_MS = 1_700_000_000_000


@pytest.fixture
def updates(tmp_path: Path) -> Path:
    """Return a file of 25 updates."""
    lines = [
        json.dumps({"shipmentId": f"S-{n:02d}", "status": "IN_TRANSIT", "eventTime": TIME_MS + n})
        for n in range(25)
    ]
    path = tmp_path / "updates.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    return path


def shipments(cloud: Cloud) -> list[str]:
    return [row["shipmentId"] for row in cloud.rows()]


ALL = [f"S-{n:02d}" for n in range(25)]


@given(st.lists(st.integers(0, BYTES // 2)))
def test_a_batch_has_no_more_entries_and_bytes_than_a_request_may_have(sizes: list[int]) -> None:
    texts = [" " * size for size in sizes]
    found = list(batches(texts))
    assert [text for batch in found for text in batch] == texts
    assert all(1 <= len(batch) <= ENTRIES for batch in found)
    assert all(sum(map(entry_bytes, batch)) <= BYTES for batch in found)


def test_an_entry_is_as_large_as_eventbridge_counts_it() -> None:
    assert entry_bytes('{"a":"ö"}') == len(b"logistics.shipments") + len(b"Shipment Update") + 10


def test_each_line_of_a_file_becomes_a_row(cloud: Cloud, updates: Path) -> None:
    result = cloud.run("send", str(updates))
    assert (result.exit_code, result.stdout) == (0, "Sent 25 updates, 0 not sent.\n")
    assert shipments(cloud) == ALL


def test_a_file_that_is_sent_twice_adds_nothing(cloud: Cloud, updates: Path) -> None:
    assert [cloud.run("send", str(updates)).exit_code for _ in range(2)] == [0, 0]
    assert shipments(cloud) == ALL


def test_standard_input_is_sent_like_a_file(cloud: Cloud, updates: Path) -> None:
    assert cloud.run("send", "-", stdin=updates.read_bytes()).exit_code == 0
    assert shipments(cloud) == ALL


def test_csv_is_sent_by_the_name_of_its_file(cloud: Cloud, tmp_path: Path) -> None:
    path = tmp_path / "Carrier.CSV"
    path.write_text("shipmentId,status\nS-1,LOST\nS-2,FOUND\n", "utf-8")
    assert cloud.run("send", str(path)).exit_code == 0
    assert shipments(cloud) == ["S-1", "S-2"]


def failing(codes: dict[str, list[str]]) -> Any:
    """Return an answer to PutEvents that fails entries: by shipment, a code for each attempt."""

    def put(request: Fields) -> Fields | None:
        fail = [codes.get(json.loads(e["Detail"])["shipmentId"], []) for e in request["Entries"]]
        if not any(fail):
            return None
        results = [
            {"ErrorCode": each.pop(0), "ErrorMessage": "no"} if each else {"EventId": "e"}
            for each in fail
        ]
        return {"FailedEntryCount": 1, "Entries": results}

    return put


def test_only_the_entries_that_failed_are_put_again(cloud: Cloud, updates: Path) -> None:
    put: list[str] = []
    failures = failing({"S-03": ["ThrottlingException", "InternalFailure"]})

    def remember(request: Fields) -> Any:
        put.extend(json.loads(entry["Detail"])["shipmentId"] for entry in request["Entries"])
        return failures(request)

    cloud.broken["PutEvents"] = remember
    assert cloud.run("send", str(updates)).exit_code == 0
    assert sorted(put) == sorted([*ALL, "S-03", "S-03"])


def test_what_is_never_taken_is_in_a_file_that_can_be_sent(cloud: Cloud, updates: Path) -> None:
    codes = {"S-03": ["ThrottlingException"] * 100, "S-11": ["MalformedDetail"] * 2}
    cloud.broken["PutEvents"] = failing(codes)
    result = cloud.run("send", str(updates), "--json")
    reported = json.loads(result.stdout)
    assert (result.exit_code, reported["sent"], reported["notSent"]) == (1, 23, 2)
    assert reported["reasons"] == {"ThrottlingException": 1, "MalformedDetail: no": 1}
    # A reason that no later attempt changes is no reason for one.
    assert codes["S-11"] == ["MalformedDetail"]
    cloud.broken.clear()
    cloud.run("send", str(updates))
    assert cloud.run("send", reported["unsentFile"]).exit_code == 0
    assert shipments(cloud) == ALL


def test_an_unsent_update_stays_the_same_update(cloud: Cloud, tmp_path: Path) -> None:
    cloud.broken["PutEvents"] = failing({"S-1": ["MalformedDetail"]})
    path = tmp_path / "updates.jsonl"
    path.write_text('{"shipmentId": "S-1", "status": "LOST"}', "utf-8")
    cloud.run("send", str(path))
    unsent = str(tmp_path / "updates.unsent.jsonl")
    assert [cloud.run("send", unsent).exit_code for _ in range(2)] == [0, 0]
    assert shipments(cloud) == ["S-1"]


def test_the_unsent_keep_their_order(cloud: Cloud, updates: Path) -> None:
    codes = {"S-02": ["ThrottlingException"] * 100, "S-05": ["MalformedDetail"]}
    cloud.broken["PutEvents"] = failing({**codes, "S-09": ["ThrottlingException"] * 100})
    unsent = json.loads(cloud.run("send", str(updates), "--json").stdout)["unsentFile"]
    lines = Path(unsent).read_text("utf-8").splitlines()
    assert [json.loads(line)["shipmentId"] for line in lines] == ["S-02", "S-05", "S-09"]
    assert Path(unsent).stat().st_mode & 0o777 == 0o600


def test_an_earlier_file_of_the_unsent_is_not_overwritten(cloud: Cloud, updates: Path) -> None:
    for codes in ({"S-03": ["MalformedDetail"]}, {"S-04": ["MalformedDetail"]}):
        cloud.broken["PutEvents"] = failing(codes)
        cloud.run("send", str(updates))
    names = sorted(path.name for path in updates.parent.glob("*.unsent*"))
    assert names == ["updates.unsent-2.jsonl", "updates.unsent.jsonl"]


def test_where_the_unsent_cannot_be_written_nothing_is_sent(cloud: Cloud, updates: Path) -> None:
    for path in (updates, updates / "below"):
        result = cloud.run("send", str(updates), "--unsent", str(path))
        assert result.exit_code == 2
        assert result.stderr.splitlines()[-1].startswith("Error: --unsent: ")
    assert "PutEvents" not in cloud.calls


def test_a_file_that_is_sent_whole_leaves_no_file(cloud: Cloud, updates: Path) -> None:
    cloud.run("send", str(updates))
    assert list(updates.parent.iterdir()) == [updates]


def test_a_refused_sender_sends_nothing_and_keeps_all(cloud: Cloud, updates: Path) -> None:
    denied = "User: arn:x is not authorized to perform: events:PutEvents on resource: arn:bus"
    cloud.broken["PutEvents"] = lambda _: refusal("AccessDeniedException", denied)
    result = cloud.run("send", str(updates))
    assert result.exit_code == 1
    assert "25 updates not sent: not allowed: have events:PutEvents on arn:bus" in result.stderr
    unsent = updates.with_name("updates.unsent.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["shipmentId"] for line in unsent] == ALL


def test_what_fails_for_one_is_not_tried_with_all(cloud: Cloud, tmp_path: Path) -> None:
    cloud.broken["PutEvents"] = lambda _: refusal("AccessDeniedException")
    lines = b'{"shipmentId": "S-1", "status": "LOST"}\n' * 300
    result = cloud.run("send", "-", "--json", "--unsent", str(tmp_path / "x"), stdin=lines)
    reported = json.loads(result.stdout)
    assert reported["notSent"] == 300
    assert cloud.calls.count("PutEvents") <= 2 * IN_FLIGHT


def test_an_update_that_is_too_big_stops_no_other(cloud: Cloud, updates: Path) -> None:
    def refuse(request: Fields) -> Any:
        big = any("S-13" in entry["Detail"] for entry in request["Entries"])
        return refusal("ValidationException", "Total size of the entries is over") if big else None

    cloud.broken["PutEvents"] = refuse
    assert cloud.run("send", str(updates)).exit_code == 1
    assert shipments(cloud) == [each for each in ALL if each != "S-13"]


def test_an_interrupted_send_keeps_what_it_did_not_send(cloud: Cloud, updates: Path) -> None:
    cloud.broken["PutEvents"] = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    result = cloud.run("send", str(updates), "--rate", "100", "--json")
    cloud.broken.clear()
    reported = json.loads(result.stdout)
    assert result.exit_code == 130
    assert reported["sent"] + reported["notSent"] == 25
    assert reported["reasons"] == {"interrupted": reported["notSent"]}
    assert cloud.run("send", reported["unsentFile"]).exit_code == 0
    assert shipments(cloud) == ALL


def test_a_file_without_updates_is_a_mistake(cloud: Cloud) -> None:
    result = cloud.run("send", "-", stdin=b"\n")
    assert result.exit_code == 2
    assert result.stderr.endswith("\nError: standard input: has no update in it\n")


def test_one_update_is_made_of_options(cloud: Cloud) -> None:
    options = {
        "shipment-id": "S-1",
        "status": "in transit",
        "location": "Köln",
        "carrier": "DHL",
        "event-time": "1700000000000",
        "update-id": "u-1",
        "detail": '{"weight": 2.5}',
    }
    result = cloud.run("send", *(f"--{name}={value}" for name, value in options.items()))
    assert result.exit_code == 0
    (row,) = cloud.rows()
    assert (row["status"], row["location"], row["carrier"]) == ("IN_TRANSIT", "Köln", "DHL")
    assert (row["timestamp"], row["updateId"]) == (1_700_000_000_000, "u-1")
    assert json.loads(row["rawEvent"])["weight"] == 2.5


def test_the_update_id_of_a_sent_update_is_its_row_s(cloud: Cloud) -> None:
    options = ("--shipment-id=S-1", "--status=LOST", f"--event-time={TIME_MS}")
    reported = json.loads(cloud.run("send", *options, "--json").stdout)
    assert [row["updateId"] for row in cloud.rows()] == [reported["updateId"]]


def test_a_sent_update_that_is_rejected_has_no_update_id(cloud: Cloud) -> None:
    result = cloud.run("send", "--shipment-id=S-1", "--status=", "--as-is")
    assert (result.exit_code, result.stdout.count("update")) == (0, 1)


def test_a_sender_reads_no_further_ahead_than_it_sends() -> None:
    class Events:
        def put_events(self, Entries: list[Fields]) -> Fields:  # noqa: N803 - as boto3 has it
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}] * len(Entries)}

    taken = 0

    def texts() -> Iterator[str]:
        nonlocal taken
        for _ in range(5_000):
            taken += 1
            yield "{}"

    sent, ahead = 0, []
    for outcome in Sender(Events(), "b", Interrupt()).send(texts()):
        sent += len(outcome.events)
        ahead.append(taken - sent)
    assert sent == 5_000
    assert max(ahead) < 150


@pytest.mark.parametrize(
    ("endpoint", "rate"),
    [
        ("https://127.0.0.1:4566", LOCAL_RATE),
        ("http://localhost:4566", LOCAL_RATE),
        ("http://[::1]:4566", LOCAL_RATE),
        ("https://events.us-east-1.amazonaws.com", 0),
    ],
)
def test_only_an_endpoint_on_this_machine_has_a_default_rate(endpoint: str, rate: float) -> None:
    assert default_rate(endpoint) == rate


@pytest.mark.parametrize(("rate", "most"), [(0, 10), (5, 1), (20, 1), (60, 3), (1000, 10)])
def test_a_slow_rate_sends_small_batches_not_bursts(rate: float, most: int) -> None:
    assert Pace(rate, Interrupt()).entries == most


def test_updates_are_sent_at_the_rate_that_is_asked_for(cloud: Cloud, updates: Path) -> None:
    started = time.monotonic()
    assert cloud.run("send", str(updates), "--rate", "100").exit_code == 0
    # The first batch of 5 starts at once; the others cannot start before the rate allows it.
    assert time.monotonic() - started >= 20 / 100
    assert shipments(cloud) == ALL


def test_another_rule_that_gets_the_same_updates_is_reported(cloud: Cloud) -> None:
    one = ("send", "--shipment-id=S-1", "--status=LOST")
    assert cloud.run(*one).stderr == ""
    cloud.rules.append(rule("shipment-update-rule-dev", {"source": [SOURCE]}))
    assert cloud.run(*one).stderr == (
        "Warning: on bus b 1 other rule matches the same updates: shipment-update-rule-dev. "
        "Use one bus per environment.\n"
    )
    cloud.broken["ListRules"] = lambda _: refusal("AccessDeniedException")
    assert cloud.run(*one).stderr == (
        "Whether other rules get the same updates is not known: "
        "not allowed: have ListRules granted to the identity in use\n"
    )
