"""Who has no policy reaches nothing of a stack, and a producer reaches only its bus."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.emulator import ACCOUNT, REGION, Emulator
from shipments.events import DETAIL_TYPE, SOURCE
from shipments.stack import Clients
from tests.integration.permissions import user
from tests.integration.pipeline import Fields, Pipeline
from tests.rights import statements

pytestmark = pytest.mark.own_stack("makes users")

# Action: operation, and its arguments by the stack's outputs or as they are.
CALLS: dict[str, tuple[str, Fields]] = {
    "dynamodb:PutItem": ("put_item", {"TableName": "ShipmentLogsTableName", "Item": {}}),
    "dynamodb:Scan": ("scan", {"TableName": "ShipmentLogsTableName"}),
    "lambda:InvokeFunction": ("invoke", {"FunctionName": "ShipmentProcessorFunctionName"}),
    "logs:FilterLogEvents": (
        "filter_log_events",
        {"logGroupName": "ShipmentProcessorLogGroupName"},
    ),
    "sns:Publish": ("publish", {"TopicArn": "AlertTopicArn", "Message": "x"}),
    "sns:Publish to alarms": ("publish", {"TopicArn": "AlarmTopicArn", "Message": "x"}),
    "sns:Subscribe": ("subscribe", {"TopicArn": "AlertTopicArn", "Protocol": "sqs"}),
    "sqs:SendMessage": ("send_message", {"QueueUrl": "FailedUpdatesQueueUrl", "MessageBody": "x"}),
    "sqs:ReceiveMessage": ("receive_message", {"QueueUrl": "FailedUpdatesQueueUrl"}),
    # ---- of the status stack
    "dynamodb:UpdateItem": ("update_item", {"TableName": "ShipmentStatusTableName", "Key": {}}),
    "dynamodb:Scan of statuses": ("scan", {"TableName": "ShipmentStatusTableName"}),
    "lambda:InvokeFunction of statuses": (
        "invoke",
        {"FunctionName": "ShipmentStatusFunctionName"},
    ),
    "logs:FilterLogEvents of statuses": (
        "filter_log_events",
        {"logGroupName": "ShipmentStatusLogGroupName"},
    ),
    "sns:Publish of a digest": ("publish", {"TopicArn": "DigestTopicArn", "Message": "x"}),
    "sns:Subscribe to digests": ("subscribe", {"TopicArn": "DigestTopicArn", "Protocol": "sqs"}),
}


@pytest.fixture(scope="module")
def stranger(emulator: Emulator) -> Iterator[Clients]:
    with user(emulator.client, "stranger") as keys:
        yield emulator.clients(**keys)


@pytest.fixture(scope="module")
def producer(emulator: Emulator, pipeline: Pipeline) -> Iterator[Clients]:
    words = {"REGION": REGION, "ACCOUNT": ACCOUNT, "BUS": pipeline.stack["EventBusName"]}
    (statement,) = statements("producer", **words)
    del statement["Condition"]  # the emulator does not know its keys, and would refuse everything
    with user(emulator.client, "producer", statement) as keys:
        yield emulator.clients(**keys)


def refusal(client: Any, operation: str, arguments: Fields) -> str:
    """Return why a call is refused."""
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**arguments)
    return str(refused.value)


@pytest.mark.parametrize("who", ["stranger", "producer"])
@pytest.mark.parametrize("action", CALLS)
def test_who_is_not_named_is_refused(
    request: pytest.FixtureRequest, outputs: Fields, action: str, who: str
) -> None:
    clients = request.getfixturevalue(who)
    operation, arguments = CALLS[action]
    filled = {
        name: outputs.get(value, value) if isinstance(value, str) else value
        for name, value in arguments.items()
    }
    name = action.partition(" ")[0]
    message = refusal(clients(name.partition(":")[0]), operation, filled)
    assert f"user/{who} is not authorized to perform: {name} " in message


def entry(pipeline: Pipeline, **fields: str) -> Fields:
    detail = json.dumps({"shipmentId": pipeline.shipment(), "status": "IN_TRANSIT"})
    known = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": detail}
    return {**known, "EventBusName": pipeline.stack["EventBusName"], **fields}


def test_a_producer_puts_updates_on_its_bus_and_on_no_other(
    pipeline: Pipeline, stranger: Clients, producer: Clients
) -> None:
    sent, other = entry(pipeline), entry(pipeline, EventBusName="another")
    producer("events").put_events(Entries=[sent])
    assert pipeline.wait_for_rows(json.loads(sent["Detail"])["shipmentId"])
    denied = "is not authorized to perform: events:PutEvents"
    assert denied in refusal(producer("events"), "put_events", {"Entries": [sent, other]})
    assert denied in refusal(stranger("events"), "put_events", {"Entries": [sent]})
