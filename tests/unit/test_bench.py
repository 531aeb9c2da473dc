"""docs/benchmarks.md has what was measured, and `make bench` measures."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bench import __main__ as bench
from benchmarks.bench import cold, page
from shipments.handler import PATH


def results(path: Path) -> dict[str, Any]:
    """Return the results that a file has."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def round_of_ours() -> dict[str, Any]:
    """Return what one round of our handler and of the put that it is compared to has measured."""
    return bench.results(sys.executable, ["put", "ours"], rounds=1)


@pytest.mark.parametrize("kind", [kind for kind in page.TITLES if kind != "start"])
def test_one_round_measures_each_row_of_each_kind_of_update(
    kind: str, round_of_ours: dict[str, Any]
) -> None:
    assert {*round_of_ours["figures"][kind], "init_ms"} == set(page.ROWS)


@pytest.mark.parametrize(
    ("kind", "calls"), [("ordinary", 1), ("critical", 3), ("redelivered", 1), ("rejected", 2)]
)
def test_each_update_of_a_kind_is_processed_as_one_of_that_kind(
    kind: str, calls: int, round_of_ours: dict[str, Any]
) -> None:
    assert round_of_ours["figures"][kind]["calls"]["ours"] == (calls, calls, calls)


def test_the_page_has_the_last_comparison() -> None:
    written = page.PAGE.read_text("utf-8")
    block = page.comparison(results(page.RESULTS))
    assert page.replaced(written, "contestants", block) == written


def test_the_page_has_the_last_ways_to_start() -> None:
    written = page.PAGE.read_text("utf-8")
    assert page.replaced(written, "cold", cold.block(results(cold.RESULTS))) == written


def test_each_way_to_start_can_be_made_of_the_handler_as_it_is() -> None:
    codes = cold.variants(PATH.read_text("utf-8"))
    assert len(set(codes.values())) == len(codes)


@pytest.mark.parametrize(
    ("ours", "other", "verdict"),
    [
        ((1.0, 0.9, 1.1), (2.0, 1.9, 2.1), "better"),
        ((2.0, 1.9, 2.1), (1.0, 0.9, 1.1), "worse"),
        ((1.04, 1.04, 1.04), (1.0, 1.0, 1.0), "tied"),
        ((2.0, 0.9, 2.1), (1.0, 0.9, 1.1), "tied"),
    ],
    ids=["half of it", "double", "within 5 %", "with spreads that overlap"],
)
def test_a_figure_is_better_if_it_is_smaller_by_more_than_the_spread(
    ours: list[float], other: list[float], verdict: str
) -> None:
    assert page.verdict(ours, other) == verdict
