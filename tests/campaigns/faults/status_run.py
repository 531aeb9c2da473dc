"""Runs a case of the companion in memory: its handler for real, around it Lambda and a redrive."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby, takewhile

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.models import botocore_stubber

from tests.campaigns.faults.run import alone
from tests.campaigns.faults.status_cases import STUCK, Call, Case, Fields, State, Story
from tests.unit.handler import gate
from tests.unit.handler.account import Delivery
from tests.unit.handler.updates import TIME_MS
from tests.unit.status.account import SHIPMENT, StatusAccount, opened_with_status

SECOND_MS, MINUTE_MS = 1_000, 60_000
# Of an asynchronous invocation. Those of a batch are many more, and each is as the one before.
ATTEMPTS = 3
MAIL = {"do": "mail"}
FACTS = ("status", "since", "timestamp", "eventTime", "location", "carrier", "updates")


class World:
    """What Lambda and the queue have of a story, and how often people were mailed about it."""

    def __init__(self, account: StatusAccount, story: Story) -> None:
        self._account = account
        self._story = story
        self._stream: list[Fields] = []
        self._asked: Fields | None = None
        self._queue: list[Fields] = []
        self._mails = 0
        self.ms = TIME_MS + story.after_ms

    @contextmanager
    def clock(self) -> Iterator[None]:
        """Set the function's clock to the story's for the length of a with block."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(time, "time_ns", lambda: self.ms * 1_000_000)
            patch.setenv("FINAL_STATUSES", "DELIVERED")
            yield

    def begin(self) -> None:
        """Let what was before be followed and mailed, and then the story happen."""
        account, story = self._account, self._story
        account.empty()
        if story.before:
            account.follow(*story.before)
            account.digests()
            self.ms += MINUTE_MS  # after their turn
        self._before = self._facts(account.items())
        self._stream = account.store(*story.news) + account.remove(*story.removed)
        self._asked = story.asked

    def attempt(self) -> None:
        """Let Lambda invoke the function once with what is not done yet."""
        if self._stream:
            self._follow()
        if self._asked and self._ask(self._asked).error is None:
            self._asked = None

    def mail(self) -> None:
        """Let the minute's rule invoke the function, and Lambda try that again if it fails."""
        if all(self._ask(MAIL).error for _ in range(ATTEMPTS)):
            self._queue.append({"requestPayload": MAIL})

    def give_up(self) -> None:
        """Let Lambda put on the queue what it does not try again."""
        if self._asked:
            self._queue.append({"requestPayload": self._asked})
            self._asked = None
        if self._stream and self._story.gives_up:
            images = [record["dynamodb"]["NewImage"] for record in self._stream]
            first = min(image["processedAt"]["S"] for image in images)
            self._queue.append({"DDBStreamBatchInfo": {"approximateArrivalOfFirstRecord": first}})
            self._stream = []

    def redrive(self) -> None:
        """Have done what is on the queue, as src/shipments/status_redrive.py does."""
        for body in self._queue:
            answer = self._ask(self._request(body)).result
            assert answer is not None
            assert not answer.get("failed")
        self._queue = []

    def mend(self) -> None:
        """Put right the rows that are to be."""
        for each in self._story.mended:
            self._account.put_row(**each)

    def state(self) -> State:
        """Return what there is now."""
        self._mails += len(self._account.digests())
        self._queue += self._account.kept()
        items = self._account.items()
        due = any("dueAt" in item for item in items.values())
        if self._story is STUCK:
            due = "silenceMailed" not in items[SHIPMENT]
        places = {"stream": self._stream, "Lambda": self._asked, "queue": self._queue, "due": due}
        where = ", ".join(name for name in places if places[name]) or "nowhere"
        return State(self._judged(self._facts(items)), self._mails, where)

    def _judged(self, seen: dict[str, Fields]) -> str:
        by_shipment = groupby(self._story.rows(), key=lambda each: each["shipmentId"])
        right = {shipment: told(list(rows)) for shipment, rows in by_shipment}
        known = {*right, *self._before, *seen}
        verdicts = {self._verdict(key, right.get(key), seen.get(key)) for key in known}
        if "wrong" in verdicts:
            return "wrong"
        return "half" if len(verdicts) > 1 else next(iter(verdicts), "-")

    def _verdict(self, shipment: str, right: Fields | None, seen: Fields | None) -> str:
        if seen == right:
            return "right"
        return "old" if seen == self._before.get(shipment) else "wrong"

    def _request(self, body: Fields) -> Fields:
        """Return what a redrive asks the function because of a message."""
        if "requestPayload" in body:
            asked: Fields = body["requestPayload"]
            return asked
        if "refresh" in body:
            shipments, since = [body["refresh"]["shipmentId"]], body["refresh"]["since"]
        else:
            since = body["DDBStreamBatchInfo"]["approximateArrivalOfFirstRecord"]
            rows = self._story.rows()
            shipments = [each["shipmentId"] for each in rows if each["processedAt"] >= since]
        return {"do": "refresh", "shipments": shipments, "since": since}

    @staticmethod
    def _facts(items: dict[str, Fields]) -> dict[str, Fields]:
        """Return what the items of shipments say, without what is noted of mails."""
        shipments = {key: item for key, item in items.items() if "status" in item}
        return {key: {name: item[name] for name in FACTS} for key, item in shipments.items()}

    def _follow(self) -> None:
        """Hand over the batch; keep what is left of it from the first record that failed on."""
        delivery = self._ask({"Records": self._stream}, SECOND_MS)
        if delivery.result is None:
            return
        numbers = [record["dynamodb"]["SequenceNumber"] for record in self._stream]
        failed = [each["itemIdentifier"] for each in delivery.result["batchItemFailures"]]
        self._stream = self._stream[numbers.index(failed[0]) :] if failed else []

    def _ask(self, event: Fields, after_ms: int = MINUTE_MS) -> Delivery:
        self.ms += after_ms
        return self._account.ask(event)


