"""Items of the status table as they wait for a mail, and what the rules ask the handler for."""

from typing import Any

from tests.account import Fields
from tests.unit.handler.updates import TIME_MS
from tests.unit.status.account import StatusAccount, entry, iso
from tests.unit.status.conftest import NOW_MS

MAIL, STUCK = {"do": "mail"}, {"do": "stuck"}
DAY_MS = 86_400_000
# SNS's limit of a message, its attributes among it.
LIMIT_BYTES = 262_144
WIDEST = "\U0001f69a"  # four bytes, and no blank


def due(shipment: str, *unheard: str, **fields: str) -> Fields:
    """Return an item that waits for its mail."""
    return {
        "shipmentId": shipment,
        "status": "LOST",
        "location": "Oslo",
        "carrier": "UPS",
        "timestamp": TIME_MS,
        "dueAt": iso(TIME_MS),
        "unheard": list(unheard or [entry("LOST")]),
        **fields,
    }


def silent(shipment: str, days: float = 4, **fields: str | int) -> Fields:
    """Return the item of a shipment that had no update for so many days."""
    return {
        "shipmentId": shipment,
        "status": "IN_TRANSIT",
        "location": "Oslo",
        "carrier": "UPS",
        "timestamp": NOW_MS - round(days * DAY_MS),
        "eventTime": iso(NOW_MS - round(days * DAY_MS)),
        **fields,
    }


def rejected(account: StatusAccount, event: Any, number: int = 0) -> Fields:
    """Have the other handler reject an update; return what SNS sends of it to a function."""
    assert account.deliver(event).refusal
    (alert,) = account.alerts()
    message = {
        "Type": "Notification",
        "MessageId": f"5a9bf1c0-{number}",
        "Subject": alert.subject,
        "Message": alert.body,
    }
    return {"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": message}


def waiting(account: StatusAccount) -> list[str]:
    """Return the keys of the items that wait for their mail."""
    return sorted(key for key, item in account.items().items() if "dueAt" in item)


def size(account: StatusAccount) -> int:
    """Return how many bytes the last message published has, as SNS counts them."""
    at = max(at for at, call in enumerate(account.gate.calls) if call == "Publish")
    body = account.gate.requests[at]["body"]
    parts = [value for name, value in body.items() if name.startswith("Message")]
    return sum(len(part.encode()) for part in parts)
