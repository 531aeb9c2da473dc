"""Which of a shipment's critical statuses people are yet to be mailed about, once each."""

import pytest

from tests.account import Fields
from tests.unit.handler.updates import TIME_MS
from tests.unit.status.account import StatusAccount, entry, iso, row
from tests.unit.status.conftest import Clock


def mailed(account: StatusAccount) -> list[str]:
    """Return what people were mailed of, as items note it."""
    item = account.item()
    assert "unheard" not in item
    assert "dueAt" not in item
    heard: list[str] = item.get("heard", [])
    return heard


# Batches of one shipment's rows, each a status and when (ms), and what people are mailed of.
Batches = list[list[tuple[str, int]]]
WHAT_IS_MAILED: dict[str, tuple[Batches, list[str]]] = {
    "an ordinary status": ([[("HELD", 1)]], []),
    "a critical status": ([[("LOST", 1)]], [entry("LOST", 1)]),
    "a critical status that is repeated": (
        [[("LOST", 1)], [("LOST", 2)], [("LOST", 3), ("LOST", 4)]],
        [entry("LOST", 1)],
    ),
    "a critical status many times at once": (
        [[("LOST", 1), ("LOST", 2), ("LOST", 3)]],
        [entry("LOST", 1)],
    ),
    "a critical status that is repeated from before": (
        [[("LOST", 5)], [("LOST", 1)]],
        [entry("LOST", 5)],
    ),
    "a critical status that is over": ([[("LOST", 1), ("HELD", 2)]], [entry("LOST", 1)]),
    "a critical status that is known late": ([[("HELD", 5)], [("LOST", 1)]], [entry("LOST", 1)]),
    "a critical status that comes again": (
        [[("LOST", 1)], [("HELD", 2)], [("LOST", 3)]],
        [entry("LOST", 1), entry("LOST", 3)],
    ),
    "two critical statuses": (
        [[("DELAYED", 1), ("LOST", 2)]],
        [entry("DELAYED", 1), entry("LOST", 2)],
    ),
    "a critical status after another": (
        [[("DELAYED", 1)], [("LOST", 2)], [("DELAYED", 3)]],
        [entry("DELAYED", 1), entry("DELAYED", 3), entry("LOST", 2)],
    ),
    "a critical status that a late update parts in two": (
        [[("LOST", 1), ("LOST", 5)], [("HELD", 3)]],
        [entry("LOST", 1), entry("LOST", 5)],
    ),
    "a critical status whose first part is heard of, parted late": (
        [[("LOST", 5)], [("LOST", 1)], [("HELD", 3)]],
        [entry("LOST", 1), entry("LOST", 5)],
    ),
}


@pytest.mark.parametrize("case", WHAT_IS_MAILED)
def test_people_are_mailed_once_of_each_time_a_shipment_is_in_a_critical_status(
    account: StatusAccount, clock: Clock, case: str
) -> None:
    batches, expected = WHAT_IS_MAILED[case]
    subjects = []
    for batch in batches:
        account.follow(*(row(status, at) for status, at in batch))
        subjects += account.subjects()
        clock.pass_(20)
    assert mailed(account) == sorted(expected)
    assert len(subjects) <= len(expected)


def test_what_is_mailed_of_is_not_mailed_again_when_its_batch_comes_again(
    account: StatusAccount, clock: Clock
) -> None:
    records = account.store(row("LOST"), row("HELD", 1), row("DELAYED", 2))
    for _ in range(3):
        account.batch(records)
        clock.pass_(20)
    assert len(account.subjects()) == 1


def test_what_waits_for_its_mail_is_noted_once(account: StatusAccount, clock: Clock) -> None:
    account.follow(row("HELD"))
    account.put_items({"shipmentId": "\nmail", "turnAt": clock.ms + 60_000})
    records = account.store(row("LOST", 1))
    account.batch(records)
    since_ms = clock.ms
    clock.pass_(5)
    account.batch(records)
    account.follow(row("LOST", 2), row("DELAYED", 3))
    item = account.item()
    assert item["unheard"] == [entry("LOST", 1), entry("DELAYED", 3)]
    assert item["dueAt"] == iso(since_ms)
    assert "heard" not in item
    assert "alertedAt" not in item


# ---- how far back it looks

OLD, NEW = iso(TIME_MS), iso(TIME_MS + 60_000)


def stored(account: StatusAccount, *rows: Fields) -> None:
    """Store rows that were handed over before, in vain."""
    account.store(*rows)