def told(rows: list[Fields]) -> Fields:
    """Return what an item is to say of a shipment's rows, which are in their order."""
    newest = rows[-1]
    run = list(takewhile(lambda each: each["status"] == newest["status"], reversed(rows)))
    facts = {name: newest.get(name) for name in FACTS}
    return {**facts, "since": run[-1]["eventTime"], "updates": len(rows)}


def in_memory(cases: Iterable[Case]) -> dict[str, tuple[State, ...]]:
    """Return what is seen of each case, by its name."""
    with alone(), opened_with_status() as account:
        return {case.name: tried(account, case) for case in cases}


def tried(account: StatusAccount, case: Case) -> tuple[State, ...]:
    """Run a case in an empty account; return what was seen: once, lasting, repaired."""
    world = World(account, case.story)
    with world.clock():
        world.begin()
        assert case.fault.memory
        broken = only(case.call, case.fault.memory)
        account.gate.break_calls(case.call.operation, broken)
        world.attempt()
        once = world.state()
        world.mail()
        for _ in range(ATTEMPTS - 1):
            world.attempt()
        world.give_up()
        lasting = world.state()
        account.gate.repair()
        world.mend()
        world.redrive()
        world.attempt()
        world.mail()
        return once, lasting, world.state()


def requests_of(account: StatusAccount, story: Story) -> list[tuple[str, str]]:
    """Return the operation and the body of each request that a story asks for without a fault."""
    world = World(account, story)
    with world.clock():
        world.begin()
        first = len(account.gate.calls)
        world.attempt()
        world.mail()
    bodies = [str(request["body"]) for request in account.gate.requests[first:]]
    return list(zip(account.gate.calls[first:], bodies, strict=True))


def only(call: Call, fault: gate.Fault) -> gate.Fault:
    """Return the fault for those requests of an operation that are a call's."""

    def send(request: AWSPreparedRequest) -> AWSResponse:
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
        if call.has in body:
            return fault(request)
        response = botocore_stubber("before-send", request)
        assert response is not None
        return response

    return send
