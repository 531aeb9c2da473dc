"""Reads a topic's notifications by a queue that is subscribed to it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Fields = dict[str, Any]
# A message that is received and not deleted is back on its queue after this time.
HIDDEN_SECONDS = 30


@dataclass(frozen=True)
class Alert:
    """A notification: what its mail shows, and the attributes that subscribers filter by.

    sent_at: ISO 8601 in UTC.
    """

    subject: str
    body: str
    attributes: Mapping[str, str]
    sent_at: str

    @property
    def text(self) -> str:
        """The body as a mail shows it: an alarm's JSON as lines, any other body as it is."""
        try:
            alarm = json.loads(self.body)
            return "\n".join(
                [
                    f"Name: {alarm['AlarmName']}",
                    f"Description: {alarm['AlarmDescription']}",
                    f"State change: {alarm['OldStateValue']} -> {alarm['NewStateValue']}",
                    f"Reason: {alarm['NewStateReason']}",
                    f"Time: {alarm['StateChangeTime']}",
                ]
            )
        except (ValueError, TypeError, KeyError):
            return self.body


class Mailbox:
    """A queue of its own that is subscribed to a topic."""

    def __init__(
        self, client: Callable[[str], Any], topic: str, name: str, *, filters: Fields | None = None
    ) -> None:
        """Make the queue and subscribe it, unless that has been done.

        filters: a filter policy, on message attributes.
        """
        self._sqs, self._sns = client("sqs"), client("sns")
        self._url, arn = open_queue(self._sqs, name, topic)
        self._subscription = self._sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"FilterPolicy": json.dumps(filters)} if filters else {},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        self._alerts: list[Alert] = []

    def alerts(self, linger: int = 0) -> list[Alert]:
        """Return all the alerts that have arrived so far, waiting linger seconds for more."""
        self._alerts.extend(self.new(linger))
        return self._alerts

    def new(self, linger: int = 0) -> Iterator[Alert]:
        """Yield the alerts that have arrived since the last call, waiting linger seconds for more.

        One is deleted from the queue when the next one is asked for.
        """
        while messages := receive(self._sqs, self._url, linger):
            for message in messages:
                notice = json.loads(message["Body"])
                attributes = notice.get("MessageAttributes", {}).items()
                values = {name: attribute["Value"] for name, attribute in attributes}
                subject, body = notice.get("Subject", ""), notice["Message"]
                yield Alert(subject, body, values, notice["Timestamp"])
                delete(self._sqs, self._url, message)

    def close(self) -> None:
        """Remove the subscription and the queue."""
        self._sns.unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self._url)


def open_queue(sqs: Any, name: str, topic: str) -> tuple[str, str]:
    """Make a queue that a topic (ARN) may send to; return its URL and its ARN."""
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    names = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = names["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def receive(sqs: Any, url: str, linger: int) -> list[Fields]:
    """Return up to ten messages of a queue, waiting linger seconds for the first."""
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=linger,
        VisibilityTimeout=HIDDEN_SECONDS,
    )
    messages: list[Fields] = answer.get("Messages", [])
    return messages


def delete(sqs: Any, url: str, message: Fields) -> None:
    """Remove a received message from its queue."""
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
