"""The shipment updates of the demo: two days of a few shipments, and what carriers get wrong."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

# shipment, carrier, and its updates as (hours ago, status as the carrier writes it, location)
JOURNEYS: list[tuple[str, str, list[tuple[float, str, str]]]] = [
    (
        "SHIP-20417",
        "FedEx",
        [
            (46.0, "Pre Transit", "Memphis, TN"),
            (41.5, "in_transit", "Memphis, TN"),
            (30.2, "in_transit", "Nashville, TN"),
            (20.7, "InTransit", "Louisville, KY"),
            (6.1, "out for delivery", "Cincinnati, OH"),
            (2.4, "Delivered", "Cincinnati, OH"),
        ],
    ),
    (
        "SHIP-20418",
        "UPS",
        [
            (44.0, "InfoReceived", "Louisville, KY"),
            (38.9, "InTransit", "Louisville, KY"),
            (26.3, "Delayed", "Indianapolis, IN"),
            (11.8, "InTransit", "Indianapolis, IN"),
            (1.9, "OutForDelivery", "Chicago, IL"),
        ],
    ),
    (
        "SHIP-20433",
        "DHL",
        [
            (40.0, "PRE_TRANSIT", "Leipzig, DE"),
            (31.5, "TRANSIT", "Leipzig, DE"),
            (22.0, "TRANSIT", "Köln, DE"),
            (12.6, "customs-cleared", "Cincinnati, OH"),
            (4.2, "damaged", "Columbus, OH"),
            (1.1, "return to sender", "Columbus, OH"),
        ],
    ),
    (
        "SHIP-20440",
        "OnTrac",
        [
            (28.0, "pre_transit", "Reno, NV"),
            (21.4, "in_transit", "Reno, NV"),
            (9.3, "in_transit", "Sacramento, CA"),
            (0.8, "exception", "Sacramento, CA"),
        ],
    ),
    (
        "SHIP-20452",
        "USPS",
        [
            (25.0, "pre_transit", "Denver, CO"),
            (19.0, "in_transit", "Denver, CO"),
            (7.7, "available_for_pickup", "Boulder, CO"),
        ],
    ),
    (
        "SHIP-20461",
        "FedEx",
        [
            (18.0, "in_transit", "Austin, TX"),
            (10.2, "in_transit", "Waco, TX"),
            (0.4, "LOST", "Dallas, TX"),
        ],
    ),
]


@dataclass(frozen=True)
class Step:
    """An update to send: its detail, what should become of it, and what is odd about it."""

    detail: dict[str, Any]
    outcome: str
    remark: str = ""
    critical: bool = False


def steps(now: datetime) -> list[Step]:
    """Return the demo's updates in the order in which they are sent.

    Each is stored, but for a redelivery (duplicate) and one that breaks the contract
    (rejected). One comes late: its shipment's latest status must not change by it.
    """
    told = sorted(
        (now - timedelta(hours=hours), shipment, carrier, status, location)
        for shipment, carrier, journey in JOURNEYS
        for hours, status, location in journey
    )
    story = [_step(*update) for update in told]
    late = story.pop(4)
    delayed = next(step for step in story if step.critical)
    broken = {**story[-3].detail, "shipmentId": "SHIP-20470", "eventTime": "yesterday at noon"}
    story.insert(16, replace(late, remark="out of order"))
    # Long after the first delivery: twins in flight in the same instant may both alert.
    story.insert(22, Step(delayed.detail, "duplicate", "delivered twice"))
    story.insert(24, Step(broken, "rejected", "invalid eventTime"))
    return story


def _step(happened: datetime, shipment: str, carrier: str, status: str, location: str) -> Step:
    moment = happened.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    detail = {
        "shipmentId": shipment,
        "status": status,
        "location": location,
        "carrier": carrier,
        "eventTime": moment,
        "updateId": f"{carrier.lower()}-{shipment}-{moment}",
    }
    critical = status.upper() in {"DELAYED", "LOST", "DAMAGED", "EXCEPTION"}
    return Step(detail, "stored", critical=critical)
