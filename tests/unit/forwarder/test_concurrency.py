"""How many invocations ran at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.forwarding.concurrency import LONGEST_MS, Concurrency

Span = tuple[float, float]


@pytest.mark.parametrize(
    ("spans", "peaks"),
    [
        ([], []),
        ([(0, 10)], [1]),
        ([(0, 10), (10, 20)], [1, 1]),
        ([(0, 10), (5, 20)], [2, 2]),
        ([(0, 10), (2, 4), (6, 8)], [2, 2, 2]),
        ([(0, 10), (2, 6), (4, 8)], [3, 3, 3]),
        ([(5, 5)], [1]),
    ],
)
def test_the_most_that_ran_during_one_are_told(spans: list[Span], peaks: list[int]) -> None:
    assert Concurrency().peaks(spans) == peaks


def test_one_that_ends_later_counts_with_those_that_are_known() -> None:
    concurrency = Concurrency()
    assert concurrency.peaks([(10, 20)]) == [1]
    assert concurrency.peaks([(0, 30)]) == [2]


def test_those_of_long_ago_are_forgotten() -> None:
    concurrency = Concurrency()
    concurrency.peaks([(0, 10)])
    concurrency.peaks([(LONGEST_MS, LONGEST_MS + 11)])
    assert concurrency.peaks([(5, LONGEST_MS + 12)]) == [2]


SPANS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 20)).map(lambda span: (span[0], sum(span))),
    min_size=1,
    max_size=12,
)


@given(SPANS, st.integers(1, 4))
def test_the_highest_number_is_right_once_all_have_ended(spans: list[Span], passes: int) -> None:
    spans = sorted(spans, key=lambda span: span[1])  # as they end
    concurrency = Concurrency()
    size = -(-len(spans) // passes)
    told = [
        peak
        for first in range(0, len(spans), size)
        for peak in concurrency.peaks(spans[first : first + size])
    ]
    most = max(sum(start <= at < end for start, end in spans) for at in range(61))
    assert max(told) == most