def test_an_old_status_is_no_news(account: StatusAccount) -> None:
    stored(account, row("LOST", 1), row("HELD", 2), row("HELD", 3))
    account.follow(row("HELD", 4, processedAt=NEW))
    assert mailed(account) == []


@pytest.mark.parametrize(("processed_ms", "is_news"), [(-1, False), (0, True), (1, True)])
def test_a_row_is_news_if_it_is_as_new_as_the_batch_s_first(
    account: StatusAccount, processed_ms: int, *, is_news: bool
) -> None:
    stored(account, row("LOST", 1, processedAt=iso(TIME_MS + processed_ms)))
    stored(account, row("HELD", 2, processedAt=iso(0)), row("HELD", 3, processedAt=iso(0)))
    account.follow(row("HELD", 4, processedAt=iso(TIME_MS)))
    assert mailed(account) == [entry("LOST", 1)] * is_news


@pytest.mark.parametrize("late", [1, 2, 3])
def test_a_batch_looks_back_to_its_earliest_row(account: StatusAccount, late: int) -> None:
    stored(account, row("LOST", 1, processedAt=iso(TIME_MS + 50)), row("HELD", 2, processedAt=OLD))
    rows = [row("HELD", at, processedAt=iso(TIME_MS + 60)) for at in (11, 12, 13)]
    rows[late - 1]["processedAt"] = iso(TIME_MS + 50)
    account.follow(*rows)
    assert mailed(account) == [entry("LOST", 1)]


def test_a_shipment_s_rows_are_looked_at_by_its_own_records(account: StatusAccount) -> None:
    stored(account, row("LOST", 1), row("HELD", 2), row("HELD", 3))
    account.follow(row("HELD", 1, "S-2", processedAt=OLD), row("HELD", 9, processedAt=NEW))
    assert mailed(account) == []


@pytest.mark.parametrize("at", [1, 3])
def test_the_row_beside_a_new_one_is_looked_at(account: StatusAccount, at: int) -> None:
    stored(account, row("LOST", at))
    account.follow(row("HELD", 2, processedAt=NEW))
    assert mailed(account) == [entry("LOST", at)]


@pytest.mark.parametrize("at", [0, 4])
def test_a_row_that_is_not_beside_a_new_one_is_not(account: StatusAccount, at: int) -> None:
    stored(account, row("LOST", at), row("HELD", 1), row("HELD", 3))
    account.follow(row("HELD", 2, processedAt=NEW))
    assert mailed(account) == []


def test_one_row_of_a_time_in_a_status_is_enough_to_tell_of_all(account: StatusAccount) -> None:
    stored(account, row("LOST", 1), row("LOST", 2), row("LOST", 3))
    account.follow(row("LOST", 4, processedAt=NEW))
    assert mailed(account) == [entry("LOST", 1)]


def test_a_row_s_end_is_no_news(account: StatusAccount) -> None:
    stored(account, row("HELD"), row("LOST", 1))
    account.batch(account.remove(row("HELD")))
    assert mailed(account) == []


def test_a_row_s_end_in_a_batch_of_news_hides_none(account: StatusAccount) -> None:
    new = account.store(row("LOST", 1))
    for records in ([*account.records(row("HELD"), event="REMOVE"), *new], new):
        account.batch(records)
    assert mailed(account) == [entry("LOST", 1)]


# ---- what is critical


@pytest.mark.parametrize("status", ["SHIPMENT_DELAYED", "LOST,DAMAGED", "EXCEPTION_004", "LOSS"])
def test_a_status_with_a_critical_word_is_critical(account: StatusAccount, status: str) -> None:
    account.follow(row(status))
    assert mailed(account) == [entry(status)]


@pytest.mark.parametrize("status", ["LOSTFOUND", "UNDELAYED", "DELIVERED", "L0_ST"])
def test_a_status_without_one_is_not(account: StatusAccount, status: str) -> None:
    account.follow(row(status))
    assert mailed(account) == []


def test_the_words_of_an_entry_must_all_be_there(account: StatusAccount) -> None:
    account.restart_status(CRITICAL_STATUSES="held at customs, heldUp")
    for shipment, status in enumerate(
        ("HELD", "CUSTOMS_HELD_IT_AT_9", "HELD_UP", "UP_AND_HELD", "AT_CUSTOMS")
    ):
        account.follow(row(status, 0, f"S-{shipment}"))
    items = account.items()
    assert [name for name in sorted(items) if "heard" in items[name] or "dueAt" in items[name]] == [
        *("S-1", "S-2", "S-3")
    ]
