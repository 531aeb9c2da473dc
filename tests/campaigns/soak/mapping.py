"""What Lambda does between a table's stream and a function, which the emulator does in part only.

Each rule is on docs/aws.md with its source.
"""

import json
import random
import zlib
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.account import Fields

SHARDS = 4


@dataclass
class Batch:
    """Records of one shard that go to the function together, and how often they were tried."""

    records: list[Fields]
    attempts: int = 0


@dataclass
class Shard:
    """Records that wait, and batches to try again before them: a shard's order is kept."""

    records: deque[Fields] = field(default_factory=deque)
    again: deque[Batch] = field(default_factory=deque)


class Mapping:
    """An event source mapping with the template's settings. seen: what happened, counted.

    invoke: calls the function with an event and returns its result or raises; give_up: takes
    Lambda's record of a batch that was tried too often.
    """

    def __init__(
        self,
        properties: Fields,
        invoke: Callable[[Fields], Fields],
        give_up: Callable[[str], None],
        chance: random.Random,
    ) -> None:
        self._size = int(properties["BatchSize"])
        self._retries = int(properties["MaximumRetryAttempts"])
        self._bisects = properties["BisectBatchOnFunctionError"]
        (self._filter,) = (
            json.loads(each["Pattern"])["eventName"]
            for each in properties["FilterCriteria"]["Filters"]
        )
        assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        self._invoke = invoke
        self._give_up = give_up
        self._chance = chance
        self._shards = [Shard() for _ in range(SHARDS)]
        self._done: list[list[Fields]] = []
        self.seen: Counter[str] = Counter()

    def add(self, records: list[Fields]) -> None:
        """Take records off the stream: those of one item are on one shard, in their order."""
        for record in records:
            if record["eventName"] in self._filter:
                key = record["dynamodb"]["Keys"]["shipmentId"]["S"]
                self._shards[zlib.crc32(key.encode()) % SHARDS].records.append(record)

    def poll(self, redelivered: float = 0.0) -> None:
        """Let each shard invoke the function once; redelivered: how often an old batch follows."""
        for shard in self._shards:
            if batch := self._next(shard):
                self._try(shard, batch)
                if self._done and self._chance.random() < redelivered:
                    self.seen["batches redelivered"] += 1
                    self._attempt(self._chance.choice(self._done))

    def _next(self, shard: Shard) -> Batch | None:
        if shard.again:
            return shard.again.popleft()
        count = min(self._size, len(shard.records))
        return Batch([shard.records.popleft() for _ in range(count)]) if count else None

    def _try(self, shard: Shard, batch: Batch) -> None:
        """Try a batch; what is left of it comes first at the shard's next turn."""
        failed = self._attempt(batch.records)
        if failed is None:
            self._done.append(batch.records)
            return
        if batch.attempts == self._retries:
            self.seen["batches given up"] += 1
            self._give_up(record_of(batch))
            return
        rest = batch.records[failed:]
        if self._bisects and failed == 0 and len(rest) > 1:
            # A batch that is split counts as tried no more often. With a reported failure Lambda
            # splits at it, which is what going on from there is.
            half = len(rest) // 2
            shard.again.extendleft([Batch(rest[half:], batch.attempts + 1)])
            rest = rest[:half]
        shard.again.appendleft(Batch(rest, batch.attempts + 1))

    def _attempt(self, records: list[Fields]) -> int | None:
        """Invoke the function; return the first record to try again, or nothing if all is done."""
        self.seen["batches"] += 1
        try:
            result = self._invoke({"Records": records})
        except BaseException:  # noqa: BLE001 - a function that is killed has failed, too
            self.seen["batches that failed"] += 1
            return 0
        reported = {each["itemIdentifier"] for each in result["batchItemFailures"]}
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        places = [place for place, number in enumerate(numbers) if number in reported]
        assert len(places) == len(reported), "a reported record is not of the batch"
        if not places:
            return None
        self.seen["batches that failed in part"] += 1
        return min(places)


def record_of(batch: Batch) -> str:
    """Return what Lambda puts on the queue for a batch: where it is in the stream, not what."""
    changes = [record["dynamodb"] for record in batch.records]
    info: dict[str, Any] = {
        "shardId": "shardId-0",
        "startSequenceNumber": changes[0]["SequenceNumber"],
        "endSequenceNumber": changes[-1]["SequenceNumber"],
        "batchSize": len(changes),
    }
    return json.dumps(
        {"requestContext": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": info}
    )
