"""Shows what happened to the demo's updates: totals and mails for a terminal of 80 columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from scripts.drawing.alarms import readable
from scripts.mailbox import Alert
from scripts.scenario import STORM, STUCK, Step
from shipments.output import number

CRITICAL_STYLE = "bold red"
# How the subjects of mails begin.
CRITICAL, REJECTED, ALARM = "Logistics Alert:", "Logistics Processing Error", 'ALARM: "'
STUCK_SUBJECT = "Shipments without news: "
# How subjects count shipments, and bodies the rejected updates of a kind.
SHIPMENTS = re.compile(rf"{CRITICAL} (\d+) shipments ")
COUNTED = re.compile(r"^(\d+) x ", re.MULTILINE)
MAIL_COLUMNS, MAIL_LINES = 78, 12


@dataclass
class Seen:
    """What is found in the deployed stack after the updates.

    rows: of the log table; items: of the status table, a shipment each; records: log lines of the
    function that stores updates; alerts, digests, alarms: mails of each channel; waiting: how many
    messages are on the failed-updates queue.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    digests: list[Alert] = field(default_factory=list)
    alarms: list[Alert] = field(default_factory=list)
    waiting: int = 0

    def count(self, outcome: str) -> int:
        """Return how many invocations had this outcome."""
        return sum(record["outcome"] == outcome for record in self.records)

    def alerted(self, kind: str) -> list[Alert]:
        """Return the alerts whose subject begins with kind."""
        return _of(kind, self.alerts)

    def digested(self, kind: str) -> list[Alert]:
        """Return the digests whose subject begins with kind."""
        return _of(kind, self.digests)

    @property
    def mailed(self) -> int:
        """How many shipments the digests are about; in the demo each is critical once."""
        return sum(map(_shipments, self.digested(CRITICAL)))

    @property
    def mailed_rejections(self) -> int:
        """How many rejected updates the digests count."""
        return sum(map(_rejections, self.digested(REJECTED)))

    @property
    def mailed_stuck(self) -> int:
        """How many stuck shipments the mails name."""
        subjects = [mail.subject for mail in self.digested(STUCK_SUBJECT)]
        return sum(int(each.removeprefix(STUCK_SUBJECT).split()[0]) for each in subjects)

    @property
    def is_current(self) -> bool:
        """Whether each shipment has the status of its newest row in the status table."""
        return self.current == len({row["shipmentId"]["S"] for row in self.rows})

    @property
    def current(self) -> int:
        """How many shipments have it."""
        newest = {row["shipmentId"]["S"]: row for row in sorted(self.rows, key=_timestamp)}
        items = {item["shipmentId"]["S"]: item for item in self.items}
        names = ("timestamp", "status", "location", "carrier")
        return sum(
            [items.get(shipment, {}).get(name) for name in names] == [row[name] for name in names]
            for shipment, row in newest.items()
        )

    @property
    def is_mailed(self) -> bool:
        """Whether the digests name whatever the alert channel has reported."""
        pairs = ((self.mailed, CRITICAL), (self.mailed_rejections, REJECTED))
        return all(count >= len(self.alerted(kind)) for count, kind in pairs)

    @property
    def fired(self) -> set[str]:
        """The names of the alarms that fired."""
        subjects = [alarm.subject for alarm in self.alarms if alarm.subject.startswith(ALARM)]
        return {subject.split('"')[1] for subject in subjects}


def _of(kind: str, mails: Sequence[Alert]) -> list[Alert]:
    return [mail for mail in mails if mail.subject.startswith(kind)]


def _shipments(mail: Alert) -> int:
    found = SHIPMENTS.match(mail.subject)
    return int(found[1]) if found else 1


def _rejections(mail: Alert) -> int:
    return sum(map(int, COUNTED.findall(mail.body)))


def _timestamp(row: dict[str, Any]) -> int:
    return int(row["timestamp"]["N"])


