"""A deployed stack in memory: the real handler on mocked services, and commands run against it.

What the mock of AWS has not (CloudFormation, EventBridge, Lambda) is answered here, as AWS does.
"""

import base64
import io
import json
import os
import threading
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from email.utils import format_datetime
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from shipments import handler
from shipments.cli import main
from shipments.events import DETAIL_TYPE, SOURCE
from tests.account import ENVIRONMENT, REGION, FakeAccount, Fields
from tests.unit.shipments.status import StatusStack

NAME = "tapstack-test"
ARN = f"arn:aws:events:{REGION}:123456789012"
ATTEMPTS = 3  # of an asynchronous invocation
_HANDLERS: dict[tuple[str, ...], ModuleType] = {}


class Cloud(FakeAccount):
    """The account with the stack in it.

    stacks: what CloudFormation describes; broken: calls that fail, operation to a function that
    raises or answers in place of AWS; calls: how often each operation was called.
    """

    def __init__(self) -> None:
        super().__init__(_own_session())
        self.session, self.logs = _session(), _logs()
        self.log_group = "/aws/lambda/test"
        self.logs.create_log_group(logGroupName=self.log_group)
        self.stacks = [stack(NAME, ENVIRONMENT, self._outputs())]
        self.broken: dict[str, Callable[[Fields], Any]] = {}
        self.calls: list[str] = []
        self.rules: list[Fields] = [rule("shipments", {"source": [SOURCE]})]
        self.code = handler.PATH.read_bytes()  # of the deployed function
        self.replays: list[Fields] = []
        self.on_replay: list[Callable[[str], None]] = []
        self.replay: Fields = {"State": "COMPLETED", "ReplayStartTime": datetime.now(timezone.utc)}
        self.archive: Fields = {"ArchiveName": "shipments", "EventSourceArn": f"{ARN}:event-bus/b"}
        self._one_at_a_time = threading.Lock()
        self._handler = self._quiet_handler()
        self.status = StatusStack(self)

    def deploy_status(self) -> None:
        """Deploy the status stack beside the stack."""
        self.stacks.append(stack(self.status.table, ENVIRONMENT, self.status.deploy()))

    # ---- what goes in

    def run(self, *arguments: str, stdin: bytes | None = None) -> Result:
        """Run the command with arguments, on this account."""
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

    def _quiet_handler(self) -> ModuleType:
        """Return the handler, the same one for all tests, as it keeps nothing and starts slowly."""
        place = (self.table, self.topic, self.queue)
        if place not in _HANDLERS:
            _HANDLERS[place] = self.start_handler(RUNBOOK_URL="docs/runbook.md")
            # The log would be the command's output.
            vars(_HANDLERS[place])["print"] = lambda _: None
        return _HANDLERS[place]

    def answer(self, event_name: str, params: Fields, **_: Any) -> tuple[Any, Fields] | None:
        """Answer a call in place of the mock, or return None to let it through."""
        operation = event_name.rpartition(".")[2]
        self.calls.append(operation)
        body = params["body"]
        text = isinstance(body, (bytes, str)) and body[:1] in {b"{", "{"}
        request = json.loads(body) if text else body
        answer: Fields | None = None
        # Lambda accepts an update before its function can fail, which may be in the next second.
        date = format_datetime(datetime.now(timezone.utc), usegmt=True)
        if operation in self.broken:
            answer = self.broken[operation](request)
        if answer is None:
            answer = self._answer(operation, request, params.get("url_path", ""))
        if answer is None:
            return None
        status = answer.pop("HTTPStatusCode", 200)
        if operation == "Invoke":
            answer["Payload"] = io.BytesIO(answer.get("Payload", b""))
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": {"date": date}}
        return SimpleNamespace(status_code=status), {**answer, "ResponseMetadata": metadata}

    def _answer(self, operation: str, request: Any, path: str) -> Fields | None:
        if operation == "Invoke" and f"/{self.status.function}/" in path:
            return self.status.answer(request)
        answer: Fields | None = getattr(self, f"_{operation}", lambda _: None)(request)
        return answer

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

    def _GetFunction(self, _: Any) -> Fields:  # noqa: N802 - the operation
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            files.writestr("index.py", self.code)
        text = base64.b64encode(archive.getvalue()).decode()
        return {"Code": {"Location": f"data:application/zip;base64,{text}"}}

    def _ListRules(self, _: Fields) -> Fields:  # noqa: N802 - the operation
        return {"Rules": self.rules}

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
        patch.setattr(boto3, "DEFAULT_SESSION", _own_session())
        patch.setattr(BotocoreStubber, "process_request", _one_at_a_time)
        cloud = Cloud()
        cloud.session.answer = cloud.answer
        yield cloud


_MOCK = threading.RLock()
_process_request = BotocoreStubber.process_request


def _one_at_a_time(stubber: BotocoreStubber, request: Any) -> Any:
    """Let one thread into the mock: its queue breaks if one receives while another deletes."""
    with _MOCK:
        return _process_request(stubber, request)


class CommandSession(boto3.Session):
    """The commands' session. Its clients are kept, because to make them takes long.

    answer: what answers a call in place of AWS, or returns None. keeps: whether clients are kept;
    a test that listens to the session's events needs new ones.
    """

    answer: Callable[..., Any]
    keeps = True
    _kept: ClassVar[dict[Any, Any]] = {}

    def client(self, service: str, **options: Any) -> Any:
        """Return the client of a service, the same one for the same options and settings."""
        settings = sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))
        given = sorted((name, id(value)) for name, value in options.items())
        key = (service, tuple(settings), tuple(given))
        if self.keeps and key in self._kept:
            return self._kept[key]
        made = super().client(service, **options)  # type: ignore[call-overload]
        made.meta.events.register("before-call", self._answer)
        if self.keeps:
            self._kept[key] = made
        return made

    def _answer(self, **call: Any) -> Any:
        return self.answer(**call)


@cache
def _session() -> CommandSession:
    """Return the commands' session: one for all tests, as each reads botocore's models anew."""
    return CommandSession(region_name=REGION)


@cache
def _own_session() -> boto3.Session:
    """Return the session of the tests and of the handler, whose calls are not answered here."""
    return boto3.Session(region_name=REGION)


@cache
def _logs() -> Any:
    return _own_session().client("logs")


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


def rule(name: str, pattern: Fields, **attributes: Any) -> Fields:
    """Return a rule of the stack's bus as EventBridge lists it."""
    text = json.dumps(pattern)
    rule = {"Name": name, "Arn": f"{ARN}:rule/b/{name}", "State": "ENABLED", "EventPattern": text}
    return {**rule, **attributes}


def envelope(detail: Any, **fields: Any) -> Fields:
    """Return an event as EventBridge would deliver it now."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "source": SOURCE,
        "detail-type": DETAIL_TYPE,
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
