"""GS1 EPCIS 2.0 in JSON-LD: a document, the answer of a query, or one event.

Shape: the JSON schema and the examples of https://github.com/gs1/EPCIS; the words are those of the
Core Business Vocabulary, https://ref.gs1.org/standards/cbv/.

- The shipment is what an event is about: the parent (``parentID``, such as the SSCC of a pallet)
  if there is one, else each of its objects. Each is one detail. The identifier stays as it is.
- An event without such an identifier, about amounts only or about making one thing of others
  (TransformationEvent), is about no shipment and has no update.
- The status is the ``disposition``, with those that last (``persistentDisposition``) and the
  ``bizStep`` unless that is ordinary; without a disposition the ``bizStep``, else the ``action``.
  ``damaged``, ``urn:epcglobal:cbv:disp:damaged`` and ``https://ref.gs1.org/cbv/Disp-damaged`` are
  one word.
- ``eventTime`` has a zone, and ``eventID`` is the updateId. EPCIS knows no carrier.
- An event with an ``errorDeclaration`` repeats one that was wrong: it has no update. What was
  stored stays in the table; the correcting event is an update of its own.
"""

import re
from typing import Any

from shipments.carriers.reading import entries, filled, member, place, worded

OBJECTS = {
    "ObjectEvent": "epcList",
    "AggregationEvent": "childEPCs",
    "AssociationEvent": "childEPCs",
    "TransactionEvent": "epcList",
    "TransformationEvent": "",
}
# Steps of the ordinary way.
ORDINARY = {
    "accepting",
    "arriving",
    "collecting",
    "departing",
    "loading",
    "packing",
    "picking",
    "receiving",
    "shipping",
    "staging_outbound",
    "storing",
    "transporting",
    "unloading",
    "unpacking",
}
PREFIX = re.compile(r"(?:.*[:/#])?(?:(?:Disp|BizStep)-)?", re.DOTALL)
DOCUMENTS = {"EPCISDocument", "EPCISQueryDocument"}


def details(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the details of a document or event; raise ValueError, which names the field."""
    if member(payload, "", "type", str) not in DOCUMENTS:
        return of_event(payload, "")
    path, body = "epcisBody", member(payload, "", "epcisBody", dict)
    for name in ("queryResults", "resultsBody"):
        if payload["type"] == "EPCISQueryDocument":
            path, body = f"{path}.{name}", member(body, path, name, dict)
    events = entries(body, path, "eventList")
    return [detail for where, event in events for detail in of_event(event, where)]


def of_event(event: Any, path: str) -> list[dict[str, Any]]:
    """Return the details of an event, one for each of its shipments."""
    kind = member(event, path, "type", str)
    if kind not in OBJECTS:
        raise ValueError(f"{path}.type: must be one of {', '.join(OBJECTS)}".lstrip("."))
    if event.get("errorDeclaration") is not None or not OBJECTS[kind]:
        return []
    parent = member(event, path, "parentID", str, required=False)
    objects = [parent] if parent else member(event, path, OBJECTS[kind], list, required=False)
    if not all(isinstance(each, str) and each for each in objects):
        raise ValueError(f"{path}.{OBJECTS[kind]}: must be a list of strings".lstrip("."))
    return [
        filled(
            shipmentId=each,
            status=status(event, path),
            location=place(event.get("bizLocation"), "id") or place(event.get("readPoint"), "id"),
            eventTime=member(event, path, "eventTime", str),
            updateId=member(event, path, "eventID", str, required=False),
        )
        for each in objects
    ]


def status(event: Any, path: str) -> str:
    """Return what an event says of its objects."""
    lasting = member(event, path, "persistentDisposition", dict, required=False)
    held = member(lasting, f"{path}.persistentDisposition", "set", list, required=False)
    disposition = member(event, path, "disposition", str, required=False)
    words = [PREFIX.sub("", str(each), count=1) for each in (disposition, *held) if each]
    step = PREFIX.sub("", member(event, path, "bizStep", str, required=False), count=1)
    if step and (not words or step not in ORDINARY):
        words.append(step)
    return worded(*words) or str(member(event, path, "action", str))
