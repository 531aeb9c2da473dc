"""A redriven update is stored once or still on the queue, whatever happens meanwhile."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipments.plan import payload
from tests.unit.shipments.cloud import Cloud, Fields, envelope
from tests.unit.shipments.redriving import AGAIN, REDRIVE, SOME, kept, redriven, reject


def test_a_redriven_update_is_stored_and_off_the_queue(
    cloud: Cloud, settled: Callable[[], None]
) -> None:
    result = cloud.run(*REDRIVE)
    counts = json.loads(result.stdout)
    assert (result.exit_code, counts["redriven"], counts["stored"]) == (0, SOME, SOME)
    settled()


def test_a_redriven_update_keeps_its_identity_and_time(cloud: Cloud) -> None:
    cloud.fail(
        envelope({"shipmentId": "S-1", "status": "x"}, id="e-1", time="2025-03-01T12:00:00Z")
    )
    redriven(cloud)
    (row,) = cloud.rows()
    assert (row["updateId"], row["eventTime"]) == ("e-1", "2025-03-01T12:00:00.000Z")


def test_an_update_stored_before_is_not_stored_again(cloud: Cloud) -> None:
    event = envelope({"shipmentId": "S-1", "status": "LOST"})
    cloud.invoke(event)
    cloud.fail(event)
    assert redriven(cloud)["stored"] == 1
    assert len(cloud.rows()) == 1


def test_an_update_that_would_be_rejected_again_is_skipped_and_mails_nobody(cloud: Cloud) -> None:
    event = reject(cloud, {"shipmentId": "S-1"})
    cloud.calls.clear()
    result = cloud.run(*REDRIVE)
    skipped = json.loads(result.stdout)["skipped"]
    assert (result.exit_code, skipped) == (1, {f"{AGAIN}: status: is required": 1})
    assert "Invoke" not in cloud.calls
    assert kept(cloud) == [event["id"]]


def test_an_update_rejected_by_a_clock_that_was_wrong_is_stored_without_a_fix(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
        reject(cloud, {"shipmentId": "S-1", "status": "x", "eventTime": "2025-03-01T12:00:00Z"})
    assert redriven(cloud)["stored"] == 1


def test_a_rejected_update_that_is_redriven_as_it_is_fails_again(cloud: Cloud) -> None:
    event = reject(cloud, {"shipmentId": "S-1"})
    result = cloud.run(*REDRIVE, "--as-is")
    counts = json.loads(result.stdout)
    assert (result.exit_code, counts["failedAgain"], counts["stored"]) == (1, 1, 0)
    assert counts["failedAgainUpdates"][0]["why"] == "status: is required"
    assert kept(cloud) == [event["id"]]


def test_an_update_that_fails_again_is_not_redriven_twice(cloud: Cloud) -> None:
    for number in range(30):
        reject(cloud, {"shipmentId": f"S-{number}"})
    cloud.calls.clear()
    assert redriven(cloud, "--as-is")["redriven"] == cloud.calls.count("Invoke") == 30


@pytest.fixture
def too_big(cloud: Cloud) -> Fields:
    """Have the function keep an update whole that is too big for its row; return its envelope."""
    event = envelope({"shipmentId": "S-1", "status": "LOST", "note": "x" * 410_000})
    cloud.invoke(event)
    return event


def test_the_only_whole_copy_of_an_update_stays(cloud: Cloud, too_big: Fields) -> None:
    assert redriven(cloud)["skipped"] == {"stored already (the only copy of its text)": 1}
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
    assert redriven(cloud, "--include-stored", "--save", str(saved))["redriven"] == 1
    assert json.loads(json.loads(saved.read_text("utf-8"))["body"])["envelope"] == too_big
    assert sizes == [saved.stat().st_size]
    assert cloud.bodies() == []


def test_a_redriven_update_that_is_too_big_is_stored_and_kept_whole(cloud: Cloud) -> None:
    event = envelope({"shipmentId": "S-1", "status": "LOST", "note": "x" * 410_000})
    cloud.fail(event)
    counts = redriven(cloud)
    assert (counts["stored"], counts["failedAgain"]) == (1, 0)
    assert kept(cloud) == [event["id"]]


def test_the_whole_copy_of_an_update_is_no_copy_of_its_failure(cloud: Cloud) -> None:
    event = envelope({"shipmentId": "S-1", "status": "LOST", "note": "x" * 410_000})
    cloud.fail(event)
    cloud.invoke(event)
    counts = redriven(cloud)
    assert (counts["stored"], counts["copiesDeleted"]) == (1, 0)
    assert kept(cloud) == [event["id"]]


def test_an_unreadable_message_stays(cloud: Cloud) -> None:
    cloud.put_on_queue("hello")
    assert redriven(cloud)["skipped"] == {"unreadable": 1}
    assert cloud.bodies() == ["hello"]


@pytest.mark.parametrize("depth", [300, 700, 960, 980, 1_000])
def test_a_deep_update_is_redriven_or_stays_and_is_no_error(cloud: Cloud, depth: int) -> None:
    event = json.dumps(envelope({"shipmentId": "S-1", "status": "x", "note": 0}))
    cloud.put_on_queue(event.replace(": 0", f": {'[' * depth}{']' * depth}"))
    result = cloud.run(*REDRIVE)
    assert result.exit_code in {0, 1}, result.output
    assert len(cloud.rows()) + len(cloud.bodies()) == 1


def test_what_is_not_selected_stays_readable_at_once(cloud: Cloud, waiting: list[Fields]) -> None:
    assert redriven(cloud, "--shipment", "S-03")["redriven"] == 1
    others = sorted(event["id"] for event in waiting if event != waiting[3])
    assert kept(cloud) == others


def test_a_dry_run_lists_what_is_selected_and_changes_nothing(
    cloud: Cloud, waiting: list[Fields]
) -> None:
    rejected = reject(cloud, {"shipmentId": "S-03"})
    cloud.calls.clear()
    result = cloud.run("redrive", "--dry-run", "--json", "--shipment", "S-03")
    lines = map(json.loads, result.stdout.splitlines())
    assert {line["envelopeId"]: line["verdict"] for line in lines} == {
        waiting[3]["id"]: "redrive",
        rejected["id"]: f"skip: {AGAIN}: status: is required",
    }
    assert not {"Invoke", "DeleteMessage"} & set(cloud.calls)
    assert kept(cloud) == sorted(event["id"] for event in [*waiting, rejected])


def test_a_dry_run_counts_the_rest(cloud: Cloud, waiting: list[Fields]) -> None:
    result = cloud.run("redrive", "--dry-run", "--shipment", "S-03")
    assert result.stdout.count("S-") == 1
    assert f"Would redrive 1 update. Skipped {len(waiting) - 1}: 11 not selected." in result.stdout


def test_a_long_dry_run_is_summarised(cloud: Cloud) -> None:
    for number in range(25):
        cloud.fail(envelope({"shipmentId": f"S-{number}", "status": "x"}))
    result = cloud.run("redrive", "--dry-run")
    assert result.stdout.count("S-") == 20
    assert "and 5 more updates: redrive --dry-run --json lists all" in result.stdout


def test_the_summary_says_what_was_redriven_and_what_was_skipped(
    cloud: Cloud, waiting: list[Fields]
) -> None:
    reject(cloud, {"shipmentId": "S-03"})
    result = cloud.run("redrive", "--shipment", "S-03")
    assert result.stdout == (
        f"Redriven 1: 1 stored. Skipped {len(waiting)}: 11 not selected; "
        "1 would be rejected again.\n"
        "Would be rejected: 1 status: is required\n"
    )


def test_a_selection_that_matches_nothing_is_reported(cloud: Cloud, waiting: list[Fields]) -> None:
    result = cloud.run("redrive", "--shipment", "S-3")
    assert (result.exit_code, result.stderr) == (1, "No update is selected.\n")
    assert result.stdout == "Redriven 0. Skipped 12: 12 not selected.\n"
    assert len(cloud.bodies()) == len(waiting)


def test_copies_of_a_stored_update_leave_the_queue_with_it(cloud: Cloud) -> None:
    event = envelope({"shipmentId": "S-1", "status": "LOST"})
    for _ in range(3):
        cloud.fail(event)
    counts = redriven(cloud)
    assert (counts["redriven"], counts["stored"], counts["copiesDeleted"]) == (1, 1, 2)
    assert cloud.bodies() == []


def test_copies_of_a_rejected_update_stay(cloud: Cloud) -> None:
    event = envelope({"shipmentId": "S-1"})
    for _ in range(2):
        cloud.invoke(event)
    counts = redriven(cloud, "--as-is")
    assert (counts["redriven"], counts["failedAgain"], counts["copiesDeleted"]) == (1, 1, 0)
    assert kept(cloud) == [event["id"]]


def test_another_update_under_the_same_update_id_is_not_taken_for_it(cloud: Cloud) -> None:
    detail = {"shipmentId": "S-1", "updateId": "u-1", "eventTime": "2025-03-01T12:00:00Z"}
    cloud.invoke(envelope({**detail, "status": "DELAYED"}))
    cloud.fail(envelope({**detail, "status": "LOST"}))
    cloud.broken["Invoke"] = lambda _: {"StatusCode": 202}  # Lambda has not tried it yet
    counts = redriven(cloud, "--watch", "0")
    assert (counts["redriven"], counts["stored"], counts["unknown"]) == (1, 0, 1)


def test_an_update_whose_alert_fails_again_is_not_called_stored(cloud: Cloud) -> None:
    cloud.fail(envelope({"shipmentId": "S-1", "status": "LOST"}))
    cloud.session.client("sns").delete_topic(TopicArn=cloud.topic)
    counts = redriven(cloud)
    assert (len(cloud.rows()), counts["stored"], counts["failedAgain"]) == (1, 0, 1)
    assert len(cloud.bodies()) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_an_event_is_redriven_as_it_came(event: Any) -> None:
    body = payload(event)
    assert json.loads(body) == event
    assert b"Infinity" not in body or "Infinity" in json.dumps(event, ensure_ascii=False)


@pytest.mark.parametrize("text", ["1e999", '"Infinity"', '"\\ud800"', '"é"', '{"a": [-1e999]}'])
def test_odd_json_is_redriven_as_json(text: str) -> None:
    body = payload(json.loads(text))
    assert json.loads(body, parse_constant=pytest.fail) == json.loads(text)
    assert len(body) <= len(text.encode())
