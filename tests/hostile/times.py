"""Times at the edges of the calendar, of the clock and of the formats."""

from collections.abc import Iterator

from tests.hostile.corpus import OWN, TIME, TIME_MS, Entry, detail, envelope, text

DAY_MS = 86_400_000
MUST_BE_TIME = "eventTime: must be ISO 8601 with zone"
AHEAD = "eventTime: is more than a day ahead"

# As it comes, and as epoch milliseconds.
INSTANTS = {
    "0001-01-01T00:00:00Z": -62_135_596_800_000,
    "1582-10-10T00:00:00Z": -12_219_724_800_000,
    "1900-02-28T23:59:59.999Z": -2_203_891_200_001,
    "1969-12-31T23:59:59.999Z": -1,
    "1970-01-01T00:00:00Z": 0,
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
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
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
    "0": 0,
    "-0": 0,
    "-0.0": 0,
    "-1": -1,
    "1768478400000.0": TIME_MS,
    "1.7684784e12": TIME_MS,
    "17684784E+5": TIME_MS,
    "-62135596800000": -62_135_596_800_000,
    str(TIME_MS + DAY_MS): TIME_MS + DAY_MS,
}
NO_NUMBERS = {
    "-62135596800001": MUST_BE_TIME,
    "253402300800000": MUST_BE_TIME,
    "1e-7": MUST_BE_TIME,
    "1e308": MUST_BE_TIME,
    "1768478400000.5": MUST_BE_TIME,
    "9007199254740993": MUST_BE_TIME,
    "1" + "0" * 4000: MUST_BE_TIME,
    "-1" + "0" * 4000: MUST_BE_TIME,
    "253402300799999": AHEAD,
    str(TIME_MS + DAY_MS + 1): AHEAD,
}
TOO_LATE = ("9999-12-31T23:59:59.999Z", "2026-01-16T12:00:00.001Z", "2026-01-17T12:00:00+23:59")


def entries() -> Iterator[Entry]:
    """Yield all of this module's entries."""
    for value, milliseconds in INSTANTS.items():
        name = f"eventTime {value.strip()}"
        yield Entry(name, detail(eventTime=text(value)), {"timestamp": milliseconds})
    for value in NO_INSTANTS:
        yield Entry(f"eventTime {value[:40]}", detail(eventTime=text(value)), reason=MUST_BE_TIME)
    for value in TOO_LATE:
        yield Entry(f"eventTime {value}", detail(eventTime=text(value)), reason=AHEAD)
    for value, milliseconds in NUMBERS.items():
        yield Entry(f"eventTime {value}", detail(eventTime=value), {"timestamp": milliseconds})
    for value, reason in NO_NUMBERS.items():
        yield Entry(f"eventTime {value[:40]}", detail(eventTime=value), reason=reason)
    yield Entry(
        "the envelope's time in year 1, and no eventTime",
        envelope(time='"0001-01-01T00:00:00Z"'),
        {"timestamp": -62_135_596_800_000},
    )
    yield Entry(
        "the envelope's time at the end of year 9999, and no eventTime",
        envelope(time='"9999-12-31T23:59:59Z"'),
        {"timestamp": 253_402_300_799_000},
    )
    yield Entry(
        "an eventTime a millennium before the envelope's time",
        detail(eventTime='"1026-01-15T12:00:00Z"'),
        {"timestamp": -29_788_516_800_000},
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
