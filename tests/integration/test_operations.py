"""The operator's commands on the deployed stack, as their users run them."""

import json
import shlex
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.integration.operations import SECONDS, Done, Shipments, interrupt, only
from tests.integration.permissions import without
from tests.integration.pipeline import DEPLOYED, Fields, Pipeline
from tests.services import Failure, dead_letter

MADE = "makes an archive of the bus, and replays it"
DENIED = "takes a permission away from the function"
SOME = 6


@pytest.fixture(scope="module")
def shipments(request: pytest.FixtureRequest, pipeline: Pipeline) -> Shipments:
    emulated = pipeline.pace is not DEPLOYED
    environment = request.getfixturevalue("emulator").environment if emulated else {}
    return Shipments(pipeline, environment)


@pytest.fixture
def shipment(pipeline: Pipeline) -> Callable[[], str]:
    """Return a function that returns the id of a new shipment, whose rows go at the end."""

    def new() -> str:
        name = pipeline.shipment()
        pipeline._remember({"shipmentId": name})  # noqa: SLF001 - as all that it puts itself
        return name

    return new


@pytest.fixture
def undelivered(pipeline: Pipeline, shipment: Callable[[], str]) -> list[Fields]:
    """Put updates on the queue as EventBridge does; return their envelopes."""
    failure = Failure("NO_PERMISSIONS", "not authorized")
    cause = dead_letter(pipeline.stack["ShipmentUpdateRuleArn"], pipeline.function, failure)
    events = [
        pipeline.envelope({"shipmentId": shipment(), "status": "IN_TRANSIT"}) for _ in range(SOME)
    ]
    for event in events:
        pipeline.client("sqs").send_message(
            QueueUrl=pipeline.stack["FailedUpdatesQueueUrl"],
            MessageBody=json.dumps(event),
            MessageAttributes=cause,
        )
    return events


def names(events: list[Fields]) -> list[str]:
    return [event["detail"]["shipmentId"] for event in events]


def stored_once(pipeline: Pipeline, events: list[Fields]) -> bool:
    """Say whether each event has its one row; fail if one has two."""
    rows = [pipeline.rows(shipment) for shipment in names(events)]
    assert max(map(len, rows)) <= 1
    ids = [row["updateId"] for found in rows for row in found]
    return ids == [event["id"] for event in events]


# ---- send and track


def test_an_update_sent_by_options_becomes_a_row(
    pipeline: Pipeline, shipments: Shipments, shipment: Callable[[], str]
) -> None:
    name = shipment()
    options = ("--shipment-id", name, "--status", "in transit", "--location", "Köln")
    (sent,) = shipments.told("send", *options)
    (row,) = pipeline.wait_for_rows(name)
    assert (row["status"], row["location"]) == ("IN_TRANSIT", "Köln")
    assert (row["updateId"], sent["sent"]) == (sent["updateId"], 1)


@pytest.fixture
def file(tmp_path: Path, shipment: Callable[[], str]) -> tuple[Path, str]:
    """Return a CSV file of a shipment's updates, and the shipment."""
    name, path = shipment(), tmp_path / "updates.csv"
    hours = (f"{name},scan {hour},2026-01-01T{hour}:00:00Z" for hour in (12, 10, 11))
    path.write_text("\n".join(["shipmentId,status,eventTime", *hours]), "utf-8")
    return path, name


def test_a_file_that_is_sent_twice_adds_no_row(
    pipeline: Pipeline, shipments: Shipments, file: tuple[Path, str]
) -> None:
    path, name = file
    sent = [shipments.run("send", str(path), "--rate", "20") for _ in range(2)]
    assert [done.status for done in sent] == [0, 0]
    assert [done.err.count("which the deployed function has.\n") for done in sent] == [1, 1]
    pipeline.wait_for_log(name, 6)
    assert len(pipeline.rows(name)) == 3


def test_the_log_shows_what_became_of_a_shipment(
    pipeline: Pipeline, shipments: Shipments, shipment: Callable[[], str]
) -> None:
    name, another = shipment(), shipment()
    for each in (name, another):
        shipments.run("send", "--shipment-id", each, "--status", "", "--as-is")
        pipeline.wait_for_log(each)
    rejected = shipments.told("log", "--outcome", "rejected", "--shipment", name)
    assert [line["reason"] for line in rejected] == ["status: is required"]
    assert shipments.told("log", "--outcome", "stored", "--shipment", name) == []


