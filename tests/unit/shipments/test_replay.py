"""A replay goes to the rule alone, and counts what was new in it."""

import json
import os
import signal
import time
from datetime import datetime, timedelta, timezone

import pytest

from shipments import mails
from tests.unit.shipments.cloud import ARN, Cloud, Fields, once, refusal

TIMES = ("--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T06:00:00Z")


def log(
    cloud: Cloud,
    outcome: str,
    shipment: str,
    *,
    number: int = 1,
    seconds_ago: int = 0,
    **fields: str,
) -> None:
    """Have the function log an outcome, and fields beside it, a number of times."""
    line = {"_aws": {}, "outcome": outcome, "shipmentId": shipment, "updateId": f"u-{shipment}"}
    milliseconds = time.time_ns() // 1_000_000 - 1000 * seconds_ago
    event = {"timestamp": milliseconds, "message": json.dumps({**line, **fields})}
    cloud.logs.put_log_events(
        logGroupName=cloud.log_group, logStreamName="s", logEvents=[event] * number
    )


@pytest.fixture
def logged(cloud: Cloud) -> None:
    """Have the function log what comes by a replay, and what comes meanwhile."""
    cloud.logs.create_log_stream(logGroupName=cloud.log_group, logStreamName="s")
    cloud.replay["ReplayStartTime"] = datetime.now(timezone.utc) - timedelta(seconds=1)

    def replay(name: str) -> None:
        for outcome, shipment in (("stored", "S-1"), ("duplicate", "S-2"), ("duplicate", "S-3")):
            log(cloud, outcome, shipment, replay=name)
        log(cloud, "stored", "S-4")
        log(cloud, "failed", "S-5", replay="another")

    cloud.on_replay.append(replay)


def replayed(cloud: Cloud, *options: str) -> Fields:
    result: Fields = json.loads(cloud.run("replay", *TIMES, *options, "--json").stdout)
    return result


@pytest.mark.usefixtures("logged")
def test_a_replay_counts_the_updates_that_were_new(cloud: Cloud) -> None:
    counts = replayed(cloud)
    assert (counts["state"], counts["new"], counts["known"]) == ("COMPLETED", 1, 2)
    assert counts["newUpdates"] == [{"shipmentId": "S-1", "updateId": "u-S-1"}]


def test_a_replay_goes_from_the_archive_to_the_rule_alone(cloud: Cloud) -> None:
    replayed(cloud)
    (replay,) = cloud.replays
    assert replay["EventSourceArn"] == f"{ARN}:archive/shipments"
    assert replay["Destination"] == {
        "Arn": f"{ARN}:event-bus/b",
        "FilterArns": [f"{ARN}:rule/b/shipments"],
    }
    assert (replay["EventStartTime"], replay["EventEndTime"]) == (1_767_225_600, 1_767_247_200)


@pytest.mark.usefixtures("logged")
def test_a_replay_in_which_an_update_is_rejected_is_a_partial_failure(cloud: Cloud) -> None:
    assert cloud.run("replay", *TIMES).exit_code == 0
    cloud.on_replay.append(lambda name: log(cloud, "rejected", "S-6", replay=name))
    assert cloud.run("replay", *TIMES).exit_code == 1


def test_a_replay_that_fails_is_reported_with_its_reason(cloud: Cloud) -> None:
    cloud.replay.update(State="FAILED", StateReason="Something broke")
    result = cloud.run("replay", *TIMES)
    assert result.exit_code == 1
    assert "FAILED: Something broke" in result.stdout


def test_a_replay_is_watched_to_its_end(cloud: Cloud) -> None:
    states = ["STARTING", "RUNNING", "RUNNING", "COMPLETED"]
    reached = datetime(2026, 1, 1, 3, tzinfo=timezone.utc)
    cloud.broken["DescribeReplay"] = lambda _: {
        **cloud.replay,
        "State": states.pop(0),
        "EventLastReplayedTime": reached,
    }
    assert replayed(cloud)["state"] == "COMPLETED"
    assert states == []


def test_an_interrupted_replay_goes_on_and_says_how_to_end_it(cloud: Cloud) -> None:
    cloud.replay["State"] = "RUNNING"
    cloud.broken["DescribeReplay"] = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    result = cloud.run("replay", *TIMES)
    assert result.exit_code == 130
    assert "aws events cancel-replay --replay-name shipments-" in result.stderr


def test_a_replay_that_cannot_be_watched_is_reported(cloud: Cloud) -> None:
    cloud.broken["FilterLogEvents"] = lambda _: refusal("AccessDeniedException")
    result = cloud.run("replay", *TIMES)
    assert result.exit_code == 1
    assert (
        "It could not be watched until its end: not allowed: have FilterLogEvents" in result.stderr
    )


