"""Gives failed updates to the function again, and takes off the queue what it was given."""

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, TextIO

from botocore.exceptions import BotoCoreError, ClientError

from scripts.operations import contract
from scripts.operations.deployed import CALLS_AT_ONCE, Deployed
from scripts.operations.errors import code_of, explain
from scripts.operations.failed import FailedUpdate, Message, Where, key_of, read
from scripts.operations.failed_queue import FailedQueue
from scripts.operations.interrupt import Interrupt
from scripts.operations.plan import Plan, payload

# What an update lacks, not the function: the next one may be taken.
THIS_ONE = {
    "RequestTooLargeException",
    "RequestEntityTooLargeException",
    "InvalidRequestContentException",
    "413",
}
# The handler tries places up to a second apart, for 5 s: that is far fewer than 3,600 of them.
PROBES_MS = 3_600_000
ACCEPTED = 202
GIVEN_ALREADY = "given already"
NEVER = datetime.max.replace(tzinfo=timezone.utc)


@dataclass
class Given:
    """An update that the function was given. at: when, by AWS's clock; NEVER until it answers."""

    update: FailedUpdate
    identity: contract.Identity | None
    at: datetime = NEVER
    stored: bool = False
    came_back: str = ""


@dataclass
class Tally:
    """What a redrive has done so far. left: how many messages were left alone, by why.

    copies: further messages of updates that are stored, taken off; stopped: why it ended early.
    """

    given: list[Given] = field(default_factory=list)
    not_given: list[tuple[FailedUpdate, str]] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    copies: int = 0
    stopped: str = ""

    @property
    def stored(self) -> int:
        """How many of the given updates are stored, and alerted of where they must be."""
        return sum(each.stored for each in self.given)

    @property
    def came_back(self) -> list[Given]:
        """The given updates that failed again."""
        return [each for each in self.given if each.came_back and not each.stored]

    @property
    def unknown(self) -> int:
        """How many of the given updates nothing is known of yet."""
        return len(self.given) - self.stored - len(self.came_back)


class Redrive:
    """One run over the queue. Messages are its own only while they are hidden from others."""

    def __init__(
        self, deployed: Deployed, queue: FailedQueue, plan: Plan, save: TextIO | None = None
    ) -> None:
        """Take the stack, its queue, what to do, and where to write what is taken off."""
        self._lambda = deployed.client("lambda")
        self._dynamodb = deployed.client("dynamodb")
        self._function = deployed["ShipmentProcessorFunctionName"]
        self._table = deployed["ShipmentLogsTableName"]
        self._critical = deployed.parameters.get("CriticalStatuses", contract.CRITICAL)
        self._queue = queue
        self._plan = plan
        self._save = save
        self._saving = threading.Lock()
        self._by_key: dict[str, Given] = {}
        self._again: list[tuple[FailedUpdate, Message]] = []
        self.tally = Tally()

    def run(self, interrupt: Interrupt, advance: Callable[[float], None]) -> None:
        """Give what is meant of all that lies on the queue."""
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            under_way: set[Future[None]] = set()
            for message in self._queue.walk(interrupt):
                if interrupt.asked or self.tally.stopped:
                    break
                advance(1)
                update = read(message)
                if why := self._left_alone(update, message):
                    self.tally.left[why] += 1
                    continue
                try:
                    envelope = self._plan.envelope(update)
                    body, given = payload(envelope), self._expect(update, envelope)
                except RecursionError:
                    self.tally.left["nested too deep"] += 1
                    continue
                if self._plan.rate and interrupt.wait(1 / self._plan.rate):
                    break
                under_way.add(pool.submit(self._give, message, body, given))
                if len(under_way) >= 2 * CALLS_AT_ONCE:
                    under_way = _rest(under_way)
            while under_way:
                under_way = _rest(under_way)

    def watch(self, interrupt: Interrupt) -> None:
        """See what becomes of the given updates, until all is known or time is up."""
        give_up = time.monotonic() + self._plan.watch_seconds
        self._look()
        while self.tally.unknown and time.monotonic() < give_up and not interrupt.asked:
            for message in self._queue.newcomers():
                self._left_alone(read(message), message)
            self._look()
        self._take_off_copies()

    def _left_alone(self, update: FailedUpdate, message: Message) -> str:
        """Return why an update is left alone, noting one that was given already."""
        if update.key in self._by_key and update.where is not Where.TOO_BIG:
            self._again.append((update, message))
            return GIVEN_ALREADY
        return self._plan.left_alone(update, datetime.now(timezone.utc))

    def _expect(self, update: FailedUpdate, envelope: Any) -> Given:
        """Note an update before it is given: it may be back before the answer is here."""
        given = Given(update.in_short(), contract.identity(envelope, self._critical))
        self._by_key.update(dict.fromkeys((update.key, key_of(envelope)), given))
        return given

    def _give(self, message: Message, body: bytes, given: Given) -> None:
        """Have the function take an update, and then take its message off the queue."""
        try:
            given.at = self._invoke(body)
        except (ClientError, BotoCoreError, ConnectionError) as error:
            why = explain(error)
            self.tally.not_given.append((given.update, why))
            if code_of(error) not in THIS_ONE:
                self.tally.stopped = why
            return
        self.tally.given.append(given)
        try:
            self._take_off(message)
        except (ClientError, BotoCoreError, OSError) as error:
            # It was given, and is given once more by whoever finds it: that adds nothing.
            self.tally.stopped = explain(error)

    def _invoke(self, envelope: bytes) -> datetime:
        """Have Lambda take an envelope and answer for it from then on; return when it did."""
        answer = self._lambda.invoke(
            FunctionName=self._function, InvocationType="Event", Payload=envelope
        )
        if answer["StatusCode"] != ACCEPTED:
            raise ConnectionError(f"Invoke answered {answer['StatusCode']}, not {ACCEPTED}")
        return _clock_of(answer)

    def _take_off(self, message: Message) -> None:
        """Delete a message from the queue, once it is written down."""
        self._write_down(message)
        self._queue.delete(message)

    def _write_down(self, message: Message) -> None:
        """Keep a message that is about to go; return when it is on the disk."""
        if self._save is None:
            return
        kept = {"body": message.body, "attributes": dict(message.attributes)}
        with self._saving:
            self._save.write(json.dumps(kept) + "\n")
            self._save.flush()
            os.fsync(self._save.fileno())

    def _look(self) -> None:
        """Note which of the given updates are stored by now, and which failed again."""
        waiting = [given for given in self.tally.given if given.identity and not given.stored]
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            for given, stored in zip(waiting, pool.map(self._is_stored, waiting), strict=True):
                given.stored = stored
        for update, _ in self._again:
            given = self._by_key[update.key]
            if update.failed_at >= given.at:  # an older one is a copy
                given.came_back = update.why

    def _is_stored(self, given: Given) -> bool:
        """Say whether an update has its row, and whether nothing is left to do for it."""
        who = given.identity
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

    def _take_off_copies(self) -> None:
        """Take off the further messages of updates that are stored: there is nothing to redo."""
        for update, message in self._again:
            if self._by_key[update.key].stored:
                self._take_off(message)
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