def test_a_shipment_is_tracked_in_the_order_in_which_it_moved(
    pipeline: Pipeline, shipments: Shipments, file: tuple[Path, str]
) -> None:
    path, name = file
    shipments.run("send", str(path), "--rate", "20")
    pipeline.wait_for_rows(name, 3)
    told = shipments.told("track", name)
    assert [row["status"] for row in told] == ["SCAN_10", "SCAN_11", "SCAN_12"]
    assert "Latest: SCAN_12, 2026-01-01 12:00:00.000 UTC" in shipments.run("track", name).out


def test_an_update_is_followed_as_it_comes(
    pipeline: Pipeline, shipments: Shipments, shipment: Callable[[], str]
) -> None:
    name = shipment()
    pipeline.put({"shipmentId": name, "status": "FIRST"})
    pipeline.wait_for_rows(name)
    with shipments.running("track", name, "--follow", "--interval", "0.2", "--json") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        pipeline.put({"shipmentId": name, "status": "SECOND"})
        lines.append(process.stdout.readline())
        done = interrupt(process)
    assert [json.loads(line)["status"] for line in lines] == ["FIRST", "SECOND"]
    assert done.status == 130


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, "Latest: LOST (critical), alerted"),
        ({"eventTime": "noon"}, "1 failed update: 1 rejected."),
    ],
)
def test_the_command_at_the_end_of_a_mail_works_as_it_is(
    pipeline: Pipeline,
    shipments: Shipments,
    shipment: Callable[[], str],
    fields: Fields,
    shown: str,
) -> None:
    name = shipment()
    pipeline.put({"shipmentId": name, "status": "LOST", **fields})
    pipeline.wait_for_log(name)
    (alert,) = pipeline.wait_for_alerts(name)
    program, *arguments = shlex.split(alert.body.splitlines()[-2])
    done = shipments.run(*arguments)
    assert (program, done.status) == ("shipments", 0)
    assert shown in done.out


def test_a_shipment_of_which_nothing_is_stored_is_found_on_the_queue(
    pipeline: Pipeline, shipments: Shipments, shipment: Callable[[], str]
) -> None:
    name = shipment()
    pipeline.put({"shipmentId": name})
    pipeline.wait_for_log(name)
    done = shipments.run("track", name)
    assert done.status == 2
    assert "1 is on the failed-updates queue: rejected: status: is required" in done.err


# ---- list and export


def test_the_latest_status_of_each_shipment_is_listed(
    pipeline: Pipeline, shipments: Shipments, shipment: Callable[[], str]
) -> None:
    name, another = shipment(), shipment()
    carrier = {"carrier": name}
    pipeline.put({"shipmentId": name, "status": "in transit", "eventTime": "2026-01-01T00:00Z"})
    pipeline.put({"shipmentId": name, "status": "lost", **carrier})
    pipeline.put({"shipmentId": another, "status": "delivered", **carrier})
    pipeline.wait_for_rows(name, 2)
    pipeline.wait_for_rows(another)
    listed = shipments.told("list", "--carrier", name, "--sort", "status")
    found = [(each["shipmentId"], each["status"], each["critical"]) for each in listed]
    assert found == [(another, "DELIVERED", False), (name, "LOST", True)]


def test_stored_updates_are_exported_to_a_file(
    pipeline: Pipeline, shipments: Shipments, file: tuple[Path, str], tmp_path: Path
) -> None:
    (path, name), out = file, tmp_path / "out.jsonl"
    shipments.run("send", str(path))
    rows = pipeline.wait_for_rows(name, 3)
    assert shipments.run("export", "--since", "2026-01-01T00:00Z", "--output", str(out)).status == 0
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    exported = [line for line in lines if line["shipmentId"] == name]
    assert sorted(exported, key=lambda row: int(row["timestamp"])) == rows


# ---- failed


def test_a_rejected_update_is_listed_with_its_reason_as_often_as_one_looks(
    pipeline: Pipeline, shipments: Shipments, shipment: Callable[[], str]
) -> None:
    name = shipment()
    (event_id,) = pipeline.put({"shipmentId": name})
    pipeline.wait_for_log(name)
    for _ in range(2):
        (told,) = shipments.failed(name)
        assert told["envelopeId"] == event_id
        assert (told["where"], told["why"]) == ("rejected", "status: is required")


def test_an_update_that_was_not_delivered_is_listed_with_eventbridge_s_reason(
    shipments: Shipments, undelivered: list[Fields]
) -> None:
    told = shipments.failed(*names(undelivered))
    assert {(each["where"], each["why"]) for each in told} == {
        ("delivery", "NO_PERMISSIONS: not authorized")
    }
    assert sorted(each["envelopeId"] for each in told) == sorted(e["id"] for e in undelivered)


