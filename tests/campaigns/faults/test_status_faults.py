"""What becomes of a shipment under each fault of the companion's calls is what the table says."""

import pytest

from tests.campaigns.faults.run import alone
from tests.campaigns.faults.status_cases import SORTS, TABLE, Case, Line, State, Story
from tests.campaigns.faults.status_report import sums
from tests.campaigns.faults.status_run import in_memory, requests_of
from tests.unit.status.account import opened_with_status

States = tuple[State, ...]

# `make reliability` runs all of the cases.
SAMPLES = [(line, case) for number, line in enumerate(TABLE) for case in line.samples(number)]
CASES = [(line, case) for line in TABLE for case in line.cases()]
STATES = [(line, state, line.stories[0].mails) for line in TABLE for state in line.states]
RIGHT = {"right", "-"}
STORIES = {story.name: story for line in TABLE for story in line.stories}


@pytest.fixture(scope="module")
def seen() -> dict[str, States]:
    """Return what is seen of each sample, by its name."""
    return in_memory(case for _, case in SAMPLES)


@pytest.mark.parametrize(("line", "case"), SAMPLES, ids=lambda each: getattr(each, "name", ""))
def test_a_shipment_fares_as_the_table_says(
    seen: dict[str, States], line: Line, case: Case
) -> None:
    assert seen[case.name] == line.states


def test_every_call_that_the_handler_makes_is_in_the_table() -> None:
    calls = {call for line in TABLE for call in line.broken}
    with alone(), opened_with_status() as account:
        requests = [each for story in STORIES.values() for each in requests_of(account, story)]
    missing = [
        request
        for request in requests
        if not any(call.operation == request[0] and call.has in request[1] for call in calls)
    ]
    assert not missing


@pytest.mark.parametrize("story", STORIES.values(), ids=lambda story: story.name)
def test_each_call_of_a_story_fails_in_every_way(story: Story) -> None:
    lines = [line for line in TABLE if story.name in {each.name for each in line.stories}]
    sorts = [(call, sort) for line in lines for call in line.broken for sort in line.broken[call]]
    assert len(sorts) == len(set(sorts)) == len({call for call, _ in sorts}) * len(SORTS)


def test_an_item_is_never_wrong() -> None:
    assert not [line for line in TABLE if "wrong" in {state.item for state in line.states}]


def test_what_is_still_to_be_done_is_never_nowhere() -> None:
    assert not [
        (line, state)
        for line, state, mails in STATES
        if state.where == "nowhere" and (state.item not in RIGHT or state.mails < mails)
    ]


def test_every_item_is_right_once_the_fault_is_gone() -> None:
    assert not [line for line in TABLE if line.states[-1].item not in RIGHT]


def test_nothing_waits_once_the_fault_is_gone() -> None:
    assert not [line for line in TABLE if line.states[-1].where != "nowhere"]


def test_every_mail_is_sent_at_least_once() -> None:
    assert not sums()["mails lost"]


def test_a_mail_is_repeated_only_if_it_was_sent_and_not_marked_or_noted_twice() -> None:
    assert not sums()["mails repeated otherwise"]


def test_each_fault_that_may_repeat_a_mail_does() -> None:
    assert not [
        case
        for line, case in CASES
        if case.may_repeat and case.story.mails and line.states[-1].mails == case.story.mails
    ]
