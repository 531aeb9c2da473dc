"""What the status stack could not do is done again, or its message stays, whatever happens."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shipments import failed_queue
from shipments.stack import CALLS_AT_ONCE
from shipments.status_redrive import GONE
from tests.unit.shipments.cloud import Cloud, Fields, envelope, once, refusal
from tests.unit.shipments.redriving import REDRIVE, depth, redriven
from tests.unit.shipments.status_tasks import asked, given_up, not_done, notice

NOON = "2026-11-24T12:00:00.000Z"
A_MINUTE_BEFORE = "2026-11-24T11:59:00.000Z"
STUCK = {"do": "stuck"}
TIMEOUT_SECONDS = 60  # of the status function
MINUTES = 60_000
NOON_MS = 1_795_521_600_000


@pytest.fixture
def both(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Deploy the status stack, whose function has read nothing yet."""
    cloud.deploy_status()
    monkeypatch.setenv("FINAL_STATUSES", "DELIVERED")  # which the function reads when it is asked
    return cloud


def store(cloud: Cloud, shipment: str, stored: str = NOON, status: str = "LOST") -> None:
    """Put a row that was stored at a time; each is the shipment's newest."""
    number = sum(row["shipmentId"] == shipment for row in cloud.rows())
    cloud.put_row(
        shipmentId=shipment,
        timestamp=NOON_MS + number * MINUTES,
        status=status,
        eventTime=NOON,
        location="Memphis",
        carrier="UPS",
        processedAt=stored,
    )


def fail(cloud: Cloud, *bodies: Fields) -> None:
    for body in bodies:
        cloud.put_on_queue(json.dumps(body))


def left(cloud: Cloud) -> list[Fields]:
    """Return what is on the queue."""
    return sorted(map(json.loads, cloud.bodies()), key=json.dumps)


def requests(cloud: Cloud) -> list[Fields]:
    """Return what the function is asked from now on; it answers as ever."""
    seen: list[Fields] = []
    cloud.broken["Invoke"] = seen.append
    return seen


def failing(*shipments: str) -> Callable[[Fields], Any]:
    """Return what answers for the function when it cannot refresh some shipments."""

    def answer(request: Fields) -> Any:
        failed = dict.fromkeys(set(request["shipments"]) & set(shipments), "throttled")
        return answered({"refreshed": len(request["shipments"]) - len(failed), "failed": failed})

    return answer


def answered(payload: Any, **fields: str) -> Fields:
    return {"StatusCode": 200, "Payload": json.dumps(payload).encode(), **fields}


def of_shipments(seen: list[Fields]) -> dict[str, list[str]]:
    """Return which shipments were asked for, by since when."""
    return {request.get("since", ""): request["shipments"] for request in seen}


def test_a_shipment_has_its_current_status_and_its_message_is_gone(both: Cloud) -> None:
    store(both, "S-1")
    fail(both, asked("S-1"))
    result = both.run(*REDRIVE)
    assert both.status.items()["S-1"]["status"] == {"S": "LOST"}
    assert (result.exit_code, left(both)) == (0, [])
    assert json.loads(result.stdout)["statusStack"] == {
        "done": 1,
        "shipmentsRefreshed": 1,
        "failed": {},
    }


def test_a_shipment_is_refreshed_since_when_its_message_says(both: Cloud) -> None:
    seen = requests(both)
    fail(both, asked("S-1", NOON), asked("S-2"), asked("S-3", NOON))
    redriven(both)
    assert of_shipments(seen) == {NOON: ["S-1", "S-3"], "": ["S-2"]}


EDGES = [
    ("2026-11-24T11:58:59.999Z", False),
    ("2026-11-24T11:59:00.000Z", True),
    ("2026-11-24T12:06:00.000Z", True),
    ("2026-11-24T12:06:00.001Z", False),
]


@pytest.mark.parametrize(("stored", "is_within"), EDGES)
def test_the_shipments_with_a_row_of_the_time_are_refreshed(
    both: Cloud, stored: str, *, is_within: bool
) -> None:
    seen = requests(both)
    store(both, "S-1", stored)
    fail(both, given_up(NOON, "2026-11-24T12:05:00Z"))
    redriven(both)
    assert of_shipments(seen) == ({A_MINUTE_BEFORE: ["S-1"]} if is_within else {})
    assert left(both) == []


def test_critical_rows_of_the_time_are_mailed_though_a_better_status_followed(both: Cloud) -> None:
    store(both, "S-1", status="LOST")
    store(both, "S-1", status="DELIVERED")
    fail(both, given_up(NOON, NOON))
    redriven(both)
    assert both.status.items()["S-1"]["heard"] == {"SS": [f"{NOON_MS} LOST"]}


