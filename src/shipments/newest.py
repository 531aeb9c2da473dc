"""Reads the latest update of each shipment: from the status table where there is one, or the log.

The status table has one item per shipment, so that far less is read.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from shipments.errors import code_of, explain, is_denied
from shipments.filled import lacking
from shipments.interrupt import Interrupt
from shipments.latest import ATTRIBUTES, Shipments
from shipments.output import Output, number
from shipments.rows import Row, plain
from shipments.scan import Scan
from shipments.stack import Stack
from shipments.status_stack import companion

# What an item of the status table has besides.
MORE = ("since", "updates")
INDEX = "status-index"


class Reading(NamedTuple):
    """What was read. source: where, for people; is_all: each shipment, whatever its status."""

    shipments: Shipments
    source: str = ""
    is_all: bool = True


def read(
    stack: Stack,
    words: Iterable[str],
    since: datetime | None,
    output: Output,
    interrupt: Interrupt,
) -> Reading:
    """Return the latest update of each shipment, or at least of those with one of these statuses.

    words: statuses as rows have them; none for all. since: only shipments with an update since
    then. If the status table may not be read or is not there, it says so and reads the log.
    """
    try:
        status = companion(stack)
        if status:
            _warn_of_gaps(stack, status, output)
            pages = _of_status(status, words, since, output, interrupt)
            return Reading(_newest(pages), " by the status table", is_all=not words)
    except ClientError as error:
        if not is_denied(error) and code_of(error) != "ResourceNotFoundException":
            raise
        output.say(f"The status table cannot be read, so the log is: {explain(error)}")
    return Reading(_newest(Scan(stack, ATTRIBUTES, since).pages(output, interrupt)))


def _warn_of_gaps(stack: Stack, status: Stack, output: Output) -> None:
    missing, looked_for = lacking(stack, status)
    if missing:
        output.say(
            f"Warning: {missing} of {number(looked_for, 'shipment')} looked for are not in the "
            "status table, and more may be missing: run shipments status rebuild"
        )


def _newest(pages: Iterable[list[Row]]) -> Shipments:
    shipments = Shipments()
    for page in pages:
        shipments.add(page)
    return shipments


def _of_status(
    status: Stack,
    words: Iterable[str],
    since: datetime | None,
    output: Output,
    interrupt: Interrupt,
) -> Iterator[list[Row]]:
    """Yield pages of the status table: of its index if only some statuses are wanted."""
    table = status["ShipmentStatusTableName"]
    for word in words:
        yield from _with_status(status.client("dynamodb"), table, word, since, interrupt)
    if not words:
        scan = Scan(status, (*ATTRIBUTES, *MORE), since, table=table)
        for page in scan.pages(output, interrupt):
            # What has no status waits for its mail and is not a shipment.
            yield [row for row in page if "status" in row]


def _with_status(
    dynamodb: Any, table: str, word: str, since: datetime | None, interrupt: Interrupt
) -> Iterator[list[Row]]:
    """Yield pages of the items with a status, until the end or until an interrupt."""
    first = round(since.timestamp() * 1000) if since else 0
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName=INDEX,
        KeyConditionExpression="#status = :status AND #timestamp >= :first",
        ExpressionAttributeNames={"#status": "status", "#timestamp": "timestamp"},
        ExpressionAttributeValues={":status": {"S": word}, ":first": {"N": str(first)}},
    )
    for page in pages:
        yield [plain(item) for item in page["Items"]]
        if interrupt.asked:
            return
