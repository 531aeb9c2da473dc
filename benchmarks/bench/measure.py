"""Takes all measures in rounds: what else the machine does then slows all contestants alike."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Collection
from contextlib import ExitStack
from itertools import product
from operator import truediv
from typing import NamedTuple

from benchmarks.bench.processes import FILES, Bench, Taken, Worker
from benchmarks.bench.updates import KINDS

ONLY_PUT = ("floor", "put")
# What cold ratios compare is started more often, one after the other.
PAIR, MORE_PAIRS = ("put", "ours"), 3
ORDINARY = "ordinary"
START = "start"  # what does not depend on the kind of update
DELAYS_MS = (1, 5, 20)
AT_ONCE = 5  # updates between two readings of the processor's clock
# For each round of cold starts, which take longer and vary less.
WARM_ROUNDS = 6
DELAYED_ROUNDS = 2


class Where(NamedTuple):
    """What a sample is of: kind of update or START, figure, contestant."""

    kind: str
    figure: str
    contestant: str


class Spread(NamedTuple):
    """A median, and where the middle half of the samples lies."""

    median: float
    low: float
    high: float


Samples = dict[Where, list[float]]
Tick = Callable[[], None]


def spread(samples: Collection[float]) -> Spread:
    """Return the spread of at least one sample."""
    low, median, high = statistics.quantiles([*samples, *samples], n=4, method="inclusive")
    return Spread(*(round(value, 3) for value in (median, low, high)))


def kinds_of(contestant: str) -> list[str]:
    """Return the kinds of updates that a contestant processes."""
    return [ORDINARY] if contestant in ONLY_PUT else list(KINDS)


def starts(contestants: Collection[str]) -> list[tuple[str, str]]:
    """Return the kinds and contestants of the cold starts of a round, in their order."""
    each = [(kind, name) for kind, name in product(KINDS, contestants) if kind in kinds_of(name)]
    pair = [(ORDINARY, name) for name in PAIR if name in contestants]
    return each + pair * MORE_PAIRS


def ticks(contestants: Collection[str], rounds: int) -> int:
    """Return how often measured() ticks."""
    pairs = sum(len(kinds_of(contestant)) for contestant in contestants)
    return rounds * (len(starts(contestants)) + (WARM_ROUNDS + DELAYED_ROUNDS) * pairs)


def measured(bench: Bench, contestants: Collection[str], rounds: int, tick: Tick) -> Samples:
    """Measure warm functions, then cold ones; the former store the row that a duplicate meets."""
    samples: Samples = defaultdict(list)
    with ExitStack() as stack:
        workers = {name: stack.enter_context(bench.worker(FILES[name])) for name in contestants}
        for name, worker in workers.items():
            for kind in kinds_of(name):
                worker.run(kind, 2)
        steps = [_warm] * WARM_ROUNDS + [_delayed] * DELAYED_ROUNDS
        for step, kind, (name, worker) in product(steps * rounds, KINDS, workers.items()):
            if kind in kinds_of(name):
                for figure, value in step(bench, worker, kind).items():
                    samples[Where(kind, figure, name)].append(value)
                tick()
    for kind, name in starts(contestants) * rounds:
        _cold(bench, kind, name, samples)
        tick()
    return samples


def _warm(bench: Bench, worker: Worker, kind: str) -> Taken:
    bench.stub.calls()
    taken = worker.run(kind, AT_ONCE)
    calls = sum(bench.stub.calls().values()) / AT_ONCE
    return {"cpu_ms": taken["cpu_ms"], "log_bytes": taken["log_bytes"], "calls": calls}


def _delayed(bench: Bench, worker: Worker, kind: str) -> Taken:
    taken = {}
    for delay_ms in DELAYS_MS:
        bench.stub.calls(delay_ms)
        taken[f"wall_{delay_ms}_ms"] = worker.run(kind, 1)["wall_ms"]
    return taken


def _cold(bench: Bench, kind: str, name: str, samples: Samples) -> None:
    bench.stub.calls()
    with bench.worker(FILES[name]) as worker:
        init_ms = worker.loaded["cpu_ms"]
        if kind == ORDINARY or name not in PAIR:  # so that each of a pair has the other's number
            samples[Where(START, "init_ms", name)].append(init_ms)
        first, second = worker.run(kind, 1), worker.run(kind, 1)
    taken = {
        "cold_ms": init_ms + first["cpu_ms"],
        "first_ms": first["cpu_ms"],
        "second_ms": second["cpu_ms"],
        "memory_mb": second["memory_kb"] / 1024,
    }
    for figure, value in taken.items():
        samples[Where(kind, figure, name)].append(value)


def ratio(samples: Samples, kind: str, figure: str, to: str) -> Spread:
    """Return ours to another contestant's, by rounds."""
    ours, other = (samples[Where(kind, figure, name)] for name in ("ours", to))
    return spread([*map(truediv, ours, other)])
