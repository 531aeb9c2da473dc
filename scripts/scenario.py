"""The shipment updates of the demo: the last days of a few shipments, then 12 busy seconds.

Both include invalid updates, with the fix that an operator makes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

# shipment, carrier, and its updates as (hours ago, status as the carrier writes it, location)
JOURNEYS: list[tuple[str, str, list[tuple[float, str, Any]]]] = [
    (
        "SHIP-20398",
        "USPS",
        [
            (101.0, "pre_transit", "Omaha, NE"),
            (97.3, "in_transit", "Omaha, NE"),
        ],
    ),
    (
        "SHIP-20417",
        "UPS",
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
        "FedEx",
        [
            (44.0, "InfoReceived", "Louisville, KY"),
            (38.9, "InTransit", "Louisville, KY"),
            (26.3, "Delivery exception", "Indianapolis, IN"),
            (11.8, "InTransit", "Indianapolis, IN"),
            (1.9, "OutForDelivery", "Chicago, IL"),
        ],
    ),
    (
        "SHIP-20433",
        "DHL",
        [
            (40.0, "PRE_TRANSIT", "Leipzig, DE"),
            (31.5, "TRANSIT", {"city": "Leipzig", "countryCode": "DE"}),
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
            (0.8, "Shipment Delayed", "Sacramento, CA"),
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

# The shipments that nothing was heard of for more than three days.
STUCK = {"SHIP-20398"}

# carrier, and the updates of a shipment in the live part, as (status, location)
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
# The time from a shipment's update to its next one. The first ones are spread evenly.
LIVE_GAP_SECONDS = 1.8
# Shipments, by number, whose journey ends with a status of its own.
LIVE_ENDS = {12: "damaged", 20: "LOST_IN_TRANSIT", 27: "Exception_004"}
# A storm in the live part delays many shipments within a second.
STORM = [f"SHIP-{40001 + number}" for number in range(40)]
STORM_FROM_SECONDS, STORM_SECONDS = 7.5, 1.0
# The statuses above that must alert.
CRITICAL = {
    "Delivery exception",
    "Shipment Delayed",
    "Delayed",
    "damaged",
    "LOST",
    "LOST_IN_TRANSIT",
    "Exception_004",
}


@dataclass(frozen=True)
class Step:
    """An update to send: its detail, the outcome to expect, and what is unusual about it.

    due: seconds after the start of the live part; None for an update of the past, whose detail
    says when it happened. fix: FIELD=VALUE that makes a rejected update valid.
    """

    detail: dict[str, Any]
    outcome: str
    remark: str = ""
    due: float | None = None
    fix: str = ""

    @property
    def critical(self) -> bool:
        """Whether the update must alert, once it is stored."""
        return self.detail["status"] in CRITICAL

    def at(self, moment: datetime) -> "Step":
        """Return a live update with its time set to moment; an update of the past unchanged."""
        if self.due is None:
            return self
        return replace(self, detail={"eventTime": _iso(moment), **self.detail})


def past_steps(now: datetime) -> list[Step]:
    """Return the updates of the past in the order in which they are sent.

    One of them is delivered twice, one arrives late, and one breaks a rule.
    """
    steps = [
        _past_step(now - timedelta(hours=hours), shipment, carrier, status, location)
        for shipment, carrier, journey in JOURNEYS
        for hours, status, location in journey
    ]
    steps.sort(key=lambda step: str(step.detail["eventTime"]))
    late = steps.pop(6)
    redelivered = next(step for step in steps if step.critical)
    noon = (now - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
    lost = _past_step(noon, "SHIP-20470", "DHL", "LOST", "Leipzig, DE").detail
    broken = _broken(lost, {"eventTime": "yesterday"}, f"eventTime={noon:%Y-%m-%dT%H:%M:%SZ}")
    steps.insert(18, replace(late, remark="out of order"))
    # Long after the first delivery, because two deliveries at the same instant may both alert.
    steps.insert(24, Step(redelivered.detail, "duplicate", "delivered twice"))
    steps.insert(26, broken)
    return steps


def live_steps(now: datetime) -> list[Step]:
    """Return the updates of the live part in the order of their due times."""
    seconds = round(now.timestamp())
    # shipment number -> an additional update: its invalid fields, and the fix
    broken: dict[int, tuple[dict[str, Any], str]] = {
        8: ({"status": ""}, "status=IN_TRANSIT"),
        17: ({"eventTime": seconds}, f"eventTime={seconds}000"),
        33: ({"status": None}, "status=IN_TRANSIT"),
    }
    steps = []
    last = LIVE_SECONDS - 2 * LIVE_GAP_SECONDS
    for number in range(LIVE_SHIPMENTS):
        carrier, journey = LIVE_JOURNEYS[number % len(LIVE_JOURNEYS)]
        start = last * number / (LIVE_SHIPMENTS - 1)
        ends = [(LIVE_ENDS[number], journey[-1][1])] if number in LIVE_ENDS else []
        delivered = [("Delivered", journey[-1][1])] if number % 3 == 0 and not ends else []
        for at, (status, location) in enumerate([*journey, *ends, *delivered]):
            detail = _detail(f"SHIP-{30001 + number}", carrier, status, location, f"{at + 1}")
            steps.append(Step(detail, "stored", due=start + at * LIVE_GAP_SECONDS))
        if number in broken:
            step = _broken(steps[-1].detail, *broken[number])
            steps.append(replace(step, due=start + LIVE_GAP_SECONDS))
    return sorted([*steps, *_storm()], key=lambda step: step.due or 0)


def _storm() -> Iterator[Step]:
    for number, shipment in enumerate(STORM):
        due = STORM_FROM_SECONDS + STORM_SECONDS * number / len(STORM)
        yield Step(_detail(shipment, "UPS", "Delayed", "Louisville, KY", "1"), "stored", due=due)


def _past_step(happened: datetime, shipment: str, carrier: str, status: str, location: Any) -> Step:
    detail = _detail(shipment, carrier, status, location, _iso(happened))
    return Step({**detail, "eventTime": _iso(happened)}, "stored")


def _broken(detail: dict[str, Any], wrong: dict[str, Any], fix: str) -> Step:
    """Return another update like detail, but with invalid fields and the fix for them."""
    field = next(iter(wrong))
    changed = {**detail, "updateId": f"{detail['updateId']}-b", **wrong}
    return Step(changed, "rejected", f"invalid {field}", fix=fix)


def _detail(shipment: str, carrier: str, status: str, location: Any, number: str) -> dict[str, Any]:
    return {
        "shipmentId": shipment,
        "status": status,
        "location": location,
        "carrier": carrier,
        "updateId": f"{carrier.lower()}-{shipment}-{number}",
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")
