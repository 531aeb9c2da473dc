"""What a write consumes, told by the table's stream."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.forwarding.writes import TableWrites, item_size, write_units
from scripts.stack import Stack
from tests.unit.forwarder.account import TABLE, Client

Fields = dict[str, Any]


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({}, 0),
        ({"id": {"S": "abc"}}, 5),
        ({"é": {"S": "é"}}, 4),
        ({"n": {"N": "1"}}, 3),
        ({"n": {"N": "1770091506789"}}, 9),
        ({"n": {"N": "-12"}}, 4),
        ({"n": {"N": "1200"}}, 3),
        ({"n": {"N": "0.0012"}}, 3),
        ({"n": {"N": "1.5E+20"}}, 3),
        ({"b": {"B": b"12345"}}, 6),
        ({"t": {"BOOL": True}}, 2),
        ({"t": {"NULL": True}}, 2),
        ({"s": {"SS": ["ab", "c"]}}, 4),
        ({"s": {"NS": ["12", "3"]}}, 5),
        ({"l": {"L": [{"S": "ab"}, {"N": "1"}]}}, 10),
        ({"m": {"M": {"k": {"S": "ab"}}}}, 8),
    ],
)
def test_an_item_is_as_large_as_the_developer_guide_says(item: Fields, size: int) -> None:
    assert item_size(item) == size


def image(size: int) -> Fields:
    return {"x": {"S": "." * (size - 1)}}


@pytest.mark.parametrize(
    ("change", "units"),
    [
        ({"NewImage": image(1)}, 1),
        ({"NewImage": image(1024)}, 1),
        ({"NewImage": image(1025)}, 2),
        ({"OldImage": image(3000), "NewImage": image(10)}, 3),
        ({"OldImage": image(10), "NewImage": image(3000)}, 3),
        ({"OldImage": image(2048)}, 2),
        ({}, 1),
    ],
)
def test_a_write_consumes_a_unit_for_each_started_kb_of_the_larger_item(
    change: Fields, units: int
) -> None:
    assert write_units(change) == units


class Stream:
    """A stream as MiniStack answers, with one shard; its iterators can be made to expire."""

    def __init__(self, *records: Fields) -> None:
        """Take the records that are there already."""
        self.records = list(records)
        self.expired: set[str] = set()

    def describe_stream(self, **_: Any) -> Fields:
        return {"StreamDescription": {"Shards": [{"ShardId": "only"}]}}

    def get_shard_iterator(self, **asked: Any) -> Fields:
        numbers = [record["dynamodb"]["SequenceNumber"] for record in self.records]
        if asked["ShardIteratorType"] == "TRIM_HORIZON":
            return {"ShardIterator": "new 0"}
        return {"ShardIterator": f"new {numbers.index(asked['SequenceNumber']) + 1}"}

    def get_records(self, *, ShardIterator: str) -> Fields:  # noqa: N803 - as the API has it
        if ShardIterator in self.expired:
            error = {"Code": "ExpiredIteratorException", "Message": "too old"}
            raise ClientError({"Error": error}, "GetRecords")
        start = int(ShardIterator.split()[1])
        page = self.records[start : start + 2]
        return {"Records": page, "NextShardIterator": f"next {start + len(page)}"}


def units(writes: TableWrites) -> float:
    return sum(
        value * number
        for data in writes.read()
        for datum in data["AWS/DynamoDB"]
        for value, number in zip(datum["Values"], datum["Counts"], strict=True)
    )


@pytest.fixture
def records(client: Client, stack: Stack) -> list[Fields]:
    """Return the stream's records of three writes: of 1, 2 and 2 units."""
    dynamodb, streams = client("dynamodb"), client("dynamodbstreams")
    dynamodb.put_item(TableName=TABLE, Item={"id": {"S": "a"}})
    dynamodb.put_item(TableName=TABLE, Item={"id": {"S": "b"}, "x": {"S": "." * 1100}})
    dynamodb.delete_item(TableName=TABLE, Key={"id": {"S": "b"}})
    arn = stack["ShipmentLogsTableStreamArn"]
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    found: list[Fields] = streams.get_records(ShardIterator=iterator)["Records"]
    return found


def test_each_write_counts_once(records: list[Fields], client: Client, stack: Stack) -> None:
    assert len(records) == 3
    writes = TableWrites(client("dynamodbstreams"), stack["ShipmentLogsTableStreamArn"])
    assert (units(writes), units(writes)) == (5, 0)
    client("dynamodb").put_item(TableName=TABLE, Item={"id": {"S": "c"}})
    assert (units(writes), units(writes)) == (1, 0)


def test_writes_after_a_pause_that_outlives_the_iterator_count_once(
    records: list[Fields], stack: Stack
) -> None:
    stream = Stream(*records[:2])
    writes = TableWrites(stream, stack["ShipmentLogsTableStreamArn"])
    assert units(writes) == 3
    stream.expired = {"next 2"}
    stream.records = records
    assert (units(writes), units(writes)) == (2, 0)


def test_what_dynamodb_itself_deletes_consumes_nothing(records: list[Fields], stack: Stack) -> None:
    identity = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    stream = Stream(*records[:2], {**records[2], "userIdentity": identity})
    assert units(TableWrites(stream, stack["ShipmentLogsTableStreamArn"])) == 3


def test_writes_before_the_start_do_not_count(records: list[Fields], stack: Stack) -> None:
    written = records[0]["dynamodb"]["ApproximateCreationDateTime"].timestamp()
    arn = stack["ShipmentLogsTableStreamArn"]
    assert units(TableWrites(Stream(records[0]), arn, int(written) * 1000)) == 1
    assert units(TableWrites(Stream(records[0]), arn, int(written + 2) * 1000)) == 0


def test_another_error_is_not_taken_for_an_old_iterator(
    records: list[Fields], stack: Stack
) -> None:
    class Broken(Stream):
        def get_records(self, *, ShardIterator: str) -> Fields:  # noqa: N803 - as the API has it
            if self.expired:
                return super().get_records(ShardIterator=ShardIterator)
            self.expired = {"once"}
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetRecords")

    writes = TableWrites(Broken(*records), stack["ShipmentLogsTableStreamArn"])
    with pytest.raises(ClientError, match="AccessDenied"):
        units(writes)
    assert units(writes) == 5
