"""The history of a shipment, as its rows have it."""

from shipments.rows import Row, plain
from shipments.stack import Stack


class History:
    """A shipment's rows in the order of their event times."""

    def __init__(self, stack: Stack, shipment: str) -> None:
        self._query = stack.client("dynamodb").get_paginator("query")
        self._table = stack["ShipmentLogsTableName"]
        self._shipment = shipment
        self._known: set[int] = set()

    def rows(self, last: int | None = None) -> list[Row]:
        """Return all rows, or the last few; timestamp is a number, the rest as it is stored."""
        pages = self._query.paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="shipmentId = :id",
            ExpressionAttributeValues={":id": {"S": self._shipment}},
            ScanIndexForward=last is None,
            PaginationConfig={"MaxItems": last},
        )
        found = [plain(item) for page in pages for item in page["Items"]]
        self._known.update(row["timestamp"] for row in found)
        return found if last is None else found[::-1]

    def news(self) -> list[Row]:
        """Return the rows that no earlier call has returned, late ones among them."""
        known = set(self._known)
        return [row for row in self.rows() if row["timestamp"] not in known]
