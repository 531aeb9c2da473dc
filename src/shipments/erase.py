"""Erases what the table and the failed-updates queue have of shipments."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError

from shipments.batch import answers
from shipments.errors import explain
from shipments.failed import Message, Where, read
from shipments.failed_queue import FailedQueue
from shipments.files import add_line
from shipments.interrupt import Interrupt
from shipments.refreshing import NOTHING_NEW, refresh
from shipments.stack import Stack
from shipments.status_stack import companion

# BatchWriteItem takes so many.
ROWS_PER_CALL = 25
# The template's defaults.
ARCHIVE_DAYS, LOG_DAYS = "30", "30"
RECOVERY_DAYS = 35
STREAM_HOURS = 24

Keys = Mapping[str, Any]


@dataclass
class Found:
    """What there is of a shipment, or what of it was erased.

    unreadable: messages that are not failed updates, but contain the shipment's id.
    """

    rows: int = 0
    messages: int = 0
    unreadable: int = 0


class Eraser:
    """Shipments in one stack. erased: what of each was deleted so far."""

    def __init__(self, stack: Stack, shipments: Sequence[str], interrupt: Interrupt) -> None:
        self._dynamodb = stack.client("dynamodb")
        self._sqs = stack.client("sqs")
        self._queue_url = stack["FailedUpdatesQueueUrl"]
        self._table = stack["ShipmentLogsTableName"]
        self._interrupt = interrupt
        self.erased = {shipment: Found() for shipment in shipments}

    def look(self) -> dict[str, Found]:
        """Count the rows and messages of each shipment."""
        found = {shipment: Found() for shipment in self.erased}
        for shipment, rows in self._pages(whole=False):
            found[shipment].rows += len(rows)
        with self.queue() as queue:
            for shipment, _ in self._messages(queue, found):
                found[shipment].messages += 1
        return found

    def erase(self, save: IO[str] | None, advance: Callable[[float], None]) -> None:
        """Delete the shipments' messages, then their rows, each after it is saved.

        Rows are saved as DynamoDB has them, so that they can be put back. Ends early once an
        interrupt is asked for. Raises CommandError if rows are left.
        """
        with self.queue() as queue:
            for shipment, message in self._messages(queue, self.erased):
                if save:
                    add_line(save, message.saved)
                queue.delete(message)
                self.erased[shipment].messages += 1
                advance(1)
        for shipment, rows in self._pages(whole=save is not None):
            for start in range(0, len(rows), ROWS_PER_CALL):
                if self._interrupt.asked:
                    return
                some = rows[start : start + ROWS_PER_CALL]
                if save:
                    for row in some:
                        add_line(save, {"row": row})
                self._delete(some)
                self.erased[shipment].rows += len(some)
                advance(len(some))

    def queue(self) -> FailedQueue:
        """Return the queue."""
        return FailedQueue(self._sqs, self._queue_url)

    def _messages(
        self, queue: FailedQueue, found: Mapping[str, Found]
    ) -> Iterator[tuple[str, Message]]:
        """Yield the shipments' messages; count those that cannot be read but contain an id."""
        for message in queue.walk(self._interrupt):
            update = read(message)
            if update.shipment.strip() in found:
                yield update.shipment.strip(), message
            elif update.where is Where.UNREADABLE:
                for shipment in found:
                    found[shipment].unreadable += shipment in message.body

    def _pages(self, *, whole: bool) -> Iterator[tuple[str, list[Keys]]]:
        """Yield pages of each shipment's rows, or of their keys, until an interrupt."""
        names = {"#shipment": "shipmentId", "#timestamp": "timestamp"}
        keys = {
            "ProjectionExpression": "#shipment, #timestamp",
            "ExpressionAttributeNames": names,
        }
        query = self._dynamodb.get_paginator("query")
        for shipment in self.erased:
            pages = query.paginate(
                TableName=self._table,
                ConsistentRead=True,
                KeyConditionExpression="shipmentId = :id",
                ExpressionAttributeValues={":id": {"S": shipment}},
                **({} if whole else keys),
            )
            for page in pages:
                if self._interrupt.asked:
                    return
                yield shipment, page["Items"]

    def _delete(self, rows: list[Keys]) -> None:
        names = ("shipmentId", "timestamp")
        deletions = [
            {"DeleteRequest": {"Key": {name: row[name] for name in names}}} for row in rows
        ]
        for _ in answers(
            self._dynamodb.batch_write_item, "UnprocessedItems", {self._table: deletions}
        ):
            pass


def forget(stack: Stack, shipments: Iterable[str], interrupt: Interrupt) -> dict[str, str] | None:
    """Have the status function delete the items of shipments that have no rows.

    Returns why not, by shipment, of those whose items may still be there: then they go with the
    next batch of the table's stream. None if there is no status table.
    """
    try:
        beside = companion(stack)
    except (BotoCoreError, ClientError) as error:
        return dict.fromkeys(shipments, explain(error))
    if beside is None:
        return None
    result = refresh(beside, shipments, NOTHING_NEW, interrupt)
    return {**result.failed, **dict.fromkeys(result.left, result.stopped or "interrupted")}


@dataclass(frozen=True)
class Copy:
    """Where a shipment's data is that cannot be erased here. until: none if nothing ends it."""

    where: str
    what: str
    until: datetime | None


def copies(stack: Stack, now: datetime) -> list[Copy]:
    """Return where a shipment's data stays after it was erased."""
    archive_days = int(stack.parameters.get("ArchiveRetentionDays", ARCHIVE_DAYS))
    log_days = int(stack.parameters.get("LogRetentionDays", LOG_DAYS))
    archive = Copy(
        "archive",
        "the archive of the bus: its events. A replay stores them again, so erase again after one",
        now + timedelta(days=archive_days),
    )
    return [
        *([archive] if archive_days else []),
        Copy(
            "pointInTimeRecovery",
            "point-in-time recovery: its rows, in a table that is restored to an earlier time",
            now + timedelta(days=RECOVERY_DAYS),
        ),
        Copy(
            "stream",
            "the table's stream: its rows as they were",
            now + timedelta(hours=STREAM_HOURS),
        ),
        Copy(
            "logs",
            "the function's log: its id, status and carrier, and reasons of failure",
            now + timedelta(days=log_days),
        ),
        Copy("mails", "mails that were sent, and files that commands saved", None),
    ]
