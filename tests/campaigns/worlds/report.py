"""Renders what was explored, as a table of docs/reliability.md."""

from collections.abc import Iterable
from typing import NamedTuple

from tests.campaigns.worlds.promises import PROMISES
from tests.campaigns.worlds.world import World

INTRODUCTION = """\
## Every order of a few deliveries

The tables above break one call at a time. Here deliveries meet: `make worlds` runs the handler,
with the real boto3, in every order of the requests that a few deliveries make to AWS. A request is
done, or it has a fault: it is refused, answered with 503, done but its answer is lost, or Lambda
ends the attempt before or after it is done. A second attempt of boto3's is a request of its own.
Lambda attempts a delivery three times, or once if only its last attempt is left, and then puts it
on the queue, from which the operator redrives it. Orders that time forbids, such as a retry within
its minute, are among them.

A schedule is one order with one ending for each request. Schedules that have led to the same state
go on together, so that millions are looked at through thousands of states; a test counts small
worlds one by one and gets the same. Ten schedules of each world, drawn by lot, are run again with
threads on another mock of AWS, which must end the same. Eighteen bugs that are put into the handler
on purpose are each found (`tests/campaigns/worlds/seeded.py`). *Most messages* are about one update
and at the end of one schedule.
"""
BEGIN, END = "<!-- worlds: written by make worlds -->", "<!-- end of worlds -->"


class Result(NamedTuple):
    """What was found in a world. runs: how often the handler was run; worst: messages."""

    world: World
    schedules: int
    states: int
    runs: int
    seconds: float
    broken: frozenset[str]
    worst: int


COLUMNS = ("World", "Faults", "Schedules", "Seconds", "Most messages", *PROMISES)


def cells(result: Result) -> list[str]:
    """Return a world's line of the table."""
    kept = ["BROKEN" if promise in result.broken else "holds" for promise in PROMISES]
    return [
        result.world.name,
        str(result.world.faults),
        f"{result.schedules:,}",
        f"{result.seconds:.0f}",
        str(result.worst),
        *kept,
    ]


def total(results: Iterable[Result]) -> str:
    """Return how many schedules there are, and how they were run."""
    results = list(results)
    schedules, states, runs = (
        sum(getattr(each, name) for each in results) for name in ("schedules", "states", "runs")
    )
    return (
        f"{schedules:,} schedules in {len(results)} worlds, by way of {states:,} states and "
        f"{runs:,} runs of the handler"
    )


def section(results: list[Result]) -> str:
    """Return the table as Markdown."""
    header = [f"| {' | '.join(COLUMNS)} |", f"| --- |{' ---: |' * 4}{' --- |' * len(PROMISES)}"]
    lines = [f"| {' | '.join(cells(each))} |" for each in results]
    legend = [f"- **{name}**: {sentence}." for name, sentence in PROMISES.items()]
    return "\n".join([f"{total(results)}.", "", *header, *lines, "", *legend])


def current(page: str) -> str:
    """Return the section that a page has."""
    return _parts(page)[1].strip()


def render(page: str) -> str:
    """Return the part about the worlds, with the section that the page has."""
    return "\n".join([INTRODUCTION, BEGIN, current(page), END, ""])


def replaced(page: str, new: str) -> str:
    """Return a page with another section."""
    before, _, after = _parts(page)
    return f"{before}{BEGIN}\n{new}\n{END}{after}"


def _parts(page: str) -> tuple[str, str, str]:
    """Return what is before, in and after the section; raise ValueError if there is none."""
    before, _, rest = page.partition(BEGIN)
    section, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{BEGIN} ... {END}: not found")
    return before, section, after
