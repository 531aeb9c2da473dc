"""AfterShip: the webhook ``tracking_update``, in the shape of the versions since 2024.

Shape: https://www.aftership.com/docs/tracking/2025-01/webhook/webhook-specifications and
https://www.aftership.com/docs/tracking/model/checkpoint; sub-statuses:
https://www.aftership.com/docs/tracking/enum/delivery-sub-statuses; ``hash``:
https://www.aftership.com/docs/tracking/2026-07/webhook/webhook-changelog.

- It repeats the whole history. The versions since 2026-07 give each checkpoint a ``hash`` to
  recognise it by, which is its updateId. Before, there is none: the handler makes one.
- The tracking's own ``tag`` is one more update, at ``updated_at``, if no checkpoint says the same:
  AfterShip sets ``Pending`` and ``Expired`` by itself. Its updateId is the webhook's ``event_id``.
- A sub-status is a code such as ``Exception_013``; its message, ``Shipment lost``, says what it is.
- ``checkpoint_time`` is the carrier's, and may lack a zone or a time of day (Checkpoint.java of
  https://github.com/AfterShip/aftership-sdk-java). A zone cannot be guessed: then the checkpoint
  has happened when AfterShip got it (``created_at``, in UTC), and ``carrierTime`` has what the
  carrier sent.
- A webhook about something else, such as ``edd_revise``, has no update.
"""

import re
from typing import Any

from shipments.carriers.reading import entries, filled, member, place, worded

# Codes of steps of the ordinary way, and those that only repeat their tag.
ORDINARY = {
    "AttemptFail_001",
    "AvailableForPickup_001",
    "Delivered_001",
    "Delivered_002",
    "Delivered_003",
    "Delivered_004",
    "Delivered_005",
    "Exception_001",
    "Expired_001",
    "InfoReceived_001",
    "InTransit_001",
    "InTransit_002",
    "InTransit_003",
    "InTransit_004",
    "InTransit_005",
    "InTransit_006",
    "InTransit_007",
    "OutForDelivery_001",
    "Pending_001",
}
PLACE = ("city", "state", "postal_code", "zip", "country_region", "country_iso3")
ZONED = re.compile(r".*\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)", re.ASCII | re.DOTALL)


def details(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the details of a webhook; raise ValueError, which names the field, if it is none."""
    if member(payload, "", "event", str) != "tracking_update":
        return []
    tracking = member(payload, "", "msg", dict)
    shipment, slug = member(tracking, "msg", "tracking_number", str), place(tracking, "slug")
    found = [
        filled(
            shipmentId=shipment,
            status=status(checkpoint, path),
            location=place(checkpoint, *PLACE) or place(checkpoint, "location"),
            carrier=place(checkpoint, "slug") or slug,
            **times(checkpoint, path),
            updateId=member(checkpoint, path, "hash", str, required=False),
        )
        for path, checkpoint in entries(tracking, "msg", "checkpoints")
    ]
    headline = status(tracking, "msg")
    if headline not in {each["status"] for each in found}:
        update = filled(
            shipmentId=shipment,
            status=headline,
            carrier=slug,
            eventTime=member(tracking, "msg", "updated_at", str),
            updateId=member(payload, "", "event_id", str),
        )
        found.append(update)
    return found


def status(fields: Any, path: str) -> str:
    """Return a tag, with the message of its sub-status unless that is ordinary."""
    tag: str = member(fields, path, "tag", str)
    subtag = member(fields, path, "subtag", str, required=False)
    if not subtag or subtag in ORDINARY:
        return tag
    message = member(fields, path, "subtag_message", str, required=False)
    return worded(tag, message) if message else subtag


def times(checkpoint: Any, path: str) -> dict[str, str]:
    """Return the eventTime of a checkpoint, and carrierTime if that is another."""
    time = member(checkpoint, path, "checkpoint_time", str)
    if ZONED.fullmatch(time):
        return {"eventTime": time}
    return {"eventTime": member(checkpoint, path, "created_at", str), "carrierTime": time}
