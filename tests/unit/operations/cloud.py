"""A deployed stack in memory: the real handler on mocked services, and commands run against it.

What the mock of AWS has not (CloudFormation, EventBridge, Lambda) is answered here, as AWS does.
"""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from email.utils import format_datetime
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import cfn_flip
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from scripts.embed import TEMPLATE
from scripts.operations import contract
from scripts.shipments import main
from tests import handler

REGION, ENVIRONMENT, NAME = "us-east-1", "test", "tapstack-test"
ARN = f"arn:aws:events:{REGION}:123456789012"
_PARSED = cfn_flip.load_yaml(TEMPLATE.read_text("utf-8"))
RESOURCES, PARAMETERS = _PARSED["Resources"], _PARSED["Parameters"]
ATTEMPTS = 3  # of an asynchronous invocation

Fields = dict[str, Any]


class Cloud:
    """The account with the stack in it.

    stacks: what CloudFormation describes; broken: calls that fail, operation to a function that
    raises or answers in place of AWS; calls: how often each operation was called.
    """

    def __init__(self) -> None:
        """Make table, topic, queue and log group, and start the handler."""
        self.session = _session()
        self.dynamodb, self.sqs, self.logs = map(self.session.client, ("dynamodb", "sqs", "logs"))
        table = RESOURCES["ShipmentLogsTable"]["Properties"]
        self.table = f"shipment-logs-{ENVIRONMENT}"
        self.dynamodb.create_table(
            TableName=self.table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=json.loads(json.dumps(table["AttributeDefinitions"])),
            KeySchema=json.loads(json.dumps(table["KeySchema"])),
        )
        self.topic = self.session.client("sns").create_topic(Name="alerts")["TopicArn"]
        self.queue: str = self.sqs.create_queue(QueueName="failed")["QueueUrl"]
        self.log_group = "/aws/lambda/test"
        self.logs.create_log_group(logGroupName=self.log_group)
        self.stacks = [stack(NAME, ENVIRONMENT, self._outputs())]
        self.broken: dict[str, Callable[[Fields], Any]] = {}
        self.calls: list[str] = []
        self.replays: list[Fields] = []
        self.on_replay: list[Callable[[str], None]] = []
        self.replay: Fields = {"State": "COMPLETED", "ReplayStartTime": datetime.now(timezone.utc)}
        self.archive: Fields = {"ArchiveName": "shipments", "EventSourceArn": f"{ARN}:event-bus/b"}
        self._one_at_a_time = threading.Lock()
        self._handler = self._load()

    # ---- what goes in

    def run(self, *arguments: str, stdin: bytes | None = None) -> Result:
        """Run scripts/shipments with arguments, on this account."""
        return CliRunner().invoke(main, list(arguments), obj=self.session, input=stdin)

    def fail(self, envelope: Any, attributes: Fields | None = None) -> None:
        """Put an envelope on the queue as EventBridge does that cannot deliver it."""
        texts = attributes or {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "may not invoke"}
        self.put_on_queue(json.dumps(envelope), texts)

    def put_on_queue(self, body: str, attributes: Fields | None = None) -> None:
        """Put a message on the failed-updates queue."""
        typed = {
            name: {"DataType": "String", "StringValue": value}
            for name, value in (attributes or {}).items()
        }
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=body, MessageAttributes=typed)

    def invoke(self, envelope: Any) -> None:
        """Invoke the function asynchronously: what fails three times goes onto the queue."""
        with self._one_at_a_time:
            for _ in range(ATTEMPTS):
                error = self._attempt(envelope)
                if error is None:
                    return
        record = {
            "version": "1.0",
            "requestContext": {
                "condition": "RetriesExhausted",
                "approximateInvokeCount": ATTEMPTS,
            },
            "requestPayload": envelope,
            "responsePayload": {"errorType": type(error).__name__, "errorMessage": str(error)},
        }
        self.put_on_queue(json.dumps(record))

    def _attempt(self, envelope: Any) -> Exception | None:
        try:
            self._handler.lambda_handler(envelope, SimpleNamespace(aws_request_id="r"))
        except Exception as raised:  # noqa: BLE001 - whatever a handler raises
            return raised
        return None

    # ---- what comes out

    def rows(self) -> list[Fields]:
        """Return the table's rows, their values without types, in the order of their keys."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.table)
        rows = [
            {name: next(iter(value.values())) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]
        return sorted(rows, key=lambda row: (row["shipmentId"], int(row["timestamp"])))

    def bodies(self) -> list[Any]:
        """Return what can be received from the queue at once, and leave it there."""
        bodies, receipts = [], []
        ask = {"QueueUrl": self.queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 60}
        while messages := self.sqs.receive_message(**ask).get("Messages"):
            bodies += [message["Body"] for message in messages]
            receipts += [message["ReceiptHandle"] for message in messages]
        for receipt in receipts:
            self.sqs.change_message_visibility(
                QueueUrl=self.queue, ReceiptHandle=receipt, VisibilityTimeout=0
            )
        return bodies

    # ---- how it works

    def _outputs(self) -> dict[str, str]:
        return {
            "ShipmentLogsTableName": self.table,
            "ShipmentProcessorFunctionName": "processor",
            "ShipmentProcessorLogGroupName": self.log_group,
            "EventBusName": "b",
            "ShipmentUpdateRuleArn": f"{ARN}:rule/b/shipments",
            "FailedUpdatesQueueUrl": self.queue,
            "ShipmentUpdateArchiveArn": f"{ARN}:archive/shipments",
        }

    def _load(self) -> ModuleType:
        settings = {
            "DYNAMODB_TABLE": self.table,
            "SNS_TOPIC_ARN": self.topic,
            "FAILED_UPDATES_QUEUE_URL": self.queue,
            "ENVIRONMENT": ENVIRONMENT,
            "CRITICAL_STATUSES": contract.CRITICAL,
            "RUNBOOK_URL": "docs/runbook.md",
            "ROW_RETENTION_DAYS": "0",
            "AWS_DEFAULT_REGION": REGION,
        }
        module = handler.load(settings)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_DEFAULT_REGION", REGION)
            module.client("sns")
            module.client("sqs")
        vars(module)["print"] = lambda _: None  # the log, which would be the command's output
        return module

    def answer(self, event_name: str, params: Fields, **_: Any) -> tuple[Any, Fields] | None:
        """Answer a call in place of the mock, or return None to let it through."""
        operation = event_name.rpartition(".")[2]
        self.calls.append(operation)
        body = params["body"]
        request = json.loads(body) if isinstance(body, (bytes, str)) and body[:1] in b"{{" else body
        answer = None
        if operation in self.broken:
            answer = self.broken[operation](request)
        if answer is None:
            answer = getattr(self, f"_{operation}", lambda _: None)(request)
        if answer is None:
            return None
        date = format_datetime(datetime.now(timezone.utc), usegmt=True)
        status = answer.pop("HTTPStatusCode", 200)
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": {"date": date}}
        return SimpleNamespace(status_code=status), {**answer, "ResponseMetadata": metadata}

    def _DescribeStacks(self, request: Fields) -> Fields:  # noqa: N802 - the operation
        if "StackName" not in request:
            return {"Stacks": self.stacks}
        found = [each for each in self.stacks if each["StackName"] == request["StackName"]]
        return {"Stacks": found} if found else refusal("ValidationError", "x does not exist")

    def _PutEvents(self, request: Fields) -> Fields:  # noqa: N802 - the operation
        results = []
        for entry in request["Entries"]:
            event = envelope(json.loads(entry["Detail"]))
            self.invoke(event)
            results.append({"EventId": event["id"]})
        return {"FailedEntryCount": 0, "Entries": results}

    def _Invoke(self, request: Any) -> Fields:  # noqa: N802 - the operation
        self.invoke(request if isinstance(request, dict) else json.loads(request))
        return {"StatusCode": 202, "HTTPStatusCode": 202}

    def _DescribeArchive(self, _: Fields) -> Fields:  # noqa: N802 - the operation
        return dict(self.archive)

    def _StartReplay(self, request: Fields) -> Fields:  # noqa: N802 - the operation
        self.replays.append(request)
        for act in self.on_replay:
            act(request["ReplayName"])
        return {"State": "STARTING"}

    def _DescribeReplay(self, _: Fields) -> Fields:  # noqa: N802 - the operation
        return dict(self.replay)


@contextmanager
def opened() -> Iterator[Cloud]:
    """Open an account for the length of a with block."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(boto3, "DEFAULT_SESSION", _handler_s_session())
        cloud = Cloud()
        cloud.session.events.register("before-call", cloud.answer)
        yield cloud
        cloud.session.events.unregister("before-call", cloud.answer)


