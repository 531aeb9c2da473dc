"""A shipment's rows and messages are erased, nothing else is, and what stays is listed."""

import json
import os
import signal
import stat
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from shipments import batch
from tests.unit.shipments.cloud import NAME as STACK
from tests.unit.shipments.cloud import Cloud, Fields, envelope, once, refusal

NAME = "S-1"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "FIRST_PAUSE_SECONDS", 0)


@pytest.fixture
def account(cloud: Cloud) -> Cloud:
    """Store 30 updates of the shipment and 1 of another, and have 3 of it and 1 other fail."""
    for minute in range(30):
        cloud.invoke(
            envelope(
                {"shipmentId": NAME, "status": "X", "eventTime": f"2026-01-01T00:{minute:02}:00Z"}
            )
        )
    cloud.invoke(envelope({"shipmentId": "S-10", "status": "X"}))
    rejected = envelope({"shipmentId": f" {NAME} "})
    cloud.invoke(rejected)
    cloud.fail(rejected)
    cloud.put_on_queue(
        json.dumps({"requestContext": {}, "requestPayload": envelope({"shipmentId": NAME})})
    )
    cloud.fail(envelope({"shipmentId": "S-10"}))
    return cloud


def rest(cloud: Cloud) -> tuple[int, int]:
    """Return how many rows and messages the account has."""
    return len(cloud.rows()), len(cloud.bodies())


def test_a_shipment_is_erased_from_table_and_queue(account: Cloud) -> None:
    result = account.run("erase", NAME, "--yes")
    assert result.exit_code == 0
    assert "Erased 30 rows, 3 messages on the queue." in result.stdout
    assert rest(account) == (1, 1)


def test_the_counts_are_shown_and_nothing_is_erased_before_the_answer(account: Cloud) -> None:
    result = account.run("erase", NAME, stdin=b"n\n")
    assert (result.exit_code, rest(account)) == (1, (31, 4))
    assert "Shipment S-1: 30 rows, 3 messages on the queue." in result.stdout
    assert "Nothing was erased." in result.stderr
    assert account.run("erase", NAME, stdin=b"y\n").exit_code == 0
    assert rest(account) == (1, 1)


def test_nobody_to_ask_erases_nothing(account: Cloud) -> None:
    assert account.run("erase", NAME, stdin=b"").exit_code == 1
    assert rest(account) == (31, 4)


def test_a_dry_run_erases_nothing(account: Cloud) -> None:
    result = account.run("erase", NAME, "--dry-run", "--json")
    counts = json.loads(result.stdout)
    assert (counts["found"], counts["erased"]) == (
        {"rows": 30, "messages": 3},
        {"rows": 0, "messages": 0},
    )
    assert (result.exit_code, rest(account)) == (0, (31, 4))


def test_what_is_erased_is_in_a_private_file_if_asked(account: Cloud, tmp_path: Path) -> None:
    file = tmp_path / "S-1.jsonl"
    account.run("erase", NAME, "--yes", "--save", str(file))
    lines = list(map(json.loads, file.read_text().splitlines()))
    assert [set(line) for line in lines] == [{"body", "attributes"}] * 3 + [{"row"}] * 30
    account.dynamodb.put_item(TableName=account.table, Item=lines[-1]["row"])  # can be put back
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_kept_elsewhere_is_listed_with_its_end(account: Cloud) -> None:
    account.stacks[0]["Parameters"] += [
        {"ParameterKey": "ArchiveRetentionDays", "ParameterValue": "90"},
        {"ParameterKey": "LogRetentionDays", "ParameterValue": "7"},
    ]
    kept = json.loads(account.run("erase", NAME, "--yes", "--json").stdout)["kept"]
    now = datetime.now(timezone.utc)
    days = {
        each["where"]: round(
            (datetime.fromisoformat(each["until"].replace("Z", "+00:00")) - now) / timedelta(days=1)
        )
        for each in kept
        if each["until"]
    }
    assert days == {"archive": 90, "pointInTimeRecovery": 35, "stream": 1, "logs": 7}
    assert {"where": "mails", "until": None} in kept


