"""Which failed updates to redrive, and how."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from shipments import repairs, rules
from shipments.failed import FailedUpdate, Where, key_of
from shipments.repairs import Change, Repairs
from shipments.selection import Selection
from shipments.status_redrive import GONE, Companion

NOT_SELECTED = "not selected"
TOO_DEEP = "nested too deep"
BROKEN = "would be rejected"


@dataclass(frozen=True)
class Verdict:
    """What a redrive does with an update.

    skip: why it is not redriven, or nothing; body: the event to invoke the function with;
    identity: what its row will have, None if the rules reject it; mails: whether SNS may mail of
    it, which is at most once; does: what is done, if it is no update.
    """

    skip: str = ""
    body: bytes = b""
    identity: rules.Identity | None = None
    key: str = ""
    changes: Sequence[Change] = ()
    mails: bool = False
    does: str = ""

    @property
    def failed(self) -> bool:
        """Whether the update is selected and can only fail."""
        return self.skip.startswith((BROKEN, TOO_DEEP))


@dataclass(frozen=True)
class Plan:
    """What to do with the updates on the queue.

    as_is: redrive what would be rejected, too. include_stored: also updates that are stored but
    for their text. critical: the stack's CriticalStatuses. mails_critical, mails_rejected: whether
    SNS mails of these. rate: at most so many a second; 0: no limit; None: PER_SECOND of those that
    are mailed of. watch_seconds: how long to look for what becomes of them. companion: the status
    stack; None: there is none.
    """

    selection: Selection
    repairs: Repairs = field(default_factory=Repairs)
    as_is: bool = False
    include_stored: bool = False
    critical: str = rules.CRITICAL
    mails_critical: bool = True
    mails_rejected: bool = True
    rate: float | None = None
    watch_seconds: float = 0
    companion: Companion | None = None

    def verdict(self, update: FailedUpdate, message_id: str) -> Verdict:
        """Return what to do with an update."""
        if skip := self._skip(update, message_id):
            return Verdict(skip)
        if update.task:
            return Verdict(does=update.task.does)
        values = self.repairs.changes(update, message_id)
        changes = repairs.described(update.envelope, values)
        try:
            envelope = repairs.changed(update.envelope, values)
            broken = rules.broken_rule(envelope if isinstance(envelope, dict) else {})
            if broken and not self.as_is:
                again = " again" if update.where is Where.REJECTED else ""
                return Verdict(f"{BROKEN}{again}: {broken}", changes=changes)
            identity = rules.identity(envelope, self.critical)
            body, key = payload(envelope), key_of(envelope)
        except RecursionError:
            return Verdict(TOO_DEEP)
        is_critical = identity is not None and identity.critical
        mails = (self.mails_critical and is_critical) or (self.mails_rejected and bool(broken))
        return Verdict("", body, identity, key, changes, mails)

    def _skip(self, update: FailedUpdate, message_id: str) -> str:
        """Return why an update is skipped, whatever its content, or nothing."""
        is_listed = self.repairs.lines is None or self.repairs.id_of(update, message_id)
        if not is_listed or not self.selection.fits(update, datetime.now(timezone.utc)):
            return NOT_SELECTED
        if update.where is Where.UNREADABLE:
            return "unreadable"
        if update.task:
            return self._skip_task()
        if update.where is Where.TOO_BIG and self.repairs:
            return "stored already, so not fixed"
        if update.where is Where.TOO_BIG and not self.include_stored:
            return "stored already (the only copy of its text)"
        return ""

    def _skip_task(self) -> str:
        """Return why what the status stack could not do is skipped, or nothing."""
        if self.repairs:
            return "no update, so not fixed"
        return GONE if self.companion is None or self.companion.is_gone else ""


def payload(envelope: Any) -> bytes:
    """Return an envelope as it came, in as few bytes as possible."""
    text = json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))
    # Infinity is what Python makes of 1e999. A lone surrogate has no UTF-8, but an escape.
    text = NOT_JSON.sub(lambda found: found[1] or "1e999", text)
    return text.encode("utf-8", "backslashreplace")


NOT_JSON = re.compile(r'("(?:[^"\\]|\\.)*")|Infinity')
