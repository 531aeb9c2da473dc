"""Runs every schedule of a world: each state once, and every way to it counted.

Two schedules that have led to the same state go on in the same ways, because a state is all there
is. So the states are visited instead of the schedules, and schedules are counted as the paths
between them. A test counts small worlds one schedule after the other, and compares.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.campaigns.worlds.world import Schedules, State, Step

# Returns the promises that a state breaks. is_end: no step follows it.
Judge = Callable[..., list[str]]


@dataclass
class Explored:
    """What was found in a world. ends: the states in which its schedules end."""

    schedules: int = 0
    states: int = 0
    seconds: float = 0
    ends: set[State] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)


def explore(schedules: Schedules, judge: Judge) -> Explored:
    """Visit every state of a world, and count its schedules."""
    started = time.perf_counter()
    found = Explored()
    ways: dict[State, int] = {}  # from a state to an end
    start = schedules.start()
    # Depth first. A visited state stays on the stack below those that follow it, to add up.
    stack: list[tuple[State, list[State] | None]] = [(start, None)]
    while stack:
        state, onward = stack.pop()
        if onward is not None:
            ways[state] = sum(ways[each] for each in onward) or 1
        elif state not in ways:
            onward = [following for _, following in schedules.steps(state)]
            found.broken.update(judge(state, is_end=not onward))
            if not onward:
                found.ends.add(state)
            stack.append((state, onward))
            stack += [(each, None) for each in onward if each not in ways]
    found.schedules, found.states = ways[start], len(ways)
    found.seconds = time.perf_counter() - started
    return found


def shortest(schedules: Schedules, judge: Judge) -> tuple[str, list[Step]] | None:
    """Return the first promise that is broken, and the shortest schedule that breaks it."""
    start = schedules.start()
    came: dict[State, tuple[State, Step] | None] = {start: None}
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        onward = list(schedules.steps(state))
        for promise in judge(state, is_end=not onward):
            return promise, _steps_to(state, came)
        for step, following in onward:
            if following not in came:
                came[following] = state, step
                waiting.append(following)
    return None


def _steps_to(state: State, came: Mapping[State, tuple[State, Step] | None]) -> list[Step]:
    steps = []
    while before := came[state]:
        state, step = before
        steps.append(step)
    return steps[::-1]


def sample(schedules: Schedules, chance: random.Random) -> tuple[list[Step], State]:
    """Return a schedule that is drawn by lot, and the state at its end."""
    state, steps = schedules.start(), []
    while onward := list(schedules.steps(state)):
        step, state = chance.choice(onward)
        steps.append(step)
    return steps, state


def one_by_one(schedules: Schedules, state: State | None = None) -> Iterator[State]:
    """Yield the end of each schedule, without looking whether a state was seen before."""
    state = state or schedules.start()
    onward = list(schedules.steps(state))
    if not onward:
        yield state
    for _, following in onward:
        yield from one_by_one(schedules, following)