@cache
def _session() -> boto3.Session:
    """Return the commands' session: one for all tests, as each reads botocore's models anew."""
    return boto3.Session(region_name=REGION)


@cache
def _handler_s_session() -> boto3.Session:
    return boto3.Session(region_name=REGION)


def stack(name: str, suffix: str, outputs: dict[str, str]) -> Fields:
    """Return a stack as CloudFormation describes it."""
    parameters = {"EnvironmentSuffix": suffix, "CriticalStatuses": "DELAYED,LOST"}
    return {
        "StackName": name,
        "StackStatus": "CREATE_COMPLETE",
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
    }


def envelope(detail: Any, **fields: Any) -> Fields:
    """Return an event as EventBridge would deliver it now."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "source": "logistics.shipments",
        "detail-type": "Shipment Update",
        "time": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "detail": detail,
        **fields,
    }


def refusal(code: str, message: str = "no") -> Fields:
    """Return what a service answers that refuses a call."""
    return {"Error": {"Code": code, "Message": message}, "HTTPStatusCode": 400}


def once(act: Callable[[], Any]) -> Callable[[Any], None]:
    """Return what does something at the first call of an operation, and lets all through."""
    acts = [act]

    def before(_: Any) -> None:
        if acts:
            acts.pop()()

    return before
