"""A status stack beside a main stack, as its users see them: items, digests, what it can be asked.

The emulator has no batching window and looks at a schedule every ten seconds. Where a test needs
the updates of a window in one batch, it pauses the mapping while they are written.
"""

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import STATUS_TEMPLATE, TEMPLATE
from scripts.mailbox import Alert, Fields, Mailbox
from shipments.stack import Stack
from tests.integration.pipeline import Pace, Pipeline, RaisedError

# So short that a test can wait for the end of a turn.
WINDOW_SECONDS = 1
# Longer than for an update, because a busy machine has a second function to run.
PATIENT = Pace(patience=60, pause=0.05, linger=0)
TURN, REJECTED = "\nmail", "\nrejected "
# What a row has beside its key and its status.
ROW = {
    "eventTime": "1970-01-01T00:00:00.000Z",
    "location": "Memphis, TN",
    "carrier": "FedEx",
    "processedAt": "2026-01-01T00:00:00.000Z",
}


class Did(NamedTuple):
    """What the function answered, and its own log line."""

    answer: Fields
    line: Fields


class Companion:
    """A deployed status stack, its main stack's pipeline, and the digests since it was made."""

    def __init__(self, pipeline: Pipeline, stack: Stack) -> None:
        self.pipeline, self.stack, self.client = pipeline, stack, pipeline.client
        self._table = stack["ShipmentStatusTableName"]
        name = f"{pipeline.run}-digests"
        self._mailbox = Mailbox(self.client, stack["DigestTopicArn"], name)

    @property
    def function(self) -> str:
        """The name of the function that keeps statuses."""
        return self.stack["ShipmentStatusFunctionName"]

    # ---- what goes in

    def put(self, status: str, shipment: str = "", **fields: Any) -> str:
        """Put an update on the bus, and return its shipment once it has one row more.

        shipment: an earlier one; without it a new one.
        """
        shipment = shipment or self.pipeline.shipment()
        number = len(self.pipeline.rows(shipment)) + 1
        self.pipeline.put({"shipmentId": shipment, "status": status, **fields})
        self.pipeline.wait_for_rows(shipment, number)
        return shipment

    def put_row(self, shipment: str, timestamp: int = 0, **texts: str) -> None:
        """Put a row into the log, past the function that stores updates."""
        key = {"shipmentId": {"S": shipment}, "timestamp": {"N": str(timestamp)}}
        item = {**key, **{name: {"S": text} for name, text in texts.items()}}
        table = self.pipeline.stack["ShipmentLogsTableName"]
        self.client("dynamodb").put_item(TableName=table, Item=item)

    def delete_row(self, shipment: str, timestamp: int) -> None:
        """Delete a row of the log."""
        key = {"shipmentId": {"S": shipment}, "timestamp": {"N": str(timestamp)}}
        table = self.pipeline.stack["ShipmentLogsTableName"]
        self.client("dynamodb").delete_item(TableName=table, Key=key)

    def do(self, request: Fields) -> Did:
        """Return what the function makes of a request; raise RaisedError if it raises."""
        answer = self.client("lambda").invoke(
            FunctionName=self.function, LogType="Tail", Payload=json.dumps(request, default=str)
        )
        payload = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise RaisedError(f"{payload['errorType']}: {payload['errorMessage']}")
        lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
        return Did(payload, next(json.loads(line) for line in lines if line.startswith('{"_aws"')))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the mapping give nothing during a with block, and all of it together after that."""
        mapping = {"UUID": self.stack["ShipmentStatusMappingId"]}
        self.client("lambda").update_event_source_mapping(**mapping, Enabled=False)
        try:
            yield
        finally:
            self.client("lambda").update_event_source_mapping(**mapping, Enabled=True)

    # ---- what comes out

    def item(self, shipment: str) -> Fields | None:
        """Return a shipment's item without DynamoDB's types, if it has one."""
        answer = self.client("dynamodb").get_item(
            TableName=self._table, Key={"shipmentId": {"S": shipment}}, ConsistentRead=True
        )
        return _plain(answer["Item"]) if "Item" in answer else None

    def items(self, index: str = "") -> list[Fields]:
        """Return all items, or those of an index."""
        pages = self.client("dynamodb").get_paginator("scan")
        of_index = {"IndexName": index} if index else {}
        found = pages.paginate(TableName=self._table, **of_index)
        return [_plain(item) for page in found for item in page["Items"]]

    def rejected(self) -> list[Fields]:
        """Return the items of rejected updates that wait for their mail."""
        return [item for item in self.items() if item["shipmentId"].startswith(REJECTED)]

    def wait_for_item(self, shipment: str, **attributes: Any) -> Fields:
        """Return a shipment's item once it has these values."""

        def look() -> Fields | None:
            item = self.item(shipment)
            return item if item and attributes.items() <= item.items() else None

        found: Fields = self.pipeline.until(look)
        return found

    def catch_up(self) -> None:
        """Return once the function has dealt with all that is in the stream by now."""
        shipment = self.pipeline.shipment()
        self.put_row(shipment, status="DELIVERED", **ROW)
        self.wait_for_item(shipment)

    def settle(self) -> None:
        """Catch up, and return once nothing waits for a mail.

        Until then it asks for one, as the rule does each minute.
        """

        def settled() -> bool:
            if self.items("due-index"):
                self.do({"do": "mail"})
            return not self.items("due-index")

        self.catch_up()
        self.pipeline.until(settled)

    def mails(self, word: str) -> list[Alert]:
        """Return the digests with a word in their body, once nothing waits any more."""
        self.settle()
        return self.mailed(word)

    def mailed(self, word: str) -> list[Alert]:
        """Return the digests with a word in their body that have arrived so far."""
        return [mail for mail in self._mailbox.alerts() if word in mail.body]

    def wait_for_mails(self, word: str) -> list[Alert]:
        """Return the digests with a word in their body, once there is one and nothing waits."""
        found: list[Alert] = self.pipeline.until(lambda: self.mails(word))
        return found

    def end_turn(self, seconds: float) -> None:
        """Let the turn to mail end so many seconds from now, whoever has it."""
        self.change(TURN, turnAt=round((time.time() + seconds) * 1000))

    def change(self, key: str, **values: Any) -> None:
        """Set attributes of an item (str or int), as if time had passed."""
        self.client("dynamodb").update_item(
            TableName=self._table,
            Key={"shipmentId": {"S": key}},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={
                f":{name}": {"N": str(value)} if isinstance(value, int) else {"S": value}
                for name, value in values.items()
            },
        )

    def clear(self) -> None:
        """Delete all items."""
        for item in self.items():
            key = {"shipmentId": {"S": item["shipmentId"]}}
            self.client("dynamodb").delete_item(TableName=self._table, Key=key)


