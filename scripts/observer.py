"""Looks at the demo's stacks as operators can: rows, items, mails, log lines and the queue."""

import json
from collections.abc import Callable
from typing import Any

from scripts.mailbox import Mailbox
from scripts.results import Seen
from scripts.stacks import Stacks


class Observer:
    """Reads both stacks, and all mails since it was made."""

    def __init__(self, client: Callable[[str], Any], stacks: Stacks) -> None:
        self._dynamodb, self._logs, self._sqs = map(client, ("dynamodb", "logs", "sqs"))
        self._main, self._status = stacks.main, stacks.status
        self._mailboxes = {
            channel: Mailbox(client, topic, f"demo-{channel}s")
            for channel, topic in stacks.topics.items()
        }

    def look(self) -> Seen:
        """Return what the stacks show now."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        queue = self._sqs.get_queue_attributes(
            QueueUrl=self._main["FailedUpdatesQueueUrl"], AttributeNames=names
        )
        items = self._scan(self._status["ShipmentStatusTableName"])
        mails = {channel: mailbox.alerts() for channel, mailbox in self._mailboxes.items()}
        return Seen(
            rows=self._scan(self._main["ShipmentLogsTableName"]),
            items=[item for item in items if "status" in item],  # others are no shipments
            records=self._records(),
            alerts=mails["alert"],
            digests=mails["digest"],
            alarms=mails["alarm"],
            waiting=sum(int(queue["Attributes"][name]) for name in names),
        )

    def _scan(self, table: str) -> list[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def _records(self) -> list[dict[str, Any]]:
        """Return the log lines that the function wrote itself."""
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=self._main["ShipmentProcessorLogGroupName"], filterPattern="outcome"
        )
        lines = [event["message"] for page in pages for event in page["events"]]
        return [json.loads(line) for line in lines if line.startswith('{"_aws"')]
