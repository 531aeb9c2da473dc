"""The status table is filled from the log, and what could not be is named."""

import json
import os
import signal
from typing import Any

import pytest

from shipments import refreshing
from shipments.commands import status
from shipments.interrupt import Interrupt
from tests.unit.shipments.cloud import Cloud, Fields, envelope, once, refusal

SECONDS = 10
SHIPMENTS = [f"S-{number:02}" for number in range(12)]


@pytest.fixture
def account(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Store two updates of each shipment, S-00's latest critical, beside an empty status table."""
    monkeypatch.setattr(refreshing, "IDS_PER_REQUEST", 2)
    for shipment in SHIPMENTS:
        for hour, word in enumerate(("IN_TRANSIT", "LOST" if shipment == "S-00" else "HELD")):
            happened = f"2026-01-01T0{hour}:00:00Z"
            update = {"shipmentId": shipment, "status": word, "eventTime": happened}
            cloud.invoke(envelope(update))
    cloud.deploy_status()
    return cloud


def rebuilt(cloud: Cloud, *options: str) -> Fields:
    """Return what a rebuild prints as JSON."""
    result: Fields = json.loads(cloud.run("status", "rebuild", "--json", *options).stdout)
    return result


def failing(cloud: Cloud, *shipments: str) -> None:
    """Have the function fail for these, as if their rows could not be read."""

    def answer(request: Fields) -> Any:
        done = [each for each in request["shipments"] if each not in shipments]
        cloud.status.invoke({**request, "shipments": done})
        failed = {each: "throttled" for each in request["shipments"] if each in shipments}
        answered = {"refreshed": len(done), "failed": failed}
        return {"StatusCode": 200, "Payload": json.dumps(answered).encode()}

    cloud.broken["Invoke"] = answer


def test_each_shipment_gets_its_status_from_the_log(account: Cloud) -> None:
    result = account.run("status", "rebuild")
    assert (result.exit_code, result.stdout) == (0, "Refreshed 12 of 12 shipments.\n")
    items = account.status.items()
    assert sorted(items) == SHIPMENTS
    assert items["S-01"]["status"] == {"S": "HELD"}
    assert items["S-01"]["updates"] == {"N": "2"}


def test_a_shipment_without_rows_loses_its_item(account: Cloud) -> None:
    account.status.follow()
    account.delete_rows()
    assert rebuilt(account)["refreshed"] == 12
    assert account.status.items() == {}


def test_what_waits_for_a_mail_is_not_taken_for_a_shipment(account: Cloud) -> None:
    message = {"MessageId": "m", "Message": "rejected\nReason: no status"}
    account.status.invoke({"Records": [{"Sns": message}]})
    assert rebuilt(account)["shipments"] == 12


def test_only_the_ids_are_read(account: Cloud) -> None:
    requests: list[Fields] = []
    account.broken["Scan"] = requests.append
    rebuilt(account)
    names = {name for each in requests for name in each["ExpressionAttributeNames"].values()}
    assert names == {"shipmentId", "status"}


def test_reading_a_large_log_is_announced_with_its_price(account: Cloud) -> None:
    large = {"Table": {"ItemCount": 10_000_000, "TableSizeBytes": 8_192_000_000}}
    account.broken["DescribeTable"] = lambda asked: (
        large if asked["TableName"] == account.table else None
    )
    messages = account.run("status", "rebuild").stderr
    assert messages.count("read units: $0.12 on demand") == 1


def test_of_some_shipments_only_those_are_refreshed_and_nothing_is_read(account: Cloud) -> None:
    result = rebuilt(account, "--shipment", " S-03 ", "--shipment", "S-04", "--shipment", "S-03")
    assert (result["shipments"], sorted(account.status.items())) == (2, ["S-03", "S-04"])
    assert "Scan" not in account.calls


def test_who_is_in_a_critical_status_is_mailed_once_and_that_is_said_before(
    account: Cloud,
) -> None:
    result = account.run("status", "rebuild")
    assert result.stderr.startswith("Warning: shipments that are in a critical status now")
    rebuilt(account)
    assert "alertedAt" in account.status.items()["S-00"]
    assert account.status.mails() == ["Logistics Alert: LOST - S-00"]


def test_without_mail_nobody_is_mailed_about_what_was_critical_before(account: Cloud) -> None:
    result = account.run("status", "rebuild", "--no-mail")
    assert (result.exit_code, result.stderr) == (0, "")
    account.status.invoke({"do": "mail"})
    assert account.status.mails() == []
    assert "unheard" not in account.status.items()["S-00"]


@pytest.mark.parametrize(("answer", "refreshed"), [(b"n\n", 0), (b"y\n", 12)])
def test_at_a_terminal_it_asks_before_mails(
    account: Cloud, monkeypatch: pytest.MonkeyPatch, answer: bytes, refreshed: int
) -> None:
    monkeypatch.setattr(status.mails, "_is_terminal", lambda: True)
    account.run("status", "rebuild", stdin=answer)
    assert len(account.status.items()) == refreshed
    assert account.run("status", "rebuild", "--yes").exit_code == 0


def test_shipments_that_failed_are_named_and_the_status_is_1(account: Cloud) -> None:
    failing(account, "S-03", "S-07")
    result = account.run("status", "rebuild", "--yes")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "Refreshed 10 of 12 shipments.",
        "Failed: S-03: throttled",
        "Failed: S-07: throttled",
    ]
    assert rebuilt(account)["failed"] == {"S-03": "throttled", "S-07": "throttled"}