def test_a_stack_without_an_archive_keeps_nothing_there(account: Cloud) -> None:
    account.stacks[0]["Parameters"] += [
        {"ParameterKey": "ArchiveRetentionDays", "ParameterValue": "0"}
    ]
    assert "archive" not in account.run("erase", NAME, "--yes").stdout


def test_rows_that_a_throttled_table_leaves_are_tried_again(account: Cloud) -> None:
    calls = 0

    def leave_all(request: Fields) -> Any:
        nonlocal calls
        calls += 1
        return {"UnprocessedItems": request["RequestItems"]} if calls in {1, 2, 4} else None

    account.broken["BatchWriteItem"] = leave_all
    assert account.run("erase", NAME, "--yes").exit_code == 0
    assert rest(account) == (1, 1)


def test_rows_that_a_throttled_table_keeps_leaving_are_an_error(account: Cloud) -> None:
    account.broken["BatchWriteItem"] = lambda asked: {"UnprocessedItems": asked["RequestItems"]}
    result = account.run("erase", NAME, "--yes")
    assert (result.exit_code, rest(account)) == (2, (31, 1))
    assert "Erased 0 rows, 3 messages on the queue." in result.stdout
    assert "the table is throttled, and rows are left" in result.stderr


def test_an_erasure_that_is_denied_is_one_line_and_shows_what_was_done(account: Cloud) -> None:
    account.broken["BatchWriteItem"] = lambda _: refusal("AccessDeniedException")
    result = account.run("erase", NAME, "--yes")
    assert "Erased 0 rows, 3 messages" in result.stdout
    assert result.stderr.splitlines()[-1].startswith("Error: not allowed: have BatchWriteItem")


def test_an_interrupted_erasure_can_be_run_again(account: Cloud) -> None:
    account.broken["BatchWriteItem"] = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    result = account.run("erase", NAME, "--yes")
    assert (result.exit_code, rest(account)) == (130, (6, 1))
    assert account.run("erase", NAME, "--yes").exit_code == 0
    assert rest(account) == (1, 1)


def test_a_shipment_that_is_not_there_is_reported(account: Cloud) -> None:
    result = account.run("erase", "S-2", "--yes")
    assert (result.exit_code, rest(account)) == (1, (31, 4))
    assert "Shipment S-2: 0 rows, 0 messages on the queue." in result.stdout


def test_an_unreadable_message_with_its_id_is_reported_and_stays(account: Cloud) -> None:
    account.put_on_queue(f"{{{NAME}")
    result = account.run("erase", NAME, "--yes")
    assert "1 unreadable message contains its id" in result.stdout
    assert rest(account) == (1, 2)


def test_an_empty_id_is_refused(account: Cloud) -> None:
    assert account.run("erase", "  ", "--yes").exit_code == 2
    assert rest(account) == (31, 4)


def test_several_shipments_are_erased_at_once_and_each_is_reported(account: Cloud) -> None:
    result = account.run("erase", NAME, "S-10", "S-2", "--yes", "--json")
    erased = {
        line["shipmentId"]: line["erased"]
        for line in map(json.loads, result.stdout.split("\n")[:-1])
    }
    assert erased == {
        NAME: {"rows": 30, "messages": 3},
        "S-10": {"rows": 1, "messages": 1},
        "S-2": {"rows": 0, "messages": 0},
    }
    assert (result.exit_code, rest(account)) == (0, (0, 0))


def test_the_shipments_of_a_list_are_erased_whatever_their_ids_look_like(
    account: Cloud, tmp_path: Path
) -> None:
    account.invoke(envelope({"shipmentId": "--save x $(id) *", "status": "X"}))
    ids = tmp_path / "erased.txt"
    ids.write_text(f"\ufeff{NAME}\r\n\n --save x $(id) * \n{NAME}\n", "utf-8")
    result = account.run("erase", "--ids", str(ids), "--yes")
    assert "Erased 31 rows, 3 messages on the queue." in result.stdout
    assert (result.exit_code, rest(account)) == (0, (1, 1))


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\xff"])
def test_a_list_without_ids_is_refused(account: Cloud, tmp_path: Path, content: bytes) -> None:
    ids = tmp_path / "erased.txt"
    ids.write_bytes(content)
    result = account.run("erase", "--ids", str(ids), "--yes")
    assert (result.exit_code, rest(account)) == (2, (31, 4))
    assert "--ids" in result.stderr.splitlines()[-1]


