"""Every type of JSON, every odd character and every odd size in every field of the contract."""

from collections.abc import Iterator

from tests.campaigns.hostile.corpus import (
    ABSENT,
    OWN,
    OWN_LENGTH,
    TIME_MS,
    Entry,
    detail,
    envelope,
    text,
)

MUST_BE_TIME = "must be ISO 8601 with zone"

# As JSON text: what is no string and not missing.
NO_STRINGS = {
    "true": "true",
    "false": "false",
    "zero": "0",
    "an integer": "12345",
    "a fraction": "-1.5",
    "a number beyond every float": "1e999",
    "an empty list": "[]",
    "a list of strings": '["LOST"]',
    "an empty object": "{}",
    "an object": '{"S":"LOST"}',
}
MISSING = {
    "no": ABSENT,
    "null as": "null",
    "an empty": '""',
    "a blank": '"  \\t\\n"',
    "only exotic spaces as": '"\\u00a0\\u2003\\u3000"',
}
STRINGS = ("shipmentId", "status", "updateId")
REQUIRED = ("shipmentId", "status")
DESCRIBED = ("location", "carrier")
OPTIONAL = {"location": "Unknown", "carrier": "Unknown", "updateId": f"E-{OWN}"}


def types() -> Iterator[Entry]:
    """Yield every type of JSON in every string of the contract."""
    for what, value in NO_STRINGS.items():
        for field in STRINGS:
            name = f"{what} as {field}"
            yield Entry(name, detail(**{field: value}), reason=f"{field}: must be a string")
        for field in DESCRIBED:
            row = {field: value.replace("1e999", "Infinity")}
            yield Entry(f"{what} as {field}", detail(**{field: value}), row)
    for field in REQUIRED:
        for what, value in MISSING.items():
            name = f"{what} {field}"
            yield Entry(name, detail(**{field: value}), reason=f"{field}: is required")
    for field, default in OPTIONAL.items():
        for what, value in MISSING.items():
            yield Entry(f"{what} {field}", detail(**{field: value}), {field: default})


# What is no instant, as JSON text.
NO_TIMES = {
    "true": "true",
    "false": "false",
    "a fraction of a millisecond": "1.5",
    "a number beyond every float": "1e999",
    "a number below every float": "-1e999",
    "a list": "[1768478400000]",
    "an object": '{"N":"1768478400000"}',
    "a number in a string": '"1768478400000"',
    "words": '"yesterday"',
}


def types_of_times() -> Iterator[Entry]:
    """Yield every type of JSON in the two times."""
    for what, value in NO_TIMES.items():
        name = f"{what} as eventTime"
        yield Entry(name, detail(eventTime=value), reason=f"eventTime: {MUST_BE_TIME}")
        name = f"{what} as the envelope's time"
        yield Entry(name, envelope(time=value), reason=f"time: {MUST_BE_TIME}")
    for what, value in MISSING.items():
        yield Entry(f"{what} eventTime", detail(eventTime=value), {"timestamp": TIME_MS})
        name = f"{what} time of the envelope"
        yield Entry(name, envelope(time=value), reason=f"time: {MUST_BE_TIME}")


# Characters that are stored as they are, in a text between others.
HARMLESS = {
    "emoji": "\U0001f69a\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "right-to-left marks": "\u200f\u202e\u2066x\u2069",
    "zero-width characters": "\u200b\u200c\u200d\u2060",
    "a byte order mark": "\ufeff",
    "noncharacters": "\ufffe\uffff\U0010ffff",
    "private use": "\ue000\U000f0000",
    "combining marks": "z\u0351\u036b\u0343\u036a\u0302",
    "line separators": "\u2028\u2029",
    "quotes and backslashes": '"\'`\\\\"',
    "markup": "<script>&lt;]]><!--",
    "a path": "../../etc/passwd%00",
    "a template": "${jndi:ldap://x} {{7*7}} $(id) %s {0}",
    "a formula": "=cmd|'/c calc'!A0",
    "every script": "Москва 北京 محمد ไทย हिन्दी ᚠ 𒀀",
    "what JSON escapes in vain": "\u007e/",
}
# Stored as well, but not in a shipment's id, which goes into subjects and keys.
CONTROLS = {
    "a NUL": "\x00",
    "a bell": "\x07",
    "a newline": "\n",
    "a carriage return": "\r\n",
    "an escape sequence": "\x1b[31m",
    "a delete": "\x7f",
    "a next line": "\x85",
    "a C1 control": "\x9b",
}
# Half of a pair in JSON, and the escape that it is stored as.
SURROGATES = {
    "a lone high surrogate": (r"\ud83d", r"\ud83d"),
    "a lone low surrogate": (r"\ude9a", r"\ude9a"),
    "surrogates in the wrong order": (r"\ude9a\ud83d", r"\ude9a\ud83d"),
}