def totals(steps: Sequence[Step], seen: Seen) -> list[tuple[str, int, int]]:
    """Return what is expected at the end and what was found: (name, expected, found)."""
    duplicates = sum(step.outcome == "duplicate" for step in steps)
    rejected = [step.detail["updateId"] for step in steps if step.outcome == "rejected"]
    stored = len(steps) - duplicates  # including the rejected ones, once they are fixed
    critical = sum(step.critical for step in steps if step.outcome != "duplicate")
    shipments = len({step.detail["shipmentId"] for step in steps})
    fixed = sum(row["updateId"]["S"] in rejected for row in seen.rows)
    return [
        (f"sent, and {len(rejected)} sent again", len(steps) + len(rejected), len(seen.records)),
        ("rows in the table", stored, len(seen.rows)),
        ("stored, by the log", stored, seen.count("stored")),
        ("duplicates", duplicates, seen.count("duplicate")),
        ("rejected", len(rejected), seen.count("rejected")),
        ("rejected, then fixed and stored", len(rejected), fixed),
        ("waiting on the failed-updates queue", 0, seen.waiting),
        ("shipments with their newest row's status", shipments, seen.current),
        ("critical alerts", critical, len(seen.alerted(CRITICAL))),
        ("critical alerts, in digest mails", critical, seen.mailed),
        ("error alerts", len(rejected), len(seen.alerted(REJECTED))),
        ("error alerts, in digest mails", len(rejected), seen.mailed_rejections),
        ("stuck shipments, in digest mails", len(STUCK), seen.mailed_stuck),
        ("alarms that fired", 1, len(seen.fired)),
    ]


def all_found(lines: Sequence[tuple[str, int, int]]) -> bool:
    """Return whether what was found is what was expected."""
    return all(expected == found for _, expected, found in lines)


def mails(seen: Seen, stack: str) -> Group:
    """Return a mail of each kind, and how many there are; stack: the main stack's name."""
    critical = sorted(seen.digested(CRITICAL), key=_shipments, reverse=True)
    rejected = sorted(seen.digested(REJECTED), key=_rejections, reverse=True)
    stuck = seen.digested(STUCK_SUBJECT)
    alarms = _of(ALARM, seen.alarms)
    names = ", ".join(sorted(readable(name, stack) for name in seen.fired)) or "none"
    storm = sum(any(f"\n{shipment}: " in mail.body for shipment in STORM) for mail in critical)
    return Group(
        Text("The largest mail of each kind", "bold"),
        *(_mail("Digest channel", mail) for mail in (*critical[:1], *rejected[:1], *stuck[:1])),
        *(_mail("Alarm channel", alarm) for alarm in alarms[:1]),
        f"There are {seen.mailed} critical alerts in {number(len(critical), 'mail')}, "
        f"{seen.mailed_rejections} error alerts in {number(len(rejected), 'mail')}, "
        f"{number(seen.mailed_stuck, 'stuck shipment')} in {number(len(stuck), 'mail')}, and mails "
        f"of these alarms: {names}.",
        f"The {len(STORM)} shipments that a storm delayed within a second are in "
        f"{number(storm, 'mail')}.",
    )


def totals_table(lines: Sequence[tuple[str, int, int]]) -> Table:
    """Return a table of the totals."""
    table = _titled("Is every update accounted for?", "")
    table.add_column("Expected", justify="right")
    table.add_column("Found", justify="right")
    for name, expected, found in lines:
        style = "green" if expected == found else CRITICAL_STYLE
        table.add_row(name, str(expected), Text(str(found), style))
    return table


def latency(milliseconds: Sequence[float]) -> str:
    """Return a sentence on how long it took (ms) from PutEvents until a row could be read."""
    cuts = quantiles(milliseconds, n=100, method="inclusive")
    return (
        f"From PutEvents to a readable row: p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms. "
        "The slowest waited for a worker to start."
    )


def _titled(title: str, *headings: str) -> Table:
    """Return an empty table with a title."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    table.title_style, table.caption_justify = "bold", "left"
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    return table


def _mail(channel: str, alert: Alert) -> Panel:
    """Return a notification as a mail client shows it."""
    lines = alert.text.splitlines()
    if (rest := len(lines) - MAIL_LINES) > 1:
        lines[MAIL_LINES:] = [f"[... {rest} more lines]"]
    content = Text("\n".join([f"Subject: {alert.subject}", "", *lines]))
    return Panel(content, title=channel, title_align="left", width=MAIL_COLUMNS)
