"""Hundreds of updates through a stack whose AWS calls often fail, and then the books balance."""

import pytest
from rich.console import Console

from tests.campaigns.soak import soak

pytestmark = [pytest.mark.own_emulator, pytest.mark.own_stack("breaks its calls")]

UPDATES = 150
MINUTES = 3


@pytest.fixture(scope="module")
def result() -> soak.Result:
    """Return what a short soak has shown."""
    return soak.run(UPDATES, soak.SEED, MINUTES, Console(quiet=True))


def test_of_150_updates_in_foul_weather_none_is_lost_and_none_doubled(result: soak.Result) -> None:
    assert result.books.wrong == []
    assert result.books.sent == UPDATES == result.books.rows + result.books.rejected


def test_every_critical_update_in_foul_weather_is_alerted(result: soak.Result) -> None:
    assert result.books.alerted == result.books.critical > 0


def test_the_weather_was_foul(result: soak.Result) -> None:
    assert 0.03 < result.weather.blown.total() / result.weather.calls.total() < 0.08


def test_some_updates_had_to_be_redriven(result: soak.Result) -> None:
    assert sum(result.failed) > 0
