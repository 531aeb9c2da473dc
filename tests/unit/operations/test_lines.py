"""A file of updates is read line by line, and a line that is none is named."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.operations.lines import FORMATS, LINE_LIMIT_BYTES, Line, LineError, checked, complete

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DETAILS = st.dictionaries(st.text(), JSON, max_size=4)
GOOD = '{"shipmentId": "A", "status": "LOST"}'


def read(form: str, content: bytes | str) -> list[Line]:
    content = content if isinstance(content, bytes) else content.encode()
    return list(FORMATS[form](io.BytesIO(content)))


def details(form: str, content: bytes | str) -> list[Any]:
    return [line.detail for line in read(form, content)]


@given(st.lists(DETAILS, max_size=5))
def test_whatever_object_a_line_holds_is_read_as_it_is(written: list[Any]) -> None:
    assert details("jsonl", "\n".join(map(json.dumps, written))) == written


def test_blank_lines_are_no_updates_but_count_as_lines() -> None:
    assert [line.number for line in read("jsonl", f"\n{GOOD}\n  \n{GOOD}")] == [2, 4]


def test_a_byte_order_mark_is_no_part_of_an_update() -> None:
    assert details("jsonl", b"\xef\xbb\xbf" + GOOD.encode()) == [json.loads(GOOD)]


def test_windows_line_ends_are_line_ends() -> None:
    assert len(read("jsonl", f"{GOOD}\r\n{GOOD}\r\n")) == 2


MALFORMED: dict[str, tuple[str, bytes | str, str]] = {
    "cut off": ("jsonl", f'{GOOD}\n{{"shipmentId":', "line 2: is no JSON: Expecting value at col"),
    "a list": ("jsonl", f"{GOOD}\n\n[{GOOD}]", "line 3: must be a JSON object, one update a line"),
    "a string": ("jsonl", '"A"', "line 1: must be a JSON object"),
    "not a number": ("jsonl", '{"a": NaN}', "line 1: is no JSON: NaN is no JSON number"),
    "a very long number": ("jsonl", f'{{"a": {"1" * 5000}}}', "line 1: is no JSON: Exceeds the li"),
    "deep nesting": ("jsonl", "[" * 100_000, "line 1: is nested too deep"),
    "no UTF-8": ("jsonl", GOOD.encode() + b"\n{\xff", "line 2: is no UTF-8 at byte 2"),
    "zero bytes": ("jsonl", "{\0}", "line 1: has a zero byte in it"),
    "too long": ("jsonl", "x" * (LINE_LIMIT_BYTES + 1), "line 1: is longer than 4,000,000 bytes"),
    "a cell too many": (
        "csv",
        "shipmentId,status\nA,B\nA,B,C",
        "line 3: has 3 cells, the header 2",
    ),
    "a cell too few": ("csv", "shipmentId,status\nA", "line 2: has 1 cells, the header 2"),
    "no status": ("csv", "shipmentId,place\nA,B", "line 1: the header has no column status"),
    "a name twice": ("csv", "shipmentId,status,status\nA,B,C", "line 1: the header has a column"),
    "an open quote": ("csv", 'shipmentId,status\nA,B\n"A,B\nA,B', "line 3: is no CSV: unexpected"),
    "text after a quote": ("csv", 'shipmentId,status\n"A"x,B', "line 2: is no CSV: ',' expected"),
    "CSV in Latin-1": ("csv", b"shipmentId,status\nK\xf6ln,B", "line 2: is no UTF-8 at byte 2"),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_line_is_named_with_what_is_wrong(kind: str) -> None:
    form, content, message = MALFORMED[kind]
    with pytest.raises(LineError) as raised:
        read(form, content)
    assert str(raised.value).startswith(message)


def test_a_csv_cell_is_a_string_and_an_empty_one_no_field() -> None:
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
    assert [line.number for line in read("csv", content)] == [3, 5]


BROKEN = {
    '{"status": "LOST"}': "line 2: shipmentId: is required",
    '{"shipmentId": "A", "status": 7}': "line 2: status: must be a string",
    '{"shipmentId": "A", "status": "x", "eventTime": "soon"}': "line 2: eventTime: must be ISO",
}


@pytest.mark.parametrize("line", BROKEN)
def test_an_update_that_would_be_rejected_is_named_with_the_function_s_reason(line: str) -> None:
    with pytest.raises(LineError) as raised:
        list(checked(FORMATS["jsonl"](io.BytesIO(f"{GOOD}\n{line}".encode()))))
    assert str(raised.value).startswith(BROKEN[line])
    assert raised.value.breaks_rule


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
