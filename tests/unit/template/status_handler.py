"""What lambda/status.py reads, calls, prints and mails, observed by running it in a mocked account.

The account has the tables, the topic and the queue that both templates make.
"""

import ast
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from moto import mock_aws

from scripts.embed import STATUS_HANDLER, STATUS_TEMPLATE, TEMPLATE
from shipments.handler import STATUS_PATH, load
from tests.unit.template import deployments, handler, resolve
from tests.unit.template.resolve import Deployment

Fields = dict[str, Any]
LONG_AGO, LONG_AGO_MS = "2026-01-15T12:00:00.000Z", 1_768_478_400_000
# What CreateTable takes as CloudFormation does.
TABLE = ("TableName", "BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
CALL = "provide-client-params.*.*"  # botocore's event before each call


@dataclass(frozen=True)
class Invocation:
    """One run of the handler: its answer, its line, and its calls, as (IAM action, request)."""

    answer: Fields
    line: Fields
    calls: list[tuple[str, Fields]]

    @property
    def mail(self) -> Fields:
        """The one message that it published."""
        (request,) = (request for action, request in self.calls if action == "sns:Publish")
        return request


class Account:
    """The account, for as long as AWS is mocked, with the handler in it, as after a cold start."""

    def __init__(self, main: Deployment, status: Deployment) -> None:
        self.calls: list[tuple[str, Fields]] = []
        self._dynamodb, sns, sqs = _clients(status.region)
        self.log_table, self.table = main["ShipmentLogsTable"], status["ShipmentStatusTable"]
        for table in (self.log_table, self.table):
            self._dynamodb.create_table(**{key: table[key] for key in TABLE if key in table})
        sns.create_topic(Name=status["DigestTopic"]["TopicName"])
        sns.subscribe(**status["DigestSubscription"])  # confirmed at once
        sqs.create_queue(QueueName=main["FailedUpdatesQueue"]["QueueName"])

    def start(self) -> None:
        """Import the handler, as Lambda does."""
        self.module = load({}, STATUS_PATH)

    def note(self, params: Fields, model: Any, **_: Any) -> None:
        """Note a call before it is made."""
        self.calls.append((f"{model.service_model.service_name}:{model.name}", params))

    def invoke(self, event: Fields) -> Invocation:
        """Run the handler on an event; raise what it raises."""
        self.calls = []
        with redirect_stdout(io.StringIO()) as printed:
            answer = self.module.lambda_handler(event, None)
        return Invocation(answer, json.loads(printed.getvalue()), self.calls)

    def put_row(self, shipment_id: str, **attributes: str) -> None:
        """Put a row of a shipment that was lost long ago; an empty attribute is left out."""
        texts = ("status", "eventTime", "location", "carrier", "processedAt")
        row = {**dict.fromkeys(texts, LONG_AGO), "status": "LOST", **attributes}
        item: Fields = {name: {"S": value} for name, value in row.items() if value}
        item |= {"shipmentId": {"S": shipment_id}, "timestamp": {"N": str(LONG_AGO_MS)}}
        self._dynamodb.put_item(TableName=self.log_table["TableName"], Item=item)

    def delete_row(self, shipment_id: str) -> None:
        """Delete a shipment's row."""
        key = {"shipmentId": {"S": shipment_id}, "timestamp": {"N": str(LONG_AGO_MS)}}
        self._dynamodb.delete_item(TableName=self.log_table["TableName"], Key=key)

    def items(self) -> dict[str, Fields]:
        """Return the status table's items by their keys."""
        found = self._dynamodb.scan(TableName=self.table["TableName"])["Items"]
        return {item["shipmentId"]["S"]: item for item in found}


@cache
def _session(region: str) -> boto3.Session:
    """Return the function's session: one for all tests, as it reads botocore's models anew."""
    return boto3.Session(region_name=region)


@cache
def _clients(region: str) -> list[Any]:
    """Return the tests' own clients, whose calls are not noted."""
    session = boto3.Session(region_name=region)
    return [session.client(service) for service in ("dynamodb", "sns", "sqs")]


@contextmanager
def deployed(main: Deployment, status: Deployment) -> Iterator[Account]:
    """Open an account with both stacks in it for the length of a with block."""
    variables = status["ShipmentStatusFunction"]["Environment"]["Variables"]
    session = _session(status.region)
    with mock_aws(), pytest.MonkeyPatch.context() as patched, patch.dict(os.environ, variables):
        patched.setattr(boto3, "DEFAULT_SESSION", session)
        account = Account(main, status)
        session.events.register(CALL, account.note, "note")
        try:
            account.start()
            yield account
        finally:
            session.events.unregister(CALL, unique_id="note")


# ---- what it is invoked with


def change(event_name: str, shipment_id: str) -> Fields:
    """Return the event that Lambda makes of one record of the stream."""
    found: Fields = {"Keys": {"shipmentId": {"S": shipment_id}}, "SequenceNumber": "1"}
    if event_name != "REMOVE":
        found["NewImage"] = {"processedAt": {"S": LONG_AGO}}
    return {"Records": [{"eventName": event_name, "dynamodb": found}]}


def rejection(message: str, message_id: str = "m-1") -> Fields:
    """Return the event that SNS makes of a message."""
    return {"Records": [{"Sns": {"MessageId": message_id, "Message": message}}]}


def invocations(main: Deployment, status: Deployment) -> dict[str, Invocation]:
    """Return a run of each kind of request, with something to do; together they make every call."""
    with deployed(main, status.but(BatchWindowSeconds="0")) as account:
        account.put_row("S-1")
        account.put_row("S-2", carrier="")
        reported = handler.invocation("rejected").request("sns:Publish")["Message"]
        events = {
            "critical": change("INSERT", "S-1"),
            "removed": change("REMOVE", "S-3"),
            "unreadable": change("INSERT", "S-2"),
            "rejected": rejection(reported),
            "mail": {"do": "mail"},
            "stuck": {"do": "stuck"},
            "refresh": {"do": "refresh", "shipments": ["S-1"]},
        }
        return {kind: account.invoke(event) for kind, event in events.items()}


@cache
def lines() -> list[Fields]:
    """Return the lines of these runs, in both deployments."""
    found = []
    for name in deployments.NAMES:
        main, status = (
            deployments.deployment(path, resolve.load(path), name)
            for path in (TEMPLATE, STATUS_TEMPLATE)
        )
        found += [each.line for each in invocations(main, status).values()]
    return found


@cache
def environment_variables() -> set[str]:
    """Return the names that the handler reads from its environment, at its start or later."""
    tree = list(ast.walk(ast.parse(STATUS_HANDLER.read_text("utf-8"))))
    named = [each for each in tree if isinstance(each, ast.Subscript)]
    keys = [each.slice for each in named if ast.unparse(each.value) == "os.environ"]
    assert len(keys) == sum(ast.unparse(each) == "os.environ" for each in tree)
    return {ast.literal_eval(each) for each in keys}
