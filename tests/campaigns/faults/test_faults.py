"""What becomes of an update under each fault is what the table says, and the page says it."""

import pytest

from tests.campaigns.faults.cases import CASES, TABLE, Case, Section
from tests.campaigns.faults.report import PAGE, render, sums
from tests.campaigns.faults.run import Seen

by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@by_name
def test_the_first_attempt_ends_as_the_table_says(seen: dict[str, Seen], case: Case) -> None:
    assert seen[case.name].raised[0] == case.fault.raised


@by_name
def test_an_update_is_where_the_table_says_after_one_attempt(
    seen: dict[str, Seen], case: Case
) -> None:
    assert seen[case.name].once == case.once


@by_name
def test_an_update_is_where_the_table_says_after_lambda_s_retries(
    seen: dict[str, Seen], case: Case
) -> None:
    assert seen[case.name].thrice == case.thrice


@by_name
def test_an_update_is_where_the_table_says_once_the_fault_is_gone(
    seen: dict[str, Seen], case: Case
) -> None:
    assert seen[case.name].repaired == case.repaired


@by_name
def test_an_update_is_always_somewhere(seen: dict[str, Seen], case: Case) -> None:
    assert all(state.where for state in seen[case.name].states)


def test_no_update_is_lost_under_any_fault(seen: dict[str, Seen]) -> None:
    assert sums(seen)["updates lost"] == 0


def test_no_row_is_doubled_under_any_fault(seen: dict[str, Seen]) -> None:
    assert sums(seen)["rows doubled"] == 0


def test_no_critical_alert_is_lost_under_any_fault(seen: dict[str, Seen]) -> None:
    assert sums(seen)["critical alerts lost"] == 0


def test_no_alert_is_repeated_outside_the_window(seen: dict[str, Seen]) -> None:
    assert sums(seen)["alerts repeated outside the window"] == 0


@pytest.mark.parametrize("section", [each for each in TABLE if each.window])
def test_every_fault_in_the_window_does_repeat_an_alert(
    seen: dict[str, Seen], section: Section
) -> None:
    assert all(seen[case.name].repaired.alerts > 1 for case in section.cases)


def test_the_page_is_what_the_run_gives(seen: dict[str, Seen]) -> None:
    assert PAGE.read_text("utf-8") == render(seen), "run: make reliability"
