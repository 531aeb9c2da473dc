"""Counts what a service sends, by a queue of its own that the service sends a copy to."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from scripts.forwarding.data import Fields
from scripts.mailbox import open_queue


class Tally:
    """A queue that one sender puts messages on, only to be counted."""

    def __init__(self, sqs: Any, name: str, service: str, source_arn: str) -> None:
        """Make the queue; service and source_arn: who may send (sns, and the topic's ARN)."""
        self._sqs = sqs
        self._url, self.arn = open_queue(sqs, name, service, source_arn)

    def drain(self) -> Iterator[Counter[int]]:
        """Yield how many messages there are by the epoch second they were sent; they go."""
        while messages := self._messages():
            entries = [
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
                for index, message in enumerate(messages)
            ]
            answer = self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
            # What could not be deleted comes back, and is counted then.
            gone = [messages[int(entry["Id"])] for entry in answer.get("Successful", ())]
            yield Counter(int(each["Attributes"]["SentTimestamp"]) // 1000 for each in gone)

    def close(self) -> None:
        """Remove the queue."""
        self._sqs.delete_queue(QueueUrl=self._url)

    def _messages(self) -> list[Fields]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        messages: list[Fields] = answer.get("Messages", [])
        return messages
