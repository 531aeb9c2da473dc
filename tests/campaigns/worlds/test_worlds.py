"""Every schedule of small worlds keeps the promises, and the exploration finds what does not."""

import random
from dataclasses import replace

import pytest

from scripts.embed import TEMPLATE, embed
from tests.campaigns.faults.report import PAGE
from tests.campaigns.worlds import report
from tests.campaigns.worlds.attempts import started
from tests.campaigns.worlds.claim import CLAIM, Minutes
from tests.campaigns.worlds.explore import explore, one_by_one, sample, shortest
from tests.campaigns.worlds.promises import ALERTED, SETTLED, Judge
from tests.campaigns.worlds.replay import playing, script
from tests.campaigns.worlds.seeded import BUGS, Bug
from tests.campaigns.worlds.world import Delivery, Schedules, Step, World
from tests.campaigns.worlds.worlds import DELAYED, IN_TRANSIT, REJECTED, WORLDS, named

SMALL = [replace(world, faults=1) for world in WORLDS]
TINY = [
    World("twins", (Delivery("one", DELAYED, 1), Delivery("other", DELAYED, 1)), faults=1),
    World("three", tuple(Delivery(each, each, 1) for each in (DELAYED, IN_TRANSIT, REJECTED)), 0),
]
by_name = {"ids": lambda world: world.name}


@pytest.mark.parametrize("world", SMALL, **by_name)
def test_a_world_with_one_fault_keeps_every_promise(world: World) -> None:
    with started() as handler:
        assert explore(Schedules(world, handler), Judge(world)).broken == set()


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.variant.name)
def test_a_bug_that_is_put_in_is_found(bug: Bug) -> None:
    world = replace(named(bug.world), faults=1)
    with started(bug.variant.source()) as handler:
        found = shortest(Schedules(world, handler), Judge(world))
    assert found is not None
    assert found[0] in bug.breaks


@pytest.mark.parametrize("world", TINY, **by_name)
def test_schedules_run_one_by_one_are_as_many_and_end_the_same(world: World) -> None:
    with started() as handler:
        schedules = Schedules(world, handler)
        found = explore(schedules, Judge(world))
        ends = list(one_by_one(schedules))
    assert len(ends) == found.schedules
    assert set(ends) == found.ends


def test_schedules_that_are_replayed_on_another_mock_end_the_same() -> None:
    chance = random.Random(12)  # noqa: S311 - the same each time
    with started() as handler:
        drawn = [(world, *sample(Schedules(world, handler), chance)) for world in WORLDS]
    with playing() as player:
        for world, steps, end in drawn:
            assert player.play(world, steps) == end.account, script(world, steps)


def test_a_script_replays_its_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    world = named("twins of a critical update")
    text = script(world, [Step(0, "done"), Step(1, "done"), Step(0, "killed after")])
    exec(text, {})  # noqa: S102 - what it prints is what the test is about
    assert "[('CRITICAL_STATUS', 'DELAYED')]" in capsys.readouterr().out.replace(",)", "]").replace(
        "((", "[("
    )


# ---- the page


def test_the_page_has_every_world_with_its_number_of_faults() -> None:
    lines = report.current(PAGE.read_text("utf-8")).splitlines()
    for world in WORLDS:
        assert any(line.startswith(f"| {world.name} | {world.faults} |") for line in lines), world
    assert "BROKEN" not in "".join(lines)


def test_the_page_has_the_number_of_schedules_that_are_found() -> None:
    world = named("a rejected update")
    with started() as handler:
        found = explore(Schedules(world, handler), Judge(world))
    cells = f"| {world.name} | {world.faults} | {found.schedules:,} |"
    assert cells in PAGE.read_text("utf-8"), "run: make worlds"


# ---- the claim, which is not adopted


def explored(
    world: World, source: str | None, *, redrive_waits: bool = False
) -> tuple[int, set[str]]:
    """Return the most messages about one update, and the promises that are broken."""
    judge = Judge(world, may_wait=True)
    with started(source) as handler:
        found = explore(Minutes(world, handler, redrive_waits=redrive_waits), judge)
    return judge.worst, found.broken


def test_without_a_fault_twins_alert_twice_and_with_the_claim_once() -> None:
    world = replace(named("twins of a critical update"), faults=0)
    assert explored(world, None) == (2, set())
    assert explored(world, CLAIM.source()) == (1, set())


def test_with_the_claim_a_redrive_within_the_minute_loses_the_alert() -> None:
    world = replace(named("twins of a critical update in their last"), faults=1)
    assert explored(world, None)[1] == set()
    assert explored(world, CLAIM.source())[1] == {ALERTED, SETTLED}
    assert explored(world, CLAIM.source(), redrive_waits=True)[1] == set()


def test_the_claim_takes_more_than_the_400_bytes_that_it_may() -> None:
    template = TEMPLATE.read_text("utf-8")
    assert len(embed(template, CLAIM.source()).encode()) - len(template.encode()) > 400
