"""Every nasty event becomes what the corpus says, and nothing else."""

from tests.campaigns.hostile.carriers import SOURCES, WORDS
from tests.campaigns.hostile.conftest import Run
from tests.campaigns.hostile.outcome import ENTRIES, check_alert, mistaken, named
from tests.unit.handler import emf


def test_each_event_becomes_what_the_corpus_says(run: Run) -> None:
    assert mistaken(named(), run.outcomes()) == {}


def test_each_event_of_the_corpus_is_one_valid_line(run: Run) -> None:
    for printed in run.printed:
        emf.read(printed)


def test_no_event_of_the_corpus_is_two_rows(run: Run) -> None:
    assert len(run.collected.rows) == sum(entry.row is not None for entry in ENTRIES)


def test_every_alert_of_the_corpus_can_be_sent_and_shown(run: Run) -> None:
    reported = [entry for entry in ENTRIES if entry.alerts or entry.reason]
    assert len(run.collected.alerts) == len(reported)
    for alert in run.collected.alerts:
        check_alert(alert)


def test_the_corpus_has_at_least_200_entries_and_none_twice() -> None:
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES) >= 200


def test_the_corpus_has_at_least_150_words_of_carriers_and_a_source_for_each() -> None:
    assert len({word.word for word in WORDS}) >= 150
    assert {word.platform for word in WORDS} == set(SOURCES)
