"""Shipment updates as EventBridge hands them over, to change in a test's one respect."""

from typing import Any

from shipments.events import DETAIL_TYPE, SOURCE

# Leaves a field out.
ABSENT: Any = object()

EVENT_ID = "8d3cbb7e-6b8f-4d5e-9f57-0f4f7c2f9a11"
TIME = "2026-01-15T12:00:00Z"
TIME_MS = 1_768_478_400_000

Fields = dict[str, Any]


def update(**fields: Any) -> Fields:
    """Return an envelope with an ordinary update, fields of its detail replaced or ABSENT."""
    detail = {
        "shipmentId": "SHIP-12345",
        "status": "IN_TRANSIT",
        "location": "Memphis, TN",
        "carrier": "FedEx",
    }
    return envelope(_replaced(detail, fields))


def critical(**fields: Any) -> Fields:
    """Return an envelope with a critical update, fields of its detail replaced or ABSENT."""
    return update(**{"status": "DELAYED", **fields})


def envelope(detail: Any, **fields: Any) -> Fields:
    """Return an envelope around a detail, fields of its own replaced or ABSENT."""
    around = {
        "version": "0",
        "id": EVENT_ID,
        "detail-type": DETAIL_TYPE,
        "source": SOURCE,
        "account": "123456789012",
        "time": TIME,
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }
    return _replaced(around, fields)


def _replaced(fields: Fields, changes: Fields) -> Fields:
    return {name: value for name, value in {**fields, **changes}.items() if value is not ABSENT}