def test_of_many_that_failed_the_first_are_named(
    account: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "SHOWN", 1)
    failing(account, "S-03", "S-07")
    assert account.run("status", "rebuild").stdout.splitlines()[-1] == (
        "and 1 more shipment: see --json."
    )


def test_who_may_not_invoke_the_function_is_told_so_in_one_line(account: Cloud) -> None:
    account.broken["Invoke"] = lambda _: refusal("AccessDeniedException")
    result = account.run("status", "rebuild", "--no-mail")
    assert result.exit_code == 2
    assert result.stderr == "Error: not allowed: have Invoke granted to the identity in use\n"


def test_an_interrupted_rebuild_can_be_run_again(
    account: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt, asked = once(lambda: os.kill(os.getpid(), signal.SIGINT)), Interrupt()
    monkeypatch.setattr(status, "Interrupt", lambda: asked)

    def wait_for_it(request: Fields) -> None:
        interrupt(request)
        asked.wait(SECONDS)

    account.broken["Invoke"] = wait_for_it
    result = account.run("status", "rebuild", "--no-mail")
    assert result.exit_code == 130
    assert "Interrupted: run it again for the rest." in result.stderr
    assert 0 < len(account.status.items()) < 12
    monkeypatch.undo()
    del account.broken["Invoke"]
    assert account.run("status", "rebuild").exit_code == 0
    assert sorted(account.status.items()) == SHIPMENTS


def test_a_rebuild_that_is_interrupted_while_it_reads_refreshes_nothing(account: Cloud) -> None:
    account.broken["Scan"] = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    assert account.run("status", "rebuild").exit_code == 130
    assert account.status.items() == {}


def test_without_a_status_stack_it_says_what_to_deploy(cloud: Cloud) -> None:
    result = cloud.run("status", "rebuild")
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: stack tapstack-test has no status stack: deploy templates/ShipmentStatus.yml with "
        "EnvironmentSuffix=test\n"
    )


def test_an_empty_id_is_refused(account: Cloud) -> None:
    result = account.run("status", "rebuild", "--shipment", " ")
    assert (result.exit_code, account.status.items()) == (2, {})
    assert result.stderr.endswith("Error: Invalid value for --shipment: must not be empty\n")
