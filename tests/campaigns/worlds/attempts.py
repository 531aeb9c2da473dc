"""The real handler, one request at a time: how an attempt goes on after each answer.

The handler is run anew from its beginning for each answer, with the answers before it, and left at
its next request. What it does depends on its event and these answers only, because its clock
stands still; so one run tells how every schedule goes on that has come so far.
"""

import io
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from types import SimpleNamespace
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.retries.quota import RetryQuota
from moto.core.models import botocore_stubber

from shipments import handler
from tests.account import REGION, settings
from tests.campaigns.worlds.account import Answer, Request
from tests.unit.handler.updates import TIME_MS

TABLE, TOPIC = "shipment-logs-test", f"arn:aws:sns:{REGION}:123456789012:shipment-alerts-test"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/123456789012/shipment-failed-updates-test"

MINUTE_MS = 60_000


class _Left(BaseException):
    """The run is left at a request: nothing in the handler may catch this."""


class Start(NamedTuple):
    """What an attempt begins with: its event as text, its request id, its clock's minute."""

    event: str
    request_id: str
    minute: int


class Moment:
    """A moment of an attempt: it waits for the answer to a request, or it has ended.

    request: the one that it waits with, or None; code: what the attempt returned (200, 400), 0 if
    it raised; found: the body of the last answer to a PutItem.
    """

    __slots__ = ("_answers", "_following", "_handler", "_start", "code", "found", "request")

    def __init__(
        self, handler: "Handler", start: Start, answers: tuple[Answer, ...] = (), found: str = ""
    ) -> None:
        self._handler, self._start, self._answers, self.found = handler, start, answers, found
        self._following: dict[Answer, Moment] = {}
        self.request, self.code = handler.run(start, answers)

    def after(self, answer: Answer) -> "Moment":
        """Return the next moment of the attempt."""
        following = self._following.get(answer)
        if following is None:
            is_put = self.request is not None and self.request.operation == "PutItem"
            found = answer.body if is_put else self.found
            answers = (*self._answers, answer)
            following = Moment(self._handler, self._start, answers, found)
            self._following[answer] = following
        return following


class Handler:
    """The handler, warm. runs: how often it was run."""

    def __init__(self, session: boto3.Session) -> None:
        self._answers: Iterator[Answer] = iter(())
        self._request: Request | None = None
        self._firsts: dict[Start, Moment] = {}
        self.runs = 0
        session.events.register("provide-client-params", self._note)
        session.events.register("before-send", self._send)
        self._module = handler.load(settings(TABLE, TOPIC, QUEUE))

    def first(self, event: str, request_id: str = "request", minute: int = 0) -> Moment:
        """Return the first moment of an attempt."""
        start = Start(event, request_id, minute)
        if start not in self._firsts:
            self._firsts[start] = Moment(self, start)
        return self._firsts[start]

    def run(self, start: Start, answers: tuple[Answer, ...]) -> tuple[Request | None, int]:
        """Run it with these answers; return its next request, or None and its code."""
        self.runs += 1
        self._answers = iter(answers)
        context = SimpleNamespace(aws_request_id=start.request_id)
        try:
            with redirect_stdout(io.StringIO()), stopped(TIME_MS + start.minute * MINUTE_MS):
                result = self._module.lambda_handler(json.loads(start.event), context)
                return None, result["statusCode"]
        except _Left:
            return self._request, 0
        except Exception:  # noqa: BLE001 - whatever it raises, Lambda tries again
            return None, 0

    def _note(self, event_name: str, params: Mapping[str, Any], **_: Any) -> None:
        self._request = Request.of(event_name.rpartition(".")[2], params)

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        answer = next(self._answers, None)
        if answer is None:
            raise _Left
        return answer.respond(request)


@contextmanager
def stopped(milliseconds: int) -> Iterator[None]:
    """Stop the handler's clock at a time (epoch ms) for the length of a with block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: milliseconds * 1_000_000)
        yield


@contextmanager
def prepared(source: str | None = None) -> Iterator[boto3.Session]:
    """Yield a session for the handler, or another source of it, whose requests go nowhere.

    The client's second attempt comes at once, and always: in a function that lives long, failures
    can use up its quota of them, which is as if the second had failed, too.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", lambda _: None)
        patch.setattr(RetryQuota, "acquire", lambda *_: True)
        if source is not None:
            code = compile(source, str(handler.PATH), "exec")
            patch.setattr(handler, "code", lambda _: code)
        session = boto3.Session("nobody", "nothing", region_name=REGION)
        session.events.unregister("before-send", botocore_stubber)
        patch.setattr(boto3, "DEFAULT_SESSION", session)
        yield session


@contextmanager
def started(source: str | None = None) -> Iterator[Handler]:
    """Start the handler, or another source of it, for the length of a with block."""
    with prepared(source) as session:
        yield Handler(session)
