"""The form of an entry of the corpus: an event as JSON text, and what is to come of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Fields = dict[str, Any]

# Stands for a name of OWN_LENGTH characters that no other entry has, in shipment's and event's id.
OWN = "@OWN@"
OWN_LENGTH = 3
TIME = "2026-01-15T12:00:00Z"
TIME_MS = 1_768_478_400_000

# Leaves a field out.
ABSENT = ""

DETAIL = {
    "shipmentId": f'"S-{OWN}"',
    "status": '"IN_TRANSIT"',
    "location": '"Memphis, TN"',
    "carrier": '"FedEx"',
}
ENVELOPE = {
    "version": '"0"',
    "id": f'"E-{OWN}"',
    "detail-type": '"Shipment Update"',
    "source": '"logistics.shipments"',
    "account": '"123456789012"',
    "time": f'"{TIME}"',
    "region": '"us-east-1"',
    "resources": "[]",
}
ROW: Fields = {
    "shipmentId": f"S-{OWN}",
    "status": "IN_TRANSIT",
    "location": "Memphis, TN",
    "carrier": "FedEx",
    "updateId": f"E-{OWN}",
    "timestamp": TIME_MS,
}


@dataclass(frozen=True)
class Entry:
    """An event, and what is to come of it: a row, a kept rejection, or an error that is raised.

    text: JSON, with OWN where a name of its own goes; row: the attributes that the row has, None
    if there is none; reason: how the reason of the rejection begins; raised: whether it is an
    error, to be tried again and kept; alerts: whether a row's update is critical; whole: whether
    its text fits into a row.
    """

    name: str
    text: str = field(repr=False)
    row: Mapping[str, Any] | None = None
    reason: str = ""
    raised: bool = False
    alerts: bool = False
    whole: bool = True

    def event(self, own: str) -> str:
        """Return the event's text with a name of its own."""
        return self.text.replace(OWN, own)

    def expected(self, own: str) -> Fields:
        """Return the row's attributes with a name of its own."""
        assert self.row is not None
        attributes = {**ROW, **self.row}
        return {
            name: value.replace(OWN, own) if isinstance(value, str) else value
            for name, value in attributes.items()
        }


def fields(known: Mapping[str, str], changes: Mapping[str, str]) -> str:
    """Return a JSON object: known fields, changed, the values given as JSON text."""
    pairs = {**known, **changes}.items()
    members = [f"{json.dumps(name)}:{value}" for name, value in pairs if value is not ABSENT]
    return "{" + ",".join(members) + "}"


def detail(**changes: str) -> str:
    """Return the JSON text of an event whose detail has fields changed."""
    return fields(ENVELOPE, {"detail": fields(DETAIL, changes)})


def envelope(**changes: str) -> str:
    """Return the JSON text of an event that has fields of its own changed."""
    return fields({**ENVELOPE, "detail": fields(DETAIL, {})}, changes)


def text(value: str) -> str:
    """Return a string as JSON text, in UTF-8 as far as there is any of it."""
    try:
        return json.dumps(value, ensure_ascii=False).encode().decode()
    except UnicodeEncodeError:  # half a pair of surrogates
        return json.dumps(value)