def characters() -> Iterator[Entry]:
    """Yield odd characters in every string of the contract."""
    for field in ("shipmentId", "location", "carrier", "updateId"):
        for what, value in HARMLESS.items():
            odd = f"a{value}{OWN}"
            yield Entry(f"{what} in {field}", detail(**{field: text(odd)}), {field: odd})
        for what, (value, stored) in SURROGATES.items():
            changes = {field: f'"a{value}{OWN}"'}
            yield Entry(f"{what} in {field}", detail(**changes), {field: f"a{stored}{OWN}"})
    for what, value in CONTROLS.items():
        odd = f"a{value}{OWN}"
        for field in ("location", "carrier", "updateId"):
            yield Entry(f"{what} in {field}", detail(**{field: text(odd)}), {field: odd})
        reason = "shipmentId: must not contain control characters"
        yield Entry(f"{what} in shipmentId", detail(shipmentId=text(odd)), reason=reason)


def characters_of_alerts() -> Iterator[Entry]:
    """Yield odd characters in critical updates, which go into subjects, mails and filters."""
    lost = {"status": '"LOST"'}
    for what, value in HARMLESS.items():
        odd = f"a{value}{OWN}"
        entry = detail(**lost, shipmentId=text(odd), location=text(odd), carrier=text(odd))
        row = {"status": "LOST", "shipmentId": odd, "location": odd, "carrier": odd}
        yield Entry(f"{what} in a critical update", entry, row, alerts=True)
    for what, value in CONTROLS.items():
        odd = f"a{value}{OWN}"
        entry = detail(**lost, location=text(odd), carrier=text(odd))
        row = {"status": "LOST", "location": odd, "carrier": odd}
        yield Entry(f"{what} in a critical update", entry, row, alerts=True)
    for what, (value, stored) in SURROGATES.items():
        odd = f'"a{value}{OWN}"'
        row = dict.fromkeys(("shipmentId", "location"), f"a{stored}{OWN}")
        entry = detail(**lost, shipmentId=odd, location=odd)
        yield Entry(f"{what} in a critical update", entry, {"status": "LOST", **row}, alerts=True)
    for letter in ("x", "\u00fc", "\U0001f69a"):
        long = OWN + letter * (128 - OWN_LENGTH)
        entry = detail(**lost, shipmentId=text(long))
        row = {"status": "LOST", "shipmentId": long}
        yield Entry(f"128 times {letter!a} in a critical update", entry, row, alerts=True)


LIMITS = {"shipmentId": 128, "location": 256, "carrier": 256, "updateId": 256}


def sizes() -> Iterator[Entry]:
    """Yield strings that are just short enough and just too long, or cut."""
    for field, limit in LIMITS.items():
        for what, letter in (("letters", "x"), ("letters of four bytes", "\U0001f69a")):
            fits = OWN + letter * (limit - OWN_LENGTH)
            yield Entry(f"{limit} {what} as {field}", detail(**{field: text(fits)}), {field: fits})
            yield _too_long(f"{limit + 1} {what} as {field}", field, fits + letter)
        padded = text(f"{' ' * 300}{OWN}{' ' * 300}")
        yield Entry(f"600 blanks around {field}", detail(**{field: padded}), {field: OWN})
        yield _too_long(f"100,000 letters as {field}", field, OWN + "x" * 100_000)


def _too_long(name: str, field: str, value: str) -> Entry:
    """Return what becomes of a field that is too long: cut if it only describes, else rejected."""
    event = detail(**{field: text(value)})
    if field in DESCRIBED:
        cut = value[: LIMITS[field] - 1 - OWN_LENGTH + len(OWN)]
        return Entry(name, event, {field: cut + "\u2026"})
    return Entry(name, event, reason=f"{field}: must have at most {LIMITS[field]} characters")


def entries() -> Iterator[Entry]:
    """Yield all of this module's entries."""
    yield from types()
    yield from types_of_times()
    yield from characters()
    yield from characters_of_alerts()
    yield from sizes()
