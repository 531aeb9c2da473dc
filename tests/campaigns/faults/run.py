"""Runs a case in memory: the handler for real, Lambda and the operator's redrive around it."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, NamedTuple

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.models import botocore_stubber

from shipments.failed import Message, read
from tests.campaigns.faults.cases import ORDINARY, Case, Fields, State
from tests.campaigns.faults.faults import Twin, WrongClock
from tests.unit.handler import gate
from tests.unit.handler.account import Account, Delivery
from tests.unit.handler.updates import TIME_MS

ATTEMPTS = 3
FOR_EVER = 1_000
NOW = datetime.now(timezone.utc)


class Seen(NamedTuple):
    """What was seen of a case: its three states, what each invocation raised, rows doubled."""

    once: State
    thrice: State
    repaired: State
    raised: list[str]
    rows: int

    @property
    def states(self) -> tuple[State, State, State]:
        """The three states."""
        return self.once, self.thrice, self.repaired

    def is_as(self, case: Case) -> bool:
        """Return whether this is what the table says."""
        expected = (case.once, case.thrice, case.repaired)
        return (self.raised[0], self.states) == (case.fault.raised, expected)


@dataclass
class Lambda:
    """What Lambda and the queue know of one update, and what was sent about it."""

    account: Account
    case: Case
    queue: list[str] = field(default_factory=list)
    alerts: int = 0
    raised: list[str] = field(default_factory=list)

    def attempt(self, envelope: Any, clock_ms: int = 0) -> str:
        """Invoke once; return what was raised, as the log line says it."""
        with clock(clock_ms):
            delivery = self.account.attempt(envelope)
        self._collect()
        return said(delivery)

    def asynchronously(self, envelope: Any) -> None:
        """Invoke up to three times, and then hand the event to the queue."""
        errors = [self.attempt(envelope)]
        while errors[-1] and len(errors) < ATTEMPTS:
            errors.append(self.attempt(envelope))
        if errors[-1]:
            self.give_up(envelope)

    def give_up(self, envelope: Any) -> None:
        """Put Lambda's record of an event on the queue."""
        context = {"condition": "RetriesExhausted", "approximateInvokeCount": ATTEMPTS}
        self.queue.append(json.dumps({"requestContext": context, "requestPayload": envelope}))

    def redrive(self) -> None:
        """Give the update on the queue to the function again, and take off copies if it is stored.

        As src/shipments/redrive.py does it, on the deployed stack.
        """
        body, *self.queue = self.queue
        copies = len(self.queue)
        self.asynchronously(read(Message("", "", body, {}, NOW)).envelope)
        if self.rows():
            self.queue = self.queue[copies:]

    def state(self, *, pending: bool) -> State:
        """Return the update's state; pending: whether Lambda will try it again."""
        rows = self.rows()
        row = "no row"
        if rows:
            row = "row, marked" if "alertedAt" in rows[0] else "row"
        copies = f"queue ({len(self.queue)})" if len(self.queue) > 1 else "queue"
        places = {"table": rows, copies: self.queue, "Lambda": pending}
        return State(row, self.alerts, ", ".join(name for name in places if places[name]))

    def rows(self) -> list[Fields]:
        """Return the update's own rows."""
        own = self.case.update.envelope["id"]
        return [row for row in self.account.rows() if row["updateId"] == own]

    def _collect(self) -> None:
        self.alerts += len(self.account.alerts())
        self.queue += self.account.kept_texts()


@contextmanager
def alone() -> Iterator[None]:
    """Forget this machine's endpoint and keys, and wait for nothing, for a with block."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setattr(time, "sleep", lambda _: None)  # the client's pauses between its requests
        yield


def tried(account: Account, case: Case) -> Seen:
    """Run a case in an empty account."""
    account.empty()
    around = Lambda(account, case)
    envelope = case.update.envelope
    break_call(account, case)
    raised, states = [], []
    for attempt in range(ATTEMPTS):
        raised.append(around.attempt(envelope, off_ms(case, attempt)))
        states.append(around.state(pending=bool(raised[-1])))
        if not raised[-1]:
            break
    else:
        around.give_up(envelope)
        states[-1] = around.state(pending=False)
    account.gate.repair()
    if around.queue:
        around.redrive()
    else:
        around.attempt(envelope)
    repaired = around.state(pending=False)
    return Seen(states[0], states[-1], repaired, raised, len(around.rows()))


def break_call(account: Account, case: Case) -> None:
    """Break the case's call for as long as the fault lasts."""
    fault = case.fault
    if isinstance(fault, Twin):
        account.gate.break_calls(case.call, meanwhile(account, case, fault), times=1)
    elif fault.memory:
        account.gate.break_calls(case.call, fault.memory, FOR_EVER)


def meanwhile(account: Account, case: Case, twin: Twin) -> gate.Fault:
    """Return the fault that a twin is delivered while a call is on its way."""

    def deliver(request: AWSPreparedRequest) -> AWSResponse:
        envelope = case.update.envelope
        if twin.another:
            envelope = {**ORDINARY.envelope, "id": "another"}
        if twin.dies_at:
            account.gate.break_calls(twin.dies_at, gate.killed, times=1)
        account.attempt(envelope)
        response = botocore_stubber("before-send", request)
        assert response is not None
        return response

    return deliver


def off_ms(case: Case, attempt: int) -> int:
    """Return by how much the function's clock is off at an attempt (ms)."""
    offsets = case.fault.off_ms if isinstance(case.fault, WrongClock) else (0,)
    return offsets[attempt % len(offsets)]


@contextmanager
def clock(milliseconds: int) -> Iterator[None]:
    """Set the function's clock off from the events' time for the length of a with block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: (TIME_MS + milliseconds) * 1_000_000)
        yield


def said(delivery: Delivery) -> str:
    """Return what an invocation ended with, as its log line says it, or nothing."""
    if isinstance(delivery.error, gate.Killed):
        return "killed"
    return str(delivery.log["error"]).split()[-1] if delivery.error else ""
