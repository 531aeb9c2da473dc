"""Walks the failed-updates queue: what is received is hidden for a while, then given back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from types import TracebackType
from typing import Any, final

from botocore.exceptions import BotoCoreError, ClientError

from scripts.operations.deployed import CALLS_AT_ONCE
from scripts.operations.errors import explain
from scripts.operations.failed import Message
from scripts.operations.interrupt import Interrupt

# SQS takes and gives ten messages a call.
TEN = 10
# A message that a command dies over is back after this. One that is looked at for longer is
# received again and recognized.
HIDDEN_SECONDS = 600
# Waiting, SQS asks all its servers; without, it may overlook a message.
WAIT_SECONDS = 1


@final
class FailedQueue:
    """The queue in a with block, at whose end all that was received and not deleted is back."""

    def __init__(self, sqs: Any, url: str) -> None:
        """Take the client of SQS and the queue's URL."""
        self._sqs = sqs
        self._url = url
        self._held: dict[str, str] = {}
        # Why messages stay hidden for HIDDEN_SECONDS, if they do.
        self.not_given_back = ""

    def __enter__(self) -> "FailedQueue":
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """Give back what was received."""
        self.give_back()

    def depth(self) -> tuple[int, int]:
        """Return about how many messages can be received, and how many are hidden."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)
        visible, hidden = (int(answer["Attributes"][name]) for name in names)
        return visible, hidden

    def walk(self, interrupt: Interrupt) -> Iterator[Message]:
        """Yield each message that can be received, until there is none or to end is asked."""
        expected, _ = self.depth()
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            while not interrupt.asked:
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
        tens = [receipts[start : start + TEN] for start in range(0, len(receipts), TEN)]
        try:
            with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
                # One that is readable already, or gone, is reported in the answer: all is well.
                list(pool.map(self._show, tens))
        except (ClientError, BotoCoreError) as error:
            self.not_given_back = explain(error)

    def _show(self, receipts: list[str]) -> None:
        entries = [
            {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
            for number, receipt in enumerate(receipts)
        ]
        self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def _receive(self, wait: int) -> list[Message]:
        """Receive, hold what came at once, and return what was not held before."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=TEN,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=wait,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        messages = [_message(each) for each in answer.get("Messages", [])]
        fresh = [message for message in messages if message.id not in self._held]
        self._held.update({message.id: message.receipt for message in messages})
        return fresh


def _message(received: dict[str, Any]) -> Message:
    attributes = received.get("MessageAttributes", {}).items()
    texts = {name: each["StringValue"] for name, each in attributes if "StringValue" in each}
    milliseconds = int(received["Attributes"]["SentTimestamp"])
    sent_at = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return Message(
        received["MessageId"], received["ReceiptHandle"], received["Body"], texts, sent_at
    )
