"""Walks the failed-updates queue: what is received is hidden for a while, then given back."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any, final

from botocore.exceptions import BotoCoreError, ClientError

from shipments.errors import code_of, explain, is_denied
from shipments.failed import FailedUpdate, Message, read
from shipments.interrupt import Interrupt
from shipments.stack import CALLS_AT_ONCE, Stack

# SQS receives ten messages per call, and changes ten.
TEN = 10
# How long a message is hidden from others. The time is renewed while the walk goes on; what a
# command holds when it crashes can be read again after it.
HIDDEN_SECONDS = 600
# The same for a command that only reads: the alarm on the queue's depth counts what can be read.
BROWSED_SECONDS = 60
# The same without the right to give messages back: only time does it.
UNRETURNABLE_SECONDS = 5
# Waiting, SQS asks all its servers; without, it may overlook a message.
WAIT_SECONDS = 1


@final
class FailedQueue:
    """The queue in a with block, at whose end all that was received and not deleted is back."""

    def __init__(self, sqs: Any, url: str, *, browse: bool = False) -> None:
        """Take the client of SQS and the queue's URL.

        browse: hide messages briefly, and do without the right to give them back.
        """
        self._sqs = sqs
        self._url = url
        self._browse = browse
        self.hide_seconds = BROWSED_SECONDS if browse else HIDDEN_SECONDS
        self._can_give_back = True
        self._renewed_at = 0.0
        self._held: dict[str, str] = {}
        # Why messages stay hidden for hide_seconds, if they do.
        self.not_given_back = ""
        # Why there may be messages that were not read, if so, in sentences.
        self.problems: list[str] = []

    def __enter__(self) -> "FailedQueue":
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def depth(self) -> tuple[int, int]:
        """Return about how many messages can be received, and how many are hidden."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)
        visible, hidden = (int(answer["Attributes"][name]) for name in names)
        return visible, hidden

    def walk(self, interrupt: Interrupt) -> Iterator[Message]:
        """Yield each message that can be received, until there is none or to end is asked.

        Raises ClientError before more than one message is hidden if they cannot be given back,
        unless this is to browse.
        """
        expected, _ = self.depth()
        yield from self._try_return()
        self._renewed_at = time.monotonic()
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            while not interrupt.asked:
                self._renew(pool)
                calls = min(CALLS_AT_ONCE, 1 + max(0, expected) // TEN)
                fresh = [
                    message
                    for received in pool.map(self._receive, [0] * calls)
                    for message in received
                ]
                fresh = fresh or self.newcomers()
                if not fresh:
                    return
                expected -= len(fresh)
                yield from fresh

    def newcomers(self) -> list[Message]:
        """Wait a moment for messages, and return those that are not held yet."""
        return self._receive(WAIT_SECONDS)

    def delete(self, message: Message) -> None:
        """Take a message off the queue for good."""
        receipt = self._held.get(message.id, message.receipt)
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)
        self._held.pop(message.id, None)

    def give_back(self) -> None:
        """Make everything that is held readable again, at once."""
        receipts = list(self._held.values())
        self._held.clear()
        if not self._can_give_back:
            return
        try:
            with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
                self._hide(pool, receipts, 0)
        except (ClientError, BotoCoreError) as error:
            self.not_given_back = explain(error)

    def _try_return(self) -> list[Message]:
        """Give back one message, before others are hidden; return it if that is not allowed."""
        tried = self._receive(0, most=1, seconds=UNRETURNABLE_SECONDS)
        try:
            self._change([message.receipt for message in tried], 0)
        except ClientError as error:
            if not (self._browse and is_denied(error)):
                raise
            self._can_give_back, self.hide_seconds = False, UNRETURNABLE_SECONDS
            self.problems.append(
                f"The messages were hidden from others for {UNRETURNABLE_SECONDS} seconds and "
                f"some may be missing here: {explain(error)}"
            )
            return tried
        for message in tried:
            del self._held[message.id]
        return []

    def _renew(self, pool: ThreadPoolExecutor) -> None:
        """Hide what is held for as long again, once half of its time is over."""
        is_due = time.monotonic() - self._renewed_at > self.hide_seconds / 2
        if self._can_give_back and is_due:
            self._renewed_at = time.monotonic()
            self._hide(pool, list(self._held.values()), self.hide_seconds)

    def _hide(self, pool: ThreadPoolExecutor, receipts: list[str], seconds: int) -> None:
        tens = [receipts[start : start + TEN] for start in range(0, len(receipts), TEN)]
        list(pool.map(self._change, tens, [seconds] * len(tens)))

    def _change(self, receipts: list[str], seconds: int) -> None:
        """Hide up to ten messages for so long from now; 0 gives them back."""
        entries = [
            {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
            for number, receipt in enumerate(receipts)
        ]
        # A message that is readable already, or gone, is reported in the answer: all is well.
        if entries:
            self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def _receive(self, wait: int, most: int = TEN, seconds: int | None = None) -> list[Message]:
        """Receive, hold what came at once, and return what was not held before."""
        try:
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=most,
                VisibilityTimeout=self.hide_seconds if seconds is None else seconds,
                WaitTimeSeconds=wait,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp"],
            )
        except ClientError as error:
            if "OverLimit" not in code_of(error):
                raise
            # About 120,000 of a queue's messages can be hidden at once.
            limit = "SQS hides no more messages at once, so there are others that were not read."
            self.problems += [limit] if limit not in self.problems else []
            return []
        messages = [_message(each) for each in answer.get("Messages", [])]
        fresh = [message for message in messages if message.id not in self._held]
        self._held.update({message.id: message.receipt for message in messages})
        return fresh


def failed_of(
    stack: Stack, shipment: str, interrupt: Interrupt
) -> tuple[list[FailedUpdate], list[str]]:
    """Return a shipment's updates on the queue, the longest failed first, and leave them there.

    Of the events there is only what `in_short` keeps; an update is there once per message. The
    second list says why there may be more.
    """
    with FailedQueue(stack.client("sqs"), stack["FailedUpdatesQueueUrl"], browse=True) as queue:
        updates = (read(message) for message in queue.walk(interrupt))
        found = [
            each.in_short()
            for each in updates
            if each.shipment.strip() == shipment.strip() and not each.task
        ]
    return sorted(found, key=lambda update: update.failed_at), queue.problems


def _message(received: dict[str, Any]) -> Message:
    attributes = received.get("MessageAttributes", {}).items()
    texts = {name: each["StringValue"] for name, each in attributes if "StringValue" in each}
    milliseconds = int(received["Attributes"]["SentTimestamp"])
    sent_at = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return Message(
        received["MessageId"], received["ReceiptHandle"], received["Body"], texts, sent_at
    )
