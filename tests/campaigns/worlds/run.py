"""Explores one world, replays some of its schedules, and writes down one that is broken."""

import random

from tests.campaigns.worlds.attempts import started
from tests.campaigns.worlds.explore import explore, sample, shortest
from tests.campaigns.worlds.promises import PROMISES, Judge
from tests.campaigns.worlds.replay import playing, script
from tests.campaigns.worlds.report import Result
from tests.campaigns.worlds.world import Schedules
from tests.campaigns.worlds.worlds import WORLDS

REPLAYED = 10  # schedules of each world, drawn by lot


def explored(number: int) -> Result:
    """Explore a world."""
    world = WORLDS[number]
    judge = Judge(world)
    with started() as handler:
        found = explore(Schedules(world, handler), judge)
    return Result(
        world,
        found.schedules,
        found.states,
        handler.runs,
        found.seconds,
        frozenset(found.broken),
        judge.worst,
    )


def different(number: int) -> list[str]:
    """Replay schedules of a world for real; return scripts of those that end otherwise."""
    world = WORLDS[number]
    chance = random.Random(number)  # noqa: S311 - the same each time
    with started() as handler:
        drawn = [sample(Schedules(world, handler), chance) for _ in range(REPLAYED)]
    with playing() as player:
        return [
            script(world, steps) for steps, end in drawn if player.play(world, steps) != end.account
        ]


def broken(result: Result) -> str:
    """Return a program that replays the shortest schedule that breaks a promise."""
    with started() as handler:
        found = shortest(Schedules(result.world, handler), Judge(result.world))
    assert found
    promise, steps = found
    return f"# breaks: {PROMISES[promise]}\n{script(result.world, steps)}"
