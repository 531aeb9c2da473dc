"""What the status stack puts on the failed-updates queue: what it could not do, no updates."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from shipments import rules
from shipments.output import iso

# What the name of its function begins with, in an ARN.
FUNCTION = ":function:shipment-status-"
# A row reaches the stream after it was stored, by other clocks than the function's.
MARGIN = timedelta(seconds=60)


class Refresh(NamedTuple):
    """A shipment whose current status is to be worked out anew.

    since: mail also of what was stored since then, ISO 8601; None: of the newest row only.
    """

    shipment: str
    since: str | None

    @property
    def does(self) -> str:
        """What a redrive does."""
        return "refresh the shipment"


class Batch(NamedTuple):
    """Rows of the table's stream, of which only the times are known.

    since, until: between which they were stored, as rows have it (ISO 8601, UTC, milliseconds).
    """

    since: str
    until: str
    shipment: str = ""

    @property
    def does(self) -> str:
        """What a redrive does."""
        return f"refresh the shipments with a row stored from {self.since} to {self.until}"


class Request(NamedTuple):
    """What the function was asked to do. shipment: of a rejected update."""

    payload: Any
    shipment: str = ""

    @property
    def does(self) -> str:
        """What a redrive does."""
        return "invoke the status function with the same request"


Task = Refresh | Batch | Request


def task_of(body: Mapping[str, Any]) -> Task | None:
    """Return what a message of the queue asks for, or None if the status stack wrote none of it."""
    if body.keys() == {"reason", "refresh"}:
        return _refresh(body["refresh"])
    if "DDBStreamBatchInfo" in body:
        return _batch(body["DDBStreamBatchInfo"])
    arn = _member(body.get("requestContext"), "functionArn")
    if "requestPayload" in body and FUNCTION in str(arn):
        return Request(body["requestPayload"], _shipment(body["requestPayload"]))
    return None


def _refresh(asked: Any) -> Task | None:
    shipment, since = _member(asked, "shipmentId"), _member(asked, "since")
    is_known = shipment and isinstance(shipment, str) and isinstance(since, str | None)
    return Refresh(shipment, since) if is_known else None


def _batch(info: Any) -> Task | None:
    names = ("approximateArrivalOfFirstRecord", "approximateArrivalOfLastRecord")
    try:
        first, last = (
            datetime.fromtimestamp(rules.epoch_ms(_member(info, name)) / 1000, timezone.utc)
            for name in names
        )
        return Batch(iso(first - MARGIN), iso(last + MARGIN))
    except (ValueError, OverflowError, OSError):
        return None


def _shipment(payload: Any) -> str:
    """Return the shipment of the alert in an SNS event, or nothing."""
    records = _member(payload, "Records")
    alert = _member(records[0] if records and isinstance(records, list) else None, "Sns")
    attribute = _member(_member(alert, "MessageAttributes"), "shipmentId")
    found = _member(attribute, "Value")
    return found if isinstance(found, str) else ""


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
