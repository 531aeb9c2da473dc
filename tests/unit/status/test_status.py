"""A shipment's item says what its rows in the log say, whatever comes in which order."""

import itertools
import json
import time

import pytest

from tests.account import Fields
from tests.unit.handler.updates import TIME_MS, update
from tests.unit.status.account import SHIPMENT, StatusAccount, iso, row
from tests.unit.status.conftest import Clock

FIRST, SECOND, THIRD = row("IN_TRANSIT"), row("DELIVERED", 10), row("HELD", 20)
OF_FIRST = {
    "shipmentId": "S-1",
    "status": "IN_TRANSIT",
    "since": "2026-01-15T12:00:00.000Z",
    "timestamp": TIME_MS,
    "eventTime": "2026-01-15T12:00:00.000Z",
    "location": "Memphis, TN",
    "carrier": "FedEx",
    "updates": 1,
}


def test_an_update_is_the_status(account: StatusAccount) -> None:
    account.follow(FIRST)
    assert account.items() == {"S-1": OF_FIRST}


def test_what_the_other_handler_stores_is_the_status(account: StatusAccount) -> None:
    account.deliver(update(shipmentId=SHIPMENT, status="in transit"))
    account.batch(account.records(account.row()))
    assert account.item() == OF_FIRST


def test_a_newer_update_says_all_anew(account: StatusAccount) -> None:
    account.follow(FIRST)
    account.follow(row("HELD", 5, location="Oslo", carrier="UPS"))
    assert account.item() == {
        "shipmentId": "S-1",
        "status": "HELD",
        "since": iso(TIME_MS + 5),
        "timestamp": TIME_MS + 5,
        "eventTime": iso(TIME_MS + 5),
        "location": "Oslo",
        "carrier": "UPS",
        "updates": 2,
    }


def test_a_late_update_does_not_turn_a_status_back(account: StatusAccount) -> None:
    account.follow(SECOND)
    before = account.item()
    account.follow(row("HELD", 5, location="Oslo"))
    assert account.item() == {**before, "updates": 2}


def test_a_repeated_status_moves_the_time_on_and_keeps_since_when(account: StatusAccount) -> None:
    account.follow(FIRST)
    account.follow(row("HELD", 1), row("HELD", 2))
    account.follow(row("HELD", 3, location="Oslo"))
    item = account.item()
    assert (item["since"], item["eventTime"]) == (iso(TIME_MS + 1), iso(TIME_MS + 3))
    assert (item["location"], item["updates"]) == ("Oslo", 4)


def test_a_status_that_comes_again_begins_again(account: StatusAccount) -> None:
    account.follow(row("HELD"), row("IN_TRANSIT", 1), row("HELD", 2), row("HELD", 3))
    assert account.item()["since"] == iso(TIME_MS + 2)


def test_a_late_update_of_the_status_is_since_when_it_holds(account: StatusAccount) -> None:
    account.follow(row("HELD", 9))
    account.follow(row("HELD", 4))
    assert account.item()["since"] == iso(TIME_MS + 4)


def test_of_two_updates_of_one_millisecond_the_second_in_place_is_the_status(
    account: StatusAccount,
) -> None:
    account.follow(row("HELD", 1, eventTime=iso(TIME_MS)), FIRST)
    item = account.item()
    assert (item["status"], item["timestamp"]) == ("HELD", TIME_MS + 1)
    assert item["since"] == item["eventTime"] == iso(TIME_MS)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_batches_in_any_order_make_the_same_item(
    account: StatusAccount, order: tuple[int, ...]
) -> None:
    records = account.store(FIRST, SECOND, THIRD)
    for number in order:
        account.batch([records[number]])
    assert account.item() == {
        **OF_FIRST,
        "status": "HELD",
        "since": iso(TIME_MS + 20),
        "timestamp": TIME_MS + 20,
        "eventTime": iso(TIME_MS + 20),
        "updates": 3,
    }


def test_a_batch_that_comes_again_changes_nothing(account: StatusAccount) -> None:
    records = account.store(FIRST, row("LOST", 10))
    account.batch(records)
    before = account.items()
    for again in (records, records[:1], records[1:], records[::-1]):
        account.batch(again)
    assert account.items() == before


def test_each_shipment_of_a_batch_has_its_own_status(account: StatusAccount) -> None:
    account.follow(FIRST, row("HELD", 1, "S-2"), row("DELIVERED", 2), row("RETURNED", 3, "S-3"))
    found = {name: (item["status"], item["updates"]) for name, item in account.items().items()}
    assert found == {"S-1": ("DELIVERED", 2), "S-2": ("HELD", 1), "S-3": ("RETURNED", 1)}


def test_a_shipment_of_many_records_is_read_once(account: StatusAccount) -> None:
    records = account.store(FIRST, SECOND, THIRD)
    calls = account.ask({"Records": records}).calls
    assert calls == ["Query", "UpdateItem"]


# ---- rows that go


def test_a_shipment_whose_rows_are_all_gone_has_no_status(account: StatusAccount) -> None:
    account.follow(FIRST, row("LOST", 10))
    account.batch(account.remove(FIRST, row("LOST", 10)))
    assert SHIPMENT not in account.items()


def test_the_newest_row_s_end_does_not_turn_a_status_back(account: StatusAccount) -> None:
    account.follow(FIRST, SECOND)
    before = account.items()
    account.batch(account.remove(SECOND))
    assert account.items() == before


