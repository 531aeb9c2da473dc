"""Copies rows of a restored table into the stack's table, and overwrites nothing by itself."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from shipments.batch import answers
from shipments.errors import CommandError, code_of
from shipments.interrupt import Interrupt
from shipments.output import Output
from shipments.rows import Item
from shipments.scan import Scan
from shipments.stack import CALLS_AT_ONCE, Stack

# BatchGetItem takes so many.
ROWS_PER_CALL = 100
KEY = ("shipmentId", "timestamp")
# When the function did something. A row that was stored again meanwhile has other times, and a row
# that was alerted meanwhile has one more.
TIMES = {"processedAt", "alertedAt", "rawEventKeptAt", "expiresAt"}


class Compared(NamedTuple):
    """A row of the restored table, and what the stack's table had of it before: None if nothing."""

    restored: Item
    existing: Item | None

    @property
    def differences(self) -> list[str]:
        """The attributes that the stack's row lacks, or has otherwise."""
        existing = self.existing or {}
        return sorted(
            name
            for name, value in self.restored.items()
            if existing.get(name) != value and not (name in TIMES and name in existing)
        )


class Restorer:
    """A restored table, beside the table of a stack."""

    def __init__(self, stack: Stack, table: str) -> None:
        """Raise CommandError if the table is not a restored one, or not ready."""
        self._dynamodb = stack.client("dynamodb")
        self._table = stack["ShipmentLogsTableName"]
        self._restored = Scan(stack, table=table)
        if table == self._table:
            raise CommandError(f"TABLE: {table} is the stack's own table: pass the restored one")
        try:
            found = self._dynamodb.describe_table(TableName=table)["Table"]
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            raise CommandError(
                f"TABLE: there is no table {table}: pass another; see: aws dynamodb list-tables"
            ) from None
        if found["TableStatus"] != "ACTIVE":
            raise CommandError(
                f"TABLE: {table} is {found['TableStatus']}: wait until it is ACTIVE: "
                f"aws dynamodb wait table-exists --table-name {table}"
            )
        if [key["AttributeName"] for key in found["KeySchema"]] != list(KEY):
            raise CommandError(f"TABLE: {table} has no rows of shipments: pass the restored table")

    def copy(
        self, output: Output, interrupt: Interrupt, *, dry_run: bool
    ) -> Iterator[list[Compared]]:
        """Copy the missing rows, if it is not a dry run; yield some compared rows at a time."""
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            for items in self._restored.items(output, interrupt):
                parts = (
                    items[start : start + ROWS_PER_CALL]
                    for start in range(0, len(items), ROWS_PER_CALL)
                )
                yield from pool.map(lambda part: self._copy(part, dry_run=dry_run), parts)

    def replace(self, row: Item) -> None:
        """Put a row in the place of the one that is there."""
        self._dynamodb.put_item(TableName=self._table, Item=row)

    def _copy(self, rows: Sequence[Item], *, dry_run: bool) -> list[Compared]:
        existing = self._existing(rows)
        return [
            Compared(row, existing.get(_key(row)) or (None if dry_run else self._put(row)))
            for row in rows
        ]

    def _existing(self, rows: Sequence[Item]) -> dict[tuple[str, ...], Item]:
        """Return what the stack's table has in the places of rows, by key."""
        keys = [{name: row[name] for name in KEY} for row in rows]
        requests = {self._table: {"Keys": keys, "ConsistentRead": True}}
        return {
            _key(row): row
            for answer in answers(self._dynamodb.batch_get_item, "UnprocessedKeys", requests)
            for row in answer["Responses"][self._table]
        }

    def _put(self, row: Item) -> Item | None:
        """Put a row if its place is free; return the one that came there meanwhile, if one did."""
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item=row,
                ConditionExpression="attribute_not_exists(shipmentId)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            came: Any = error.response
            existing: Item = came["Item"]
            return existing
        return None


def _key(row: Item) -> tuple[str, ...]:
    return tuple(next(iter(row[name].values())) for name in KEY)
