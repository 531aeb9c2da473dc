"""EasyPost: the Event that its webhooks send, about a Tracker.

Shape: https://docs.easypost.com/docs/trackers and https://docs.easypost.com/docs/events.

- An Event can come more than once, and a tracker repeats its whole history, whose entries have no
  id. So a detail has no updateId: the handler makes one of its content, which stays the same.
- The tracker's own status is one more update, at ``updated_at``, if no entry says the same: before
  the first scan, or if EasyPost concludes it by itself. Its updateId is the Event's id, which a
  retry of the webhook keeps.
- Times have a zone: the place's, or UTC if EasyPost does not know the place.
- An Event about something else, such as a batch, has no update.

This file can be put into another program as it is: it imports the standard library only.
"""

from typing import Any

# Steps of the ordinary way, and sub-statuses that only repeat their status.
ORDINARY = {
    "arrived_at_destination",
    "arrived_at_facility",
    "arrived_at_pickup_location",
    "departed_facility",
    "departed_origin_facility",
    "in_transit",
    "label_created",
    "out_for_delivery",
    "received_at_destination_facility",
    "received_at_origin_facility",
    "return",
    "status_update",
    "transferred_to_destination_carrier",
    "unknown",
}


def details(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the details of an Event; raise ValueError, which names the field, if it is none."""
    tracker = member(payload, "", "result", dict)
    if member(tracker, "result", "object", str) != "Tracker":
        return []
    shipment, carrier = member(tracker, "result", "tracking_code", str), place(tracker, "carrier")
    found = [
        filled(
            shipmentId=shipment,
            status=status(entry, path),
            location=place(entry.get("tracking_location"), "city", "state", "zip", "country"),
            carrier=carrier,
            eventTime=member(entry, path, "datetime", str),
        )
        for path, entry in entries(tracker, "result", "tracking_details")
    ]
    headline = status(tracker, "result")
    if headline not in {each["status"] for each in found}:
        time, event = member(tracker, "result", "updated_at", str), member(payload, "", "id", str)
        found.append(
            filled(
                shipmentId=shipment,
                status=headline,
                carrier=carrier,
                eventTime=time,
                updateId=event,
            )
        )
    return found


def status(fields: Any, path: str) -> str:
    """Return the status of a tracker or an entry, with its sub-status unless that is ordinary."""
    word: str = member(fields, path, "status", str)
    detail = member(fields, path, "status_detail", str, required=False)
    return f"{word}_{detail}" if detail and detail not in ORDINARY | {word} else word


KINDS: dict[Any, str] = {str: "a string", list: "a list", dict: "an object"}


def member(fields: Any, path: str, name: str, kind: type, *, required: bool = True) -> Any:
    """Return a field of the given type, or an empty one if it may be missing.

    Raises ValueError, which names the field, if it is missing, empty or of another type.
    """
    if not isinstance(fields, dict):
        raise ValueError(f"{path or 'payload'}: must be an object")  # noqa: TRY004 - one kind for all
    value = fields.get(name)
    if value in (None, "") and not required:
        return kind()
    if isinstance(value, kind) and value != "":
        return value
    raise ValueError(f"{path}.{name}: must be {KINDS[kind]}".lstrip("."))


def entries(fields: Any, path: str, name: str) -> list[tuple[str, Any]]:
    """Return the objects of a list that may be missing, each with its path; raise ValueError."""
    found = []
    for number, entry in enumerate(member(fields, path, name, list, required=False)):
        where = f"{path}.{name}[{number}]".lstrip(".")
        if not isinstance(entry, dict):
            raise ValueError(f"{where}: must be an object")  # noqa: TRY004 - one kind for all
        found.append((where, entry))
    return found


def place(fields: Any, *names: str) -> str:
    """Return the texts of what is only described, with commas between them; never refuse any."""
    parts = [fields.get(name) for name in names] if isinstance(fields, dict) else []
    return ", ".join(part.strip() for part in parts if isinstance(part, str) and part.strip())


def filled(**fields: Any) -> dict[str, Any]:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value not in (None, "")}
