"""Times at the edges of the calendar, of the clock and of the formats."""

from collections.abc import Iterator

from tests.campaigns.hostile.corpus import (
    DETAIL,
    ENVELOPE,
    OWN,
    TIME,
    TIME_MS,
    Entry,
    detail,
    envelope,
    fields,
    text,
)

DAY_MS = 86_400_000
MUST_BE_TIME = "eventTime: must be ISO 8601 with zone"
BEFORE_2000 = "eventTime: is before the year 2000"
AHEAD = "eventTime: is more than an hour ahead of the function's clock"

# As it comes, and as epoch milliseconds.
INSTANTS = {
    "2000-01-01T00:00:00Z": 946_684_800_000,
    "2000-02-29T12:00:00Z": 951_825_600_000,
    "2024-02-29T00:00:00Z": 1_709_164_800_000,
    "2025-12-31T23:59:59.999999999Z": 1_767_225_599_999,
    "2026-01-01T13:59:59+14:00": 1_767_225_599_000,
    "2025-12-31T12:00:00-12:00": 1_767_225_600_000,
    "2025-12-31T00:01:00-23:59": 1_767_225_600_000,
    "2026-01-15T12:00:00-00:00": TIME_MS,
    "2026-01-15T12:00:00+00:00": TIME_MS,
    "2026-01-15T13:00:00+01": TIME_MS,
    "2026-01-15T17:30:00+0530": TIME_MS,
    "2026-01-15t12:00:00z": TIME_MS,
    "2026-01-15 12:00:00Z": TIME_MS,
    "20260115T120000Z": TIME_MS,
    "2026-01-15T12:00Z": TIME_MS,
    "2026-01-15T12:00:00,5Z": TIME_MS + 500,
    "2026-01-15T12:00:00.5Z": TIME_MS + 500,
    "2026-01-15T12:00:00.0009Z": TIME_MS,
    "2026-01-15T12:00:00.123456789012345678901234567890Z": TIME_MS + 123,
    "  2026-01-15T12:00:00Z\n": TIME_MS,
    "2026-01-16T12:00:00Z": TIME_MS + DAY_MS,
}
NO_INSTANTS = (
    "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "-2026-01-15T12:00:00Z",
    "+2026-01-15T12:00:00Z",
    "2025-02-29T12:00:00Z",
    "1900-02-29T12:00:00Z",
    "2025-02-30T12:00:00Z",
    "2025-04-31T12:00:00Z",
    "2025-00-10T12:00:00Z",
    "2025-13-10T12:00:00Z",
    "2025-10-00T12:00:00Z",
    "2025-10-10T24:00:00Z",
    "2025-10-10T25:00:00Z",
    "2025-10-10T12:60:00Z",
    "2016-12-31T23:59:60Z",
    "2025-10-10T12:00:00.Z",
    "2025-10-10T12:00:00+24:00",
    "2025-10-10T12:00:00+99:99",
    "2025-10-10T12:00:00+1",
    "2025-10-10T12:00:00",
    "2025-10-10",
    "2025-10",
    "2025-W41-5T12:00:00Z",
    "2025-283T12:00:00Z",
    "12:00:00Z",
    "2025-10-10T12:00:00 Europe/Berlin",
    "2025-10-10T12:00:00UTC",
    "2025-10-10T12:00:00Z\x00",
    "2025-10-10T12:00:00ZZ",
    "Fri, 10 Oct 2025 12:00:00 GMT",
    "10/10/2025 12:00",
    "\u0662\u0660\u0662\u0665-\u0661\u0660-\u0661\u0660T\u0661\u0662:\u0660\u0660:\u0660\u0660Z",
    "\uff12\uff10\uff12\uff15-10-10T12:00:00Z",
    "2025\u201110\u201110T12:00:00Z",
    "2025-10-10T12:00:00\u2212" + "01:00",
    "now",
    "\ud83d",
    "9" * 5000,
    "2025-10-10T12:00:00." + "9" * 100_000,
)
# As JSON text, and as epoch milliseconds.
NUMBERS = {
    "1768478400000.0": TIME_MS,
    "1.7684784e12": TIME_MS,
    "17684784E+5": TIME_MS,
    str(TIME_MS + DAY_MS): TIME_MS + DAY_MS,
}
NO_NUMBERS = {
    "1e-7": MUST_BE_TIME,
    "1768478400000.5": MUST_BE_TIME,
    "0": BEFORE_2000,
    "-0": BEFORE_2000,
    "-0.0": BEFORE_2000,
    "-1": BEFORE_2000,
    "1768478400": BEFORE_2000,  # seconds
    "-62135596800001": BEFORE_2000,
    "-1" + "0" * 4000: BEFORE_2000,
    "253402300800000": AHEAD,
    "253402300799999": AHEAD,
    "9007199254740993": AHEAD,
    "1e308": AHEAD,
    "1" + "0" * 4000: AHEAD,
}
TOO_EARLY = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+00:01",
    "1026-01-15T12:00:00Z",
    "1582-10-10T00:00:00Z",
    "1969-12-31T23:59:59.999Z",
    "1970-01-21T11:14:38Z",  # seconds taken as milliseconds
    "1999-12-31T23:59:59.999Z",
)
TOO_LATE = ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59-00:01", "2099-01-01T00:00:00Z")


def entries() -> Iterator[Entry]:
    """Yield all of this module's entries."""
    for value, milliseconds in INSTANTS.items():
        name = f"eventTime {value.strip()}"
        yield Entry(name, at(text(value)), {"timestamp": milliseconds})
    for reason, values in {
        MUST_BE_TIME: NO_INSTANTS,
        BEFORE_2000: TOO_EARLY,
        AHEAD: TOO_LATE,
    }.items():
        for value in values:
            yield Entry(f"eventTime {value[:40]}", at(text(value)), reason=reason)
    for value, milliseconds in NUMBERS.items():
        yield Entry(f"eventTime {value}", at(value), {"timestamp": milliseconds})
    for value, reason in NO_NUMBERS.items():
        yield Entry(f"eventTime {value[:40]}", at(value), reason=reason)
    for value, reason in (("0001-01-01T00:00:00Z", BEFORE_2000), ("2099-01-01T00:00:00Z", AHEAD)):
        yield Entry(
            f"the envelope's time {value}, and no eventTime",
            envelope(time=text(value)),
            reason=reason.replace("eventTime", "time"),
        )
    yield Entry(
        "an envelope's time of the year 2099, and an eventTime",
        fields({**ENVELOPE, "time": '"2099-01-01T00:00:00Z"'}, {"detail": DATED}),
        {"timestamp": TIME_MS},
    )
    yield Entry(
        "the envelope's time in milliseconds",
        envelope(time=str(TIME_MS)),
        {"timestamp": TIME_MS, "updateId": f"E-{OWN}"},
    )
    yield Entry(
        "an offset in the envelope's time",
        envelope(time=text(TIME.replace("Z", "+01:00"))),
        {"timestamp": TIME_MS - 3_600_000},
    )


OWN_ID = f'"E-{OWN}"'
DATED = fields(DETAIL, {"eventTime": text(TIME), "updateId": OWN_ID})


def at(value: str) -> str:
    """Return the JSON text of an event with an eventTime, and an id that tells its row."""
    return detail(eventTime=value, updateId=OWN_ID)
