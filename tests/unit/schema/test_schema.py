"""docs/shipment-update.schema.json accepts what the handler stores, and refuses what it rejects.

Where it does not, a row of EXCEPTIONS says why.
"""

import json
import re
import shutil
import subprocess
import unicodedata
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from scripts.schemas import SCHEMA
from tests.unit.handler.updates import ABSENT
from tests.unit.schema.details import (
    DIGITS,
    ENDS,
    FIELDS,
    MARKS,
    NUMBERS,
    PARTS,
    SECONDS,
    details,
    time,
)
from tests.unit.schema.differences import (
    EXCEPTIONS,
    HANDLER,
    Detail,
    Difference,
    accepts,
    refusal,
    some,
)

TOO_FAR = "eventTime: is more than an hour ahead of the function's clock"


@pytest.mark.parametrize("exception", EXCEPTIONS, ids=lambda exception: exception.reason)
def test_an_exception_is_one(exception: Difference) -> None:
    detail = some(exception.fields)
    assert exception.holds(detail)
    assert (accepts(detail), refusal(detail) == "") == (exception.accepted, not exception.accepted)


# ---- where they agree


def differing(*details: Detail) -> list[Detail]:
    """Return the updates that one stores and the other does not, but for the exceptions."""
    return [
        detail
        for detail in details
        if accepts(detail) != (refusal(detail) == "")
        and not any(exception.holds(detail) for exception in EXCEPTIONS)
    ]


def test_they_agree_about_each_part_of_a_time() -> None:
    times = [
        time(place, value)
        for place in range(len(PARTS))
        for value in (*DIGITS, *MARKS, "123", "0", "000000000")
    ]
    times += [f"2028-02-29T08:07{seconds}{end}" for seconds in SECONDS for end in ENDS]
    assert differing(*(some({"eventTime": text}) for text in times)) == []


@pytest.mark.parametrize("number", NUMBERS)
def test_they_agree_about_numbers_as_times(number: float) -> None:
    assert differing(some({"eventTime": number})) == []


def test_they_agree_about_each_day() -> None:
    days = [
        (year, month, day)
        for year in (1999, 2000, 2023, 2024, 2100, 2400)
        for month in range(14)
        for day in range(33)
    ]
    days += [(year, 2, 29) for year in range(10_000)]
    times = (f"{year:04}-{month:02}-{day:02}T00:00Z" for year, month, day in days)
    assert differing(*(some({"eventTime": text}) for text in times)) == []


def test_they_agree_about_each_blank_and_control_character_in_each_place() -> None:
    kinds = {"Cc", "Cf", "Zs", "Zl", "Zp", "Pd", "Pc"}
    odd = [char for char in map(chr, range(0x11000)) if unicodedata.category(char) in kinds]
    near_odd = {
        chr(ord(char) + step) for char in odd for step in (-1, 0, 1) if ord(char) + step >= 0
    }
    limits = {"shipmentId": 128, "status": 64, "updateId": 256}
    details = [
        some({field: text})
        for field, limit in limits.items()
        for char in near_odd - set(map(chr, range(0xD800, 0xE000)))
        for text in (char, f"{char}{'x' * limit}", f"{'x' * limit}{char}", f"x{char}x")
    ]
    noon = "2026-01-15T12:00Z"
    details += [
        some({"eventTime": text}) for char in near_odd for text in (char + noon, noon + char)
    ]
    assert differing(*details) == []


@settings(max_examples=1000, deadline=None)
@given(detail=details)
@example(detail=some({"shipmentId": ABSENT}))
@example(detail=some({"status": ABSENT}))
@example(detail=some({"eventTime": None, "updateId": None, "location": None}))
def test_the_schema_accepts_what_the_handler_stores_and_nothing_else(detail: Any) -> None:
    if isinstance(detail, dict):
        assume(not any(exception.holds(detail) for exception in EXCEPTIONS))
    assert accepts(detail) == (refusal(detail) == "")


@settings(max_examples=300, deadline=None)
@given(detail=details)
def test_by_today_s_clock_they_differ_in_times_ahead_only(detail: Any) -> None:
    if isinstance(detail, dict):
        assume(not any(exception.holds(detail) for exception in EXCEPTIONS[1:]))
    found = refusal(detail, HANDLER.clock_ms())
    assert found == TOO_FAR or accepts(detail) == (found == "")


def test_a_time_far_ahead_is_accepted_because_a_schema_has_no_clock() -> None:
    detail = some({"eventTime": "2999-01-01T00:00:00Z"})
    assert accepts(detail)
    assert refusal(detail, HANDLER.clock_ms()) == TOO_FAR


# ---- other readers of the patterns

NODE = shutil.which("node")
JAVASCRIPT = """
const [schema, details] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const patterns = Object.entries(schema.properties)
  .filter(([, { pattern }]) => pattern)
  .map(([name, { pattern }]) => [name, new RegExp(pattern, "u")]);
console.log(JSON.stringify(details.map((detail) =>
  patterns.every(([name, pattern]) =>
    typeof detail[name] !== "string" || pattern.test(detail[name])))));
"""


@pytest.mark.skipif(NODE is None, reason="needs Node.js")
def test_the_patterns_mean_in_javascript_what_they_mean_in_python() -> None:
    found = []

    @settings(max_examples=500, database=None)
    @given(fields=st.fixed_dictionaries({}, optional=FIELDS))
    def collect(fields: Detail) -> None:
        strings = {name: text for name, text in fields.items() if isinstance(text, str)}
        if not re.search("[\ud800-\udfff]", "".join(strings.values())):
            found.append(some(strings))

    collect()
    schema = json.loads(SCHEMA.read_text("utf-8"))
    run = [str(NODE), "-e", JAVASCRIPT]
    done = subprocess.run(
        run, input=json.dumps([schema, found]), capture_output=True, check=True, text=True
    )
    assert json.loads(done.stdout) == list(map(accepts, found))