@pytest.mark.own_stack(DENIED)
def test_an_update_that_failed_three_times_is_listed_and_then_redriven(
    pipeline: Pipeline, shipments: Shipments, shipment: Callable[[], str]
) -> None:
    event = pipeline.envelope({"shipmentId": shipment(), "status": "LOST"})
    name = event["detail"]["shipmentId"]
    with without(pipeline, "dynamodb:PutItem"):
        pipeline.invoke_later(event)
        pipeline.wait_for_log(name, 3)
    (told,) = pipeline.until(lambda: shipments.failed(name))
    assert told["where"] == "function"
    assert "PutItem AccessDeniedException" in told["why"]
    (counts,) = shipments.redrive([name]).told
    assert (counts["redriven"], counts["stored"]) == (1, 1)
    assert stored_once(pipeline, [event])
    assert len(pipeline.alerts(name)) == 1
    assert pipeline.failed(name) == []


def test_a_failed_update_is_discarded_by_the_id_in_the_mail_and_kept_in_a_file(
    pipeline: Pipeline, shipments: Shipments, rejected: tuple[str, str], tmp_path: Path
) -> None:
    name, event_id = rejected
    file = tmp_path / "discarded.jsonl"
    done = shipments.run("discard", "--message", event_id, "--save", str(file))
    assert done.status == 0, done.err
    assert pipeline.failed(name) == []
    (saved,) = map(json.loads, file.read_text("utf-8").splitlines())
    assert json.loads(saved["body"])["envelope"]["id"] == event_id


def test_an_erased_shipment_has_no_row_and_no_failed_update(
    pipeline: Pipeline, shipments: Shipments, rejected: tuple[str, str]
) -> None:
    name, _ = rejected
    pipeline.put({"shipmentId": name, "status": "IN_TRANSIT"})
    pipeline.wait_for_rows(name, 1)
    (done,) = shipments.told("erase", name, "--yes")
    assert done["erased"] == {"rows": 1, "messages": 1}
    assert (pipeline.rows(name), pipeline.failed(name)) == ([], [])


# ---- redrive


def test_redriven_updates_are_stored_and_off_the_queue(
    pipeline: Pipeline, shipments: Shipments, undelivered: list[Fields]
) -> None:
    done = shipments.redrive(names(undelivered))
    (counts,) = done.told
    assert (done.status, counts["redriven"], counts["stored"]) == (0, SOME, SOME)
    assert stored_once(pipeline, undelivered)
    assert not any(map(pipeline.failed, names(undelivered)))


@pytest.fixture
def rejected(pipeline: Pipeline, shipment: Callable[[], str]) -> tuple[str, str]:
    """Have the function reject an update; return its shipment and its event's id."""
    name = shipment()
    (event_id,) = pipeline.put({"shipmentId": name, "status": "LOST", "eventTime": "noon"})
    pipeline.wait_for_log(name)
    return name, event_id


def test_a_rejected_update_that_is_redriven_as_it_is_fails_again(
    shipments: Shipments, rejected: tuple[str, str]
) -> None:
    name, event_id = rejected
    assert shipments.redrive([name]).told[0]["redriven"] == 0
    done = shipments.redrive([name], "--as-is")
    (counts,) = done.told
    assert (done.status, counts["redriven"], counts["failedAgain"]) == (1, 1, 1)
    (told,) = shipments.failed(name)
    assert told["envelopeId"] == event_id


def test_a_rejected_update_that_is_fixed_is_stored(
    pipeline: Pipeline, shipments: Shipments, rejected: tuple[str, str], tmp_path: Path
) -> None:
    name, event_id = rejected
    file = tmp_path / "fixed.csv"
    file.write_text(f"envelopeId,eventTime\n{event_id},2026-01-01T12:00:00Z\n", "utf-8")
    originals = tmp_path / "originals.jsonl"
    done = shipments.redrive([name], "--details", str(file), "--save", str(originals))
    assert event_id in originals.read_text("utf-8")
    assert (done.status, done.told[0]["stored"]) == (0, 1)
    (row,) = pipeline.rows(name)
    assert row["eventTime"] == "2026-01-01T12:00:00.000Z"
    assert row["updateId"] != event_id  # it has a time of its own now, so its content is its key
    assert pipeline.failed(name) == []