def test_many_batches_are_one_reading_of_the_table_and_one_refresh_of_each(both: Cloud) -> None:
    seen = requests(both)
    store(both, "S-1", "2026-11-24T12:00:30.000Z")
    store(both, "S-1", "2026-11-24T12:01:30.000Z")
    fail(both, *(given_up(f"2026-11-24T12:0{n}:00Z", f"2026-11-24T12:0{n}:59Z") for n in range(9)))
    assert redriven(both)["statusStack"]["done"] == 9
    assert both.calls.count("Scan") == CALLS_AT_ONCE
    assert of_shipments(seen) == {A_MINUTE_BEFORE: ["S-1"]}
    assert len(seen) == 1


def test_rows_of_another_time_are_not_sent(both: Cloud) -> None:
    filters: list[str] = []
    both.broken["Scan"] = lambda request: filters.append(request.get("FilterExpression", ""))
    fail(both, given_up(NOON, NOON))
    redriven(both)
    assert filters == ["processedAt BETWEEN :first AND :last"] * CALLS_AT_ONCE


def test_of_two_times_apart_each_has_its_own_shipments(both: Cloud) -> None:
    seen = requests(both)
    for shipment, hour in (("S-1", 12), ("S-2", 15), ("S-3", 18)):
        store(both, shipment, f"2026-11-24T{hour}:00:00.000Z")
    fail(
        both,
        *(given_up(f"2026-11-24T{hour}:00:00Z", f"2026-11-24T{hour}:00:00Z") for hour in (18, 12)),
    )
    redriven(both)
    assert of_shipments(seen) == {A_MINUTE_BEFORE: ["S-1"], "2026-11-24T17:59:00.000Z": ["S-3"]}


def test_a_batch_within_another_ends_no_earlier(both: Cloud) -> None:
    store(both, "S-1", "2026-11-24T14:00:00.000Z")
    fail(
        both,
        given_up(NOON, "2026-11-24T15:00:00Z"),
        given_up("2026-11-24T12:30:00Z", "2026-11-24T12:31:00Z"),
    )
    redriven(both)
    assert list(both.status.items()) == ["S-1"]


def test_a_request_is_made_again(both: Cloud) -> None:
    seen = requests(both)
    fail(both, not_done(STUCK))
    redriven(both)
    assert (seen, left(both)) == ([STUCK], [])


