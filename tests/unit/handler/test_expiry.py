"""A row that has expired: what a redelivery of its update does, before and after it is deleted.

DynamoDB deletes it some time after `expiresAt`. No mock does that, so the tests delete it.
"""

import pytest

from tests.unit.handler.account import Account, Fields
from tests.unit.handler.updates import TIME_MS, critical

DAY_SECONDS = 86_400
DAY_MS = 1000 * DAY_SECONDS


@pytest.fixture
def clock(account: Account, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Keep rows for a day; return the function's clock in epoch ms, which a test can set."""
    account.restart(ROW_RETENTION_DAYS="1")
    now = [TIME_MS]
    monkeypatch.setattr(account.handler, "clock_ms", lambda: now[0])
    return now


@pytest.fixture
def expired(account: Account, clock: list[int]) -> Fields:
    """Store and alert a critical update; return its row, which has expired since."""
    account.deliver(critical())
    assert len(account.alerts()) == 1
    clock[0] += 2 * DAY_MS
    row = account.row()
    assert row["expiresAt"] < clock[0] // 1000
    return row


def test_a_redelivery_before_the_deletion_changes_nothing(
    account: Account, expired: Fields
) -> None:
    assert account.deliver(critical()).log["outcome"] == "duplicate"
    assert (account.row(), account.alerts()) == (expired, [])


def test_a_redelivery_after_the_deletion_is_stored_and_alerted_once_and_expires_again(
    account: Account, expired: Fields, clock: list[int]
) -> None:
    account.delete_rows()
    outcomes = [account.deliver(critical()).log["outcome"] for _ in range(3)]
    assert (outcomes, len(account.alerts())) == (["stored", "duplicate", "duplicate"], 1)
    row = account.row()
    assert row["expiresAt"] == clock[0] // 1000 + DAY_SECONDS
    assert {**row, "expiresAt": 0, "processedAt": "", "alertedAt": ""} == {
        **expired,
        "expiresAt": 0,
        "processedAt": "",
        "alertedAt": "",
    }


def test_an_update_older_than_the_retention_is_alerted_and_kept_for_all_of_it(
    account: Account, clock: list[int]
) -> None:
    account.deliver(critical(eventTime=TIME_MS - 365 * DAY_MS))
    assert len(account.alerts()) == 1
    assert account.row()["expiresAt"] == clock[0] // 1000 + DAY_SECONDS
