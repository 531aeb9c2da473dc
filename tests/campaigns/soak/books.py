"""Balances what was sent against what is in the table, on the queue and in the mailbox."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shipments.failed import FailedUpdate, Where
from tests.campaigns.soak.load import Fields, Update

ALERTED = re.compile(r"^Location: (soak-\d{6})$", re.MULTILINE)


@dataclass(frozen=True)
class Found:
    """What there is in the end. rows: typed, as DynamoDB gives them; alerts: the mails' bodies.

    unheard: by update or place, the calls whose outcome the function did not hear of; met: the
    updates that had two deliveries on their way at once.
    """

    rows: list[Mapping[str, Mapping[str, Any]]]
    failed: list[FailedUpdate]
    alerts: list[str]
    unheard: Mapping[str, set[str]]
    met: set[str]


@dataclass(frozen=True)
class Books:
    """The numbers that have to agree, and each disagreement in words."""

    sent: int
    rows: int
    rejected: int
    critical: int
    alerted: int
    repeated: int
    wrong: list[str]

    @property
    def balanced(self) -> bool:
        """Whether nothing is lost and nothing doubled."""
        return not self.wrong and self.sent == self.rows + self.rejected


def balance(updates: list[Update], found: Found) -> Books:
    """Return the books of all the updates that were sent."""
    alerts = Counter(name for body in found.alerts for name in ALERTED.findall(body))
    places = {row["location"]["S"]: _place(row) for row in found.rows}
    wrong = [
        *_wrong_rows(updates, found.rows),
        *_wrong_on_queue(updates, found.failed),
        *_wrong_alerts(updates, alerts),
        *_outside_the_window(alerts, found, places),
    ]
    critical = [update for update in updates if update.critical]
    return Books(
        sent=len(updates),
        rows=len(found.rows),
        rejected=len({each.envelope_id for each in found.failed}),
        critical=len(critical),
        alerted=sum(alerts[update.name] > 0 for update in critical),
        repeated=sum(max(0, alerts[update.name] - 1) for update in critical),
        wrong=wrong,
    )


def _wrong_rows(
    updates: list[Update], rows: list[Mapping[str, Mapping[str, Any]]]
) -> Iterable[str]:
    """Yield each valid update that is not one row with its own text, and each row of nobody's."""
    texts: dict[str, list[Fields]] = {}
    for row in rows:
        texts.setdefault(row["location"]["S"], []).append(json.loads(row["rawEvent"]["S"]))
    for update in updates:
        expected = [update.envelope["detail"]] if update.valid else []
        if (stored := texts.pop(update.name, [])) != expected:
            yield f"{update.name}: {len(stored)} rows, or not its own text"
    yield from (f"{name}: a row of nobody's" for name in texts)


def _wrong_on_queue(updates: list[Update], failed: list[FailedUpdate]) -> Iterable[str]:
    """Yield each invalid update that is not kept, and whatever else is on the queue."""
    kept = {each.envelope_id for each in failed if each.where is Where.REJECTED}
    invalid = {update.name for update in updates if not update.valid}
    yield from (f"{name}: rejected, and not on the queue" for name in invalid - kept)
    for each in failed:
        if each.envelope_id not in invalid:
            yield f"{each.envelope_id}: on the queue: {each.why}"


def _wrong_alerts(updates: list[Update], alerts: Counter[str]) -> Iterable[str]:
    """Yield each critical update without an alert, and each other one with an alert."""
    for update in updates:
        if update.critical is not (alerts[update.name] > 0):
            yield f"{update.name}: {alerts[update.name]} alerts, critical: {update.critical}"


def _outside_the_window(
    alerts: Counter[str], found: Found, places: Mapping[str, str]
) -> Iterable[str]:
    """Yield each update whose alert was repeated without a reason for it.

    The reasons: the function did not hear whether it had published or marked; two deliveries of
    the update were on their way at once.
    """
    for name in (name for name, number in alerts.items() if number > 1):
        published = "Publish" in found.unheard.get(name, set())
        marked = "UpdateItem" in found.unheard.get(places.get(name, ""), set())
        if not (published or marked or name in found.met):
            yield f"{name}: {alerts[name]} alerts, outside the window"


def _place(row: Mapping[str, Mapping[str, Any]]) -> str:
    return f"{row['shipmentId']['S']}@{row['timestamp']['N']}"
