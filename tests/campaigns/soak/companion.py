"""Both handlers in this process, on an emulator, with a clock of their own and calls that fail."""

import io
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session

from scripts import emulator as ministack
from tests.account import REGION, FakeAccount, Fields, status_resource
from tests.campaigns.faults import faults
from tests.campaigns.soak.mapping import Mapping
from tests.unit.handler import gate

WINDOW_MS, MINUTE_MS = 20_000, 60_000
# What becomes of a request: whether the account carries it out, and what the function meets then.
KINDS: dict[str, tuple[bool, Any]] = {
    "throttled": (False, gate.refusal(400, "ThrottlingException")),
    "fails (500)": (False, gate.refusal(500, "InternalServerError")),
    "denied": (False, gate.refusal(400, "AccessDeniedException")),
    "connection broken off": (False, faults.reset),
    "times out": (False, gate.lost_request),
    "done, connection broken off": (True, faults.reset),
    "done, then times out": (True, gate.lost_request),
    "function killed": (False, gate.killed),
    "done, function killed": (True, gate.killed),
}
REDELIVERED = 0.05


class Companion(FakeAccount):
    """Both stacks. share: of the status function's requests that fail; now_ms: the clock.

    failed: how many requests failed, by kind; mails: what each mail that SNS has taken is about,
    shipments and entries, and whether the function marked all of it, after which no other may be.
    """

    def __init__(self, session: boto3.Session, seed: int, now_ms: int, share: float) -> None:
        super().__init__(session)
        log = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        self.dynamodb.update_table(TableName=self.table, StreamSpecification=log)
        self.make_status_stack()
        self.subscribe(self.digest_topic, "people")
        self.now_ms = now_ms
        self.share = share
        self.failed: Counter[str] = Counter()
        self.requests = 0
        self.mails: list[tuple[list[tuple[str, str]], list[bool]]] = []
        self.queue_texts: list[str] = []
        self.deaths = 0
        self._chance = random.Random(seed)  # noqa: S311 - the same for everybody
        self._stormy = False
        self._http = URLLib3Session(verify=os.environ["AWS_CA_BUNDLE"])
        self._streams = session.client("dynamodbstreams")
        self._iterator = self._first_iterator()
        self._processor = self.start_handler()
        self.status_module = self._start_status()
        self.mapping = Mapping(
            status_resource("ShipmentStatusMapping"),
            self.invoke,
            self.queue_texts.append,
            self._chance,
        )

    # ---- what goes in

    def put(self, envelope: Fields) -> None:
        """Hand an update to the function that stores it."""
        with redirect_stdout(io.StringIO()):
            self._processor.lambda_handler(envelope, SimpleNamespace(aws_request_id="r"))

    def invoke(self, event: Fields) -> Fields:
        """Invoke the status function; raise what it raises, also that it was killed."""
        event = json.loads(json.dumps(event, default=str))
        self._stormy = True
        try:
            with redirect_stdout(io.StringIO()):
                result: Fields = self.status_module.lambda_handler(
                    event, SimpleNamespace(aws_request_id="r")
                )
        except BaseException:
            self.deaths += 1
            raise
        finally:
            self._stormy = False
        return result

    def pass_window(self) -> None:
        """Let a batching window go by: the mapping polls, and each third one mails what waits."""
        self.now_ms += WINDOW_MS
        self.mapping.add(list(self._new_records()))
        self.mapping.poll(REDELIVERED if self.share else 0)
        if self.now_ms // MINUTE_MS != (self.now_ms - WINDOW_MS) // MINUTE_MS:
            with suppress(Exception, gate.Killed):  # the next run is in a minute
                self.invoke({"do": "mail"})

    # ---- what comes out

    def items(self) -> dict[str, Fields]:
        """Return the shipments' items by their ids, and what else is in the table."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.status_table)
        return {item["shipmentId"]["S"]: item for page in pages for item in page["Items"]}

    def kept(self) -> list[Fields]:
        """Take off the queue what is on it, and return it."""
        texts, self.queue_texts[:] = list(self.queue_texts), []
        while messages := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            texts += [message["Body"] for message in messages]
            for each in messages:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=each["ReceiptHandle"])
        return [json.loads(text) for text in texts]

    # ---- how it works

    def _start_status(self) -> Any:
        module = self.start_status()
        publish, mark = module.publish_shipments, module.mark_heard

        def published(items: list[Fields], log: Fields) -> None:
            names = [
                (item["shipmentId"]["S"], entry)
                for item in items
                for entry in item["unheard"]["SS"]
            ]
            publish(items, log)
            self.mails.append((names, [False]))
            self._left = len(items)

        def marks(item: Fields) -> None:
            mark(item)
            self._left -= 1
            if not self._left:
                self.mails[-1][1][0] = True

        vars(module).update(publish_shipments=published, mark_heard=marks)
        return module

    def _first_iterator(self) -> str:
        arn = self.dynamodb.describe_table(TableName=self.table)["Table"]["LatestStreamArn"]
        (shard,) = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        iterator: str = self._streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        return iterator

    def _new_records(self) -> Iterator[Fields]:
        """Yield what the log's stream has had since the last call."""
        while True:
            answer = self._streams.get_records(ShardIterator=self._iterator, Limit=1000)
            self._iterator = answer["NextShardIterator"]
            if not answer["Records"]:
                return
            yield from answer["Records"]

    def send(self, request: AWSPreparedRequest) -> AWSResponse | None:
        """Answer a request: of the status function's the share that fails by one of KINDS."""
        if not self._stormy:
            return None
        self.requests += 1
        if self._chance.random() >= self.share:
            return None
        kind = self._chance.choice(list(KINDS))
        self.failed[kind] += 1
        is_done, failure = KINDS[kind]
        if is_done:
            self._http.send(request)
        answer: AWSResponse = failure(request)
        return answer


@contextmanager
def opened(seed: int, now_ms: int, share: float) -> Iterator[Companion]:
    """Open the account for the length of a with block; no pause is waited for."""
    with ministack.running() as emulator, pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.environment.items():
            patch.setenv(name, value)
        session = boto3.Session(region_name=REGION)
        patch.setattr(boto3, "DEFAULT_SESSION", session)
        stormy: list[Companion] = []
        session.events.register(
            "before-send", lambda request, **_: stormy[0].send(request) if stormy else None
        )
        stormy.append(Companion(boto3.Session(region_name=REGION), seed, now_ms, share))
        patch.setattr(time, "sleep", lambda _: None)
        patch.setattr(time, "time_ns", lambda: stormy[0].now_ms * 1_000_000)
        yield stormy[0]
