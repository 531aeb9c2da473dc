"""Reads the whole table: segments in parallel, page by page."""

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from typing import Any

from shipments.cost.data import prices
from shipments.interrupt import Interrupt
from shipments.output import Output, number
from shipments.rows import Item, Row, plain
from shipments.stack import CALLS_AT_ONCE, Stack

# What is read is announced from this size on: by then it takes seconds.
LARGE_BYTES = 100_000_000
# A read unit is 4 KB; eventually consistent reads, as these are, take half of one.
BYTES_PER_UNIT = 2 * 4096


class Scan:
    """The rows of the table, in no order.

    attributes: those to return, all if there are none. since, until: bounds of the event time,
    the first inclusive, the second exclusive; stored: of processedAt, both inclusive. None of them
    changes what is read and paid. table: another one than the stack's.
    """

    def __init__(  # noqa: PLR0913 - a bound each
        self,
        stack: Stack,
        attributes: Sequence[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        stored: tuple[str, str] | None = None,
        table: str = "",
    ) -> None:
        self._dynamodb = stack.client("dynamodb")
        table = table or stack["ShipmentLogsTableName"]
        self._request = _request(table, attributes, since, until, stored)

    def pages(self, output: Output, interrupt: Interrupt) -> Iterator[list[Row]]:
        """Yield the rows of a page at a time, as items does."""
        for items in self.items(output, interrupt):
            yield [plain(item) for item in items]

    def items(self, output: Output, interrupt: Interrupt) -> Iterator[list[Item]]:
        """Yield the rows of a page as DynamoDB has them, until the end or until an interrupt.

        Says first what it reads, if that is much, and shows its progress.
        """
        table = self._dynamodb.describe_table(TableName=self._request["TableName"])["Table"]
        rows = table["ItemCount"]
        if table["TableSizeBytes"] >= LARGE_BYTES:
            output.say(estimate(rows, table["TableSizeBytes"]))
        with output.progress("Reading the table", rows) as advance:
            for answer in self._answers(interrupt):
                advance(answer["ScannedCount"])
                yield answer["Items"]

    def _answers(self, interrupt: Interrupt) -> Iterator[dict[str, Any]]:
        """Yield DynamoDB's answers; at most one of each segment is waiting to be taken."""
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            running: dict[Future[dict[str, Any]], int] = {
                pool.submit(self._scan, segment): segment for segment in range(CALLS_AT_ONCE)
            }
            while running and not interrupt.asked:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    segment, answer = running.pop(future), future.result()
                    if start := answer.get("LastEvaluatedKey"):
                        more = pool.submit(self._scan, segment, ExclusiveStartKey=start)
                        running[more] = segment
                    yield answer

    def _scan(self, segment: int, **start: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._dynamodb.scan(
            **self._request, **start, Segment=segment, TotalSegments=CALLS_AT_ONCE
        )
        return answer


def estimate(rows: int, size_bytes: int) -> str:
    """Return what it takes to read a table, which DynamoDB has measured within six hours."""
    units = size_bytes / BYTES_PER_UNIT
    dollars = prices()["read unit"].dollars(units)
    return (
        f"The table has about {number(rows, 'row')} with {size_bytes / 1e6:,.0f} MB. To read it "
        f"takes about {units:,.0f} read units: ${dollars:,.2f} on demand in us-east-1. "
        "Ctrl-C ends it."
    )


def _request(
    table: str,
    attributes: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    stored: tuple[str, str] | None,
) -> dict[str, Any]:
    """Return the parameters of a Scan. Names have aliases: some are reserved words."""
    request: dict[str, Any] = {"TableName": table}
    aliases = {f"#{name}": name for name in attributes}
    if attributes:
        request["ProjectionExpression"] = ", ".join(aliases)
    bounds = {
        f"#timestamp {comparison} :{name}": {f":{name}": {"N": str(round(at.timestamp() * 1000))}}
        for name, comparison, at in (("since", ">=", since), ("until", "<", until))
        if at
    }
    if bounds:
        aliases["#timestamp"] = "timestamp"
    if stored:
        names = {":first": {"S": stored[0]}, ":last": {"S": stored[1]}}
        bounds["processedAt BETWEEN :first AND :last"] = names
    if bounds:
        request["FilterExpression"] = " AND ".join(bounds)
        request["ExpressionAttributeValues"] = {
            name: value for values in bounds.values() for name, value in values.items()
        }
    if aliases:
        request["ExpressionAttributeNames"] = aliases
    return request
