"""The updates of a soak, all of them made from one seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from shipments.events import DETAIL_TYPE, SOURCE

Fields = dict[str, Any]

START = datetime(2026, 1, 15, 6, tzinfo=timezone.utc)
UPDATES_A_SHIPMENT = 10
DUPLICATED, INVALID, CRITICAL, SAME_MILLISECOND = 0.05, 0.01, 0.08, 0.1
# Of the duplicates: delivered in the same instant; the others come so many updates later.
TWINS = 0.4
APART = 40
ORDINARY_STATUSES = ("PRE_TRANSIT", "in_transit", "OutForDelivery", "Delivered", "held at customs")
CRITICAL_STATUSES = ("DELAYED", "lost", "Shipment damaged", "Delivery exception")
# What breaks the contract, and leaves the shipment's id readable.
INVALID_FIELDS: tuple[Fields, ...] = (
    {"status": None},
    {"status": ["LOST"]},
    {"eventTime": "2026-01-15T12:00:00"},
    {"eventTime": 1_768_478_400},  # seconds
    {"updateId": 7},
)


@dataclass(frozen=True)
class Update:
    """An update: its event, and what is to come of it. name: in the event and in all its calls."""

    name: str
    envelope: Fields
    valid: bool
    critical: bool
    event_ms: int
    twin: bool
    again: bool


class Load:
    """So many updates, of a tenth as many shipments."""

    def __init__(self, seed: int, count: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - the same for everybody
        self.shipments = max(1, count // UPDATES_A_SHIPMENT)
        self._last_ms: dict[str, int] = {}
        self.updates = [self._update(number) for number in range(count)]

    def deliveries(self) -> Iterator[Update]:
        """Yield the updates in the order of their deliveries; what comes again comes later."""
        places = [(number + 0.0, update) for number, update in enumerate(self.updates)]
        places += [
            (number + self._random.uniform(APART, 2 * APART), update)
            for number, update in enumerate(self.updates)
            if update.again
        ]
        yield from (update for _, update in sorted(places, key=lambda place: place[0]))

    def _update(self, number: int) -> Update:
        name = f"soak-{number:06d}"
        draw = self._random.random
        valid, critical, duplicated = draw() >= INVALID, draw() < CRITICAL, draw() < DUPLICATED
        twin = duplicated and draw() < TWINS
        # An invalid one is of a shipment of its own: only its name is reported.
        shipment = f"SOAK-{self._random.randrange(self.shipments):05d}" if valid else name
        event_ms = self._event_ms(number, shipment)
        words = CRITICAL_STATUSES if critical else ORDINARY_STATUSES
        detail = {
            "shipmentId": shipment,
            "status": self._random.choice(words),
            "location": name,
            "carrier": self._random.choice(("FedEx", {"name": "DHL"}, None)),
            "eventTime": event_ms,
        }
        if not valid:
            detail |= self._random.choice(INVALID_FIELDS)
        envelope = {
            "version": "0",
            "id": name,
            "detail-type": DETAIL_TYPE,
            "source": SOURCE,
            "account": "000000000000",
            "time": (START + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": "us-east-1",
            "resources": [],
            "detail": detail,
        }
        again = duplicated and not twin
        return Update(name, envelope, valid, valid and critical, event_ms, twin, again)

    def _event_ms(self, number: int, shipment: str) -> int:
        """Return an event time, now and then the one that the shipment's last update had."""
        fresh = int(START.timestamp() + number) * 1000 + self._random.randrange(1000)
        if shipment in self._last_ms and self._random.random() < SAME_MILLISECOND:
            return self._last_ms[shipment]
        self._last_ms[shipment] = fresh
        return fresh
