"""Which failed updates to give to the function again, and what to mend in them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from scripts.operations.failed import FailedUpdate, Where

# Fields that are strings by contract: --fix shipmentId=12 means the string.
STRINGS = {"shipmentId", "status", "location", "carrier", "updateId"}


@dataclass(frozen=True)
class Selection:
    """Which updates are meant: all that every rule given here fits.

    older, newer: how long ago an update failed; reason: a part of why, in any case.
    """

    shipments: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    reason: str = ""
    older: timedelta | None = None
    newer: timedelta | None = None

    @property
    def narrow(self) -> bool:
        """Whether it says which updates by more than their age."""
        return bool(self.shipments or self.ids or self.reason)

    def fits(self, update: FailedUpdate, now: datetime) -> bool:
        """Say whether an update is meant."""
        age = now - update.failed_at
        return (
            (not self.shipments or update.shipment.strip() in self.shipments)
            and (not self.ids or update.envelope_id in self.ids)
            and self.reason.casefold() in update.why.casefold()
            and (self.older is None or age > self.older)
            and (self.newer is None or age < self.newer)
        )


@dataclass(frozen=True)
class Plan:
    """What to do to the updates meant. fixes: fields of the detail to set, in rejected ones.

    include_stored: also those that lie there because their text is too big for a row.
    rate: at most so many a second, or any if 0; watch_seconds: how long to look what comes of it.
    """

    selection: Selection
    fixes: Mapping[str, Any] = field(default_factory=dict)
    include_stored: bool = False
    rate: float = 0
    watch_seconds: float = 0

    def left_alone(self, update: FailedUpdate, now: datetime) -> str:
        """Return why an update is left alone, or nothing if it is to be given."""
        if not self.selection.fits(update, now):
            return "not selected"
        if update.where is Where.UNREADABLE:
            return "unreadable"
        if update.where is Where.TOO_BIG and not self.include_stored:
            return "the only whole copy"
        if self.fixes and update.where is not Where.REJECTED:
            return "not rejected, so not to be fixed"
        if self.fixes and not isinstance(_detail(update.envelope), dict):
            return "without a detail to fix"
        return ""

    def envelope(self, update: FailedUpdate) -> Any:
        """Return the envelope to give: the original one, but for fixes of its detail."""
        if not self.fixes:
            return update.envelope
        return {**update.envelope, "detail": {**update.envelope["detail"], **self.fixes}}


def payload(envelope: Any) -> bytes:
    """Return an envelope as it came, no longer in bytes than it must be."""
    text = json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))
    # Infinity is what Python makes of 1e999. A lone surrogate has no UTF-8, but an escape.
    text = NOT_JSON.sub(lambda found: found[1] or "1e999", text)
    return text.encode("utf-8", "backslashreplace")


NOT_JSON = re.compile(r'("(?:[^"\\]|\\.)*")|Infinity')


def fix(text: str) -> tuple[str, Any]:
    """Return the field and the value of ``FIELD=VALUE``, the value JSON or else a string.

    Raises ValueError if it has no such form.
    """
    name, equals, value = text.partition("=")
    name = name.strip().removeprefix("detail.")
    if not equals or not name:
        raise ValueError("must be FIELD=VALUE, such as status=DELIVERED")
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return name, value
    if name in STRINGS and not isinstance(parsed, str) and parsed is not None:
        return name, value
    return name, parsed


def _detail(envelope: Any) -> Any:
    return envelope.get("detail") if isinstance(envelope, dict) else None
