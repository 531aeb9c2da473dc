"""A process that ends at any of its calls loses no mail, and repeats one only if it is unmarked."""

import pytest

from tests.account import Fields
from tests.unit.handler import gate
from tests.unit.status.account import StatusAccount, entry, row
from tests.unit.status.conftest import Clock
from tests.unit.status.items import waiting

# The calls for a shipment that becomes critical: read, status, entry, turn, who waits, items, who
# is subscribed, publication, mark, turn.
CALLS = 10
PUBLISH, MARK = 7, 8
MAIL = "Logistics Alert: LOST - S-1"


def end(account: StatusAccount, records: list[Fields], number: int, *, is_done: bool) -> None:
    """Hand over a batch to a process that ends at a call."""
    account.gate.end_at(number, is_done=is_done)
    assert isinstance(account.ask({"Records": records}).error, gate.Killed)
    account.gate.repair()


def is_repeated(number: int, *, is_done: bool) -> bool:
    """Return whether a process ended after the publication and before the mark."""
    return (number, is_done) in {(PUBLISH, True), (MARK, False)}


each_end = pytest.mark.parametrize(
    ("number", "is_done"), [(number, done) for number in range(CALLS) for done in (False, True)]
)


def test_the_calls_are_those_that_are_tried(account: StatusAccount) -> None:
    assert account.ask({"Records": account.store(row("LOST"))}).calls == [
        *("Query", "UpdateItem", "UpdateItem", "UpdateItem", "Scan", "BatchGetItem"),
        *("ListSubscriptionsByTopic", "Publish", "UpdateItem", "UpdateItem"),
    ]


@each_end
def test_a_batch_that_comes_again_is_mailed_of(
    account: StatusAccount, clock: Clock, number: int, *, is_done: bool
) -> None:
    records = account.store(row("LOST"))
    end(account, records, number, is_done=is_done)
    for _ in range(2):
        clock.pass_(60)
        account.batch(records)
    assert account.subjects() == [MAIL] * (2 if is_repeated(number, is_done=is_done) else 1)
    assert account.item()["heard"] == [entry("LOST")]
    assert waiting(account) == []


@each_end
def test_it_is_mailed_of_with_the_shipment_s_next_update(
    account: StatusAccount, clock: Clock, number: int, *, is_done: bool
) -> None:
    end(account, account.store(row("LOST")), number, is_done=is_done)
    clock.pass_(60)
    account.follow(row("HELD", 5, processedAt="2026-02-01T00:00:00.000Z"))
    clock.pass_(20)
    account.do({"do": "mail"})
    assert account.subjects() == [MAIL] * (2 if is_repeated(number, is_done=is_done) else 1)
    assert account.item()["heard"] == [entry("LOST")]
    assert waiting(account) == []


@each_end
def test_the_minute_s_run_mails_what_was_noted_before_the_end(
    account: StatusAccount, clock: Clock, number: int, *, is_done: bool
) -> None:
    end(account, account.store(row("LOST")), number, is_done=is_done)
    clock.pass_(60)
    account.do({"do": "mail"})
    is_noted = (number, is_done) >= (2, True)
    twice = is_repeated(number, is_done=is_done)
    assert account.subjects() == [MAIL] * (is_noted + twice)


@pytest.mark.parametrize("number", range(13))
def test_of_two_shipments_of_a_batch_none_is_lost(
    account: StatusAccount, clock: Clock, number: int
) -> None:
    records = account.store(row("LOST"), row("DELAYED", 1, "S-2"))
    end(account, records, number, is_done=True)
    clock.pass_(60)
    account.batch(records)
    told = "\n".join(mail.body for mail in account.digests())
    assert "S-1: LOST since" in told
    assert "S-2: DELAYED since" in told
    assert waiting(account) == []
    assert [account.item(name)["heard"] for name in ("S-1", "S-2")] == [
        [entry("LOST")],
        [entry("DELAYED", 1)],
    ]


def test_one_that_was_marked_before_the_end_is_not_mailed_again(
    account: StatusAccount, clock: Clock
) -> None:
    records = account.store(row("LOST"), row("DELAYED", 1, "S-2"))
    end(account, records, 12, is_done=False)  # at the second mark
    account.digests()
    clock.pass_(60)
    account.batch(records)
    assert account.subjects() == ["Logistics Alert: DELAYED - S-2"]


@pytest.mark.parametrize(
    "fault", [gate.refusal(500, "InternalServerError"), gate.refusal(400, "ThrottlingException")]
)
def test_a_mark_that_fails_repeats_the_mail(
    account: StatusAccount, clock: Clock, fault: gate.Fault
) -> None:
    records = account.store(row("LOST"))
    account.gate.after("Publish", lambda: account.gate.break_calls("UpdateItem", fault))
    delivery = account.ask({"Records": records})
    assert delivery.result == {"batchItemFailures": []}
    account.gate.reset()
    clock.pass_(60)
    account.do({"do": "mail"})
    clock.pass_(20)
    account.do({"do": "mail"})
    assert account.subjects() == [MAIL, MAIL]
