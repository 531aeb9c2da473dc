"""Invokes the function with failed updates, and deletes their messages once Lambda has them."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError

from shipments import mails, rules
from shipments.errors import code_of, explain
from shipments.failed import FailedUpdate, Message, Where, read
from shipments.failed_queue import FailedQueue
from shipments.files import add_line
from shipments.interrupt import Interrupt
from shipments.plan import Plan, Verdict
from shipments.stack import CALLS_AT_ONCE, Stack
from shipments.status_redrive import Companion, StatusRedrive

# The error is about this update only: Lambda may accept the next one.
THIS_ONE = {
    "RequestTooLargeException",
    "RequestEntityTooLargeException",
    "InvalidRequestContentException",
    "413",
}
# The handler tries places up to a second apart, for 5 s: that is far fewer than 3,600 of them.
PROBES_MS = 3_600_000
ACCEPTED = 202
NEVER = datetime.max.replace(tzinfo=timezone.utc)


@dataclass
class Redriven:
    """An update that the function was invoked with.

    at: when, by AWS's clock; NEVER until Lambda answers. failed_again: why, if it did.
    """

    update: FailedUpdate
    identity: rules.Identity | None
    at: datetime = NEVER
    stored: bool = False
    failed_again: str = ""


@dataclass
class Tally:
    """What a redrive has done so far.

    not_accepted: updates that Lambda did not accept, as far as we know, and why; they stay on the
    queue. skipped: updates by why; failed: how many of these can only fail. copies: further
    messages of stored updates, deleted; stopped: why the redrive ended early.
    """

    redriven: list[Redriven] = field(default_factory=list)
    not_accepted: list[tuple[FailedUpdate, str]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    copies: int = 0
    stopped: str = ""

    @property
    def stored(self) -> int:
        """How many updates are stored and, if critical, alerted."""
        return sum(each.stored for each in self.redriven)

    @property
    def failed_again(self) -> list[Redriven]:
        """The updates that failed again."""
        return [each for each in self.redriven if each.failed_again and not each.stored]

    @property
    def unknown(self) -> int:
        """How many updates are neither stored nor failed yet."""
        return len(self.redriven) - self.stored - len(self.failed_again)


class Redrive:
    """One run over the queue. Messages are its own only while they are hidden from others."""

    def __init__(
        self, stack: Stack, queue: FailedQueue, plan: Plan, save: IO[str] | None = None
    ) -> None:
        self._lambda = stack.client("lambda")
        self._dynamodb = stack.client("dynamodb")
        self._function = stack["ShipmentProcessorFunctionName"]
        self._table = stack["ShipmentLogsTableName"]
        self._queue = queue
        self._plan = plan
        self._save = save
        self._saving = threading.Lock()
        self._next = 0.0  # when the next update may follow, by the monotonic clock
        self._by_key: dict[str, Redriven] = {}
        self._skipped: set[tuple[str, bool]] = set()
        self._copies: list[tuple[FailedUpdate, Message]] = []
        self.tally = Tally()
        self.status = StatusRedrive(stack, plan.companion or Companion(stack), self._delete)

    def run(self, interrupt: Interrupt, advance: Callable[[float], None]) -> None:
        """Redrive what the plan selects of all updates on the queue; note the status stack's tasks.

        These are done by status.run.
        """
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            under_way: set[Future[None]] = set()
            for message in self._queue.walk(interrupt):
                if interrupt.asked or self.tally.stopped:
                    break
                advance(1)
                update = read(message)
                if self._is_copy(update, message):
                    continue
                verdict = self._plan.verdict(update, message.id)
                if verdict.skip:
                    self._skip(update, verdict)
                    continue
                if update.task:
                    self.status.note(update.task, message)
                    continue
                if self._paced(verdict, interrupt):
                    break
                redriven = self._expect(update, verdict)
                under_way.add(pool.submit(self._redrive, message, verdict.body, redriven))
                if len(under_way) >= 2 * CALLS_AT_ONCE:
                    under_way = _rest(under_way)
            while under_way:
                under_way = _rest(under_way)

    def watch(self, interrupt: Interrupt, advance: Callable[[float], None]) -> None:
        """See what becomes of the updates, until all is known or time is up."""
        give_up = time.monotonic() + self._plan.watch_seconds
        self._look(advance)
        while self.tally.unknown and time.monotonic() < give_up and not interrupt.asked:
            for message in self._queue.newcomers():
                self._is_copy(read(message), message)
            self._look(advance)
        self._delete_copies()

    def _is_copy(self, update: FailedUpdate, message: Message) -> bool:
        """Return whether an update was redriven already, and note its message if so."""
        # The whole copy of a stored update is not a copy of its failure.
        is_copy = update.key in self._by_key and update.where is not Where.TOO_BIG
        if is_copy:
            self._copies.append((update.in_short(), message))
        return is_copy

    def _skip(self, update: FailedUpdate, verdict: Verdict) -> None:
        """Count a skipped update once, however many messages it has."""
        key = (update.key, update.where is Where.TOO_BIG)
        if key not in self._skipped:
            self._skipped.add(key)
            self.tally.skipped[verdict.skip] += 1
            self.tally.failed += verdict.failed

    def _paced(self, verdict: Verdict, interrupt: Interrupt) -> bool:
        """Wait as long as the rate demands; return whether somebody asked to end."""
        rate = self._plan.rate
        if rate is None:
            rate = mails.PER_SECOND if verdict.mails else 0
        if not rate:
            return interrupt.asked
        now = time.monotonic()
        start = max(now, self._next)
        self._next = start + 1 / rate
        return interrupt.wait(start - now)

    def _expect(self, update: FailedUpdate, verdict: Verdict) -> Redriven:
        """Note an update before it is invoked: it may fail before Lambda's answer is here."""
        redriven = Redriven(update.in_short(), verdict.identity)
        self._by_key.update(dict.fromkeys((update.key, verdict.key), redriven))
        return redriven

    def _redrive(self, message: Message, body: bytes, redriven: Redriven) -> None:
        """Have Lambda accept an update, and then delete its message."""
        try:
            redriven.at = self._invoke(body)
        except (ClientError, BotoCoreError, ConnectionError) as error:
            # After a timeout Lambda may have it all the same. Redriving it again adds nothing.
            why = explain(error)
            self.tally.not_accepted.append((redriven.update, why))
            if code_of(error) not in THIS_ONE:
                self.tally.stopped = why
            return
        self.tally.redriven.append(redriven)
        try:
            self._delete(message)
        except (ClientError, BotoCoreError, OSError) as error:
            # Whoever redrives the message once more adds nothing.
            self.tally.stopped = explain(error)

    def _invoke(self, envelope: bytes) -> datetime:
        """Have Lambda accept an event; return when it did."""
        answer = self._lambda.invoke(
            FunctionName=self._function, InvocationType="Event", Payload=envelope
        )
        answer["Payload"].read()  # or its connection is not used again
        if answer["StatusCode"] != ACCEPTED:
            raise ConnectionError(f"Invoke answered {answer['StatusCode']}, not {ACCEPTED}")
        return _clock_of(answer)

    def _delete(self, message: Message) -> None:
        """Delete a message from the queue, once it is saved."""
        self._save_message(message)
        self._queue.delete(message)

    def _save_message(self, message: Message) -> None:
        """Write a message to the file; return when it is on the disk."""
        if self._save is None:
            return
        with self._saving:
            add_line(self._save, message.saved)

    def _look(self, advance: Callable[[float], None]) -> None:
        """Note which updates are stored by now, and which failed again."""
        waiting = [each for each in self.tally.redriven if each.identity and not each.stored]
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            for each, stored in zip(waiting, pool.map(self._is_stored, waiting), strict=True):
                each.stored = stored
                advance(stored)
        for update, _ in self._copies:
            redriven = self._by_key[update.key]
            if update.failed_at >= redriven.at:  # an older one is a copy
                redriven.failed_again = update.why

    def _is_stored(self, redriven: Redriven) -> bool:
        """Return whether an update has its row, and nothing is left to do for it."""
        who = redriven.identity
        if who is None:
            return False
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="shipmentId = :shipment AND #timestamp BETWEEN :first AND :last",
            FilterExpression=" AND ".join(f"#{name} = :{name}" for name in who.attributes),
            ProjectionExpression="alertedAt, rawEventKeptAt, rawEventTruncated",
            # Some of these names are words of DynamoDB's own.
            ExpressionAttributeNames={f"#{name}": name for name in ("timestamp", *who.attributes)},
            ExpressionAttributeValues={
                **{f":{name}": value for name, value in who.attributes.items()},
                ":shipment": {"S": who.shipment},
                ":first": {"N": str(who.event_ms)},
                ":last": {"N": str(who.event_ms + PROBES_MS)},
            },
        )
        return any(
            ("alertedAt" in row or not who.critical)
            and ("rawEventKeptAt" in row or "rawEventTruncated" not in row)
            for page in pages
            for row in page["Items"]
        )

    def _delete_copies(self) -> None:
        """Delete the further messages of stored updates: there is nothing to redo."""
        for update, message in self._copies:
            if self._by_key[update.key].stored:
                self._delete(message)
                self.tally.copies += 1


def _rest(under_way: set[Future[None]]) -> set[Future[None]]:
    """Return what is still under way once something is done; raise what a call raised."""
    done, rest = wait(under_way, return_when="FIRST_COMPLETED")
    for each in done:
        each.result()
    return rest


def _clock_of(answer: Mapping[str, Any]) -> datetime:
    """Return the time of an answer by the clock of who gave it, to the second below."""
    date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date", "")
    try:
        return parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return datetime.now(timezone.utc)
