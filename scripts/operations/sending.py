"""Puts updates on the bus: in batches, a few at once, what fails for a while again and again."""

import random
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts.operations.errors import code_of, explain
from scripts.operations.interrupt import Interrupt

SOURCE, DETAIL_TYPE = "logistics.shipments", "Shipment Update"
# EventBridge takes 10 entries and 1 MB a request. An event around a detail adds some 400 bytes,
# and a function and a queue take no more than 1 MB either.
ENTRIES = 10
BYTES = 1_048_576 - 1_024
IN_FLIGHT = 4
# Up to 0.1, 0.2, 0.4, ... 5, 5 s between the attempts: twenty seconds and then no more.
ATTEMPTS = 10
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 5.0
# PutEventsResultEntry calls these retryable; the others are general.
RETRYABLE = {
    "InternalFailure",
    "InternalException",
    "ServiceUnavailable",
    "ThrottlingException",
    "Throttling",
}
TOO_BIG = {"ValidationException", "RequestEntityTooLarge", "RequestEntityTooLargeException"}


@dataclass
class Sent:
    """What came of some updates: their events' ids, and (text, reason) of those not sent."""

    events: list[str] = field(default_factory=list)
    unsent: list[tuple[str, str]] = field(default_factory=list)


class Sender:
    """Puts updates on one bus."""

    def __init__(self, events: Any, bus: str, interrupt: Interrupt) -> None:
        """Take EventBridge's client and the bus's name."""
        self._events = events
        self._bus = bus
        self._interrupt = interrupt
        # Why nothing more is tried: what fails for one would fail for all.
        self.stopped = ""

    def send(self, texts: Iterable[str]) -> Iterator[Sent]:
        """Send details (JSON) and yield what came of each batch, in their order."""
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            under_way: deque[Future[Sent]] = deque()
            for batch in batches(texts):
                under_way.append(pool.submit(self._put, batch))
                if len(under_way) > 2 * IN_FLIGHT:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()

    def _put(self, batch: list[str]) -> Sent:
        """Put a batch, and then again what was not taken, for as long as that may help."""
        sent, left, why = Sent(), batch, ""
        for attempt in range(ATTEMPTS):
            if self._interrupt.asked or (attempt and self._interrupt.wait(pause(attempt))):
                why = why or "interrupted"
                break
            if self.stopped:
                why = self.stopped
                break
            try:
                left, why = self._try(left, sent)
            except (ClientError, BotoCoreError) as error:
                why = explain(error)
                if code_of(error) in TOO_BIG:
                    return self._apart(left, sent, why)
                if code_of(error) not in RETRYABLE:
                    self.stopped = self.stopped or why
            if not left:
                break
        sent.unsent += [(text, why) for text in left]
        return sent

    def _try(self, batch: list[str], sent: Sent) -> tuple[list[str], str]:
        """Put a batch once; return what may be taken the next time, and why it was not."""
        entry = {"EventBusName": self._bus, "Source": SOURCE, "DetailType": DETAIL_TYPE}
        answer = self._events.put_events(Entries=[{**entry, "Detail": text} for text in batch])
        again, why = [], ""
        for text, result in zip(batch, answer["Entries"], strict=True):
            if "ErrorCode" not in result:
                sent.events.append(result["EventId"])
            elif result["ErrorCode"] in RETRYABLE:
                again.append(text)
                why = result["ErrorCode"]
            else:
                reason = f"{result['ErrorCode']}: {result.get('ErrorMessage', '')}".rstrip(": ")
                sent.unsent.append((text, reason))
        return again, why

    def _apart(self, batch: list[str], sent: Sent, why: str) -> Sent:
        """Put one by one what is refused as a whole, so that one update stops no other."""
        if len(batch) == 1:
            sent.unsent.append((batch[0], why))
            return sent
        for text in batch:
            one = self._put([text])
            sent.events += one.events
            sent.unsent += one.unsent
        return sent


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield details in batches that one request may have; one that is too big goes alone."""
    batch: list[str] = []
    size = 0
    for text in texts:
        added = entry_bytes(text)
        if batch and (len(batch) == ENTRIES or size + added > BYTES):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += added
    if batch:
        yield batch


def entry_bytes(detail: str) -> int:
    """Return the size of an entry as EventBridge counts it: these three in UTF-8."""
    return len(f"{SOURCE}{DETAIL_TYPE}{detail}".encode())


def pause(attempt: int) -> float:
    """Return the seconds to wait before an attempt: the longer the later, and never the same."""
    longest = min(LONGEST_PAUSE_SECONDS, PAUSE_SECONDS * 2**attempt)
    return random.uniform(0, longest)  # noqa: S311 - no secret


class Unsent:
    """The updates that could not be sent, in a file that can be sent as it is.

    reasons: how many there are, by why.
    """

    def __init__(self, path: Path) -> None:
        """Make the file; raise OSError if it is there already or cannot be made."""
        self.path = path
        self.reasons: Counter[str] = Counter()
        self._file = path.open("x", encoding="utf-8")

    def add(self, text: str, why: str) -> None:
        """Add an update's detail."""
        self._file.write(text + "\n")
        self.reasons[why] += 1

    def close(self) -> None:
        """Write what is still in memory; remove the file if there is nothing in it."""
        self._file.close()
        if not self.reasons:
            self.path.unlink()


def free_path(base: Path) -> Path:
    """Return where the leftover of a file may be written: no file that there is already."""
    stem = base.name.removesuffix(base.suffix).split(".unsent")[0]
    number = 1
    while True:
        path = base.with_name(f"{stem}.unsent{f'-{number}' if number > 1 else ''}.jsonl")
        if not path.exists():
            return path
        number += 1
