"""A deployed stack as its users see it: put updates, read rows, alerts, kept messages and log."""

import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import count
from typing import Any

from scripts.mailbox import Alert, Fields, Mailbox, delete, receive
from shipments.events import DETAIL_TYPE, SOURCE
from shipments.stack import Stack

# In an emulator every event in flight starts a worker of its own, half a second of CPU each.
IN_FLIGHT = 4


@dataclass(frozen=True)
class Pace:
    """How long to wait for what an update does, in seconds.

    patience: until it is missing; pause: between two looks; linger: a queue's long poll.
    """

    patience: float
    pause: float
    linger: int


EMULATED = Pace(patience=20, pause=0.01, linger=0)
DEPLOYED = Pace(patience=120, pause=0.2, linger=1)


class RaisedError(Exception):
    """The function raised; the message has the error's type and text."""


class Pipeline:
    """A deployed stack, the updates that one test run sends through it, and what came of them.

    Whatever a run sends carries its own name, so that it sees and removes nothing but its own.
    client: returns the boto3 client of a service, the same one each time.
    """

    def __init__(self, stack: Stack, client: Callable[[str], Any], pace: Pace) -> None:
        self.stack = stack
        self.client = client
        self.pace = pace
        self.run = f"it-{secrets.token_hex(4)}"
        self._numbers = count(1)
        self._started_ms = time.time_ns() // 1_000_000 - 60_000  # two machines' clocks differ
        self._shipments: set[str] = set()
        self._kept: list[str] = []
        self._mailbox = self.subscribe()

    @property
    def function(self) -> str:
        """The name of the function that stores updates."""
        return self.stack["ShipmentProcessorFunctionName"]

    # ---- what goes in

    def shipment(self) -> str:
        """Return the id of a shipment that nobody has used yet."""
        return f"{self.run}-{next(self._numbers):05d}"

    def envelope(self, detail: Any, **fields: Any) -> Fields:
        """Return an event as EventBridge would deliver it now, with fields of its own."""
        now = datetime.now(timezone.utc)
        return {
            "version": "0",
            "id": self.shipment(),
            "source": SOURCE,
            "detail-type": DETAIL_TYPE,
            "account": "000000000000",
            "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": "us-east-1",
            "resources": [],
            "detail": detail,
            **fields,
        }

    def put(self, *details: Any, **fields: Any) -> list[str]:
        """Put one event a detail on the stack's bus; return the events' ids."""
        entries = [
            {
                "Source": SOURCE,
                "DetailType": DETAIL_TYPE,
                "EventBusName": self.stack["EventBusName"],
                "Detail": json.dumps(detail, ensure_ascii=False),  # an escape would be six bytes
                **fields,
            }
            for detail in details
        ]
        for detail in details:
            self._remember(detail)
        answer = self.client("events").put_events(Entries=entries)
        assert answer["FailedEntryCount"] == 0, answer
        return [entry["EventId"] for entry in answer["Entries"]]

    def invoke(self, envelope: Any) -> Fields:
        """Return what the function answers to an envelope (or its JSON in bytes).

        Raise RaisedError if the function raises.
        """
        answer = self._invoke(envelope, "RequestResponse")
        payload: Fields = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise RaisedError(f"{payload['errorType']}: {payload['errorMessage']}")
        return payload

    def invoke_later(self, envelope: Any) -> None:
        """Hand the function an envelope as EventBridge does, to be retried if it fails."""
        self._invoke(envelope, "Event")

    def each(self, work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """Return the results of work on items, IN_FLIGHT of them at a time."""
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            return list(pool.map(work, items))

    # ---- what comes out

    def rows(self, shipment: str) -> list[Fields]:
        """Return a shipment's rows in the order of their timestamps (a number; the rest as is)."""
        pages = self.client("dynamodb").get_paginator("query")
        found = pages.paginate(
            TableName=self.stack["ShipmentLogsTableName"],
            ConsistentRead=True,
            KeyConditionExpression="shipmentId = :id",
            ExpressionAttributeValues={":id": {"S": shipment}},
        )
        return [_row(item) for page in found for item in page["Items"]]

    def row(self, shipment: str, timestamp: int) -> Fields | None:
        """Return the row that a shipment has at a millisecond, if it has one."""
        answer = self.client("dynamodb").get_item(
            TableName=self.stack["ShipmentLogsTableName"],
            ConsistentRead=True,
            Key=_key(shipment, timestamp),
        )
        return _row(answer["Item"]) if "Item" in answer else None

    def records(self, shipment: str) -> list[Fields]:
        """Return the records of a shipment in the table's stream, as Lambda gives them."""
        streams, arn = self.client("dynamodbstreams"), self.stack["ShipmentLogsTableStreamArn"]
        found = []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            iterator = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while iterator:
                answer = streams.get_records(ShardIterator=iterator)
                found += answer["Records"]
                iterator = answer["Records"] and answer.get("NextShardIterator")
        return [
            record for record in found if record["dynamodb"]["Keys"]["shipmentId"]["S"] == shipment
        ]

    def wait_for_rows(self, shipment: str, number: int = 1) -> list[Fields]:
        """Return a shipment's rows once there are that many."""
        return self.until(lambda: len(rows := self.rows(shipment)) >= number and rows)

    def alerts(self, word: str) -> list[Alert]:
        """Return the alerts whose body has a word, such as a shipment's id, in it."""
        return [alert for alert in self._mailbox.alerts(self.pace.linger) if word in alert.body]

    def wait_for_alerts(self, word: str) -> list[Alert]:
        """Return the alerts that have a word in them once there is one."""
        return self.until(lambda: self.alerts(word))

    def failed(self, word: str) -> list[Fields]:
        """Return the messages with a word in them that this run left on the failed-updates queue.

        They leave the queue; messages of others are given back to it.
        """
        self._collect()
        return [json.loads(body) for body in self._kept if word in body]

    def wait_for_failed(self, word: str) -> list[Fields]:
        """Return the messages on the failed-updates queue that have a word in them, once one is."""
        return self.until(lambda: self.failed(word))

    def log(self, word: str) -> list[Fields]:
        """Return the function's own log lines that have a word in them, parsed."""
        return [json.loads(line) for line in self.log_lines(word)]

    def log_lines(self, word: str) -> list[str]:
        """Return the function's own log lines that have a word in them, as they stand."""
        pages = self.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(
            logGroupName=self.stack["ShipmentProcessorLogGroupName"],
            startTime=self._started_ms,
            filterPattern=f'"{word}"',
        )
        lines = [event["message"].rstrip() for page in found for event in page["events"]]
        return [line for line in lines if line.startswith('{"_aws"')]

    def wait_for_log(self, word: str, number: int = 1) -> list[Fields]:
        """Return the log lines that have a word in them once there are that many."""
        return self.until(lambda: len(lines := self.log(word)) >= number and lines)

    def until(self, look: Callable[[], Any], patience: float = 0) -> Any:
        """Return what look finds once it finds something; fail after the pace's patience.

        patience: another one, in seconds.
        """
        seconds = patience or self.pace.patience
        give_up = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < give_up, f"nothing after {seconds} s"
            time.sleep(self.pace.pause)
        return found

    # ---- what it leaves

    def subscribe(self, filters: Fields | None = None, topic: str = "AlertTopicArn") -> Mailbox:
        """Return a queue subscribed to a topic, by its output; filters: a filter policy."""
        name = f"{self.run}-{secrets.token_hex(2)}"
        return Mailbox(self.client, self.stack[topic], name, filters=filters)

    def close(self) -> None:
        """Remove this run's rows, its messages on the failed-updates queue, and its mailbox."""
        self._mailbox.close()
        self._collect()
        rows = ((name, row["timestamp"]) for name in self._shipments for row in self.rows(name))
        deletions = [{"DeleteRequest": {"Key": _key(*row)}} for row in rows]
        table, dynamodb = self.stack["ShipmentLogsTableName"], self.client("dynamodb")
        while deletions:  # DynamoDB takes 25 at a time and gives back what it did not get to
            answer = dynamodb.batch_write_item(RequestItems={table: deletions[:25]})
            deletions[:25] = answer.get("UnprocessedItems", {}).get(table, [])

    def _invoke(self, envelope: Any, kind: str) -> Fields:
        payload = envelope if isinstance(envelope, bytes) else json.dumps(envelope).encode()
        event = json.loads(payload)
        self._remember(event.get("detail") if isinstance(event, dict) else None)
        answer: Fields = self.client("lambda").invoke(
            FunctionName=self.function,
            InvocationType=kind,
            Payload=payload,
        )
        return answer

    def _remember(self, detail: Any) -> None:
        shipment = detail.get("shipmentId") if isinstance(detail, dict) else None
        if isinstance(shipment, str):
            self._shipments.add(shipment)

    def _collect(self) -> None:
        """Take this run's messages off the failed-updates queue and give the others back."""
        sqs, url = self.client("sqs"), self.stack["FailedUpdatesQueueUrl"]
        others = []
        while messages := receive(sqs, url, self.pace.linger):
            for message in messages:
                if self.run in message["Body"]:
                    self._kept.append(message["Body"])
                    delete(sqs, url, message)
                else:
                    others.append(message["ReceiptHandle"])
        for handle in others:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)


def _row(item: Mapping[str, Mapping[str, Any]]) -> Fields:
    """Return a row without DynamoDB's types, its timestamp a number."""
    row = {name: next(iter(value.values())) for name, value in item.items()}
    return {**row, "timestamp": int(row["timestamp"])}


def _key(shipment: str, timestamp: int) -> Fields:
    return {"shipmentId": {"S": shipment}, "timestamp": {"N": str(timestamp)}}
