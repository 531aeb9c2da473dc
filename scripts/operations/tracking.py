"""The history of a shipment, as its rows tell it."""

from collections.abc import Mapping
from typing import Any

from scripts.operations.deployed import Deployed

Row = dict[str, Any]


class History:
    """A shipment's rows in the order of their event times."""

    def __init__(self, deployed: Deployed, shipment: str) -> None:
        """Take the stack and the shipment's id."""
        self._query = deployed.client("dynamodb").get_paginator("query")
        self._table = deployed["ShipmentLogsTableName"]
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
        found = [_row(item) for page in pages for item in page["Items"]]
        self._known.update(row["timestamp"] for row in found)
        return found if last is None else found[::-1]

    def news(self) -> list[Row]:
        """Return the rows that no earlier call has returned, late ones among them."""
        known = set(self._known)
        return [row for row in self.rows() if row["timestamp"] not in known]


def _row(item: Mapping[str, Mapping[str, Any]]) -> Row:
    """Return a row without DynamoDB's types, its numbers as numbers."""
    row: Row = {}
    for name, typed in item.items():
        ((kind, value),) = typed.items()
        row[name] = int(value) if kind == "N" else value
    return row
