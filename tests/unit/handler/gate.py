"""Stands between the handler's clients and the mocked account: counts calls, breaks some."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

# What happens to one request in place of its answer: a response, or an exception.
Fault = Callable[[AWSPreparedRequest], AWSResponse]


class Killed(BaseException):
    """Lambda ended the process: nothing in it may catch this."""


class Gate:
    """Lets requests through to the mocked account, but for those that a test breaks.

    calls: the API calls begun, by operation, in order; requests: what they send; attempts: the
    HTTP requests made of them; clients: the services that a client was made of.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget what was, and let everything through."""
        self.calls: list[str] = []
        self.attempts: list[str] = []
        self.clients: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self._faults: dict[str, list[Fault]] = {}
        self._afterwards: dict[str, Callable[[], None]] = {}
        self._end: tuple[int, bool] | None = None

    @contextmanager
    def guarding(self, session: boto3.Session) -> Iterator[None]:
        """Stand before the mocked account for the clients made in a with block."""
        session.events.unregister("before-send", botocore_stubber)
        handlers = {
            "before-send": self._send,
            "before-call": self._begin,
            "creating-client-class": self._make,
        }
        for event, handler in handlers.items():
            session.events.register(event, handler)
        yield
        for event, handler in handlers.items():
            session.events.unregister(event, handler)

    def break_calls(self, operation: str, fault: Fault, times: int = 1_000) -> None:
        """Answer the next requests of an operation with a fault."""
        self._faults[operation] = [fault] * times

    def repair(self) -> None:
        """Let everything through again."""
        self._faults.clear()
        self._end = None

    def end_at(self, number: int, *, is_done: bool) -> None:
        """End the process at the request with a number, 0 for the next, and at those after it.

        is_done: whether the account still does what that request asks for.
        """
        self._end = len(self.attempts) + number, is_done

    def after(self, operation: str, act: Callable[[], None]) -> None:
        """Do something each time the account has carried out an operation."""
        self._afterwards[operation] = act

    def _make(self, event_name: str, **_: Any) -> None:
        self.clients.append(event_name.rpartition(".")[2])

    def _begin(self, event_name: str, params: dict[str, Any], **_: Any) -> None:
        self.calls.append(event_name.rpartition(".")[2])
        self.requests.append(params)

    def _send(self, event_name: str, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        operation = event_name.rpartition(".")[2]
        self.attempts.append(operation)
        if self._end and len(self.attempts) > self._end[0]:
            if self._end == (len(self.attempts) - 1, True):
                botocore_stubber(event_name, request)
            raise Killed
        faults = self._faults.get(operation)
        if faults:
            return faults.pop()(request)
        response = botocore_stubber(event_name, request)
        self._afterwards.get(operation, lambda: None)()
        assert response is not None, f"{operation} would have left this machine"
        return response


def refusal(status: int, code: str, members: dict[str, Any] | None = None) -> Fault:
    """Return a fault: the service answers with an error, in JSON or, as SNS does, in XML.

    members: what a JSON error has besides, as DynamoDB's has the row that was there.
    """

    def refuse(request: AWSPreparedRequest) -> AWSResponse:
        body = json.dumps({"__type": code, "message": "broken on purpose", **(members or {})})
        if ".sns." in f".{request.url.partition('://')[2]}":
            error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>"
            body = f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"
        return AWSResponse(request.url, status, {}, MockRawResponse(body))

    return refuse


def answer(body: str) -> Fault:
    """Return a fault: the service is not asked, and this is what it would have said."""
    return lambda request: AWSResponse(request.url, 200, {}, MockRawResponse(body))


def no_connection(request: AWSPreparedRequest) -> AWSResponse:
    """Fail: nobody listens."""
    raise EndpointConnectionError(endpoint_url=request.url)


def no_connection_in_time(request: AWSPreparedRequest) -> AWSResponse:
    """Fail: the connection is not made in time."""
    raise ConnectTimeoutError(endpoint_url=request.url)


def lost_request(request: AWSPreparedRequest) -> AWSResponse:
    """Fail: no answer comes in time, for the request never arrived."""
    raise ReadTimeoutError(endpoint_url=request.url)


def lost_response(request: AWSPreparedRequest) -> AWSResponse:
    """Fail: no answer comes in time, though the account did what was asked."""
    botocore_stubber("before-send", request)
    raise ReadTimeoutError(endpoint_url=request.url)


def killed(_: AWSPreparedRequest) -> AWSResponse:
    """Fail: Lambda ends the function at this call."""
    raise Killed
