"""Statuses as people and machines write them: what is critical must never pass in silence."""

from collections.abc import Iterator

from tests.campaigns.hostile.corpus import Entry, detail, text

# Spellings of a critical status, and how it is stored.
CRITICAL = {
    "delayed": "DELAYED",
    "Delayed": "DELAYED",
    "dElAyEd": "DELAYED",
    " DELAYED ": "DELAYED",
    "DELAYED\n": "DELAYED",
    "DELAYED!": "DELAYED",
    "_delayed_": "DELAYED",
    "d.e.l.a.y.e.d": "DELAYED",
    "DE LAY ED": "DELAYED",
    "dela-yed": "DELAYED",
    "DeLayed.": "DELAYED",
    "\u201cdelayed\u201d": "DELAYED",
    "\U0001f69a delayed \u23f3": "DELAYED",
    "DEL\u200bAYED": "DELAYED",
    "DEL\u00adAYED": "DELAYED",
    "\u202eDELAYED\u202c": "DELAYED",
    "\ufeffLOST": "LOST",
    "LOST\x00": "LOST",
    "L\x00O\x1bS\x07T": "LOST",
    "lost": "LOST",
    "lo\u017ft": "LOST",
    "Lost;": "LOST",
    "DAMAGED\u3000": "DAMAGED",
    "damaged\u2026": "DAMAGED",
    "Exception": "EXCEPTION",
    "EXCEPT\u0131ON": "EXCEPTION",
    "except-ION": "EXCEPTION",
    "dam-age": "DAMAGE",
    "Loss": "LOSS",
    # One of several words is enough, whatever the others say.
    "shipmentDelayed": "SHIPMENT_DELAYED",
    "LOST,DAMAGED": "LOST,DAMAGED",
    "LOST 2": "LOST_2",
    "lost4good": "LOST4GOOD",
    "NOT_LOST": "NOT_LOST",
}
# Statuses that look like one of ours, and how they are stored: nobody can alert on all of them.
LOOKALIKES = {
    "D\u0415LAYED": "D\u0415LAYED",
    "D\u00c9LAYED": "D\u00c9LAYED",
    "\uff24\uff25\uff2c\uff21\uff39\uff25\uff24": "\uff24\uff25\uff2c\uff21\uff39\uff25\uff24",
    "L0ST": "L0_ST",
    "LOS\u03a4": "LOS\u03a4",
    "L\u00d8ST": "L\u00d8ST",
    "LOSTFOUND": "LOSTFOUND",
    "lossless": "LOSSLESS",
    "delayedshipment": "DELAYEDSHIPMENT",
    "UNDELAYED": "UNDELAYED",
    "UNDAMAGED": "UNDAMAGED",
}
ORDINARY = {
    "in_transit": "IN_TRANSIT",
    "InTransit": "IN_TRANSIT",
    "In Transit": "IN_TRANSIT",
    " in-transit ": "IN_TRANSIT",
    "IN--TRANSIT": "IN_TRANSIT",
    "in\u2014transit": "IN_TRANSIT",
    "iNtRaNsIt": "IN_TRANSIT",
    "OutForDelivery": "OUT_FOR_DELIVERY",
    "return to sender": "RETURN_TO_SENDER",
    "gestrandet": "GESTRANDET",
    "heldAtCustoms": "HELD_AT_CUSTOMS",
    "held  at\tcustoms": "HELD_AT_CUSTOMS",
    "HTTPError": "HTTPERROR",
    "\u5317\u4eac": "\u5317\u4eac",
    "stra\u00dfe": "STRASSE",
    "\U0001f69a": "\U0001f69a",
    "!": "!",
    "null": "NULL",
    "undefined": "UNDEFINED",
    "NaN": "NA_N",
    "__proto__": "PROTO",
    "OTHER": "OTHER",
    "x" * 64: "X" * 64,
    "x" + "Y" * 62: "X_" + "Y" * 62,
    "a b" + " " * 1000 + "c": "A_B_C",
    "lost" * 16: "LOST" * 16,
}
NO_WORDS = ("_", "---", " _ - ", "\x00", "\x1b\x07", "\x85")
TOO_LONG = (
    "x" * 65,
    "x" + "Y" * 63,
    "\u00df" * 33,
    "a b " * 30,
    "x" * 300_000,
    "\U0001f69a" * 65,
)


def entries() -> Iterator[Entry]:
    """Yield all of this module's entries."""
    for known in (CRITICAL, LOOKALIKES, ORDINARY):
        for value, status in known.items():
            entry, row = detail(status=text(value)), {"status": status}
            yield Entry(f"status {value[:30]!a}", entry, row, alerts=known is CRITICAL)
    yield Entry(
        "status with half a pair of surrogates",
        detail(status=r'"LOST \ud83d"'),
        {"status": r"LOST_\UD83D"},
        alerts=True,
    )
    must_have = "status: must have 1 to 64 characters"
    for value in NO_WORDS:
        # U+0085 is a blank, so that nothing of it is left.
        reason = must_have if value.strip() else "status: is required"
        yield Entry(f"status {value!a}", detail(status=text(value)), reason=reason)
    for value in TOO_LONG:
        name = f"status {value[:8]!a} ({len(value)} characters)"
        yield Entry(name, detail(status=text(value)), reason=must_have)