def test_a_request_has_as_long_as_the_function(
    both: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(both, not_done(STUCK))
    seconds: list[int] = []
    make = both.session.client

    def client(service: str, **options: Any) -> Any:
        seconds.append(options["config"].read_timeout)
        return make(service, **options)

    monkeypatch.setattr(both.session, "client", client)
    assert redriven(both)["statusStack"]["done"] == 1
    assert max(seconds) > TIMEOUT_SECONDS


def test_a_rejected_update_waits_for_its_mail_again(both: Cloud) -> None:
    fail(both, not_done(notice("S-1")))
    redriven(both)
    assert (keys(both), left(both)) == (["\nrejected of S-1"], [])


def test_a_request_that_fails_again_stays_with_the_reason(both: Cloud) -> None:
    fail(both, not_done(STUCK))
    both.broken["Invoke"] = lambda _: answered(
        {"errorType": "KeyError", "errorMessage": "'x'"}, FunctionError="Unhandled"
    )
    result = both.run(*REDRIVE)
    assert (result.exit_code, left(both)) == (1, [not_done(STUCK)])
    assert json.loads(result.stdout)["statusStack"]["failed"] == {"KeyError: 'x'": 1}


@pytest.mark.parametrize(("failed", "other"), [("S-1", "S-2"), ("S-2", "S-1")])
def test_a_shipment_that_fails_again_keeps_its_messages_and_no_other(
    both: Cloud, failed: str, other: str
) -> None:
    evening = "2026-11-24T18:00:00.000Z"
    batches = {"S-1": given_up(NOON, NOON), "S-2": given_up(evening, evening)}
    store(both, "S-1")
    store(both, "S-2", evening)
    stay = [asked(failed), batches[failed]]
    fail(both, asked("S-3"), batches[other], *stay)
    both.broken["Invoke"] = failing(failed)
    result = both.run(*REDRIVE)
    assert json.loads(result.stdout)["statusStack"] == {
        "done": 2,
        "shipmentsRefreshed": 2,
        "failed": {f"{failed}: throttled": 2},
    }
    assert (result.exit_code, left(both)) == (1, sorted(stay, key=json.dumps))


def test_what_stays_for_a_shipment_is_the_message_of_its_first_row(both: Cloud) -> None:
    store(both, "S-1")
    store(both, "S-1", "2026-11-24T18:00:00.000Z")
    fail(both, given_up("2026-11-24T18:00:00Z", "2026-11-24T18:00:00Z"), given_up(NOON, NOON))
    both.broken["Invoke"] = failing("S-1")
    redriven(both)
    seen = requests(both)
    assert left(both) == [given_up(NOON, NOON)]
    redriven(both)
    assert of_shipments(seen) == {A_MINUTE_BEFORE: ["S-1"]}


def test_of_a_status_stack_that_is_gone_they_are_skipped_and_stay(cloud: Cloud) -> None:
    bodies = sorted([asked("S-1"), given_up(NOON, NOON), not_done(STUCK)], key=json.dumps)
    fail(cloud, *bodies)
    result = cloud.run("redrive")
    assert (result.exit_code, result.stdout) == (0, f"Redriven 0. Skipped 3: 3 {GONE}.\n")
    assert left(cloud) == bodies
    assert "Invoke" not in cloud.calls


def test_who_may_not_look_for_the_status_stack_redrives_the_updates(both: Cloud) -> None:
    fail(both, asked("S-1"), asked("S-2"))
    both.fail(envelope({"shipmentId": "S-3", "status": "X"}))
    calls = 0

    def describe(_: Fields) -> Any:
        nonlocal calls
        calls += 1
        return refusal("AccessDenied") if calls > 1 else None

    both.broken["DescribeStacks"] = describe
    result = both.run(*REDRIVE)
    counts = json.loads(result.stdout)
    assert (result.exit_code, counts["stored"], len(left(both))) == (1, 1, 2)
    why = "not allowed: have DescribeStacks granted to the identity in use"
    assert counts["statusStack"]["failed"] == {why: 2}
    assert calls == 3


def test_the_status_stack_is_not_looked_for_without_a_message_of_it(
    both: Cloud, waiting: list[Fields]
) -> None:
    assert redriven(both)["redriven"] == len(waiting)
    assert both.calls.count("DescribeStacks") == 1


def test_a_dry_run_says_what_would_be_done_and_does_nothing(both: Cloud) -> None:
    bodies = [asked("S-1"), not_done(STUCK)]
    fail(both, *bodies)
    both.fail(envelope({"shipmentId": "S-3", "status": "X"}))
    result = both.run("redrive", "--dry-run")
    assert "S-1       status stack  redrive: refresh the shipment\n" in result.stdout
    assert result.stdout.endswith("Would redrive 1 update and 2 messages of the status stack.\n")
    assert not {"Invoke", "DeleteMessage", "Scan"} & set(both.calls)
    assert len(left(both)) == 3


def test_a_dry_run_says_that_they_would_be_skipped(cloud: Cloud) -> None:
    fail(cloud, asked("S-1"))
    line = json.loads(cloud.run("redrive", "--dry-run", "--json").stdout)
    assert line["verdict"] == f"skip: {GONE}"


def test_one_can_be_selected_by_its_message_s_id(both: Cloud) -> None:
    fail(both, asked("S-1"), asked("S-2"))
    found = map(json.loads, both.run("failed", "--json").stdout.splitlines())
    ids = {each["shipmentId"]: each["messageId"] for each in found}
    result = both.run("redrive", "--id", ids["S-2"])
    assert left(both) == [asked("S-1")]
    assert result.exit_code == 0
    assert result.stdout == (
        "Redriven 0. Skipped 1: 1 not selected.\n"
        "Status stack: 1 shipment refreshed, 1 message deleted.\n"
    )


def test_they_are_never_fixed(both: Cloud) -> None:
    fail(both, asked("S-1"))
    counts = redriven(both, "--shipment", "S-1", "--fix", "status=LOST")
    assert counts["skipped"] == {"no update, so not fixed": 1}
    assert left(both) == [asked("S-1")]


def test_a_details_file_may_have_them_as_failed_prints_them(both: Cloud, tmp_path: Path) -> None:
    fail(both, asked("S-1"))
    details = tmp_path / "fixed.jsonl"
    details.write_text(both.run("failed", "--json").stdout)
    counts = redriven(both, "--details", str(details))
    assert counts["skipped"] == {"no update, so not fixed": 1}


def test_a_message_is_saved_before_it_is_deleted(both: Cloud, tmp_path: Path) -> None:
    saved = tmp_path / "saved.jsonl"
    sizes: list[int] = []
    both.broken["DeleteMessage"] = lambda _: sizes.append(saved.stat().st_size)
    fail(both, asked("S-1"))
    assert redriven(both, "--save", str(saved))["saved"] == str(saved)
    assert json.loads(json.loads(saved.read_text())["body"]) == asked("S-1")
    assert sizes == [saved.stat().st_size]


def test_updates_are_counted_without_them(both: Cloud, waiting: list[Fields]) -> None:
    fail(both, asked("S-1"))
    counts = redriven(both)
    assert (counts["redriven"], counts["stored"]) == (len(waiting), len(waiting))
    assert (counts["skipped"], counts["statusStack"]["done"]) == ({}, 1)


def test_a_function_that_refuses_is_not_asked_for_each_message(both: Cloud) -> None:
    fail(both, asked("S-1"), asked("S-2", NOON), not_done(STUCK), not_done(STUCK))
    both.broken["Invoke"] = lambda _: refusal("AccessDeniedException")
    result = both.run("redrive")
    assert result.stdout == (
        "Redriven 0.\nStatus stack, still on the queue: "
        "4 not allowed: have Invoke granted to the identity in use\n"
    )
    assert (result.exit_code, len(left(both)), both.calls.count("Invoke")) == (1, 4, 1)


def test_requests_end_at_the_first_that_is_refused(both: Cloud) -> None:
    fail(both, not_done(STUCK), not_done(STUCK))
    both.broken["Invoke"] = lambda _: refusal("AccessDeniedException")
    assert sum(redriven(both)["statusStack"]["failed"].values()) == 2
    assert (len(left(both)), both.calls.count("Invoke")) == (2, 1)


def test_a_table_that_may_not_be_read_keeps_the_batches_only(both: Cloud) -> None:
    fail(both, asked("S-1"), given_up(NOON, NOON))
    both.broken["Scan"] = lambda _: refusal("AccessDeniedException")
    why = "not allowed: have Scan granted to the identity in use"
    assert redriven(both)["statusStack"]["failed"] == {why: 1}
    assert left(both) == [given_up(NOON, NOON)]


@pytest.mark.parametrize("call", ["Scan", "Invoke"])
def test_what_ctrl_c_leaves_undone_stays(both: Cloud, call: str) -> None:
    store(both, "S-1")
    bodies = [asked("S-2"), given_up(NOON, NOON), not_done(STUCK)]
    fail(both, *bodies)
    both.broken[call] = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    result = both.run(*REDRIVE)
    both.broken.clear()
    failed = json.loads(result.stdout)["statusStack"]["failed"]
    assert (result.exit_code, failed) == (130, {"interrupted": len(left(both))})
    assert not_done(STUCK) in left(both)
    assert redriven(both)["statusStack"]["failed"] == {}
    assert set(both.status.items()) == {"S-1"}


def test_after_ctrl_c_among_the_updates_nothing_more_is_begun(both: Cloud) -> None:
    fail(both, given_up(NOON, NOON))
    both.fail(envelope({"shipmentId": "S-3", "status": "X"}))
    both.broken["Invoke"] = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    result = both.run(*REDRIVE)
    assert (result.exit_code, "Scan" in both.calls) == (130, False)
    assert left(both) == [given_up(NOON, NOON)]


def test_they_wait_where_the_updates_could_not_be_redriven(both: Cloud) -> None:
    fail(both, asked("S-1"))
    both.fail(envelope({"shipmentId": "S-3", "status": "X"}))
    both.broken["Invoke"] = lambda request: (
        None if "do" in request else refusal("AccessDeniedException")
    )
    assert both.run("redrive").exit_code == 2
    assert len(left(both)) == 2


class Died(BaseException):
    """The process ends here, and nothing of it runs any more."""


@pytest.mark.parametrize("call", ["DescribeStacks", "Scan", "Invoke", "DeleteMessage"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_redrive_that_dies_at_any_call_loses_none_of_them(
    both: Cloud, monkeypatch: pytest.MonkeyPatch, call: str, *, before: bool
) -> None:
    store(both, "S-1")
    store(both, "S-2", "2026-11-24T18:00:00.000Z")
    fail(both, asked("S-2"), given_up(NOON, NOON), not_done(notice("S-3")))
    died = False

    def die(*_: Any, **__: Any) -> None:
        nonlocal died
        died = True
        raise Died

    event = f"{'before' if before else 'after'}-call.*.{call}"
    monkeypatch.setattr(both.session, "keeps", False)
    both.session.events.register_first(event, die)
    with monkeypatch.context() as patch:
        patch.setattr(failed_queue, "HIDDEN_SECONDS", 1)
        give_back = failed_queue.FailedQueue.give_back
        patch.setattr(
            failed_queue.FailedQueue, "give_back", lambda queue: None if died else give_back(queue)
        )
        with pytest.raises(Died):
            both.run(*REDRIVE)
    both.session.events.unregister(event, die)
    give_up = time.monotonic() + 30
    while depth(both) and time.monotonic() < give_up:
        redriven(both)
    assert {"S-1", "S-2", "\nrejected of S-3"} <= set(keys(both))


def keys(cloud: Cloud) -> list[str]:
    """Return the keys of the status table, those of what waits for its mail among them."""
    found = cloud.dynamodb.scan(TableName=cloud.status.table)["Items"]
    return [item["shipmentId"]["S"] for item in found]
