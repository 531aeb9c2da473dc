"""Passes over a log: each line once, whatever its time."""

import time
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.forwarding import log
from scripts.forwarding.log import LATE_MS, Line, Log
from tests.unit.forwarder.account import GROUP, Client, write


class Truncated:
    """A log group that answers as MiniStack does: no more than a page, and no token."""

    def __init__(self, *lines: Line) -> None:
        """Take the lines that are there already."""
        self.lines = list(lines)

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, *, startTime: int, **_: Any) -> Any:  # noqa: N803 - as the API has it
        found = sorted(
            (line for line in self.lines if line.timestamp >= startTime),
            key=lambda line: line.timestamp,
        )
        events = [
            {"logStreamName": stream, "timestamp": at, "message": message}
            for stream, at, message in found[: log.PAGE]
        ]
        return SimpleNamespace(build_full_result=lambda: {"events": events})


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def messages(lines: list[Line]) -> list[str]:
    return [line.message for line in lines]


def test_a_line_is_new_once(client: Client) -> None:
    read = Log(client("logs"), GROUP)
    write(client, "a", (now_ms(), "one"))
    assert messages(read.new()) == ["one"]
    assert read.new() == []


def test_lines_of_one_millisecond_are_new_once_each(client: Client) -> None:
    read, moment = Log(client("logs"), GROUP), now_ms()
    write(client, "a", (moment, "one"), (moment, "two"))
    assert messages(read.new()) == ["one", "two"]
    write(client, "a", (moment, "three"))
    write(client, "b", (moment, "one"))
    assert sorted(messages(read.new())) == ["one", "three"]
    assert read.new() == []


def test_a_line_that_is_like_another_is_a_line(client: Client) -> None:
    read, moment = Log(client("logs"), GROUP), now_ms()
    write(client, "a", (moment, "same"), (moment, "same"))
    assert messages(read.new()) == ["same", "same"]
    write(client, "a", (moment, "same"))
    assert messages(read.new()) == ["same"]
    assert read.new() == []


def test_a_late_line_is_not_missed(client: Client) -> None:
    read, moment = Log(client("logs"), GROUP), now_ms()
    write(client, "a", (moment, "in time"))
    assert messages(read.new()) == ["in time"]
    write(client, "b", (moment - LATE_MS // 2, "late"))
    assert messages(read.new()) == ["late"]
    assert read.new() == []


def test_a_line_ahead_of_its_time_hides_no_other(client: Client) -> None:
    read, moment = Log(client("logs"), GROUP), now_ms()
    write(client, "a", (moment + 3_600_000, "ahead"))
    assert messages(read.new()) == ["ahead"]
    write(client, "a", (moment, "in time"))
    assert messages(read.new()) == ["in time"]
    assert read.new() == []


def test_lines_from_before_the_start_are_read_if_no_start_is_given(client: Client) -> None:
    moment = now_ms()
    write(client, "a", (moment - 3_600_000, "an hour ago"), (moment, "now"))
    assert messages(Log(client("logs"), GROUP).new()) == ["an hour ago", "now"]
    assert messages(Log(client("logs"), GROUP, since_ms=moment).new()) == ["now"]


def test_a_page_without_a_token_is_not_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "PAGE", 3)
    times = [1, 2, 2, 3, 4, 4, 5, 6, 7]
    read = Log(Truncated(*(Line("a", at, str(index)) for index, at in enumerate(times))), GROUP)
    assert messages(read.new()) == [str(index) for index in range(len(times))]


def test_more_lines_in_a_millisecond_than_can_be_read_are_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log, "PAGE", 2)
    read = Log(Truncated(*[Line("a", 5, "same")] * 3), GROUP)
    with pytest.raises(OverflowError, match="over 2 lines in the millisecond 5"):
        read.new()


# A batch of lines that arrive between two passes: of two streams, few texts, and few times,
# none later than a line may be.
BATCHES = st.lists(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(-3, 3), st.sampled_from("xyz")), max_size=6
    ),
    max_size=6,
)


@given(BATCHES)
def test_every_line_is_read_in_the_pass_after_it_and_in_no_other(
    batches: list[list[tuple[str, int, str]]],
) -> None:
    group, moment = Truncated(), now_ms()
    read = Log(group, GROUP)
    for batch in batches:
        lines = [Line(stream, moment + LATE_MS * at // 10, text) for stream, at, text in batch]
        group.lines.extend(lines)
        assert Counter(read.new()) == Counter(lines)
    assert read.new() == []
