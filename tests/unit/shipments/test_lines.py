"""A file of updates is read line by line, and a line that is none is named."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipments.lines import (
    FORMATS,
    LINE_LIMIT_BYTES,
    Broken,
    Line,
    LineError,
    checked,
    complete,
)

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DETAILS = st.dictionaries(st.text(), JSON, max_size=4)
GOOD = '{"shipmentId": "A", "status": "LOST"}'


def read(form: str, content: bytes | str) -> list[Line | Broken]:
    content = content if isinstance(content, bytes) else content.encode()
    return list(FORMATS[form](io.BytesIO(content)))


def details(form: str, content: bytes | str) -> list[Any]:
    return [line.detail for line in read(form, content) if isinstance(line, Line)]


def numbers(form: str, content: bytes | str) -> list[int]:
    return [line.place.number for line in read(form, content)]


@given(st.lists(DETAILS, max_size=5))
def test_whatever_object_a_line_holds_is_read_as_it_is(written: list[Any]) -> None:
    assert details("jsonl", "\n".join(map(json.dumps, written))) == written


def test_blank_lines_are_not_updates_but_count_as_lines() -> None:
    assert numbers("jsonl", f"\n{GOOD}\n  \n{GOOD}") == [2, 4]


def test_a_byte_order_mark_is_not_part_of_an_update() -> None:
    assert details("jsonl", b"\xef\xbb\xbf" + GOOD.encode()) == [json.loads(GOOD)]


def test_windows_line_ends_are_line_ends() -> None:
    assert len(read("jsonl", f"{GOOD}\r\n{GOOD}\r\n")) == 2


# Each one is followed by a good line.
BROKEN: dict[str, tuple[str, bytes | str, int, str]] = {
    "cut off": ("jsonl", f'{GOOD}\n{{"shipmentId":', 2, "is not JSON: Expecting value at column"),
    "a list": ("jsonl", f"{GOOD}\n\n[{GOOD}]", 3, "must be a JSON object, one update per line"),
    "a string": ("jsonl", '"A"', 1, "must be a JSON object"),
    "not a number": ("jsonl", '{"a": NaN}', 1, "is not JSON: NaN is not a JSON number"),
    "a very long number": ("jsonl", f'{{"a": {"1" * 5000}}}', 1, "is not JSON: Exceeds the limit"),
    "deep nesting": ("jsonl", "[" * 100_000, 1, "is nested too deep"),
    "not UTF-8": ("jsonl", GOOD.encode() + b"\n{\xff", 2, "is not UTF-8 at byte 2"),
    "zero bytes": ("jsonl", "{\0}", 1, "has a zero byte in it"),
    "too long": ("jsonl", "x" * (3 * LINE_LIMIT_BYTES), 1, "is longer than 4,000,000 bytes"),
    "a cell too many": (
        "csv",
        "shipmentId,status\nA,B\nA,B,C",
        3,
        "has 3 cells, the header 2",
    ),
    "a cell too few": ("csv", "shipmentId,status\nA", 2, "has 1 cells, the header 2"),
    "text after a quote": ("csv", 'shipmentId,status\n"A"x,B', 2, "is not CSV: ',' expected"),
    "CSV in Latin-1": ("csv", b"shipmentId,status\nK\xf6ln,B", 2, "is not UTF-8 at byte 2"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_line_has_its_number_and_its_reason_and_stops_no_other(kind: str) -> None:
    form, content, number, reason = BROKEN[kind]
    content = content if isinstance(content, bytes) else content.encode()
    good = GOOD if form == "jsonl" else "A,LOST"
    *_, broken, last = read(form, content + f"\n{good}".encode())
    assert isinstance(broken, Broken)
    assert broken.place.number == number
    assert broken.reason.startswith(reason)
    assert content[broken.place.start : broken.place.end].splitlines() == content.splitlines()[-1:]
    assert isinstance(last, Line)


UNREADABLE = {
    "no status": ("shipmentId,place\nA,B", "line 1: the header has no column status"),
    "a name twice": ("shipmentId,status,status\nA,B,C", "line 1: the header has a column"),
    "UTF-16": ("shipmentId,status".encode("utf-16"), "line 1: is not UTF-8"),
    "an open quote": (
        'shipmentId,status\nA,B\n"A,B\nA,B',
        "line 3: is not CSV: unexpected end of data: is a quote open?",
    ),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_csv_that_cannot_be_read_further_says_where_and_why(kind: str) -> None:
    content, message = UNREADABLE[kind]
    with pytest.raises(LineError) as raised:
        read("csv", content)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_is_separated_as_its_header_is(separator: str) -> None:
    rows = [["shipmentId", "status", "location"], ["A", "LOST", '"Memphis, TN; USA"']]
    content = "\n".join(separator.join(cells) for cells in rows)
    expected = {"shipmentId": "A", "status": "LOST", "location": "Memphis, TN; USA"}
    assert details("csv", content) == [expected]


def test_a_csv_cell_is_a_string_and_an_empty_one_a_missing_field() -> None:
    content = 'shipmentId,status,location,weight\n007,LOST,"Memphis, TN",2.5\n8,LOST,,\n'
    assert details("csv", content) == [
        {"shipmentId": "007", "status": "LOST", "location": "Memphis, TN", "weight": "2.5"},
        {"shipmentId": "8", "status": "LOST"},
    ]


def test_a_csv_event_time_of_digits_is_a_number() -> None:
    content = "shipmentId,status,eventTime\nA,LOST,1700000000000\nA,LOST,2026-01-01T00:00:00Z"
    times = [detail["eventTime"] for detail in details("csv", content)]
    assert times == [1_700_000_000_000, "2026-01-01T00:00:00Z"]


def test_a_csv_update_over_several_lines_has_the_number_of_its_first() -> None:
    content = 'shipmentId,status\n\nA,"LO\nST"\nB,LOST\n'
    assert numbers("csv", content) == [3, 5]


AGAINST_A_RULE = {
    '{"status": "LOST"}': "shipmentId: is required",
    '{"shipmentId": "A", "status": 7}': "status: must be a string",
    '{"shipmentId": "A", "status": "x", "eventTime": "soon"}': "eventTime: must be ISO",
}


@pytest.mark.parametrize("line", AGAINST_A_RULE)
def test_an_update_that_would_be_rejected_has_the_function_s_reason(line: str) -> None:
    good, broken = checked(iter(read("jsonl", f"{GOOD}\n{line}")), as_is=False)
    assert isinstance(good, Line)
    assert isinstance(broken, Broken)
    assert broken.reason.startswith(AGAINST_A_RULE[line])
    assert broken.breaks_rule


@given(DETAILS)
def test_a_detail_with_an_event_time_stays_as_it_is(detail: dict[str, Any]) -> None:
    dated = {**detail, "eventTime": 1_700_000_000_000}
    assert complete(dated) == dated


@pytest.mark.parametrize("time", [None, "", "  "])
def test_a_line_without_an_event_time_is_a_new_update_each_time(time: str | None) -> None:
    detail = {"shipmentId": "A", "status": "LOST", "eventTime": time}
    first, second = complete(detail), complete(detail)
    assert first["updateId"] != second["updateId"]
    assert first["eventTime"].endswith("Z")


def test_an_update_id_stays_when_a_detail_is_completed() -> None:
    detail = {"shipmentId": "A", "status": "LOST", "updateId": "mine"}
    assert complete(detail)["updateId"] == "mine"
