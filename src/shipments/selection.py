"""Which failed updates a command is for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shipments.failed import FailedUpdate


@dataclass(frozen=True)
class Selection:
    """Which updates are selected: those that fit all of these rules.

    ids: of events or of messages; reason: a part of why, in any case; older, newer: how long ago
    an update failed.
    """

    shipments: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    reason: str = ""
    older: timedelta | None = None
    newer: timedelta | None = None

    @property
    def narrow(self) -> bool:
        """Whether it selects by more than age."""
        return bool(self.shipments or self.ids or self.reason)

    def fits(self, update: FailedUpdate, now: datetime) -> bool:
        """Return whether an update is selected."""
        age = now - update.failed_at
        return (
            (not self.shipments or update.shipment.strip() in self.shipments)
            and (not self.ids or not self.ids.isdisjoint({update.envelope_id, update.message_id}))
            and self.reason.casefold() in update.why.casefold()
            and (self.older is None or age > self.older)
            and (self.newer is None or age < self.newer)
        )
