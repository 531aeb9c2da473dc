"""An AWS account in memory that has the stack's table, topic and queue, and the handler."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import cfn_flip
import pytest
from moto import mock_aws

from tests import handler
from tests.unit.handler.gate import Gate

ROOT = Path(__file__).resolve().parents[3]
REGION = "us-east-1"
ENVIRONMENT = "test"
REQUEST_ID = "c1d2e3f4-a5b6-4798-8a9b-acbdcedfe0f1"

_TEMPLATE = cfn_flip.load_yaml((ROOT / "templates" / "TapStack.yml").read_text("utf-8"))
FUNCTION = _TEMPLATE["Resources"]["ShipmentProcessorFunction"]["Properties"]
TABLE = _TEMPLATE["Resources"]["ShipmentLogsTable"]["Properties"]
CRITICAL_STATUSES = _TEMPLATE["Parameters"]["CriticalStatuses"]["Default"]
RUNBOOK_URL = "https://example.com/runbook"

# The mocked queue hands out as many messages as it has, up to SQS's limit.
_AT_ONCE = 10

Fields = dict[str, Any]


@dataclass(frozen=True)
class Alert:
    """A message that the topic's subscribers got; attributes: its string attributes."""

    subject: str
    body: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Delivery:
    """What came of one invocation: its result or its error, what it printed, whom it called."""

    result: Fields | None
    error: BaseException | None
    printed: str
    calls: list[str]
    attempts: list[str]

    @property
    def log(self) -> Fields:
        """The invocation's one line."""
        (line,) = self.printed.splitlines()
        log: Fields = json.loads(line)
        return log

    @property
    def refusal(self) -> str | None:
        """Why the update was refused; None if it was not."""
        assert self.result is not None
        reason: str = json.loads(self.result["body"])["message"]
        return reason if self.result["statusCode"] == 400 else None


