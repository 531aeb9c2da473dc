"""Runs collected tests on each mutant, in a process of its own, until one of them fails."""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import pytest

# A test that takes longer than this on a mutant is in an endless loop, and so notices it.
LIMIT_SECONDS = 30
# The tests that are run first on a mutant: those that noticed its neighbours, then the others'.
NEAR, RECENT = 12, 12
PROCESSES = os.cpu_count() or 1
# Neither a report nor a rewritten assertion is read; without them it is twice as fast.
QUICK = ["-o", "addopts=", "-p", "no:terminal", "-p", "no:cacheprovider", "--assert=plain"]


@dataclass(frozen=True)
class Mutant:
    """A change: its name, the place that its neighbours share, what makes it, and who may notice.

    concerns: whether it may show in a test; one that cannot be seen there need not be run.
    """

    name: str
    near: str
    make: Callable[[], None] = field(compare=False)
    concerns: Callable[[pytest.Item], bool] = field(default=lambda _: True, compare=False)


class FailingTestError(Exception):
    """The tests do not pass on what is there."""


class Campaign:
    """A pytest plugin: tries each mutant on the collected tests; survivors are in `survivors`."""

    def __init__(
        self,
        mutants: Callable[[], Sequence[Mutant]],
        may_notice: Callable[[pytest.Item], bool],
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        self._mutants, self._may_notice, self._prepare = mutants, may_notice, prepare
        self.survivors: list[str] = []
        self.tried = 0
        self.is_ready = False
        self._failed = False
        self._items: list[pytest.Item] = []
        # The tests that noticed mutants of late, by place and anywhere ("*").
        self._noticed: dict[str, list[int]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure, in the process of a mutant."""
        self._failed = self._failed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try what is there, then each mutant."""
        if session.testsfailed:
            return True
        self._items = _spread([item for item in session.items if self._may_notice(item)])
        mutants = self._mutants()
        self._prepare()
        gc.freeze()  # the processes share the parent's memory as long as nothing touches it
        self.is_ready = self._noticed_by(lambda: None, range(len(self._items))) is None
        if self.is_ready:
            self.tried = len(mutants)
            self.survivors = [mutants[at].name for at in self._try_all(mutants)]
        return True

    def _try_all(self, mutants: Sequence[Mutant]) -> list[int]:
        """Return the numbers of the mutants that survive, tried in neighbouring lots."""
        lots = [range(start, min(start + 25, len(mutants))) for start in range(0, len(mutants), 25)]
        self._all = mutants
        _running.append(self)  # a forked worker finds it here: a plugin cannot be pickled
        with ProcessPoolExecutor(PROCESSES, mp_context=get_context("fork")) as pool:
            survivors: list[int] = []
            for done, found in enumerate(pool.map(_try_lot, lots), 1):
                survivors += found
                if sys.stderr.isatty():
                    sys.stderr.write(f"\r{done * 25} tried, {len(survivors)} survive ")
        return survivors

    def try_lot(self, numbers: Iterable[int]) -> list[int]:
        """Return which of some mutants survive."""
        return [at for at in numbers if not self._is_noticed(self._all[at])]

    def _is_noticed(self, mutant: Mutant) -> bool:
        """Try a mutant, first on the tests that noticed others."""
        near, recent = (self._noticed.setdefault(key, []) for key in (mutant.near, "*"))
        order = dict.fromkeys([*near[:NEAR], *recent[:RECENT], *range(len(self._items))])
        own = [number for number in order if mutant.concerns(self._items[number])]
        by = self._noticed_by(mutant.make, own)
        if by is not None and by >= 0:
            for found in (near, recent):
                if by in found:
                    found.remove(by)
                found.insert(0, by)
        return by is not None

    def _noticed_by(self, make: Callable[[], None], order: Sequence[int]) -> int | None:
        """Return the number of the first test that fails, -1 at the limit, None if all pass."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writer, str(self._run(make, order)).encode())
            finally:
                os._exit(0)  # never back into the parent's pytest
        os.close(writer)
        with os.fdopen(reader) as answer:
            number = answer.read()
        os.waitpid(child, 0)
        if not number:
            return -1
        return None if number == "None" else int(number)

    def _run(self, make: Callable[[], None], order: Sequence[int]) -> int | None:
        """Make a change and run the tests until one fails; return which one."""
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - not a file of ours
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        try:
            make()
        except Exception:  # noqa: BLE001 - what cannot be loaded is noticed by whoever loads it
            return order[0]
        for position, number in enumerate(order):
            item = self._items[number]
            signal.alarm(LIMIT_SECONDS)
            following = self._items[order[position + 1]] if position + 1 < len(order) else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._failed:
                return number
        return None


_running: list[Campaign] = []


def _try_lot(numbers: Iterable[int]) -> list[int]:
    return _running[-1].try_lot(numbers)


def _spread(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return tests with one example of each test function first, and all others after them."""
    seen: dict[str, int] = {}
    ranks = []
    for item in items:
        function = item.nodeid.partition("[")[0]
        seen[function] = seen.get(function, -1) + 1
        ranks.append(min(seen[function], 1))
    return [item for _, item in sorted(zip(ranks, items, strict=True), key=lambda pair: pair[0])]


def run(campaign: Campaign, tests: Iterable[Path]) -> None:
    """Collect tests and try a campaign's mutants on them; raise FailingTestError."""
    arguments = [*QUICK, "--capture=no", "--import-mode=importlib", *map(str, tests)]
    pytest.main(arguments, [campaign])
    if not campaign.is_ready:
        raise FailingTestError
