"""AWS/SNS: how many notifications of a topic have been delivered."""

from collections.abc import Iterator
from typing import Any

from scripts.forwarding.data import Data, counted, dimensions
from scripts.forwarding.tally import Tally


class DeliveredNotifications:
    """A topic's NumberOfNotificationsDelivered: to one subscriber, a queue that counts.

    MiniStack sends no mail. So this is what the mailed subscriber gets with AlertMail each.
    """

    def __init__(self, sns: Any, tally: Tally, topic_arn: str) -> None:
        """Subscribe the queue that counts, which the topic may send to."""
        self._sns, self._tally = sns, tally
        self._dimensions = dimensions({"TopicName": topic_arn.rpartition(":")[2]})
        self._subscription = sns.subscribe(
            TopicArn=topic_arn,
            Protocol="sqs",
            Endpoint=tally.arn,
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]

    def read(self) -> Iterator[Data]:
        """Yield how many notifications were delivered since the last look."""
        for times in self._tally.drain():
            yield {"AWS/SNS": counted("NumberOfNotificationsDelivered", self._dimensions, times)}

    def close(self) -> None:
        """Remove the subscription."""
        self._sns.unsubscribe(SubscriptionArn=self._subscription)