class Account:
    """The account, and a handler in it that was started with the default settings."""

    def __init__(self, gate: Gate) -> None:
        """Make table, topic, queue, and a queue that gets what the topic gets; load the handler."""
        self.gate = gate
        # What the tests themselves ask for goes past the gate.
        self._dynamodb, self._sns, self._sqs = _own_clients()
        self.table = f"shipment-logs-{ENVIRONMENT}"
        self._dynamodb.create_table(
            TableName=self.table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=_plain(TABLE["AttributeDefinitions"]),
            KeySchema=_plain(TABLE["KeySchema"]),
        )
        self.topic = self._sns.create_topic(Name=f"shipment-alerts-{ENVIRONMENT}")["TopicArn"]
        self.queue = self._queue(f"shipment-failed-updates-{ENVIRONMENT}")
        self._mailbox = self._queue("mailbox")
        arn = self._sqs.get_queue_attributes(QueueUrl=self._mailbox, AttributeNames=["QueueArn"])
        self._sns.subscribe(
            TopicArn=self.topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"]
        )
        self.restart()
        self._warm = self.handler

    def restart(self, **changes: str) -> None:
        """Replace the handler by one that is just started, with changes in its environment."""
        self.handler = self._load(changes)

    def empty(self) -> None:
        """Make all as it was in the beginning, but for the handler, which is warm by now."""
        asked = set(self.gate.attempts)  # what was not asked for need not be looked for
        if "PutItem" in asked:
            self.delete_rows()
        if "Publish" in asked:
            self._receive(self._mailbox)
        if "SendMessage" in asked:
            self._receive(self.queue)
        self.gate.reset()
        self.handler = self._warm

    def deliver(self, envelope: Any) -> Delivery:
        """Invoke the handler as Lambda does; raise what it raises."""
        delivery = self.attempt(envelope)
        if delivery.error is not None:
            raise delivery.error
        return delivery

    def attempt(self, envelope: Any) -> Delivery:
        """Invoke the handler as Lambda does, on an event that came as JSON text."""
        event = json.loads(json.dumps(envelope))
        calls, attempts = len(self.gate.calls), len(self.gate.attempts)
        result, error = None, None
        with redirect_stdout(io.StringIO()) as printed:
            try:
                context = SimpleNamespace(aws_request_id=REQUEST_ID)
                result = self.handler.lambda_handler(event, context)
            except BaseException as raised:  # noqa: BLE001 - a Killed is an outcome too
                error = raised
        json.dumps(result, allow_nan=False)  # Lambda does so
        return Delivery(
            result,
            error,
            printed.getvalue(),
            self.gate.calls[calls:],
            self.gate.attempts[attempts:],
        )

    def rows(self) -> list[Fields]:
        """Return the table's rows in the order of their keys, attributes as plain values."""
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self.table)
        rows = [_row(item) for page in pages for item in page["Items"]]
        return sorted(rows, key=lambda row: (row["shipmentId"], row["timestamp"]))

    def row(self) -> Fields:
        """Return the table's only row."""
        (row,) = self.rows()
        return row

    def put_row(self, **attributes: str | int) -> None:
        """Put a row past the handler."""
        item = {
            name: {"N": str(value)} if isinstance(value, int) else {"S": value}
            for name, value in attributes.items()
        }
        self._dynamodb.put_item(TableName=self.table, Item=item)

    def delete_rows(self) -> None:
        """Delete all rows past the handler."""
        for row in self.rows():
            key = {
                "shipmentId": {"S": row["shipmentId"]},
                "timestamp": {"N": str(row["timestamp"])},
            }
            self._dynamodb.delete_item(TableName=self.table, Key=key)

    def alerts(self) -> list[Alert]:
        """Return what the topic's subscribers got since the last call."""
        notices = [json.loads(body) for body in self._receive(self._mailbox)]
        return [
            Alert(
                notice["Subject"],
                notice["Message"],
                {
                    name: attribute["Value"]
                    for name, attribute in notice["MessageAttributes"].items()
                    if attribute["Type"] == "String"
                },
            )
            for notice in notices
        ]

    def kept_texts(self) -> list[str]:
        """Return the messages put on the failed-updates queue since the last call."""
        return self._receive(self.queue)

    def kept(self) -> list[Fields]:
        """Return the same messages, parsed."""
        return [json.loads(body) for body in self.kept_texts()]

    def kept_ids(self) -> list[str]:
        """Return the ids of the same messages."""
        return [message["MessageId"] for message in self._messages(self.queue)]

    def _load(self, changes: Mapping[str, str]) -> ModuleType:
        """Return the handler as a cold start makes it.

        The names of its variables are the template's: one that is missing here is an error.
        """
        values = {
            "DYNAMODB_TABLE": self.table,
            "SNS_TOPIC_ARN": self.topic,
            "FAILED_UPDATES_QUEUE_URL": self.queue,
            "ENVIRONMENT": ENVIRONMENT,
            "CRITICAL_STATUSES": CRITICAL_STATUSES,
            "RUNBOOK_URL": RUNBOOK_URL,
            "ROW_RETENTION_DAYS": "0",
            **changes,
        }
        return handler.load({name: values[name] for name in FUNCTION["Environment"]["Variables"]})

    def _queue(self, name: str) -> str:
        url: str = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        return url

    def _receive(self, queue: str) -> list[str]:
        return [message["Body"] for message in self._messages(queue)]

    def _messages(self, queue: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while len(found) % _AT_ONCE == 0:
            answer = self._sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=_AT_ONCE)
            messages = answer.get("Messages")
            if not messages:
                break
            found += messages
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ]
            self._sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
        return found


@contextmanager
def opened() -> Iterator[Account]:
    """Open an account for the length of a with block."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        session = _session()
        patch.setattr(boto3, "DEFAULT_SESSION", session)
        gate = Gate()
        with gate.guarding(session):
            yield Account(gate)


@cache
def _session() -> boto3.Session:
    """Return the handler's session: one for all tests, as it reads botocore's models anew."""
    return boto3.Session(region_name=REGION)


@cache
def _own_clients() -> list[Any]:
    session = boto3.Session(region_name=REGION)
    return [session.client(service) for service in ("dynamodb", "sns", "sqs")]


def _row(item: Mapping[str, Mapping[str, Any]]) -> Fields:
    row = {}
    for name, typed in item.items():
        ((kind, value),) = typed.items()
        row[name] = int(value) if kind == "N" else value
    return row


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def is_iso(value: str) -> bool:
    """Return whether a value is ISO 8601 in UTC with milliseconds."""
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value) is not None