def deploy_status(pipeline: Pipeline, **parameters: str) -> Companion:
    """Deploy a status stack beside a main stack."""
    suffix = pipeline.stack.parameters["EnvironmentSuffix"]
    parameters = {
        "EnvironmentSuffix": suffix,
        "StreamArn": pipeline.stack["ShipmentLogsTableStreamArn"],
        "BatchWindowSeconds": str(WINDOW_SECONDS),
        **parameters,
    }
    text = STATUS_TEMPLATE.read_text("utf-8")
    stack = deployment.deploy(pipeline.client, f"status-{suffix}", text, parameters)
    return Companion(pipeline, stack)


@contextmanager
def deployed(
    client: Callable[[str], Any], suffix: str, template: str = "", **parameters: str
) -> Iterator[Companion]:
    """Deploy a main stack, on a bus of its own, and a status stack for the length of a with block.

    template: of the main stack, if it is another text; parameters: of the status stack.
    """
    events, bus = client("events"), f"bus-{suffix}"
    events.create_event_bus(Name=bus)
    given = {
        **ministack.PARAMETERS,
        "EnvironmentSuffix": suffix,
        "EventBusName": bus,
        "AlertMail": "off",
    }
    text = template or TEMPLATE.read_text("utf-8")
    main = deployment.deploy(client, f"stack-{suffix}", text, given)
    companion = deploy_status(Pipeline(main, client, PATIENT), **parameters)
    try:
        yield companion
    finally:
        for stack in (companion.stack, main):
            deployment.delete(client, stack.name)
        events.delete_event_bus(Name=bus)


def _plain(item: Mapping[str, Mapping[str, Any]]) -> Fields:
    return {name: _value(*next(iter(typed.items()))) for name, typed in item.items()}


def _value(kind: str, value: Any) -> Any:
    """Return a number as int, a set in order, anything else as it is."""
    if kind == "N":
        return int(value)
    return sorted(value) if kind == "SS" else value