NOW = datetime.now(timezone.utc)
LATER = f"{NOW + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
REFUSED = [
    (["--from", "1h", "--to", "2h"], "is not before --to: pass an earlier time"),
    (["--from", TIMES[1], "--to", TIMES[1]], "is not before --to: pass an earlier time"),
    (["--from", "1h", "--to", LATER], "--to: is in the future"),
    (["--from", "90d", "--to", "40d"], "--to: the archive keeps 30 days: pass a later time"),
    (["--from", "8d"], "--from: rows are kept for 7 days"),
]


@pytest.mark.parametrize(("options", "part"), REFUSED)
def test_a_time_range_that_makes_no_sense_is_refused(
    cloud: Cloud, options: list[str], part: str
) -> None:
    cloud.archive["RetentionDays"] = 30
    row_days = {"ParameterKey": "RowRetentionDays", "ParameterValue": "7"}
    cloud.stacks[0]["Parameters"].append(row_days)
    result = cloud.run("replay", *options)
    assert (result.exit_code, cloud.replays) == (2, [])
    assert part in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_has_expired_is_stored_again_only_if_that_is_meant(cloud: Cloud) -> None:
    row_days = {"ParameterKey": "RowRetentionDays", "ParameterValue": "7"}
    cloud.stacks[0]["Parameters"].append(row_days)
    assert cloud.run("replay", "--from", "8d", "--expired-too").exit_code == 0


def test_without_an_archive_there_is_nothing_to_replay(cloud: Cloud) -> None:
    outputs = cloud.stacks[0]["Outputs"]
    outputs[:] = [each for each in outputs if each["OutputKey"] != "ShipmentUpdateArchiveArn"]
    result = cloud.run("replay", "--from", "2h")
    assert result.exit_code == 2
    assert "stack tapstack-test has no archive: deploy it with ArchiveRetention" in result.stderr
    assert cloud.run("replay", "--from", "2h", "--archive", f"{ARN}:archive/x").exit_code == 0


def test_a_wrong_time_range_is_reported_before_a_missing_archive(cloud: Cloud) -> None:
    outputs = cloud.stacks[0]["Outputs"]
    outputs[:] = [each for each in outputs if each["OutputKey"] != "ShipmentUpdateArchiveArn"]
    for options, part in REFUSED[:3]:
        assert part in cloud.run("replay", *options).stderr


@pytest.fixture
def rejections(cloud: Cloud) -> None:
    """Have the function log 51 rejected updates a minute ago, and more that do not count."""
    cloud.logs.create_log_stream(logGroupName=cloud.log_group, logStreamName="s")
    log(cloud, "rejected", "S-1", number=51, seconds_ago=60)
    log(cloud, "rejected", "S-2", number=9, seconds_ago=60, replay="another")
    log(cloud, "stored", "rejected", number=9, seconds_ago=60)


@pytest.mark.usefixtures("rejections")
def test_a_replay_that_mails_many_people_again_is_announced(cloud: Cloud) -> None:
    result = cloud.run("replay", "--from", "1h")
    assert "Warning: at least 51 updates were rejected in that time" in result.stderr
    assert "AlertMail=critical" in result.stderr
    assert len(cloud.replays) == 1


@pytest.mark.usefixtures("rejections")
def test_a_terminal_is_asked_before_a_replay_mails_many(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mails, "_is_terminal", lambda: True)
    assert cloud.run("replay", "--from", "1h", stdin=b"n\n").exit_code == 1
    assert cloud.replays == []


@pytest.mark.usefixtures("rejections")
@pytest.mark.parametrize(
    ("times", "alert_mail"), [(("--from", "1h"), "critical"), (TIMES, "each")], ids=["off", "none"]
)
def test_a_replay_that_mails_nobody_is_not_announced(
    cloud: Cloud, times: tuple[str, ...], alert_mail: str
) -> None:
    parameter = {"ParameterKey": "AlertMail", "ParameterValue": alert_mail}
    cloud.stacks[0]["Parameters"].append(parameter)
    assert "Warning" not in cloud.run("replay", *times).stderr


def test_an_archive_that_does_not_exist_is_named(cloud: Cloud) -> None:
    cloud.broken["DescribeArchive"] = lambda _: refusal("ResourceNotFoundException")
    result = cloud.run("replay", "--from", "2h", "--archive", f"{ARN}:archive/x")
    assert result.exit_code == 2
    assert f"--archive: there is no {ARN}:archive/x" in result.stderr