def test_an_old_row_s_end_changes_no_status(account: StatusAccount) -> None:
    account.follow(FIRST, SECOND)
    before = account.items()
    account.batch(account.remove(FIRST))
    assert account.items() == before


def test_the_next_update_counts_the_rows_there_are(account: StatusAccount) -> None:
    account.follow(FIRST, SECOND)
    account.batch(account.remove(FIRST))
    account.follow(THIRD)
    assert (account.item()["status"], account.item()["updates"]) == ("HELD", 2)


def test_an_update_after_all_rows_were_gone_is_the_status(account: StatusAccount) -> None:
    account.follow(SECOND)
    account.batch(account.remove(SECOND))
    account.follow(FIRST)
    assert account.items() == {"S-1": OF_FIRST}


# ---- two invocations at once


def overtaken(account: StatusAccount, records: list[Fields], *meanwhile: Fields) -> None:
    """Hand over records; once their rows are read, others come and are dealt with in between."""

    def overtake() -> None:
        account.gate.after("Query", lambda: None)
        account.follow(*meanwhile)

    account.gate.after("Query", overtake)
    account.batch(records)


def test_who_read_before_a_newer_update_came_does_not_write_over_it(
    account: StatusAccount,
) -> None:
    overtaken(account, account.store(FIRST), SECOND)
    assert (account.item()["status"], account.item()["updates"]) == ("DELIVERED", 2)


def test_who_read_before_a_late_update_came_does_not_forget_it(account: StatusAccount) -> None:
    overtaken(account, account.store(THIRD), row("HELD", 1))
    assert (account.item()["since"], account.item()["updates"]) == (iso(TIME_MS + 1), 2)


def test_who_read_before_a_newer_update_came_still_sees_what_people_heard(
    account: StatusAccount,
) -> None:
    records = account.store(row("LOST"))
    overtaken(account, records, row("LOST", 1))
    account.batch(records)
    assert account.subjects() == ["Logistics Alert: LOST - S-1"]


def test_who_read_before_a_newer_update_came_still_sees_what_was_mailed_meanwhile(
    account: StatusAccount, clock: Clock
) -> None:
    def overtake() -> None:
        account.gate.after("Query", lambda: None)
        account.follow(row("HELD", 1))

    account.gate.after("Query", overtake)
    account.follow(row("LOST"))
    clock.pass_(60)
    account.do({"do": "mail"})
    assert account.subjects() == ["Logistics Alert: LOST - S-1"]
    assert account.kept() == []


def test_an_item_that_is_erased_meanwhile_does_not_come_back_as_a_mark(
    account: StatusAccount,
) -> None:
    def erase() -> None:
        account.gate.after("UpdateItem", lambda: None)
        account.delete_rows(account.status_table)

    account.gate.after("UpdateItem", erase)
    account.batch(account.store(row("LOST")))
    assert account.items() == {}


# ---- how rows are read


def query(account: StatusAccount) -> Fields:
    """Return what the only query so far asked for."""
    (number,) = (at for at, call in enumerate(account.gate.calls) if call == "Query")
    asked: Fields = json.loads(account.gate.requests[number]["body"])
    return asked


def test_rows_are_read_as_they_are_now_and_without_their_raw_events(
    account: StatusAccount,
) -> None:
    account.follow(FIRST)
    asked = query(account)
    assert asked["ConsistentRead"] is True
    names = asked["ExpressionAttributeNames"]
    read = [names.get(name, name) for name in asked["ProjectionExpression"].split(", ")]
    assert read == ["timestamp", "status", "eventTime", "location", "carrier", "processedAt"]


def test_a_shipment_of_many_pages_is_read_to_its_end(account: StatusAccount) -> None:
    big = [row(f"S{number}", number, rawEvent="x" * 390_000) for number in range(6)]
    records = account.store(*big)
    delivery = account.ask({"Records": records})
    assert delivery.calls == ["Query", "Query", "Query", "UpdateItem"]
    assert (account.item()["status"], account.item()["updates"]) == ("S5", 6)


@pytest.mark.parametrize(("seconds", "there"), [(10, ["S-1", "S-2"]), (10.1, ["S-2"])])
def test_who_has_too_many_rows_is_put_on_the_queue_after_ten_seconds_and_others_go_on(
    account: StatusAccount, monkeypatch: pytest.MonkeyPatch, seconds: float, there: list[str]
) -> None:
    now = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    account.gate.after("Query", lambda: now.__setitem__(0, 1_000 + seconds))
    account.follow(FIRST, row("HELD", 1, "S-2"))
    assert sorted(account.items()) == there
    reasons = [message["reason"] for message in account.kept()]
    late = "status: S-1 could not be refreshed: TimeoutError: its rows could not be read in 10 s"
    assert reasons == [late] * (2 - len(there))


def test_a_change_that_is_refused_returns_the_item(account: StatusAccount) -> None:
    """The mock returns it in any case, DynamoDB only if it is asked to."""
    account.follow(row("LOST"))
    changes = [request["body"] for request in account.gate.requests]
    changes = [json.loads(body) for body in changes if b"UpdateExpression" in body]
    asked = {change["ReturnValuesOnConditionCheckFailure"] for change in changes}
    assert asked == {"ALL_OLD"}
