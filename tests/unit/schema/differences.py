"""Where the schema of an update and the handler's rules differ, and what each says of an update."""

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator

from scripts.schemas import SCHEMA
from shipments import rules
from tests.unit.handler.updates import envelope, update

Detail = dict[str, Any]

HANDLER = rules.handler()
VALIDATOR = Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
HOUR_MS = 3_600_000
LAST_MS = 253_402_300_799_999  # of the year 9999
# With this clock only times after the year 9999 are too far ahead.
LATE_MS = LAST_MS - HOUR_MS


def some(fields: Detail) -> Detail:
    return update(**fields)["detail"]  # type: ignore[no-any-return]


def accepts(detail: Any) -> bool:
    valid: bool = VALIDATOR.is_valid(detail)
    return valid


def refusal(detail: Any, now_ms: int = LATE_MS) -> str:
    """Return why the handler rejects an update, or nothing if it stores it."""
    try:
        HANDLER.parse(envelope(detail), now_ms)
    except HANDLER.Rejected as error:
        return str(error.args[0])
    return ""


# ---- where the two differ

SEPARATORS = r"[\s_\-\x00-\x1f\x7f-\x9f]"
TURN = re.compile(r"\s*(1999-?12-?31|2000-?01-?01).*[+-]\d\d:?(\d\d)?\s*")
END = re.compile(r"\s*9999-?12-?31.*-\d\d:?(\d\d)?\s*")


def text_of(detail: Detail, field: str) -> str:
    """Return a field that is a string, without separators around it."""
    value = detail.get(field)
    return re.sub(f"^{SEPARATORS}+|{SEPARATORS}+$", "", value) if isinstance(value, str) else ""


def has_half_a_pair(detail: Detail) -> bool:
    fields = ("shipmentId", "status", "updateId")
    return any(re.search("[\ud800-\udfff]", text_of(detail, field)) for field in fields)


def grows(detail: Detail) -> bool:
    status = text_of(detail, "status")
    humps = len(re.findall("[a-z0-9](?=[A-Z])", status))
    return len(status) <= 64 < len(status.upper()) + humps


def shrinks(detail: Detail) -> bool:
    status = text_of(detail, "status")
    known = max(map(len, HANDLER.SPELLINGS))
    has_runs = re.search(f"{SEPARATORS}{{2}}", status)
    return len(status) > 64 and bool(has_runs or len(re.sub(r"[\W_]", "", status)) <= known)


def is_huge(detail: Detail) -> bool:
    return isinstance(detail.get("status"), str) and len(detail["status"]) > 405_000


def is_at_the_turn_of_2000(detail: Detail) -> bool:
    time = detail.get("eventTime")
    return isinstance(time, str) and bool(TURN.fullmatch(time))


def is_beyond_9999(detail: Detail) -> bool:
    time = detail.get("eventTime")
    return isinstance(time, str) and bool(END.fullmatch(time))


class Difference(NamedTuple):
    """Where the schema differs from the handler: why, for which updates, and one of them."""

    reason: str
    holds: Callable[[Detail], bool]
    accepted: bool  # by the schema; the handler does the opposite
    fields: Detail


EXCEPTIONS = [
    Difference(
        "a schema has no clock; with the test's, only what is after 9999 is too far ahead",
        is_beyond_9999,
        accepted=True,
        fields={"eventTime": "9999-12-31T23:30:00-01:00"},
    ),
    Difference(
        "the pattern compares years before the zone is applied",
        is_at_the_turn_of_2000,
        accepted=False,
        fields={"eventTime": "1999-12-31T19:00:00-05:00"},
    ),
    Difference(
        "the pattern compares years before the zone is applied",
        is_at_the_turn_of_2000,
        accepted=True,
        fields={"eventTime": "2000-01-01T00:59:59+01:00"},
    ),
    Difference(
        "normalising adds an underscore before a capital; a pattern cannot add these up",
        grows,
        accepted=True,
        fields={"status": "inTransit" * 7},
    ),
    Difference(
        "a letter's capital may be several letters; a pattern cannot add these up",
        grows,
        accepted=True,
        fields={"status": "stra\xdfe" * 10},
    ),
    Difference(
        "of a run of separators the pattern counts each, as telling runs needs look-around",
        shrinks,
        accepted=False,
        fields={"status": f"held{' ' * 60}here"},
    ),
    Difference(
        "a known status is known with any punctuation, and a pattern would list them all",
        shrinks,
        accepted=False,
        fields={"status": f"DELIVERED{'.' * 60}!"},
    ),
    Difference(
        "the handler trims blanks only before it counts to 405,000; no real status is so long",
        is_huge,
        accepted=True,
        fields={"status": f"LOST{'-' * 405_000}"},
    ),
    Difference(
        "half of a surrogate pair is no character; the handler counts its escape of six",
        has_half_a_pair,
        accepted=True,
        fields={"updateId": "\ud800" * 43},
    ),
]
