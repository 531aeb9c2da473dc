"""AWS/DynamoDB: what the writes to a table consume, read from the table's stream."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from scripts.forwarding.data import Data, Fields, dimensions, sampled

UNIT_BYTES = 1024
# Iterators live for 15 minutes, and records for a day (DynamoDB Streams).
OUTDATED = {"ExpiredIteratorException", "TrimmedDataAccessException"}


class TableWrites:
    """A table's ConsumedWriteCapacityUnits.

    A write consumes a unit for each started KB of the item, of the larger one if there was one
    before (DynamoDB Developer Guide, "DynamoDB read and write operations"). The stream has the
    writes that changed something. Conditional puts that found the key taken, as for a duplicate,
    consume a unit on AWS and are not in it, so they are missing here; one in a transaction,
    which would count twice, looks like any other.
    """

    def __init__(self, streams: Any, stream_arn: str, since_ms: int = 0) -> None:
        """Take the dynamodbstreams client; writes before since_ms (epoch ms) do not count."""
        self._streams, self._arn, self._since = streams, stream_arn, since_ms // 1000
        self._dimensions = dimensions({"TableName": stream_arn.split("/")[1]})
        described = streams.describe_stream(StreamArn=stream_arn)["StreamDescription"]
        (self._shard,) = (shard["ShardId"] for shard in described["Shards"])  # MiniStack's one
        self._last: str | None = None
        self._iterator: str | None = None

    def read(self) -> Iterator[Data]:
        """Yield what the writes that are new consumed."""
        while records := self._records():
            consumed = []
            for record in records:
                change = record["dynamodb"]
                second = int(change["ApproximateCreationDateTime"].timestamp())
                # What DynamoDB itself deletes, because its time has come, consumes nothing.
                if second >= self._since and "userIdentity" not in record:
                    consumed.append((second, write_units(change)))
            name = "ConsumedWriteCapacityUnits"
            yield {"AWS/DynamoDB": sampled(name, self._dimensions, consumed)}

    def _records(self) -> list[Fields]:
        """Return the next records, none if there are no more for now."""
        try:
            page = self._streams.get_records(ShardIterator=self._iterator or self._place())
        except ClientError as error:
            if error.response["Error"]["Code"] not in OUTDATED:
                raise
            page = self._streams.get_records(ShardIterator=self._place())
        self._iterator = page.get("NextShardIterator")
        records: list[Fields] = page["Records"]
        if records:
            self._last = records[-1]["dynamodb"]["SequenceNumber"]
        return records

    def _place(self) -> str:
        """Return an iterator that goes on after the last record read, or starts."""
        after: Fields = {"ShardIteratorType": "TRIM_HORIZON"}
        if self._last:
            after = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self._last}
        answer = self._streams.get_shard_iterator(StreamArn=self._arn, ShardId=self._shard, **after)
        return str(answer["ShardIterator"])


def write_units(change: Mapping[str, Any]) -> int:
    """Return the write capacity units that a change (of a stream's record) consumed."""
    images = (change.get(name, {}) for name in ("OldImage", "NewImage"))
    return max(1, math.ceil(max(map(item_size, images)) / UNIT_BYTES))


def item_size(item: Mapping[str, Fields]) -> int:
    """Return an item's size (bytes) as the DynamoDB Developer Guide counts it.

    "DynamoDB item sizes and formats": names and texts in UTF-8, a byte for two digits.
    """
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(typed: Fields) -> int:
    """Return the size of a value with its DynamoDB type."""
    ((kind, value),) = typed.items()
    if kind in {"M", "L"}:
        inside = item_size(value) if kind == "M" else sum(map(_size, value))
        return 3 + len(value) + inside
    if kind in {"SS", "NS", "BS"}:
        return sum(_size({kind[0]: each}) for each in value)
    if kind == "N":
        digits = value.lower().partition("e")[0].replace(".", "").strip("-+").strip("0")
        return (len(digits) + 1) // 2 + 1 + int(value.startswith("-"))
    if kind in {"BOOL", "NULL"}:
        return 1
    return len(value.encode() if kind == "S" else value)
