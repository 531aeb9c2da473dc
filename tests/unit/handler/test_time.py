"""When an update happened."""

from typing import Any

import pytest

from tests.unit.handler.account import Account
from tests.unit.handler.conftest import NOW_MS
from tests.unit.handler.updates import ABSENT, TIME, TIME_MS, envelope, update

NO_TIME = "{}: must be ISO 8601 with zone, or whole epoch milliseconds"
TOO_OLD = "{}: is before the year 2000; were seconds meant as milliseconds?"
TOO_NEW = "{}: is more than an hour ahead of the function's clock"
FIELDS = ("eventTime", "time")


def refusal(account: Account, field: str, value: Any) -> str | None:
    """Return why an update is refused that has a value as its own time or as its envelope's."""
    detail = update()["detail"]
    event = update(eventTime=value) if field == "eventTime" else envelope(detail, time=value)
    return account.deliver(event).refusal


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-01-15T11:58:03Z", "2026-01-15T11:58:03.000Z"),
        ("2026-01-15t11:58:03z", "2026-01-15T11:58:03.000Z"),
        ("2026-01-15 11:58:03Z", "2026-01-15T11:58:03.000Z"),
        (" 2026-01-15T11:58:03Z\n", "2026-01-15T11:58:03.000Z"),
        ("2026-01-15T11:58Z", "2026-01-15T11:58:00.000Z"),
        ("20260115T115803Z", "2026-01-15T11:58:03.000Z"),
        ("20260115T1158Z", "2026-01-15T11:58:00.000Z"),
        ("2026-01-15T11:58:03+00:00", "2026-01-15T11:58:03.000Z"),
        ("2026-01-15T11:58:03-00:00", "2026-01-15T11:58:03.000Z"),
        ("2026-01-15T11:58:03+05:45", "2026-01-15T06:13:03.000Z"),
        ("2026-01-15T11:58:03+0545", "2026-01-15T06:13:03.000Z"),
        ("2026-01-15T11:58:03-03:30", "2026-01-15T15:28:03.000Z"),
        ("2026-01-15T11:58:03-03", "2026-01-15T14:58:03.000Z"),
        ("2026-01-15T11:58:03+14:00", "2026-01-14T21:58:03.000Z"),
        ("2026-01-15T11:58:03+23:59", "2026-01-14T11:59:03.000Z"),
        ("20260115T115803.25+0100", "2026-01-15T10:58:03.250Z"),
        ("2026-01-15T11:58:03.1Z", "2026-01-15T11:58:03.100Z"),
        ("2026-01-15T11:58:03.12Z", "2026-01-15T11:58:03.120Z"),
        ("2026-01-15T11:58:03,123Z", "2026-01-15T11:58:03.123Z"),
        ("2026-01-15T11:58:03.000Z", "2026-01-15T11:58:03.000Z"),
        ("2026-01-15T11:58:03.123456Z", "2026-01-15T11:58:03.123Z"),
        ("2026-01-15T11:58:03.999999999Z", "2026-01-15T11:58:03.999Z"),
        ("2026-01-15T11:58:03.123456789-08:00", "2026-01-15T19:58:03.123Z"),
        ("2024-02-29T23:59:59Z", "2024-02-29T23:59:59.000Z"),
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"),
        ("2025-12-31T23:30:00-01:00", "2026-01-01T00:30:00.000Z"),
        (1_768_478_283_456, "2026-01-15T11:58:03.456Z"),
        (1_768_478_283_456.0, "2026-01-15T11:58:03.456Z"),
        (1.7e12, "2023-11-14T22:13:20.000Z"),
        ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00.000Z"),
        ("1999-12-31T19:00:00-05:00", "2000-01-01T00:00:00.000Z"),
        (946_684_800_000, "2000-01-01T00:00:00.000Z"),
    ],
)
def test_a_time_is_stored_in_utc_to_the_millisecond(
    account: Account, sent: Any, stored: str
) -> None:
    account.deliver(update(eventTime=sent))
    assert account.row()["eventTime"] == stored


@pytest.mark.parametrize(
    ("sent", "timestamp"),
    [
        ("2026-01-15T11:58:03.456Z", 1_768_478_283_456),
        (1_768_478_283_456.0, 1_768_478_283_456),
    ],
)
def test_a_row_lies_at_its_event_time(account: Account, sent: Any, timestamp: int) -> None:
    account.deliver(update(eventTime=sent))
    assert account.row()["timestamp"] == timestamp


