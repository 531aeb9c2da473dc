"""Mappings of what carriers and tracking platforms send to our detail, one module per source.

Each module has ``details(payload)``: it takes one payload, as parsed from JSON, and returns the
details of the updates in it, the oldest first where the source says so. It raises ValueError, whose
message begins with the field's path, if the payload has not the source's shape. It calls nothing
and knows no time, so that the same payload always gives the same details.

**A payload that repeats a shipment's history gives all of it**, not its newest event only. A
platform polls its carriers, so that one webhook can have several new events, and a webhook can be
lost or come late. An event that is stored already is a redelivery: it costs one put, adds no row
and alerts nobody. So nothing in a detail may depend on the webhook that brings it.

**A status** is the source's own word, and its sub-status is joined to it, so that a word such as
``lost`` is seen by the rule for critical statuses. What is only a step of the ordinary way is left
out of it (ORDINARY), so that statuses stay few; a sub-status that is not listed is always kept.

**An eventTime** is passed on as it is, and the handler judges it: a broken one is rejected alone,
and the other events of the payload are stored.

Carriers' sentences and names of people are left out: they can have personal data, and a sentence
that is corrected later would be another update.
"""

from collections.abc import Callable
from typing import Any

from shipments.carriers import aftership, dcsa, easypost, epcis, fedex, shippo, ups

SOURCES: dict[str, Callable[[Any], list[dict[str, Any]]]] = {
    "aftership": aftership.details,
    "dcsa": dcsa.details,
    "easypost": easypost.details,
    "epcis": epcis.details,
    "fedex": fedex.details,
    "shippo": shippo.details,
    "ups": ups.details,
}
