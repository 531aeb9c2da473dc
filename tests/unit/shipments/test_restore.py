"""Rows are copied back from a restored table, and no row that is there is lost."""

import json
import os
import signal
import stat
from pathlib import Path

import pytest

from shipments import batch, restore
from tests.unit.shipments.cloud import Cloud, Fields, envelope, once, refusal

ROWS, ROWS_PER_CALL = 12, 10


@pytest.fixture(autouse=True)
def _small_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "ROWS_PER_CALL", ROWS_PER_CALL)
    monkeypatch.setattr(batch, "FIRST_PAUSE_SECONDS", 0)


@pytest.fixture
def backup(cloud: Cloud) -> str:
    """Store updates, among them a critical one, and return the name of a copy of the table."""
    for number in range(ROWS):
        status = "LOST" if number == 0 else "IN_TRANSIT"
        cloud.invoke(envelope({"shipmentId": f"S-{number:03}", "status": status}))
    name = f"{cloud.table}-restored"
    table = cloud.dynamodb.describe_table(TableName=cloud.table)["Table"]
    cloud.dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=table["AttributeDefinitions"],
        KeySchema=table["KeySchema"],
    )
    for item in cloud.dynamodb.scan(TableName=cloud.table)["Items"]:
        cloud.dynamodb.put_item(TableName=name, Item=item)
    return name


def change(cloud: Cloud, row: Fields, **attributes: str | None) -> None:
    """Change attributes of a row, or remove those that are None."""
    key = {"shipmentId": {"S": row["shipmentId"]}, "timestamp": {"N": str(row["timestamp"])}}
    item = cloud.dynamodb.get_item(TableName=cloud.table, Key=key)["Item"]
    for name, value in attributes.items():
        item.pop(name, None)
        item |= {} if value is None else {name: {"S": value}}
    cloud.dynamodb.put_item(TableName=cloud.table, Item=item)


def counts(cloud: Cloud, backup: str, *options: str) -> tuple[int, int, int]:
    """Restore; return how many rows were missing, existed, and differed."""
    found = json.loads(cloud.run("restore", backup, *options, "--json").stdout)
    return found["missing"], found["existing"], found["different"]


def test_missing_rows_come_back_as_they_were(cloud: Cloud, backup: str) -> None:
    before = cloud.rows()
    cloud.delete_rows()
    assert counts(cloud, backup) == (ROWS, 0, 0)
    assert cloud.rows() == before
    assert counts(cloud, backup) == (0, ROWS, 0)


def test_a_dry_run_copies_nothing(cloud: Cloud, backup: str) -> None:
    cloud.delete_rows()
    result = cloud.run("restore", backup, "--dry-run")
    assert result.stdout.splitlines()[0].split() == ["missing,", "would", "be", "copied", "12"]
    assert (result.exit_code, cloud.rows()) == (0, [])


def test_a_row_that_differs_stays_and_is_listed(cloud: Cloud, backup: str) -> None:
    change(cloud, cloud.rows()[0], status="DELIVERED")
    before = cloud.rows()
    result = cloud.run("restore", backup)
    assert "Different: S-000, timestamp" in result.stdout
    assert (result.exit_code, cloud.rows()) == (1, before)


