"""DCSA Track & Trace 2.2: an event of a sea carrier, as it is polled or pushed.

Shape: https://github.com/dcsaorg/DCSA-OpenAPI, tnt/v2 (transportEvent, equipmentEvent,
shipmentEvent).

What is a shipment's status:

- **What has happened** (``eventClassifierCode`` ACT): a vessel that arrives or departs, what is
  done with a container, and what becomes of a document, such as ``BKG_CONF`` for a confirmed
  booking. The code is the status.
- **A vessel's delay**, of which only forecasts (PLN, EST) tell in time: an event with
  ``delayReasonCode`` is DELAYED, when the forecast was made (``eventCreatedDateTime``).
- **Not other forecasts**: they have not happened, and their time is in the future.

The shipment is the booking (BKG) if the event names it, because all kinds of events can; else the
transport document or another document; else the container. If it names several, each gets the
update. ``equipmentReference`` is kept, because a booking can have several containers.

``eventID`` is the id of the message, which is the same however often it is polled: the updateId.
Times have a zone, and the carrier is the vessel's operator, where the event names one.
"""

from typing import Any

from shipments.carriers.reading import entries, filled, member, place

CODES = {
    "TRANSPORT": ("transportEventTypeCode",),
    "EQUIPMENT": ("equipmentEventTypeCode",),
    "SHIPMENT": ("documentTypeCode", "shipmentEventTypeCode"),
}
# Which document's number is the shipment's id, the best first.
DOCUMENTS = ("BKG", "TRD", "CBR", "SHI")
FORECASTS = {"PLN", "EST"}


def details(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the details of an event; raise ValueError, which names the field, if it is none."""
    kind = member(payload, "", "eventType", str)
    if kind not in CODES:
        raise ValueError(f"eventType: must be one of {', '.join(CODES)}")
    classifier = member(payload, "", "eventClassifierCode", str)
    if classifier not in {"ACT", *FORECASTS}:
        raise ValueError("eventClassifierCode: must be ACT, PLN or EST")
    words = [member(payload, "", name, str) for name in CODES[kind]]
    delay = member(payload, "", "delayReasonCode", str, required=False)
    if classifier in FORECASTS and not delay:
        return []
    call = member(payload, "", "transportCall", dict, required=False)
    location = payload.get("eventLocation") or call.get("location")
    dated = "eventCreatedDateTime" if classifier in FORECASTS else "eventDateTime"
    detail = filled(
        status="_".join([*words, *(["DELAYED", delay] if delay else [])]),
        location=place(location, "locationName", "UNLocationCode") or place(call, "UNLocationCode"),
        carrier=place(call.get("vessel"), "vesselOperatorCarrierCode"),
        eventTime=member(payload, "", dated, str),
        updateId=member(payload, "", "eventID", str, required=False),
        equipmentReference=place(payload, "equipmentReference"),
    )
    return [{"shipmentId": shipment, **detail} for shipment in shipments(payload)]


def shipments(event: Any) -> list[str]:
    """Return the numbers of the best kind of document that an event names, else the container's."""
    found: dict[str, list[str]] = {}
    for path, reference in entries(event, "", "documentReferences"):
        kind = member(reference, path, "documentReferenceType", str)
        number = member(reference, path, "documentReferenceValue", str)
        found.setdefault(kind, []).append(number)
    if event["eventType"] == "SHIPMENT":
        number = member(event, "", "documentID", str)
        found.setdefault(event["documentTypeCode"], [number])
    for kind in (*DOCUMENTS, *found):
        if kind in found:
            return found[kind]
    return [member(event, "", "equipmentReference", str)]
