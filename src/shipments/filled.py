"""Looks whether the status table has the shipments of the log, by some of them.

The stream has only the rows of the last day: until a rebuild the table lacks what came before.
"""

from datetime import datetime, timedelta, timezone

from shipments.batch import answers
from shipments.output import iso
from shipments.rows import plain
from shipments.stack import Stack

ROWS = 100  # BatchGetItem takes so many keys
# Rows that are older are in the status table, or never will be by themselves.
SETTLED = timedelta(hours=1)


def lacking(stack: Stack, companion: Stack) -> tuple[int, int]:
    """Return how many shipments the status table lacks, and how many were looked for.

    companion: the status stack. They are those of some rows of the log, 100 at most.
    """
    dynamodb = stack.client("dynamodb")
    rows = dynamodb.scan(
        TableName=stack["ShipmentLogsTableName"],
        Limit=ROWS,
        ProjectionExpression="shipmentId, processedAt",
    )["Items"]
    before = iso(datetime.now(timezone.utc) - SETTLED)
    ids = {row["shipmentId"] for row in map(plain, rows) if row.get("processedAt", "") < before}
    if not ids:
        return 0, 0
    table = companion["ShipmentStatusTableName"]
    keys = [{"shipmentId": {"S": each}} for each in ids]
    request = {table: {"Keys": keys, "ProjectionExpression": "shipmentId"}}
    found = sum(
        len(answer["Responses"].get(table, ()))
        for answer in answers(dynamodb.batch_get_item, "UnprocessedKeys", request)
    )
    return len(ids) - found, len(ids)
