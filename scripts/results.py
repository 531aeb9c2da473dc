"""Shows what happened to the demo's updates: tables and mails for a terminal of 80 columns."""

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
from scripts.scenario import JOURNEYS, Step

CRITICAL_STYLE = "bold red"
# How the subjects of mails begin.
CRITICAL, REJECTED, ALARM = "Logistics Alert:", "Logistics Processing Error", 'ALARM: "'
MAIL_COLUMNS = 78


@dataclass
class Seen:
    """What is found in the deployed stack after the updates.

    rows: of the table; records: log lines of the function; alerts, alarms: mails of each channel;
    waiting: how many messages are on the failed-updates queue.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    alarms: list[Alert] = field(default_factory=list)
    waiting: int = 0

    def count(self, outcome: str) -> int:
        """Return how many invocations had this outcome."""
        return sum(record["outcome"] == outcome for record in self.records)

    def alerted(self, kind: str) -> list[Alert]:
        """Return the alerts whose subject begins with kind."""
        return [alert for alert in self.alerts if alert.subject.startswith(kind)]

    @property
    def fired(self) -> set[str]:
        """The names of the alarms that fired."""
        subjects = [alarm.subject for alarm in self.alarms if alarm.subject.startswith(ALARM)]
        return {subject.split('"')[1] for subject in subjects}


def totals(steps: Sequence[Step], seen: Seen) -> list[tuple[str, int, int]]:
    """Return what is expected at the end and what was found: (name, expected, found)."""
    duplicates = sum(step.outcome == "duplicate" for step in steps)
    rejected = [step.detail["updateId"] for step in steps if step.outcome == "rejected"]
    stored = len(steps) - duplicates  # including the rejected ones, once they are fixed
    critical = sum(step.critical for step in steps if step.outcome != "duplicate")
    fixed = sum(row["updateId"]["S"] in rejected for row in seen.rows)
    return [
        (f"sent, and {len(rejected)} sent again", len(steps) + len(rejected), len(seen.records)),
        ("rows in the table", stored, len(seen.rows)),
        ("stored, by the log", stored, seen.count("stored")),
        ("duplicates", duplicates, seen.count("duplicate")),
        ("rejected", len(rejected), seen.count("rejected")),
        ("rejected, then fixed and stored", len(rejected), fixed),
        ("waiting on the failed-updates queue", 0, seen.waiting),
        ("critical alerts", critical, len(seen.alerted(CRITICAL))),
        ("error alerts", len(rejected), len(seen.alerted(REJECTED))),
        ("alarms that fired", 1, len(seen.fired)),
    ]


def all_found(lines: Sequence[tuple[str, int, int]]) -> bool:
    """Return whether what was found is what was expected."""
    return all(expected == found for _, expected, found in lines)


def shipments(seen: Seen) -> Table:
    """Return a table of the latest status, by event time, of each shipment of the past."""
    headings = ("Shipment", "Status", "Location", "Carrier", "Since (UTC)")
    table = _titled("Where is each shipment?", *headings)
    by_shipment: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(seen.rows, key=lambda row: int(row["timestamp"]["N"])):
        by_shipment.setdefault(row["shipmentId"]["S"], []).append(row)
    for shipment, _, _ in JOURNEYS:
        last = {
            name: value["S"] for name, value in by_shipment[shipment][-1].items() if "S" in value
        }
        since = last["eventTime"][5:16].replace("T", " ")
        style = CRITICAL_STYLE if "alertedAt" in last else ""
        status = Text(last["status"], style)
        table.add_row(shipment, status, last["location"], last["carrier"], since)
    others = len(by_shipment) - len(JOURNEYS)
    table.caption = f"And {others} shipments of the live updates."
    return table


def mails(seen: Seen, stack: str) -> Group:
    """Return the first mail of each kind, and how many there are; stack: the stack's name."""
    critical, rejected = seen.alerted(CRITICAL), seen.alerted(REJECTED)
    alarms = [alarm for alarm in seen.alarms if alarm.subject.startswith(ALARM)]
    names = ", ".join(sorted(readable(name, stack) for name in seen.fired)) or "none"
    return Group(
        Text("The first mail of each kind", "bold"),
        *(_mail("Alert channel", alert) for alert in (*critical[:1], *rejected[:1])),
        *(_mail("Alarm channel", alarm) for alarm in alarms[:1]),
        f"There are {len(critical)} critical alerts, {len(rejected)} error alerts, and mails of "
        f"these alarms: {names}.",
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
    content = Text(f"Subject: {alert.subject}\n\n{alert.text}")
    return Panel(content, title=channel, title_align="left", width=MAIL_COLUMNS)
