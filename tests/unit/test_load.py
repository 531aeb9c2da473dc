"""`make load` measures what it says, and docs/load.md has what it measured."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from benchmarks import growth, load, load_page
from benchmarks.answered import MIX, Bench
from benchmarks.growth_picture import picture

Fields = dict[str, Any]
SIZES = {"updates": (20, 40), "histories": (1, 5), "crowds": (1, 5, 25)}


@pytest.fixture(scope="module", autouse=True)
def no_session_remains() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        yield


@pytest.fixture(scope="module")
def grown() -> Fields:
    return growth.measure(**SIZES, rounds=2)


def test_growth_is_measured_at_each_size(grown: Fields) -> None:
    assert {name: tuple(at["size"] for at in grown[name]) for name in SIZES} == SIZES


def test_an_update_makes_as_many_calls_whatever_was_before_it(grown: Fields) -> None:
    calls = {"ordinary": 1, "critical": 3, "redelivered": 1, "rejected": 2}
    assert [at["calls"] for at in grown["updates"]] == [calls, calls]


def test_an_ordinary_update_makes_one_call_however_long_its_history(grown: Fields) -> None:
    assert [at["calls"] for at in grown["histories"]] == [1, 1]


def test_an_update_tries_up_to_20_places_side_by_side_and_then_jumps(grown: Fields) -> None:
    assert [at["block"] for at in grown["crowds"]] == [[2, 2, 2], [6, 6, 6], [21, 21, 21]]


def test_the_picture_is_a_png_of_what_was_measured(grown: Fields) -> None:
    assert picture(grown).startswith(b"\x89PNG")


def test_an_update_that_does_not_follow_its_places_fails_the_measurement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(growth, "until_free", lambda *_: 1)
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        pytest.raises(ValueError, match="block-1: the calls are not"),
    ):
        growth.by_crowd(Bench(), [1], lambda _: None)


def test_the_updates_of_a_day_are_mixed_by_their_shares() -> None:
    assert sum(MIX.values()) == 100
    kinds = [event["detail"]["eventTime"] for event in Bench().mixed(200)]
    assert kinds.count("noon") == 2 * MIX["rejected"]


def test_an_update_without_a_row_counts_as_lost() -> None:
    sent = [load.Sent(1.0, 1.25), load.Sent(2.0, None), load.Sent(3.0, 3.25)]
    assert load.latencies(sent) == {"p50": 250.0, "p99": 250.0, "sent": 3, "lost": 1}


def test_a_ratio_is_of_two_times_of_one_round() -> None:
    pairs = [(1.0, 2.0), (3.0, 3.0), (30.0, 10.0)]
    assert growth.spread(pairs) == [0.75, 1, 2]


def test_the_page_has_what_was_measured() -> None:
    results = (json.loads(each.RESULTS.read_text("utf-8")) for each in (growth, load))
    assert load_page.PAGE.read_text("utf-8") == load_page.render(*results)


def test_no_update_of_the_busy_minute_was_lost_and_each_critical_one_alerted() -> None:
    minute = json.loads(load.RESULTS.read_text("utf-8"))["minute"]
    found = (minute["rows"], minute["lost"], minute["failed"])
    assert found == (load.DAY, 0, 0)
    assert minute["alerts"] == minute["critical"] > 0


def test_an_update_costs_no_more_after_a_million_or_with_10000_rows_as_the_page_says() -> None:
    results = json.loads(growth.RESULTS.read_text("utf-8"))
    last = results["updates"][-1]
    ratios = [*last["cpu"].values(), results["histories"][-1]["cpu"]]
    assert (last["size"], results["histories"][-1]["size"]) == (1_000_000, 10_000)
    assert max(median for _, median, _ in ratios) < 1.25
    assert max(last["memory"], last["blocks"]) < 1.05
