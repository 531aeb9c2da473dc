"""An AWS account in memory that has the stack's table, topic and queue, and starts the handlers."""

import gc
import json
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any
from unittest.mock import patch

import boto3
import cfn_flip
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

from scripts.embed import STATUS_TEMPLATE, TEMPLATE
from shipments import handler

REGION, ENVIRONMENT = "us-east-1", "test"
RUNBOOK_URL = "https://example.com/runbook"
_PARSED = cfn_flip.load_yaml(TEMPLATE.read_text("utf-8"))
RESOURCES, PARAMETERS = _PARSED["Resources"], _PARSED["Parameters"]
FUNCTION = RESOURCES["ShipmentProcessorFunction"]["Properties"]
CRITICAL_STATUSES = PARAMETERS["CriticalStatuses"]["Default"]

Fields = dict[str, Any]
# The properties by which a table is made.
_SHAPE = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")


class FakeAccount:
    """The account, for as long as AWS is mocked. Its clients are the tests' own."""

    def __init__(self, session: boto3.Session) -> None:
        self.dynamodb, self.sns, self.sqs = _clients(session)
        self.table = f"shipment-logs-{ENVIRONMENT}"
        self._make_table(self.table, RESOURCES["ShipmentLogsTable"]["Properties"])
        self.topic: str = self.sns.create_topic(Name=f"shipment-alerts-{ENVIRONMENT}")["TopicArn"]
        self.queue = self.make_queue(f"shipment-failed-updates-{ENVIRONMENT}")

    def make_queue(self, name: str) -> str:
        """Make a queue and return its URL."""
        url: str = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        return url

    def subscribe(self, topic: str, name: str) -> str:
        """Subscribe a new queue to a topic; return its URL."""
        url = self.make_queue(name)
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
        return url

    def make_status_stack(self) -> None:
        """Make the companion stack's table and topic beside the stack."""
        self.status_table = f"shipment-status-{ENVIRONMENT}"
        self._make_table(self.status_table, status_resource("ShipmentStatusTable"))
        topic: str = self.sns.create_topic(Name=f"shipment-digests-{ENVIRONMENT}")["TopicArn"]
        self.digest_topic = topic

    def _make_table(self, name: str, properties: Fields) -> None:
        shape = {key: _plain(properties[key]) for key in _SHAPE if key in properties}
        self.dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **shape)

    def start_handler(self, **changes: str) -> ModuleType:
        """Return the handler as a cold start makes it, with changes in its environment."""
        variables = settings(self.table, self.topic, self.queue, **changes)
        # Unlike a function's, the handler of a test becomes garbage.
        with patch.object(gc, "freeze"):
            return handler.load(variables)

    def start_status(self, **changes: str) -> ModuleType:
        """Return the companion's handler as a cold start makes it, as start_handler does.

        What a test does not change is the template's default, but for the runbook.
        """
        values = {
            "LOG_TABLE": self.table,
            "STATUS_TABLE": self.status_table,
            "DIGEST_TOPIC_ARN": self.digest_topic,
            "FAILED_UPDATES_QUEUE_URL": self.queue,
            "ENVIRONMENT": ENVIRONMENT,
            "CRITICAL_STATUSES": CRITICAL_STATUSES,
            "FINAL_STATUSES": "DELIVERED,RETURNED,CANCELLED",
            "STUCK_AFTER_DAYS": "3",
            "BATCH_WINDOW_SECONDS": "20",
            "RUNBOOK_URL": RUNBOOK_URL,
            **changes,
        }
        names = status_resource("ShipmentStatusFunction")["Environment"]["Variables"]
        return handler.load({name: values[name] for name in names}, handler.STATUS_PATH)

    def rows(self) -> list[Fields]:
        """Return the table's rows in the order of their keys, attributes as plain values."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.table)
        rows = [_row(item) for page in pages for item in page["Items"]]
        return sorted(rows, key=lambda row: (row["shipmentId"], row["timestamp"]))

    def put_row(self, **attributes: str | int) -> None:
        """Put a row past the handler."""
        item = {
            name: {"N": str(value)} if isinstance(value, int) else {"S": value}
            for name, value in attributes.items()
        }
        self.dynamodb.put_item(TableName=self.table, Item=item)

    def delete_rows(self, table: str = "") -> None:
        """Delete all rows, or all items of another table."""
        _backend(dynamodb_backends).get_table(table or self.table).items.clear()

    def delete_messages(self) -> None:
        """Delete what is on the queues."""
        sqs = _backend(sqs_backends)
        for queue in sqs.queues.values():
            queue.last_purged_at = None  # SQS allows one a minute
            sqs.purge_queue(queue.name)


def settings(table: str, topic: str, queue: str, **changes: str) -> dict[str, str]:
    """Return the environment of the handler, with changes in it.

    The names of its variables are the template's: one that is missing here is an error.
    """
    values = {
        "DYNAMODB_TABLE": table,
        "SNS_TOPIC_ARN": topic,
        "FAILED_UPDATES_QUEUE_URL": queue,
        "ENVIRONMENT": ENVIRONMENT,
        "CRITICAL_STATUSES": CRITICAL_STATUSES,
        "RUNBOOK_URL": RUNBOOK_URL,
        "ROW_RETENTION_DAYS": "0",
        **changes,
    }
    return {name: values[name] for name in FUNCTION["Environment"]["Variables"]}


@cache
def status_resource(name: str) -> Fields:
    """Return the properties of a resource of the companion stack's template."""
    properties: Fields = _status_resources()[name]["Properties"]
    return properties


@cache
def _status_resources() -> Fields:
    resources: Fields = cfn_flip.load_yaml(STATUS_TEMPLATE.read_text("utf-8"))["Resources"]
    return resources


@cache
def _clients(session: boto3.Session) -> list[Any]:
    return [session.client(service) for service in ("dynamodb", "sns", "sqs")]


def _backend(backends: Any) -> Any:
    """Return what the mock of a service is made of.

    To empty it by the service's API would take a quarter of the tests' time.
    """
    return backends[DEFAULT_ACCOUNT_ID][REGION]


def _row(item: Mapping[str, Mapping[str, Any]]) -> Fields:
    row = {}
    for name, typed in item.items():
        ((kind, value),) = typed.items()
        row[name] = int(value) if kind == "N" else value
    return row


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))
