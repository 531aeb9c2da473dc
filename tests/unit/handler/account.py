"""The account in memory with the handler in it, warm, and what comes of an invocation."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any, TypeVar

import boto3
import pytest
from moto import mock_aws

from tests.account import (
    REGION,
    FakeAccount,
    Fields,
)
from tests.unit.handler.gate import Gate

REQUEST_ID = "c1d2e3f4-a5b6-4798-8a9b-acbdcedfe0f1"
# The mocked queue hands out as many messages as it has, up to SQS's limit.
_AT_ONCE = 10


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


class Account(FakeAccount):
    """The account, and a handler in it that was started with the default settings."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(_own_session())  # what the tests ask for goes past the gate
        self.gate = gate
        self._mailbox = self.subscribe(self.topic, "mailbox")
        self.restart()
        self._warm = self.handler

    def restart(self, **changes: str) -> None:
        """Replace the handler by one that is just started, with changes in its environment."""
        self.handler = self.start_handler(**changes)

    def empty(self) -> None:
        """Make all as it was in the beginning, but for the handler, which is warm by now."""
        self.delete_rows()
        self.delete_messages()
        self.gate.reset()
        self.handler = self._warm

    def deliver(self, envelope: Any) -> Delivery:
        """Invoke the handler as Lambda does; raise what it raises."""
        delivery = self.attempt(envelope)
        if delivery.error is not None:
            raise delivery.error
        return delivery

    def attempt(self, envelope: Any) -> Delivery:
        """Invoke the handler as Lambda does and return what came of it, errors too."""
        return self.invoke(self.handler, envelope)

    def invoke(self, module: ModuleType, envelope: Any) -> Delivery:
        """Invoke a handler on an event that came as JSON text; return what came of it."""
        event = json.loads(json.dumps(envelope))
        calls, attempts = len(self.gate.calls), len(self.gate.attempts)
        result, error = None, None
        with redirect_stdout(io.StringIO()) as printed:
            try:
                context = SimpleNamespace(aws_request_id=REQUEST_ID)
                result = module.lambda_handler(event, context)
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

    def row(self) -> Fields:
        """Return the table's only row."""
        (row,) = self.rows()
        return row

    def alerts(self) -> list[Alert]:
        """Return what the topic's subscribers got since the last call."""
        return self.mails(self._mailbox)

    def mails(self, mailbox: str) -> list[Alert]:
        """Return what a topic sent to a queue since the last call."""
        notices = [json.loads(body) for body in self._receive(mailbox)]
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

    def _receive(self, queue: str) -> list[str]:
        return [message["Body"] for message in self._messages(queue)]

    def _messages(self, queue: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while len(found) % _AT_ONCE == 0:
            answer = self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=_AT_ONCE)
            messages = answer.get("Messages")
            if not messages:
                break
            found += messages
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ]
            self.sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
        return found


Opened = TypeVar("Opened", bound=Account)


@contextmanager
def opened(kind: type[Opened] = Account) -> Iterator[Opened]:  # type: ignore[assignment]
    """Open an account for the length of a with block."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        session = _session()
        patch.setattr(boto3, "DEFAULT_SESSION", session)
        gate = Gate()
        with gate.guarding(session):
            yield kind(gate)


@cache
def _session() -> boto3.Session:
    """Return the handler's session: one for all tests, as it reads botocore's models anew."""
    return boto3.Session(region_name=REGION)


@cache
def _own_session() -> boto3.Session:
    return boto3.Session(region_name=REGION)


def is_iso(value: str) -> bool:
    """Return whether a value is ISO 8601 in UTC with milliseconds."""
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value) is not None
