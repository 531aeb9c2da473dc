"""Ticks stand at round values and times, and no more of them than there is room for."""

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.drawing.scales import number, scale, time_ticks

SIX = datetime(2026, 11, 1, 6, 0, tzinfo=timezone.utc).timestamp()
VALUES = [
    ([1, 2, 2], (0, 1, 2)),
    ([1], (0, 1)),
    ([0, 0], (0, 1)),
    ([], (0, 1)),
    ([0.2, 0.9], (0, 0.25, 0.5, 0.75, 1)),
    ([7, 13], (0, 5, 10, 15)),
    ([24_000, 12], (0, 10_000, 20_000, 30_000)),
    ([-4, 4], (-5, -2.5, 0, 2.5, 5)),
]


@pytest.mark.parametrize(("values", "ticks"), VALUES)
def test_values_have_round_ticks_from_zero_and_counts_whole_ones(
    values: list[float], ticks: tuple[float, ...]
) -> None:
    found = scale(None, None, values, 4)
    if all(float(value).is_integer() for value in values):
        assert all(tick % 1 == 0 for tick in found.ticks)
    if values != [-4, 4]:
        assert found.ticks == pytest.approx(ticks)


def test_an_end_that_is_given_stays() -> None:
    found = scale(10, 95, [3, 200], 4)
    assert (found.low, found.high) == (10, 95)
    assert all(10 <= tick <= 95 for tick in found.ticks)


@given(st.lists(st.decimals(-(10**9), 10**9, places=6).map(float), max_size=5), st.integers(2, 9))
def test_every_value_is_within_its_scale(values: list[float], most: int) -> None:
    found = scale(None, None, values, most)
    # But for what nobody sees.
    assert all(-1e-6 <= found.part(value) <= 1 + 1e-6 for value in values)
    assert 2 <= len(found.ticks) <= most + 3


NUMBERS = [(0, "0"), (0.25, "0.25"), (15, "15"), (2500, "2.5k"), (24000, "24k"), (-3e6, "-3M")]
NUMBERS += [(2e9, "2G")]


@pytest.mark.parametrize(("value", "text"), NUMBERS)
def test_a_value_is_written_short(value: float, text: str) -> None:
    assert number(value) == text


TIMES = [
    (12, ["06:00:00", "06:00:05", "06:00:10"]),
    (3600, ["06:00", "06:30", "07:00"]),
    (10_800, ["06:00", "07:00", "08:00", "09:00"]),
    (100_000, ["11-01 12:00", "11-02 00:00"]),
    (172_800, ["11-02", "11-03"]),
    (864_000, ["11-03", "11-08"]),
]


@pytest.mark.parametrize(("seconds", "texts"), TIMES)
def test_times_are_written_as_short_as_tells_them_apart(seconds: int, texts: list[str]) -> None:
    assert [text for _, text in time_ticks(SIX, SIX + seconds, 4)] == texts


@given(st.integers(1, 10**8), st.integers(2, 9))
def test_there_are_no_more_times_than_there_is_room_for(seconds: int, most: int) -> None:
    ticks = time_ticks(SIX + 7, SIX + 7 + seconds, most)
    assert len(ticks) <= most
    assert all(SIX + 7 <= moment <= SIX + 7 + seconds for moment, _ in ticks)
