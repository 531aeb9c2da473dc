"""Shippo: the webhook ``track_updated``.

Shape: https://docs.goshippo.com/docs/tracking/webhooks, and WebhookPayloadTrack of
https://github.com/goshippo/shippo-python-sdk.

- It repeats the whole history. ``tracking_status`` is the newest event, which is in the history,
  too, or is added to it. Nothing says that the ids of its events stay the same from webhook to
  webhook, so a detail has no updateId: the handler makes one of the detail's content.
- ``status_date`` is in UTC. An event without it, such as the UNKNOWN before the first scan, has
  happened when Shippo made it (``object_created``).
- A webhook about something else, such as ``transaction_created``, has no update.

This file can be put into another program as it is: it imports the standard library only.
"""

from typing import Any

# Steps of the ordinary way, and sub-statuses that only repeat their status.
ORDINARY = {
    "delivered",
    "delivery_scheduled",
    "information_received",
    "other",
    "package_accepted",
    "package_arrived",
    "package_departed",
    "package_processed",
    "package_processing",
    "return_to_sender",
}


def details(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the details of a webhook; raise ValueError, which names the field, if it is none."""
    if member(payload, "", "event", str) != "track_updated":
        return []
    data = member(payload, "", "data", dict)
    events = entries(data, "data", "tracking_history")
    if data.get("tracking_status") is not None:
        events.append(("data.tracking_status", member(data, "data", "tracking_status", dict)))
    found: list[dict[str, Any]] = []
    for path, event in events:
        dated = "status_date" if event.get("status_date") is not None else "object_created"
        each = filled(
            shipmentId=member(data, "data", "tracking_number", str),
            status=status(event, path),
            location=place(event.get("location"), "city", "state", "zip", "country"),
            carrier=place(data, "carrier"),
            eventTime=member(event, path, dated, str),
        )
        if each not in found:
            found.append(each)
    return found


def status(event: Any, path: str) -> str:
    """Return the status of an event, with its sub-status unless that is ordinary."""
    word: str = member(event, path, "status", str)
    substatus = member(event, path, "substatus", dict, required=False)
    code = member(substatus, f"{path}.substatus", "code", str, required=False)
    return f"{word}_{code}" if code and code not in ORDINARY else word


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
