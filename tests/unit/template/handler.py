"""What the handler reads, calls and prints, observed by running it, for the template to agree with.

It gets no clients of AWS: what stands for them notes each call and answers nothing.
"""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any
from unittest.mock import patch

import boto3
from botocore.exceptions import ClientError

from shipments.handler import load
from tests.unit.handler.updates import critical, update

Fields = dict[str, Any]
TOO_BIG = "x" * 500_000  # for a row
# One update of each kind that the handler treats in its own way.
UPDATES = {
    "ordinary": update(),
    "critical": critical(),
    "rejected": update(status=None),
    "too big": update(note=TOO_BIG),
    "too big and critical": critical(note=TOO_BIG),
    "failed": update(shipmentId="DENIED"),
}


@dataclass(frozen=True)
class Invocation:
    """One run of the handler: the calls it made, as (IAM action, request), and what it printed."""

    module: ModuleType
    calls: list[tuple[str, Fields]]
    line: str

    @property
    def actions(self) -> list[str]:
        """The IAM actions of the calls, in order."""
        return [action for action, _ in self.calls]

    def request(self, action: str) -> Fields:
        """Return the request of the one call with an action."""
        (request,) = (request for name, request in self.calls if name == action)
        return request


class _Environment(dict[str, str]):
    """An environment that has a value for every name, and notes the names that are read."""

    def __init__(self) -> None:
        self.read: set[str] = set()

    def __missing__(self, name: str) -> str:
        self.read.add(name)
        return "0"

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, as for every name."""
        del default
        return self[name]


class _Client:
    """Stands for a service's client."""

    def __init__(self, service: str, calls: list[tuple[str, Fields]]) -> None:
        self._service, self._calls = service, calls

    def __getattr__(self, operation: str) -> Callable[..., Fields]:
        action = f"{self._service}:{operation.title().replace('_', '')}"

        def call(**request: Any) -> Fields:
            self._calls.append((action, request))
            if "DENIED" in str(request.get("Item", {}).get("shipmentId")):
                raise ClientError({"Error": {"Code": "AccessDeniedException"}}, operation)
            return {}

        return call


@contextmanager
def _calls() -> Iterator[list[tuple[str, Fields]]]:
    """Note the calls in a with block in place of making them."""
    calls: list[tuple[str, Fields]] = []
    with patch.object(boto3, "client", lambda service, **_: _Client(service, calls)):
        yield calls


@cache
def environment_variables() -> set[str]:
    """Return the names that the handler reads from its environment."""
    environment = _Environment()
    with _calls(), patch.object(os, "environ", environment):
        load({})
    return environment.read


def invoke(event: Any, **variables: str) -> Invocation:
    """Run the handler on an event; what the variables leave out is 0."""
    printed = io.StringIO()
    with _calls() as calls, redirect_stdout(printed):
        module = load({**dict.fromkeys(environment_variables(), "0"), **variables})
        try:
            module.lambda_handler(event, None)
        except ClientError:
            assert '"outcome":"failed"' in printed.getvalue()
    return Invocation(module, calls, printed.getvalue())


@cache
def invocation(kind: str) -> Invocation:
    """Return the run on one of UPDATES, with DELAYED as the only critical status."""
    return invoke(UPDATES[kind], CRITICAL_STATUSES="DELAYED")


@cache
def aws_actions() -> set[str]:
    """Return the IAM actions of all the calls that the handler makes."""
    return {action for kind in UPDATES for action in invocation(kind).actions}
