"""Puts updates on the bus: in batches, a few at once, and again what was not taken for a moment."""

import ipaddress
import random
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, HTTPClientError
from botocore.parsers import ResponseParserError

from shipments.errors import code_of, explain
from shipments.events import DETAIL_TYPE, SOURCE
from shipments.interrupt import Interrupt

# EventBridge takes 10 entries and 1 MB a request. An event around a detail adds some 400 bytes,
# and a function and a queue take no more than 1 MB either.
ENTRIES = 10
BYTES = 1_048_576 - 1_024
IN_FLIGHT = 4
THREAD = "put-events"
# Up to 0.1, 0.2, 0.4, ... 5, 5 s between the attempts: twenty seconds and then no more.
ATTEMPTS = 10
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 5.0
SECONDS = 20.0
# PutEventsResultEntry calls these retryable; the others are general.
RETRYABLE = {
    "InternalFailure",
    "InternalException",
    "ServiceUnavailable",
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestThrottled",
}
# A connection that is closed or times out may work again in a moment; the client has tried it
# four times. Whether the updates arrived is unknown, but they stay the same updates. A refused
# connection, a wrong proxy or certificate, missing or expired credentials stay as they are.
MAY_PASS = (HTTPClientError, ConnectTimeoutError)
SERVER_ERROR = 500
TOO_BIG = {"ValidationException", "RequestEntityTooLarge", "RequestEntityTooLargeException"}
# The emulator starts a worker, half a second of processor time, for each update that is in flight.
# Measured from a cold start: at 10 a second on two busy cores, and at 16 on two idle ones, all rows
# are there when the command ends; 1,000 at once bring it down.
LOCAL_RATE = 10.0
BATCHES_A_SECOND = 20  # at most, if there is a rate: an even flow, and no bursts


class Pace:
    """Keeps updates to a rate, whichever thread sends them. rate: a second; 0 is no limit."""

    def __init__(self, rate: float, interrupt: Interrupt) -> None:
        self.entries = round(min(ENTRIES, max(1.0, rate / BATCHES_A_SECOND))) if rate else ENTRIES
        self._rate = rate
        self._interrupt = interrupt
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self, count: int) -> bool:
        """Wait until count updates may be sent; return whether somebody asks to end."""
        if not self._rate:
            return self._interrupt.asked
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + count / self._rate
        return self._interrupt.wait(start - now)


@dataclass
class Sent:
    """What came of some updates: their events' ids, and (text, reason) of those not sent."""

    events: list[str] = field(default_factory=list)
    unsent: list[tuple[str, str]] = field(default_factory=list)


class Sender:
    """Puts updates on one bus."""

    def __init__(self, events: Any, bus: str, interrupt: Interrupt, rate: float = 0) -> None:
        """Take EventBridge's client, the bus's name, and how many updates a second (0: any)."""
        self._events = events
        self._bus = bus
        self._interrupt = interrupt
        self._pace = Pace(rate, interrupt)
        # Why nothing more is tried: what fails for one would fail for all.
        self.stopped = ""

    def send(self, texts: Iterable[str]) -> Iterator[Sent]:
        """Send details (JSON) and yield what came of each batch, in their order."""
        jobs: SimpleQueue[tuple[Future[Sent], list[str]] | None] = SimpleQueue()
        for _ in range(IN_FLIGHT):
            # Not a pool: a program that ends waits for a pool's threads, and so for their calls.
            threading.Thread(target=self._work, args=(jobs,), name=THREAD, daemon=True).start()
        under_way: deque[Future[Sent]] = deque()
        try:
            for batch in batches(texts, self._pace.entries):
                future: Future[Sent] = Future()
                under_way.append(future)
                jobs.put((future, batch))
                if len(under_way) > 2 * IN_FLIGHT:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BaseException:
            self.stopped = self.stopped or "interrupted"
            raise
        finally:
            for _ in range(IN_FLIGHT):
                jobs.put(None)

    def _work(self, jobs: "SimpleQueue[tuple[Future[Sent], list[str]] | None]") -> None:
        while job := jobs.get():
            future, batch = job
            try:
                sent = self._put(batch)
                sent.unsent.sort(key=lambda each: batch.index(each[0]))
                future.set_result(sent)
            except BaseException as error:  # noqa: BLE001 - raised where the result is read
                future.set_exception(error)

    def _put(self, batch: list[str]) -> Sent:
        """Put a batch, and then again what was not taken, for as long as that may help."""
        sent, left, why, give_up, refused = Sent(), batch, "", 0.0, False
        for attempt in range(ATTEMPTS):
            if attempt and (self._interrupt.wait(pause(attempt)) or time.monotonic() > give_up):
                break
            if self.stopped or self._pace.wait(len(left)):
                break
            give_up = give_up or time.monotonic() + SECONDS
            try:
                left, why = self._try(left, sent)
                refused = False
            except (ClientError, BotoCoreError, ResponseParserError) as error:
                why, refused = explain(error), True
                if code_of(error) in TOO_BIG:
                    return self._apart(left, sent, why)
                if not may_pass(error):
                    break
            if not left:
                return sent
        why = why or self.stopped or "interrupted"
        if refused and not self._interrupt.asked:  # it would take the others as long to fail
            self.stopped = self.stopped or why
        sent.unsent += [(text, why) for text in left]
        return sent

    def _try(self, batch: list[str], sent: Sent) -> tuple[list[str], str]:
        """Put a batch once; return what may be taken the next time, and why it was not."""
        entry = {"EventBusName": self._bus, "Source": SOURCE, "DetailType": DETAIL_TYPE}
        answer = self._events.put_events(Entries=[{**entry, "Detail": text} for text in batch])
        results = answer.get("Entries", [])
        if len(results) != len(batch):
            raise ResponseParserError("the answer is not EventBridge's: check AWS_ENDPOINT_URL")
        again, why = [], ""
        for text, result in zip(batch, results, strict=True):
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


def may_pass(error: Exception) -> bool:
    """Return whether a failed request may succeed in a moment."""
    response = getattr(error, "response", None) or {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    known = code_of(error) in RETRYABLE or status >= SERVER_ERROR
    return known or isinstance(error, MAY_PASS)


def default_rate(endpoint: str) -> float:
    """Return the updates a second for an endpoint: a limit if it is this machine, otherwise 0."""
    return LOCAL_RATE if is_local(endpoint) else 0


def is_local(endpoint: str) -> bool:
    """Return whether an endpoint is on this machine, as an emulator is."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def batches(texts: Iterable[str], entries: int = ENTRIES) -> Iterator[list[str]]:
    """Yield details in batches that one request may have; one that is too big goes alone."""
    batch: list[str] = []
    size = 0
    for text in texts:
        added = entry_bytes(text)
        if batch and (len(batch) == entries or size + added > BYTES):
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