def test_a_row_that_differs_is_replaced_if_asked_and_kept_in_a_private_file(
    cloud: Cloud, backup: str, tmp_path: Path
) -> None:
    before, file = cloud.rows(), tmp_path / "replaced.jsonl"
    change(cloud, before[1], status="DELIVERED")
    assert counts(cloud, backup, "--replace", str(file)) == (0, ROWS - 1, 1)
    assert cloud.rows() == before
    (line,) = map(json.loads, file.read_text().splitlines())
    assert line["row"]["status"] == {"S": "DELIVERED"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_dry_run_replaces_nothing_and_makes_no_file(
    cloud: Cloud, backup: str, tmp_path: Path
) -> None:
    change(cloud, cloud.rows()[1], status="DELIVERED")
    before, file = cloud.rows(), tmp_path / "replaced.jsonl"
    assert counts(cloud, backup, "--replace", str(file), "--dry-run") == (0, ROWS - 1, 1)
    assert (cloud.rows(), file.exists()) == (before, False)


def test_a_row_that_was_stored_again_meanwhile_is_no_different_one(
    cloud: Cloud, backup: str
) -> None:
    lost, other = cloud.rows()[:2]
    change(cloud, lost, processedAt="later", alertedAt="later")
    change(cloud, other, alertedAt="since")
    assert counts(cloud, backup) == (0, ROWS, 0)


def test_a_row_that_lacks_its_mark_of_an_alert_differs(cloud: Cloud, backup: str) -> None:
    change(cloud, cloud.rows()[0], alertedAt=None)
    (row,) = json.loads(cloud.run("restore", backup, "--json").stdout)["differentRows"]
    assert (row["shipmentId"], row["attributes"]) == ("S-000", ["alertedAt"])


def test_a_row_that_comes_between_look_and_copy_is_not_overwritten(
    cloud: Cloud, backup: str
) -> None:
    row = cloud.rows()[0]
    cloud.delete_rows()
    key = {"shipmentId": {"S": row["shipmentId"]}, "timestamp": {"N": str(row["timestamp"])}}
    newer = {**key, "status": {"S": "NEWER"}}
    cloud.broken["PutItem"] = once(
        lambda: cloud.dynamodb.put_item(TableName=cloud.table, Item=newer)
    )
    assert counts(cloud, backup)[2] == 1
    assert cloud.rows()[0]["status"] == "NEWER"


def test_keys_that_a_throttled_table_leaves_are_asked_for_again(cloud: Cloud, backup: str) -> None:
    asked: list[Fields] = []

    def leave_all(request: Fields) -> Fields | None:
        asked.append(request)
        left = {"Responses": {cloud.table: []}, "UnprocessedKeys": request["RequestItems"]}
        return left if len(asked) == 1 else None

    cloud.broken["BatchGetItem"] = leave_all
    assert counts(cloud, backup) == (0, ROWS, 0)
    assert "PutItem" not in cloud.calls  # which would be refused, but is paid


def test_an_interrupted_restore_can_be_run_again(cloud: Cloud, backup: str) -> None:
    before = cloud.rows()
    cloud.delete_rows()
    cloud.broken["PutItem"] = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    result = cloud.run("restore", backup)
    assert (result.exit_code, "run it again" in result.stderr) == (130, True)
    cloud.run("restore", backup)
    assert cloud.rows() == before


def test_a_table_that_is_not_a_restored_one_is_refused(cloud: Cloud) -> None:
    cloud.dynamodb.create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "order", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "order", "KeyType": "HASH"}],
    )
    wrong = {
        cloud.table: "is the stack's own table",
        "orders": "has no rows of shipments",
        "none": "there is no table none",
    }
    for table, why in wrong.items():
        result = cloud.run("restore", table)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert f"TABLE: {'' if table == 'none' else table + ' '}{why}" in result.stderr


def test_a_table_that_is_still_being_restored_is_to_be_waited_for(
    cloud: Cloud, backup: str
) -> None:
    cloud.broken["DescribeTable"] = lambda _: {"Table": {"TableStatus": "CREATING"}}
    result = cloud.run("restore", backup)
    assert result.exit_code == 2
    assert f"aws dynamodb wait table-exists --table-name {backup}" in result.stderr


def test_a_copy_that_is_denied_is_one_line(cloud: Cloud, backup: str) -> None:
    cloud.delete_rows()
    cloud.broken["PutItem"] = lambda _: refusal("AccessDeniedException")
    result = cloud.run("restore", backup)
    assert result.exit_code == 2
    assert result.stderr == "Error: not allowed: have PutItem granted to the identity in use\n"
