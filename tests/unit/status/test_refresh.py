"""Shipments that the operator's command asks to be refreshed: for a rebuild, or after a failure."""

import pytest

from tests.unit.handler import gate
from tests.unit.handler.updates import TIME_MS
from tests.unit.status.account import StatusAccount, entry, iso, row
from tests.unit.status.conftest import Clock
from tests.unit.status.items import waiting

NO_TIME = "no time left for it: run the command again"


def test_shipments_without_items_get_them(account: StatusAccount) -> None:
    account.store(row("HELD"), row("DELIVERED", 1), row("HELD", 2, "S-2"))
    assert account.refresh("S-1", "S-2") == {"refreshed": 2, "failed": {}}
    found = {name: (item["status"], item["updates"]) for name, item in account.items().items()}
    assert found == {"S-1": ("DELIVERED", 2), "S-2": ("HELD", 1)}


def test_no_shipments_are_none(account: StatusAccount) -> None:
    assert account.refresh() == {"refreshed": 0, "failed": {}}
    assert account.gate.calls == []


def test_a_shipment_without_rows_loses_its_item(account: StatusAccount) -> None:
    account.follow(row("LOST"))
    account.delete_rows()
    assert account.refresh("S-1", "S-9") == {"refreshed": 2, "failed": {}}
    assert list(account.items()) == ["\nmail"]


def test_a_rebuild_mails_of_what_is_critical_now_and_not_of_the_past(
    account: StatusAccount,
) -> None:
    account.store(row("DELAYED"), row("HELD", 1), row("LOST", 2), row("LOST", 3))
    account.store(row("LOST", 0, "S-2"), row("DELIVERED", 1, "S-2"))
    account.refresh("S-1", "S-2")
    assert account.subjects() == ["Logistics Alert: LOST - S-1"]
    assert account.item()["heard"] == [entry("LOST", 2)]


def test_a_redrive_mails_of_what_was_stored_since(account: StatusAccount) -> None:
    for at, status in enumerate(("DELAYED", "HELD", "HELD", "LOST", "HELD", "HELD")):
        account.store(row(status, at))
    account.refresh("S-1", since=iso(TIME_MS + 3))
    assert account.item()["heard"] == [entry("LOST", 3)]


@pytest.mark.parametrize("since", ["9999", iso(TIME_MS + 1), "9999-12-31T23:59:59.999Z"])
def test_a_refresh_since_later_mails_of_nothing(account: StatusAccount, since: str) -> None:
    account.store(row("LOST"))
    account.refresh("S-1", since=since)
    assert account.digests() == []
    assert account.item()["status"] == "LOST"


def test_a_refresh_since_ever_mails_of_all(account: StatusAccount) -> None:
    account.store(row("LOST"), row("HELD", 1), row("HELD", 2), row("HELD", 3))
    account.refresh("S-1", since="")
    assert account.item()["heard"] == [entry("LOST")]


def test_shipments_that_wait_for_their_mail_are_mailed_of(
    account: StatusAccount, clock: Clock
) -> None:
    account.follow(row("LOST", 0, "S-0"))
    account.follow(row("LOST"))
    assert waiting(account) == ["S-1"]
    account.digests()
    clock.pass_(20)
    account.refresh("S-1", since="9999")
    assert account.subjects() == ["Logistics Alert: LOST - S-1"]


def test_nothing_to_mail_takes_no_turn(account: StatusAccount) -> None:
    account.store(row("HELD"))
    account.refresh("S-1")
    assert "\nmail" not in account.items()


def test_a_shipment_that_fails_is_named_with_the_reason_and_others_go_on(
    account: StatusAccount,
) -> None:
    broken = row("HELD", 0, "S-2")
    del broken["location"]
    account.store(row("HELD"), broken, row("LOST", 0, "S-3"))
    assert account.refresh("S-1", "S-2", "S-3") == {
        "refreshed": 2,
        "failed": {"S-2": "KeyError: 'location'"},
    }
    assert account.kept() == []
    assert account.subjects() == ["Logistics Alert: LOST - S-3"]


def test_a_shipment_that_fails_for_a_while_is_named_with_the_reason(
    account: StatusAccount,
) -> None:
    account.store(row("HELD"), row("HELD", 0, "S-2"))
    account.gate.break_calls("Query", gate.refusal(400, "AccessDeniedException"), times=1)
    answer = account.refresh("S-1", "S-2")
    assert answer["refreshed"] == 1
    assert answer["failed"]["S-1"].startswith(
        "ClientError AccessDeniedException: An error occurred (AccessDeniedException) when calling"
    )


@pytest.mark.parametrize(
    ("seconds", "failed"),
    [(35, {}), (35.001, {"S-2": NO_TIME, "S-3": NO_TIME})],
)
def test_what_is_not_begun_after_35_seconds_is_named(
    account: StatusAccount, clock: Clock, seconds: float, failed: dict[str, str]
) -> None:
    account.store(*(row("HELD", 0, f"S-{number}") for number in (1, 2, 3)))
    start_ms = clock.ms

    def slowly() -> None:
        clock.ms = start_ms + round(seconds * 1000)

    account.gate.after("Query", slowly)
    assert account.refresh("S-1", "S-2", "S-3") == {
        "refreshed": 3 - len(failed),
        "failed": failed,
    }


def test_a_shipment_that_is_asked_for_twice_is_refreshed(account: StatusAccount) -> None:
    account.store(row("HELD"))
    assert account.refresh("S-1", "S-1")["failed"] == {}


def test_a_refresh_is_reported(account: StatusAccount) -> None:
    account.store(row("HELD"))
    account.gate.break_calls("Query", gate.refusal(400, "AccessDeniedException"), times=1)
    log = account.ask({"do": "refresh", "shipments": ["S-1", "S-2", "S-3"]}).log
    assert (log["ShipmentsRefreshed"], log["RefreshFailures"]) == (2, 1)
    log = account.ask({"do": "refresh", "shipments": ["S-1"]}).log
    assert (log["ShipmentsRefreshed"], log["RefreshFailures"]) == (1, 0)