def test_an_interrupted_redrive_leaves_the_rest_for_the_next(
    pipeline: Pipeline, shipments: Shipments, undelivered: list[Fields]
) -> None:
    every = names(undelivered)
    options = [part for name in every for part in ("--shipment", name)]
    with shipments.running("redrive", *options, "--rate", "1", "--json") as process:
        pipeline.until(lambda: any(pipeline.rows(name) for name in every))
        done = interrupt(process)
    (counts,) = done.told
    assert (done.status, 0 < counts["redriven"] < SOME) == (130, True)
    assert len(shipments.failed(*every)) == SOME - counts["redriven"]
    assert shipments.redrive(every).told[0]["redriven"] == SOME - counts["redriven"]
    assert pipeline.until(lambda: stored_once(pipeline, undelivered))
    assert not any(map(pipeline.failed, every))


def test_two_redrives_at_once_store_each_update_once(
    pipeline: Pipeline, shipments: Shipments, undelivered: list[Fields]
) -> None:
    every = names(undelivered)

    def redrive(_: int) -> Done:
        options = (*only(every), "--watch", "0", "--json")
        with shipments.running("redrive", *options) as process:
            out, err = process.communicate(timeout=SECONDS)
        return Done(process.returncode, out, err)

    counts = [done.told[0] for done in pipeline.each(redrive, range(2))]
    shipments.redrive(every, "--watch", "0")  # one may have passed over what the other hid
    assert sum(each["redriven"] for each in counts) <= SOME
    assert pipeline.until(lambda: stored_once(pipeline, undelivered))
    assert not any(map(pipeline.failed, every))


# ---- replay


@pytest.fixture
def archive(pipeline: Pipeline) -> Iterator[str]:
    """Archive what the rule takes; return the archive's ARN."""
    events, name = pipeline.client("events"), f"{pipeline.run}-commands"
    rule = events.describe_rule(Name=pipeline.stack["ShipmentUpdateRuleArn"].rsplit("/", 1)[1])
    bus = events.describe_event_bus(Name=pipeline.stack["EventBusName"])["Arn"]
    made = events.create_archive(
        ArchiveName=name, EventSourceArn=bus, EventPattern=rule["EventPattern"]
    )
    yield made["ArchiveArn"]
    events.delete_archive(ArchiveName=name)


@pytest.mark.own_stack(MADE)
def test_a_replay_stores_what_is_missing_and_nothing_else(
    pipeline: Pipeline, shipments: Shipments, shipment: Callable[[], str], archive: str
) -> None:
    there, missing = shipment(), shipment()
    pipeline.put({"shipmentId": there, "status": "LOST"}, {"shipmentId": missing, "status": "x"})
    pipeline.wait_for_alerts(there)
    (row,) = pipeline.wait_for_rows(missing)
    key = {"shipmentId": {"S": missing}, "timestamp": {"N": str(row["timestamp"])}}
    table = pipeline.stack["ShipmentLogsTableName"]
    pipeline.client("dynamodb").delete_item(TableName=table, Key=key)
    start = datetime.now(timezone.utc) - timedelta(minutes=5)
    done = shipments.run("replay", "--from", start.isoformat(), "--archive", archive, "--json")
    (counts,) = done.told
    assert (done.status, counts["state"]) == (0, "COMPLETED")
    assert (counts["new"], counts["known"]) == (1, 1)
    assert counts["newUpdates"] == [{"shipmentId": missing, "updateId": row["updateId"]}]
    assert [len(pipeline.rows(name)) for name in (there, missing)] == [1, 1]
    assert len(pipeline.alerts(there)) == 1


@pytest.mark.own_stack("needs a stack without an archive")
def test_a_replay_without_an_archive_is_refused(shipments: Shipments) -> None:
    done = shipments.run("replay", "--from", "2h")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("Error: stack shared has no archive: deploy it with Archive")


# ---- wrong use


def test_a_stack_that_is_not_there_is_named(shipments: Shipments) -> None:
    done = shipments.run("failed", "--stack-name", "no-such-stack")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("Error: --stack-name: no stack no-such-stack in ")
    assert done.err.count("\n") == 1


@pytest.mark.own_stack("sets the settings of the emulator")
def test_an_endpoint_that_does_not_answer_is_named(shipments: Shipments) -> None:
    done = shipments.run("failed", AWS_ENDPOINT_URL="https://127.0.0.1:1")
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert "check the network, --region and AWS_ENDPOINT_URL" in done.err