@pytest.mark.parametrize("value", [ABSENT, None, "", " \t\n"])
def test_an_update_without_a_time_happened_when_it_was_sent(account: Account, value: Any) -> None:
    account.deliver(update(eventTime=value))
    assert account.row()["timestamp"] == TIME_MS


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "2026-01-15",
        "2026-01-15T11:58:03",
        "2026-01-15T11Z",
        "2026-01-15T11:58:03.Z",
        "2026-01-15T11:58.5Z",
        "2026-01-15T11:58:03 Z",
        "2026-01-15T11:58:03ZZ",
        "2026-01-15T11:58:03+1",
        "2026-01-15T11:58:03+01:",
        "2026-01-15T11:58:03+01:0",
        "2026-01-15_11:58:03Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-01-15T24:00:00Z",
        "2026-01-15T25:00:00Z",
        "2026-01-15T11:60:00Z",
        "2026-01-15T11:58:60Z",
        "2026-01-15T11:58:03+24:00",
        "2026-01-15T11:58:03-24:00",
        "2026-01-15T11:58:03+05:60",
        "2026-01-15T11:58:03+05:75",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "+2026-01-15T11:58:03Z",
        "26-01-15T11:58:03Z",
        "2026-W03-4T11:58:03Z",
        "\u0662\u0660\u0662\u0666-01-15T11:58:03Z",
        "2026-01-15T11:58:03.123\u0664Z",
        "1768478283456",
        "NaN",
        1_768_478_283_456.5,
        -0.5,
        1e999,
        -1e999,
        True,
        False,
        [],
        [1_768_478_283_456],
        {},
        {"$date": "2026-01-15T11:58:03Z"},
    ],
)
@pytest.mark.parametrize("field", FIELDS)
def test_what_is_no_time_is_refused(account: Account, value: Any, field: str) -> None:
    assert refusal(account, field, value) == NO_TIME.format(field)


@pytest.mark.parametrize("value", [ABSENT, None, "", " "])
def test_an_update_without_any_time_is_refused(account: Account, value: Any) -> None:
    assert refusal(account, "time", value) == NO_TIME.format("time")


@pytest.mark.parametrize("value", [ABSENT, None, "", "never"])
def test_an_update_with_a_time_of_its_own_needs_no_other(account: Account, value: Any) -> None:
    account.deliver(envelope(update(eventTime=TIME)["detail"], time=value))
    assert account.row()["timestamp"] == TIME_MS


@pytest.mark.parametrize(
    "value",
    [
        "1999-12-31T23:59:59.999Z",
        "2000-01-01T00:59:59+01:00",
        "0001-01-01T00:00:00+00:01",
        946_684_799_999,
        1_768_478_283,  # epoch seconds, which would lie in January 1970
        0,
        -0.0,
        -1,
        -(10**30),
    ],
)
@pytest.mark.parametrize("field", FIELDS)
def test_a_time_before_2000_is_refused_and_asks_whether_seconds_were_meant(
    account: Account, value: Any, field: str
) -> None:
    assert refusal(account, field, value) == TOO_OLD.format(field)


@pytest.mark.usefixtures("now_ms")
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", ["2026-01-15T13:00:01.234Z", NOW_MS + 3_600_000])
def test_a_time_may_be_an_hour_ahead_of_the_functions_clock(
    account: Account, value: Any, field: str
) -> None:
    assert refusal(account, field, value) is None
    assert account.row()["timestamp"] == NOW_MS + 3_600_000


@pytest.mark.usefixtures("now_ms")
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "value",
    [
        "2026-01-15T13:00:01.235Z",
        NOW_MS + 3_600_001,
        "2099-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        253_402_300_800_000,
        10**30,
        1e300,
    ],
)
def test_a_time_further_ahead_is_refused(account: Account, value: Any, field: str) -> None:
    assert refusal(account, field, value) == TOO_NEW.format(field)


@pytest.mark.usefixtures("now_ms")
def test_how_far_ahead_a_time_is_goes_by_the_clock_not_by_the_envelope(account: Account) -> None:
    event = update(eventTime="2099-01-01T00:00:00Z")
    assert account.deliver(
        envelope(event["detail"], time="2099-01-01T00:00:00Z")
    ).refusal == TOO_NEW.format("eventTime")
