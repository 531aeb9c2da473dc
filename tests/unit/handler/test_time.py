"""When an update happened."""

from typing import Any

import pytest

from tests.unit.handler.account import Account
from tests.unit.handler.updates import ABSENT, TIME, TIME_MS, envelope, update

IN_RANGE = {"time": "9999-12-31T00:00:00Z"}
NO_TIME = "{}: must be ISO 8601 with zone, or whole epoch milliseconds"


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
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("0001-01-01T00:00:00.000-23:59", "0001-01-01T23:59:00.000Z"),
        (1_768_478_283_456, "2026-01-15T11:58:03.456Z"),
        (1_768_478_283_456.0, "2026-01-15T11:58:03.456Z"),
        (1.7e12, "2023-11-14T22:13:20.000Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (-0.0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
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
        ("1969-12-31T23:59:59.999Z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        (1_768_478_283_456.0, 1_768_478_283_456),
    ],
)
def test_a_row_lies_at_its_event_time(account: Account, sent: Any, timestamp: int) -> None:
    account.deliver(update(eventTime=sent))
    assert account.row()["timestamp"] == timestamp


@pytest.mark.parametrize(
    ("sent", "timestamp"),
    [("9999-12-31T23:59:59.999999Z", 253_402_300_799_999), (253_402_300_799_999,) * 2],
)
def test_time_ends_with_the_year_9999(account: Account, sent: Any, timestamp: int) -> None:
    account.deliver(envelope(update(eventTime=sent)["detail"], **IN_RANGE))
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
        "0001-01-01T00:00:00+00:01",
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
        -62_135_596_800_001,
        253_402_300_800_000,
        10**30,
        1e300,
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
@pytest.mark.parametrize("where", ["eventTime", "time"])
def test_what_is_no_time_is_refused(account: Account, value: Any, where: str) -> None:
    detail = update()["detail"]
    event = update(eventTime=value) if where == "eventTime" else envelope(detail, time=value)
    assert account.deliver(event).refusal == NO_TIME.format(where)


@pytest.mark.parametrize("value", [ABSENT, None, "", " "])
def test_an_envelope_without_a_time_is_refused(account: Account, value: Any) -> None:
    assert account.deliver(
        envelope(update(eventTime=TIME)["detail"], time=value)
    ).refusal == NO_TIME.format("time")


@pytest.mark.parametrize(
    "ahead", ["2026-01-16T12:00:00.000Z", "2026-01-16T12:00:00.000999Z", TIME_MS + 86_400_000]
)
def test_an_update_may_be_a_day_ahead(account: Account, ahead: Any) -> None:
    account.deliver(update(eventTime=ahead))
    assert account.row()["eventTime"] == "2026-01-16T12:00:00.000Z"


@pytest.mark.parametrize(
    "ahead", ["2026-01-16T12:00:00.001Z", TIME_MS + 86_400_001, "9999-12-31T23:59:59Z"]
)
def test_an_update_further_ahead_is_refused(account: Account, ahead: Any) -> None:
    assert (
        account.deliver(update(eventTime=ahead)).refusal
        == "eventTime: is more than a day ahead of the envelope's time"
    )


def test_how_far_ahead_an_update_is_goes_by_the_envelope_not_the_clock(account: Account) -> None:
    sent = {"time": "2031-05-05T00:00:00Z"}
    account.deliver(envelope(update(eventTime="2031-05-06T00:00:00Z")["detail"], **sent))
    assert account.row()["eventTime"] == "2031-05-06T00:00:00.000Z"
