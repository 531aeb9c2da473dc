"""Each update is one row, however often and in whatever order it comes."""

import itertools
import json
import time

import pytest

from tests.unit.handler import gate
from tests.unit.handler.account import Account
from tests.unit.handler.updates import ABSENT, TIME, TIME_MS, critical, envelope, update


def test_an_ordinary_update_takes_one_call(account: Account) -> None:
    assert account.deliver(update()).attempts == ["PutItem"]


def test_a_critical_update_takes_three_calls(account: Account) -> None:
    assert account.deliver(critical()).attempts == ["PutItem", "Publish", "UpdateItem"]


@pytest.mark.parametrize("event", [update(), critical()])
def test_a_redelivery_takes_one_call(account: Account, event: dict[str, object]) -> None:
    account.deliver(event)
    assert account.deliver(event).attempts == ["PutItem"]


def test_a_number_is_sent_as_dynamodb_takes_it(account: Account) -> None:
    account.restart(ROW_RETENTION_DAYS="7")
    account.deliver(critical())
    put, _, mark = (request["body"] for request in account.gate.requests)
    item, key = json.loads(put)["Item"], json.loads(mark)["Key"]
    # The mocked table takes JSON's numbers too; DynamoDB takes text only.
    assert item["timestamp"] == key["timestamp"] == {"N": str(TIME_MS)}
    assert isinstance(item["expiresAt"]["N"], str)


def test_a_redelivery_leaves_its_row_as_it_was(account: Account) -> None:
    account.deliver(critical())
    before = account.row()
    account.deliver(critical(location="elsewhere"))
    assert account.row() == before


def test_a_redelivery_is_answered_like_the_first_delivery(account: Account) -> None:
    first = account.deliver(critical()).result
    assert account.deliver(critical()).result == first


def test_a_redelivered_critical_update_alerts_once(account: Account) -> None:
    for _ in range(12):
        account.deliver(critical())
    assert len(account.alerts()) == 1


def test_a_replayed_update_is_a_redelivery(account: Account) -> None:
    event = critical()
    account.deliver(event)
    replayed = account.deliver(envelope(event["detail"], **{"replay-name": "january"}))
    assert replayed.log["outcome"] == "duplicate"
    assert len(account.rows()) == 1


def test_a_producers_repetition_is_a_redelivery_though_its_envelope_is_new(
    account: Account,
) -> None:
    detail = update(updateId="scan-9", eventTime=TIME)["detail"]
    for number in range(3):
        account.deliver(envelope(detail, id=f"event-{number}", time=f"2026-01-15T12:0{number}:00Z"))
    assert account.row()["updateId"] == "scan-9"


@pytest.mark.parametrize(
    "other",
    [{"shipmentId": "SHIP-2"}, {"updateId": "u-2"}, {"eventTime": "2026-01-15T12:00:00.001Z"}],
)
def test_an_update_that_differs_in_its_identity_is_another_row(
    account: Account, other: dict[str, str]
) -> None:
    account.deliver(update(updateId="u-1"))
    account.deliver(update(**{"updateId": "u-1", **other}))
    assert len(account.rows()) == 2


def test_updates_of_one_millisecond_lie_side_by_side(account: Account) -> None:
    for number in range(3):
        account.deliver(update(updateId=f"u-{number}"))
    assert [(row["timestamp"], row["updateId"]) for row in account.rows()] == [
        (TIME_MS, "u-0"),
        (TIME_MS + 1, "u-1"),
        (TIME_MS + 2, "u-2"),
    ]
    assert {row["eventTime"] for row in account.rows()} == {"2026-01-15T12:00:00.000Z"}


def test_forty_updates_of_one_millisecond_are_forty_rows_also_when_redelivered(
    account: Account,
) -> None:
    events = [update(updateId=f"u-{number}") for number in range(40)]
    for event in events:
        account.deliver(event)
    assert {row["updateId"] for row in account.rows()} == {f"u-{number}" for number in range(40)}
    before = account.rows()
    for event in reversed(events):
        assert account.deliver(event).log["outcome"] == "duplicate"
    assert account.rows() == before


def test_a_redelivered_critical_update_is_found_behind_others(account: Account) -> None:
    for number in range(5):
        account.deliver(critical(updateId=f"u-{number}"))
    again = account.deliver(critical(updateId="u-4"))
    assert again.attempts == ["PutItem"] * 5
    assert len(account.alerts()) == 5
    assert [row["updateId"] for row in account.rows() if "alertedAt" in row] == [
        f"u-{number}" for number in range(5)
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_updates_of_neighbouring_milliseconds_are_stored_in_any_order(
    account: Account, order: tuple[int, ...]
) -> None:
    events = [
        update(updateId=f"u-{number}", eventTime=TIME_MS + ahead)
        for number, ahead in enumerate([0, 0, 1, 1])
    ]
    for _ in range(2):
        for index in order:
            account.deliver(events[index])
    assert sorted(row["updateId"] for row in account.rows()) == ["u-0", "u-1", "u-2", "u-3"]


def test_an_id_that_is_used_again_at_another_time_is_another_update(account: Account) -> None:
    account.deliver(update(updateId="1", eventTime=TIME_MS + 1))
    account.deliver(update(updateId="2", eventTime=TIME_MS))
    account.deliver(update(updateId="1", eventTime=TIME_MS))
    assert sorted((row["eventTime"], row["updateId"]) for row in account.rows()) == [
        ("2026-01-15T12:00:00.000Z", "1"),
        ("2026-01-15T12:00:00.000Z", "2"),
        ("2026-01-15T12:00:00.001Z", "1"),
    ]


def test_a_row_that_was_put_by_others_is_passed(account: Account) -> None:
    account.put_row(shipmentId="SHIP-12345", timestamp=TIME_MS, status="DELIVERED")
    account.deliver(update())
    assert [row.get("updateId", ABSENT) is ABSENT for row in account.rows()] == [True, False]


def test_probing_ends_after_five_seconds(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        account.deliver(update(updateId=f"u-{number}"))
    # A clock on which each put takes a second.
    monkeypatch.setattr(time, "monotonic", lambda: 100.0 + account.gate.attempts.count("PutItem"))
    late = account.attempt(update(updateId="late"))
    assert isinstance(late.error, TimeoutError)
    assert str(late.error) == "no free millisecond in 5 s of probing"
    assert late.calls == ["PutItem"] * 5
    assert late.log["outcome"] == "failed"
    assert len(account.rows()) == 9


def test_a_put_whose_response_was_lost_is_not_repeated(account: Account) -> None:
    account.gate.break_calls("PutItem", gate.lost_response, times=1)
    delivery = account.deliver(critical())
    assert delivery.attempts == ["PutItem", "PutItem", "Publish", "UpdateItem"]
    assert "alertedAt" in account.row()
    assert len(account.alerts()) == 1


def test_a_row_without_retention_never_expires(account: Account) -> None:
    account.deliver(update())
    assert "expiresAt" not in account.row()
