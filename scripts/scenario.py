"""The shipment updates of the demo: two days of a few shipments, then a busy quarter of a minute.

Among both is what carriers get wrong.
"""

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


# carrier, and a shipment's updates while one watches, as (status, location)
LIVE_JOURNEYS: list[tuple[str, list[tuple[str, str]]]] = [
    ("FedEx", [("in_transit", "Memphis, TN"), ("out for delivery", "Memphis, TN")]),
    ("UPS", [("InTransit", "Louisville, KY"), ("OutForDelivery", "Lexington, KY")]),
    ("DHL", [("TRANSIT", "Leipzig, DE"), ("customs-cleared", "Köln, DE")]),
    ("USPS", [("pre_transit", "Denver, CO"), ("available_for_pickup", "Boulder, CO")]),
    ("OnTrac", [("in_transit", "Reno, NV"), ("Delayed", "Sacramento, CA")]),
    ("FedEx", [("in_transit", "Austin, TX"), ("attempt fail", "Waco, TX")]),
    ("UPS", [("InfoReceived", "Chicago, IL"), ("InTransit", "Gary, IN")]),
]
LIVE_SHIPMENTS = 45
LIVE_SECONDS = 12.0
# From a shipment's update to its next one; the first are sent evenly over what is left.
LIVE_GAP_SECONDS = 1.8
# Of a shipment by its number: how its journey ends otherwise.
LIVE_ENDS = {12: "damaged", 20: "LOST", 27: "exception"}
# Of a shipment by its number: what breaks the contract in a further update, and what that is.
LIVE_BROKEN: dict[int, tuple[dict[str, Any], str]] = {
    8: ({"status": ""}, "no status"),
    17: ({"eventTime": "31/12/2026 08:15"}, "invalid eventTime"),
    18: ({"carrier": 4711}, "invalid carrier"),
    33: ({"status": None}, "no status"),
}


@dataclass(frozen=True)
class Step:
    """An update to send: its detail, what should become of it, and what is odd about it.

    due: the seconds into the live part at which it happens; None for one of the past, whose
    detail says when it happened.
    """

    detail: dict[str, Any]
    outcome: str
    remark: str = ""
    critical: bool = False
    due: float | None = None

    def happening(self, moment: datetime) -> "Step":
        """Return a live update as it happens at a moment; one of the past as it is."""
        if self.due is None:
            return self
        written = moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")
        return replace(self, detail={"eventTime": written, **self.detail})


def steps(now: datetime) -> list[Step]:
    """Return the updates of the past in the order in which they are sent.

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


def live_steps() -> list[Step]:
    """Return the updates that happen while one watches, in the order of their due times."""
    story = []
    last = LIVE_SECONDS - 2 * LIVE_GAP_SECONDS
    for number in range(LIVE_SHIPMENTS):
        carrier, journey = LIVE_JOURNEYS[number % len(LIVE_JOURNEYS)]
        start = last * number / (LIVE_SHIPMENTS - 1)
        ends = [(LIVE_ENDS[number], journey[-1][1])] if number in LIVE_ENDS else []
        delivered = [("Delivered", journey[-1][1])] if number % 3 == 0 and not ends else []
        for at, (status, location) in enumerate([*journey, *ends, *delivered]):
            detail = _detail(f"SHIP-{30001 + number}", carrier, status, location, f"{at + 1}")
            due = start + at * LIVE_GAP_SECONDS
            story.append(Step(detail, "stored", critical=_is_critical(status), due=due))
        if number in LIVE_BROKEN:
            broken, remark = LIVE_BROKEN[number]
            detail = {**story[-1].detail, "updateId": f"{story[-1].detail['updateId']}-b", **broken}
            story.append(Step(detail, "rejected", remark, due=start + LIVE_GAP_SECONDS))
    return sorted(story, key=lambda step: step.due or 0)


def _step(happened: datetime, shipment: str, carrier: str, status: str, location: str) -> Step:
    moment = happened.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    detail = _detail(shipment, carrier, status, location, moment) | {"eventTime": moment}
    return Step(detail, "stored", critical=_is_critical(status))


def _detail(shipment: str, carrier: str, status: str, location: str, number: str) -> dict[str, Any]:
    return {
        "shipmentId": shipment,
        "status": status,
        "location": location,
        "carrier": carrier,
        "updateId": f"{carrier.lower()}-{shipment}-{number}",
    }


def _is_critical(status: str) -> bool:
    return status.upper() in {"DELAYED", "LOST", "DAMAGED", "EXCEPTION"}