def test_a_message_that_another_command_took_meanwhile_is_reported(account: Cloud) -> None:
    walks = 0  # each begins with a call for one message: the first counts, the second erases

    def receive(asked: Fields) -> Any:
        nonlocal walks
        walks += asked["MaxNumberOfMessages"] == 1
        return {"Messages": []} if walks > 1 else None

    account.broken["ReceiveMessage"] = receive
    result = account.run("erase", NAME, "--yes")
    assert (result.exit_code, "run it again" in result.stderr) == (1, True)


def test_who_may_not_give_messages_back_erases_nothing(account: Cloud) -> None:
    account.broken["ChangeMessageVisibilityBatch"] = lambda _: refusal("AccessDenied")
    result = account.run("erase", NAME, "--yes")
    assert (result.exit_code, len(account.rows())) == (2, 31)
    assert "have ChangeMessageVisibilityBatch granted" in result.stderr


# ---- with a status table


@pytest.fixture
def with_status(account: Cloud) -> Cloud:
    account.deploy_status()
    account.status.follow()
    return account


def test_an_erased_shipment_is_gone_from_the_status_table_too(with_status: Cloud) -> None:
    result = with_status.run("erase", NAME, "--yes")
    assert list(with_status.status.items()) == ["S-10"]
    assert "Gone from the status table, too.\n" in result.stdout


def test_nobody_is_mailed_about_an_erased_shipment(with_status: Cloud) -> None:
    with_status.invoke(envelope({"shipmentId": NAME, "status": "LOST"}))
    with_status.run("erase", NAME, "--yes")
    with_status.status.invoke({"do": "mail"})
    assert with_status.status.mails() == []


def test_an_item_whose_rows_are_gone_already_is_removed(with_status: Cloud) -> None:
    with_status.delete_rows()
    with_status.delete_messages()
    result = with_status.run("erase", NAME, "--yes", "--json")
    assert (json.loads(result.stdout)["statusTable"], result.exit_code) == ("gone", 1)
    assert NAME not in with_status.status.items()


@pytest.mark.parametrize("options", [["--dry-run"], []], ids=["dry run", "not confirmed"])
def test_without_an_erasure_the_status_table_stays_as_it_is(
    with_status: Cloud, options: list[str]
) -> None:
    with_status.run("erase", NAME, *options)
    assert NAME in with_status.status.items()
    assert "Invoke" not in with_status.calls


def test_a_status_function_that_may_not_be_invoked_is_reported_and_the_rest_is_erased(
    with_status: Cloud,
) -> None:
    with_status.broken["Invoke"] = lambda _: refusal("AccessDeniedException")
    result = with_status.run("erase", NAME, "--yes")
    assert (result.exit_code, rest(with_status)) == (0, (1, 1))
    assert (
        "1 shipment may still be in the status table, until its function has read the table's "
        "stream: not allowed: have Invoke granted to the identity in use\n"
    ) in result.stdout
    again = with_status.run("erase", NAME, "--yes", "--json")
    assert json.loads(again.stdout)["statusTable"] == "pending"


def test_who_may_not_look_for_the_status_stack_is_told_so_and_the_rest_is_erased(
    with_status: Cloud,
) -> None:
    with_status.broken["DescribeStacks"] = lambda asked: (
        None if asked.get("StackName") == STACK else refusal("AccessDenied")
    )
    result = with_status.run("erase", NAME, "--yes", "--stack-name", STACK)
    assert "not allowed: have DescribeStacks granted" in result.stdout
    assert (result.exit_code, rest(with_status)) == (0, (1, 1))


def test_after_an_interrupt_the_status_table_waits_for_the_next_run(with_status: Cloud) -> None:
    with_status.broken["BatchWriteItem"] = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    result = with_status.run("erase", NAME, "--yes")
    assert (result.exit_code, rest(with_status)) == (130, (6, 1))
    assert "may still be in the status table" in result.stdout
