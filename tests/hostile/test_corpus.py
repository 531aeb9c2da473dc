"""Every nasty event becomes what the corpus says, and nothing else."""

import pytest

from tests.hostile.carriers import SOURCES, WORDS
from tests.hostile.corpus import Entry
from tests.hostile.outcome import ENTRIES, Collected, Outcome, check, check_alert, named


@pytest.mark.parametrize(
    ("own", "entry"), [pytest.param(own, entry, id=entry.name) for own, entry in named()]
)
def test_an_event_becomes_what_the_corpus_says(
    outcomes: dict[str, Outcome], own: str, entry: Entry
) -> None:
    check(entry, own, outcomes[own])


def test_no_event_of_the_corpus_is_two_rows(collected: Collected) -> None:
    assert len(collected.rows) == sum(entry.row is not None for entry in ENTRIES)


def test_every_alert_of_the_corpus_can_be_sent_and_shown(collected: Collected) -> None:
    assert len(collected.alerts) > 200
    for alert in collected.alerts:
        check_alert(alert)


def test_the_corpus_has_at_least_200_entries_and_none_twice() -> None:
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES) >= 200


def test_the_corpus_has_at_least_150_words_of_carriers_and_a_source_for_each() -> None:
    assert len({word.word for word in WORDS}) >= 150
    assert {word.platform for word in WORDS} == set(SOURCES)
