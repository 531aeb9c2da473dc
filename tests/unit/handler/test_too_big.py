"""An update too big for a row is stored without its raw text, and kept whole on the queue."""

import json
from typing import Any

import pytest

from tests.unit.handler import gate
from tests.unit.handler.account import Account
from tests.unit.handler.updates import Fields, critical, envelope, update

LIMIT = 405_000
ITEM_BYTES = 400 * 1024
REASON = "rawEvent: too big for a row, which is stored without it"


def sized(event: Fields, size: int) -> Fields:
    """Return an update whose detail has a size (bytes) as compact JSON."""
    detail = {**event["detail"], "padding": ""}
    empty = len(json.dumps(detail, ensure_ascii=False, separators=(",", ":")).encode())
    return envelope({**detail, "padding": "x" * (size - empty)})


BIG = sized(update(), LIMIT + 1)
BIG_CRITICAL = sized(critical(), LIMIT + 1)


def test_a_too_big_update_is_stored_without_its_raw_text(account: Account) -> None:
    account.deliver(BIG)
    row = account.row()
    assert "rawEvent" not in row
    assert row["rawEventTruncated"] is True
    assert (row["shipmentId"], row["status"]) == ("SHIP-12345", "IN_TRANSIT")


def test_a_too_big_update_is_kept_whole(account: Account) -> None:
    account.deliver(BIG)
    assert account.kept() == [{"reason": REASON, "envelope": BIG}]


@pytest.mark.usefixtures("now_ms")
def test_a_too_big_updates_row_tells_when_it_was_kept(account: Account) -> None:
    account.deliver(BIG)
    row = account.row()
    assert row["rawEventKeptAt"] == "2026-01-15T12:00:01.234Z"
    assert "alertedAt" not in row


def test_an_updates_size_is_counted_in_bytes(account: Account) -> None:
    account.deliver(update(note="\u00f8" * (LIMIT // 2)))
    assert account.row()["rawEventTruncated"] is True


def test_a_too_big_update_in_any_script_is_kept(account: Account) -> None:
    event = update(note="\u6771" * 340_000)
    account.deliver(event)
    (kept,) = account.kept()
    assert kept["envelope"] == event


def test_a_too_big_update_takes_three_calls(account: Account) -> None:
    assert account.deliver(BIG).attempts == ["PutItem", "SendMessage", "UpdateItem"]


def test_a_too_big_critical_update_alerts_like_any_other(account: Account) -> None:
    delivery = account.deliver(BIG_CRITICAL)
    assert sorted(delivery.attempts) == ["Publish", "PutItem", "SendMessage", "UpdateItem"]
    assert [alert.subject for alert in account.alerts()] == [
        "Logistics Alert: DELAYED - SHIP-12345"
    ]
    assert {"alertedAt", "rawEventKeptAt"} <= set(account.row())


@pytest.mark.parametrize("event", [BIG, BIG_CRITICAL])
def test_a_redelivered_too_big_update_is_kept_and_alerted_once(
    account: Account, event: Fields
) -> None:
    account.deliver(event)
    told = len(account.alerts())
    assert account.deliver(event).attempts == ["PutItem"]
    assert len(account.kept()) == 1
    assert (told, len(account.alerts())) == (int(event is BIG_CRITICAL), 0)


def test_a_too_big_update_that_the_queue_refuses_is_kept_when_it_comes_again(
    account: Account,
) -> None:
    account.gate.break_calls("SendMessage", gate.refusal(500, "InternalError"))
    assert account.attempt(BIG).error is not None
    account.gate.repair()
    account.deliver(BIG)
    assert len(account.kept()) == 1
    assert "rawEventKeptAt" in account.row()


def test_a_critical_update_too_big_for_the_queue_too_alerts_all_the_same(account: Account) -> None:
    event = sized(critical(), 1_048_576)
    assert account.attempt(event).error is not None
    assert len(account.alerts()) == 1


@pytest.mark.parametrize("status", ["IN_TRANSIT", "DELAYED"])
def test_an_update_just_small_enough_keeps_its_raw_text(account: Account, status: str) -> None:
    # The mocked table takes less than the real one, so it is not asked.
    account.gate.break_calls("PutItem", gate.answer("{}"))
    account.gate.break_calls("UpdateItem", gate.answer("{}"))
    event = sized(update(status=status), LIMIT)
    delivery = account.deliver(event)
    assert "SendMessage" not in delivery.attempts
    item = json.loads(account.gate.requests[0]["body"])["Item"]
    assert json.loads(item["rawEvent"]["S"]) == event["detail"]
    assert "rawEventTruncated" not in item


def test_the_biggest_row_with_all_its_marks_fits_into_an_item(account: Account) -> None:
    account.restart(ROW_RETENTION_DAYS="3653", CRITICAL_STATUSES="\U0001f69a" * 64)
    account.gate.break_calls("PutItem", gate.answer("{}"))
    account.gate.break_calls("UpdateItem", gate.answer("{}"))
    wide = {"shipmentId": 128, "status": 64, "location": 256, "carrier": 256, "updateId": 256}
    fields = {name: "\U0001f69a" * length for name, length in wide.items()}
    account.deliver(sized(update(**fields), LIMIT))
    put, _, mark = (request["body"] for request in account.gate.requests)
    marks = json.loads(mark)["ExpressionAttributeValues"]
    item = json.loads(put)["Item"]
    assert len(item["rawEvent"]["S"].encode()) == LIMIT
    assert item_bytes({**item, **marks}) <= ITEM_BYTES


def item_bytes(item: dict[str, dict[str, Any]]) -> int:
    """Return an upper bound of an item's size as DynamoDB counts it."""
    values = [value for typed in item.values() for value in typed.values()]
    return sum(len(str(text).encode()) for text in [*item, *values])
