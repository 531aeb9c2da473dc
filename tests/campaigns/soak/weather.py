"""Decides which AWS calls fail: by the seed, the update and the call, not by who comes first."""

import random
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from tests.campaigns.faults import proxy

SHARE = 0.05
# How many requests of one call in a row fail, and how often. The client makes two of a call and
# Lambda makes three attempts: six put the update on the queue, more fail in the redrive as well.
LENGTHS = {1: 66, 2: 12, 3: 8, 6: 8, 8: 4, 14: 2}
KINDS: dict[str, tuple[int, proxy.Fault]] = {
    "throttled": (35, proxy.refusal(400, "ThrottlingException")),
    "fails (500)": (20, proxy.refusal(500, "InternalServerError")),
    "unavailable (503)": (15, proxy.refusal(503, "ServiceUnavailable")),
    "connection broken off": (13, proxy.reset),
    "done, connection broken off": (15, proxy.reset_after),
    "done, answered too late": (2, proxy.lost_response),
}
MEAN = sum(length * weight for length, weight in LENGTHS.items()) / sum(LENGTHS.values())
# Probes, redeliveries and repeated attempts make a fifth more requests than there are calls.
BROKEN = 1.2 * SHARE / (1 - SHARE) / MEAN
# The function waits for two seconds: an answer that takes as long may come too late by itself.
LATE_SECONDS = 1.8
NAME = re.compile(rb"soak-\d{6}")
PLACE = re.compile(rb'"(SOAK-\d{5}|soak-\d{6})".*?"N": ?"(\d+)"')

# Called after each call: the update's name or place, the call, its answer, None if it failed.
Listener = Callable[[str, proxy.Call, proxy.Answer | None], None]


class Weather:
    """A plan for the proxy. blown: how many requests of each kind failed; calls: of all."""

    def __init__(self, seed: int, listener: Listener) -> None:
        self._seed = seed
        self._tell = listener
        self._lock = threading.Lock()
        self._left: dict[tuple[str, str], int] = {}
        self._random: dict[tuple[str, str], random.Random] = {}
        self.blown: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        # By update or place: the calls that were not heard of, though they may have been done.
        self.unheard: defaultdict[str, set[str]] = defaultdict(set)
        self._under_way = 0
        self._last = time.monotonic()

    def is_quiet(self, seconds: float) -> bool:
        """Return whether there has been no call for so long."""
        with self._lock:
            return not self._under_way and time.monotonic() - self._last > seconds

    def plan(self, call: proxy.Call) -> proxy.Fault:
        """Return what becomes of a call."""
        who = subject(call)
        kind = self._kind(call.operation, who)

        def meet(call: proxy.Call) -> proxy.Answer | None:
            try:
                return self._fail(who, call, kind) if kind else self._through(who, call)
            finally:
                with self._lock:
                    self._under_way -= 1
                    self._last = time.monotonic()

        return meet

    def _through(self, who: str, call: proxy.Call) -> proxy.Answer:
        started = time.monotonic()
        answer = call.ask()
        if time.monotonic() - started > LATE_SECONDS:
            self.unheard[who].add(call.operation)
        self._tell(who, call, answer)
        return answer

    def _fail(self, who: str, call: proxy.Call, kind: str) -> proxy.Answer | None:
        if kind.startswith("done") or call.operation == "UpdateItem":
            self.unheard[who].add(call.operation)
        answer = KINDS[kind][1](call)
        self._tell(who, call, None)
        return answer

    def _kind(self, operation: str, who: str) -> str:
        """Return how the next request of a call fails, or nothing."""
        key = (operation, who)
        with self._lock:
            self.calls[operation] += 1
            self._under_way += 1
            if key not in self._left:
                self._begin(key)
            if not self._left[key]:
                return ""
            self._left[key] -= 1
            kind = _draw(self._random[key], {name: KINDS[name][0] for name in KINDS})
            self.blown[kind] += 1
            return kind

    def _begin(self, key: tuple[str, str]) -> None:
        fate = random.Random(f"{self._seed} {key}")  # noqa: S311 - the same for everybody
        self._left[key] = _draw(fate, LENGTHS) if fate.random() < BROKEN else 0
        self._random[key] = fate


def subject(call: proxy.Call) -> str:
    """Return the name of the update that a call is for, or the row's place if it has no name."""
    if found := NAME.search(call.body):
        return found[0].decode()
    return place(call)


def place(call: proxy.Call) -> str:
    """Return where the row is that a call puts or marks."""
    found = PLACE.search(call.body)
    return b"@".join(found.groups()).decode() if found else ""


def _draw(fate: random.Random, weights: Mapping[Any, int]) -> Any:
    """Return one of the keys of weights."""
    return fate.choices(list(weights), list(weights.values()))[0]
