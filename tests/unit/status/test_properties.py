"""What holds for any updates, in whatever batches, order and number they come."""

import itertools
from collections.abc import Iterable
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.account import Fields
from tests.unit.handler.updates import TIME_MS
from tests.unit.status.account import StatusAccount, iso, row
from tests.unit.status.items import waiting

CRITICAL = {"LOST", "DELAYED"}
AT_ONCE = "0"  # each batch is mailed of in its turn

statuses = st.sampled_from(["LOST", "LOST", "DELAYED", "IN_TRANSIT", "DELIVERED"])
shipments = st.sampled_from(["S-1", "S-1", "S-2"])
# When it was stored tells nothing of when it happened.
rows = st.lists(
    st.builds(
        lambda status, at, shipment, processed: row(
            status, at, shipment, processedAt=iso(TIME_MS + processed)
        ),
        statuses,
        st.integers(0, 9),
        shipments,
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=9,
    unique_by=lambda each: (each["shipmentId"], each["timestamp"]),
)


def expected(of_shipment: list[Fields]) -> Fields:
    """Return what an item says of a shipment by its rows, in the order of their events."""
    newest = of_shipment[-1]
    run = [*itertools.takewhile(lambda each: each["status"] == newest["status"], of_shipment[::-1])]
    names = ("shipmentId", "status", "timestamp", "eventTime", "location", "carrier")
    return {
        **{name: newest[name] for name in names},
        "since": run[-1]["eventTime"],
        "updates": len(of_shipment),
    }


def by_shipment(all_rows: Iterable[Fields]) -> dict[str, list[Fields]]:
    """Return rows by shipment, in the order of their events."""
    ordered = sorted(all_rows, key=lambda each: (each["shipmentId"], each["timestamp"]))
    return {name: list(of) for name, of in groupby(ordered, key=lambda each: each["shipmentId"])}


def critical_runs(of_shipment: list[Fields]) -> list[set[str]]:
    """Return, of each time a shipment was in a critical status, what an item may note of it."""
    return [
        {f"{each['timestamp']} {status}" for each in run}
        for status, run in groupby(of_shipment, key=lambda each: str(each["status"]))
        if status in CRITICAL
    ]


def check(account: StatusAccount, all_rows: list[Fields]) -> dict[str, list[str]]:
    """Fail unless items say what rows say and all was mailed of once; return what of, by item."""
    heard = {}
    items = account.items()
    for shipment, of_shipment in by_shipment(all_rows).items():
        item = items[shipment]
        heard[shipment] = item.pop("heard", [])
        item.pop("alertedAt", None)
        assert item == expected(of_shipment)
        for run in critical_runs(of_shipment):
            assert not run.isdisjoint(heard[shipment])
    told = [
        line for mail in account.digests() for line in mail.body.splitlines() if "since" in line
    ]
    assert len(set(told)) == len(told)
    return heard


@settings(max_examples=25)
@given(all_rows=rows, data=st.data())
def test_batches_of_rows_in_any_order_make_the_items_that_the_rows_say(
    shared_account: StatusAccount, all_rows: list[Fields], data: st.DataObject
) -> None:
    account = shared_account
    account.empty()
    account.restart_status(BATCH_WINDOW_SECONDS=AT_ONCE)
    records = account.store(*all_rows)
    for batch in data.draw(batches_of(records)):
        account.batch(batch)
    heard = check(account, all_rows)
    # The rows are there from the first batch on, so that no late one parts what was mailed of.
    assert {name: len(entries) for name, entries in heard.items()} == {
        name: len(critical_runs(of_shipment)) for name, of_shipment in by_shipment(all_rows).items()
    }


def batches_of(records: list[Fields]) -> st.SearchStrategy[list[list[Fields]]]:
    """Return a strategy of batches that have each record at least once, in any order."""
    repeated = st.lists(st.sampled_from(records), max_size=4).map(lambda more: [*records, *more])
    return repeated.flatmap(st.permutations).flatmap(
        lambda shuffled: st.integers(1, 4).map(
            lambda size: [shuffled[at : at + size] for at in range(0, len(shuffled), size)]
        )
    )


@settings(max_examples=25)
@given(all_rows=rows, size=st.integers(1, 4), data=st.data())
def test_rows_that_come_while_others_are_dealt_with_make_the_items_that_the_rows_say(
    shared_account: StatusAccount, all_rows: list[Fields], size: int, data: st.DataObject
) -> None:
    account = shared_account
    account.empty()
    account.restart_status(BATCH_WINDOW_SECONDS=AT_ONCE)
    batches = []
    for at in range(0, len(all_rows), size):
        batches.append(account.store(*all_rows[at : at + size]))
        account.batch(data.draw(st.sampled_from(batches)))
    for batch in data.draw(st.permutations(batches)):
        account.batch(batch)
    check(account, all_rows)


@settings(max_examples=25)
@given(all_rows=rows, end=st.integers(0, 20), is_done=st.booleans())
def test_whenever_the_process_ends_all_is_mailed_of_when_the_batch_comes_again(
    shared_account: StatusAccount, all_rows: list[Fields], end: int, *, is_done: bool
) -> None:
    account = shared_account
    account.empty()
    account.restart_status(BATCH_WINDOW_SECONDS=AT_ONCE)
    records = account.store(*all_rows)
    account.gate.end_at(end, is_done=is_done)
    account.ask({"Records": records})
    account.gate.repair()
    # A minute on, nobody has the turn.
    account.put_items({"shipmentId": "\nmail", "turnAt": 0})
    account.batch(records)
    items = account.items()
    assert waiting(account) == []
    for shipment, of_shipment in by_shipment(all_rows).items():
        for run in critical_runs(of_shipment):
            assert not run.isdisjoint(items[shipment]["heard"])
