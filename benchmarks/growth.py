"""Measures whether an update costs more after many others, in a long history, or in a crowd.

Run from the repository's folder: make load.
"""

import contextlib
import gc
import itertools
import json
import multiprocessing
import os
import resource
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.answered import MIX, START_MS, Bench, event
from scripts.embed import ROOT

RESULTS = ROOT / "benchmarks" / "results" / "growth.json"
UPDATES = (100, 1_000, 10_000, 100_000, 1_000_000)
HISTORIES = (1, 10, 100, 1_000, 10_000)
CROWDS = (1, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
ROUNDS, BATCH = 40, 50
NEWCOMERS = 100  # updates that look for a place in each crowd
DIGITS = 3  # of a ratio
NOWHERE = Path(os.devnull)  # for the handler's log

Fields = dict[str, Any]


def by_updates(
    bench: Bench, sizes: Sequence[int], rounds: int, show: Callable[[str], None]
) -> list[Fields]:
    """Return what an update costs after so many others, to one in a process that has just begun.

    Memory, by the process's peak and by Python's blocks, is relative to that at the first size.
    """
    results: list[Fields] = []
    memory: list[tuple[float, float]] = []
    for before, size in itertools.pairwise((0, *sizes)):
        show(f"{size:,} updates")
        bench.run(bench.mixed(size - before))
        calls = {kind: bench.calls_of(list(bench.events(kind, BATCH))) for kind in MIX}
        took = beside_a_young_one(bench, sizes[0], rounds)
        gc.collect()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        memory.append((peak, sys.getallocatedblocks()))
        results.append(
            {
                "size": size,
                "memory": round(memory[-1][0] / memory[0][0], DIGITS),
                "blocks": round(memory[-1][1] / memory[0][1], DIGITS),
                "calls": {kind: statistics.mean(calls[kind]) for kind in MIX},
                "cpu": {kind: spread(took[kind]) for kind in MIX},
            }
        )
    return results


def beside_a_young_one(bench: Bench, age: int, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Return the seconds of batches here and in a process that has done age updates, in turns."""
    took: dict[str, list[tuple[float, float]]] = {kind: [] for kind in MIX}
    with quiet_process() as young:
        young.apply(_warm_up, (age,))
        for turn in range(rounds):
            for kind in MIX:
                here, there = partial(_batch, kind, bench), partial(young.apply, _batch, (kind,))
                # Who comes second finds the processor's caches as the other one left them.
                if turn % 2:
                    took[kind].append((here(), there()))
                else:
                    seconds = there()
                    took[kind].append((here(), seconds))
    return took


def by_history(
    bench: Bench, sizes: Sequence[int], rounds: int, show: Callable[[str], None]
) -> list[Fields]:
    """Return what an update of a shipment with so many rows costs, to one with the fewest."""
    for size in sizes:
        show(f"a history of {size:,}")
        for number in range(size):
            bench.add_row(event("ordinary", number, shipmentId=f"OLD-{size}"))
    took: dict[int, list[float]] = {size: [] for size in sizes}
    calls: dict[int, list[int]] = {size: [] for size in sizes}
    newer = itertools.count(max(sizes))
    for _ in range(rounds):
        for size in sizes:
            # In front of each batch one that is not timed: the size before left other caches.
            updates = [
                event("ordinary", next(newer), shipmentId=f"OLD-{size}") for _ in range(BATCH + 1)
            ]
            calls[size] += bench.calls_of(updates[:1])
            took[size].append(bench.run(updates[1:]))
    base = took[sizes[0]]
    return [
        {
            "size": size,
            "calls": statistics.mean(calls[size]),
            "cpu": spread(list(zip(took[size], base, strict=True))),
        }
        for size in sizes
    ]


def by_crowd(bench: Bench, sizes: Sequence[int], show: Callable[[str], None]) -> list[Fields]:
    """Return how many calls an update makes whose place is taken, with so many places taken.

    block: of milliseconds side by side, from its own on; same: by as many updates of its
    millisecond, each in the place that it found. Raises ValueError if the calls of an update differ
    from the places that the handler's `places` yields up to the first free one.
    """
    results = []
    for size in sizes:
        show(f"a crowd of {size:,}")
        names = {way: f"{way}-{size}" for way in ("block", "same")}
        bench.rows.update({(names["block"], START_MS + at): {} for at in range(size)})
        for number in range(size):
            bench.add_row(at_start(names["same"], number))
        found: Fields = {"size": size}
        for way, shipment in names.items():
            updates = [at_start(shipment, size + number) for number in range(NEWCOMERS)]
            calls = bench.calls_of(updates)
            if calls != [until_free(bench, update) for update in updates]:
                raise ValueError(f"{shipment}: the calls are not those that places() asks for")
            found[way] = [min(calls), statistics.median(calls), max(calls)]
        results.append(found)
    return results


def at_start(shipment: str, number: int) -> Fields:
    """Return an update of a shipment at START_MS, different for each number."""
    return event("ordinary", number, shipmentId=shipment, eventTime=START_MS)


def until_free(bench: Bench, update: Fields) -> int:
    """Return how many places an update tries until one is free."""
    parsed = bench.module.parse(update, START_MS)
    places = enumerate(bench.module.places(parsed), 1)
    return next(number for number, at in places if (parsed.shipment_id, at) not in bench.rows)


def spread(pairs: Sequence[tuple[float, float]]) -> list[float]:
    """Return the quartiles of the ratios of pairs."""
    ratios = [one / other for one, other in pairs]
    return [round(cut, DIGITS) for cut in statistics.quantiles(ratios, method="inclusive")]


@contextlib.contextmanager
def quiet_process() -> Iterator[Any]:
    """Start a process of its own that prints nothing, for the length of a with block."""
    with multiprocessing.get_context("spawn").Pool(1, _hush) as pool:
        yield pool


def _hush() -> None:
    sys.stdout = NOWHERE.open("w")


@cache
def _bench() -> Bench:
    return Bench()


def _warm_up(count: int) -> None:
    _bench().run(_bench().mixed(count))


def _batch(kind: str, bench: Bench | None = None) -> float:
    bench = bench or _bench()
    return bench.run(list(bench.events(kind, BATCH)))


def measure(
    updates: Sequence[int], histories: Sequence[int], crowds: Sequence[int], rounds: int
) -> Fields:
    """Return all three kinds of growth, at these sizes."""

    def show(what: str) -> None:
        print(f"growth: {what}", file=sys.stderr, flush=True)

    with NOWHERE.open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        bench = Bench()
        return {
            "machine": machine.describe("botocore"),
            "updates": by_updates(bench, updates, rounds, show),
            "histories": by_history(bench, histories, rounds, show),
            "crowds": by_crowd(bench, crowds, show),
            "probe_seconds": bench.module.PROBE_SECONDS,
        }


if __name__ == "__main__":
    RESULTS.write_text(json.dumps(measure(UPDATES, HISTORIES, CROWDS, ROUNDS), indent=2) + "\n")
