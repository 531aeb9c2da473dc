"""What became of the demo's updates, as tables for a terminal of 80 columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table

from scripts.drawing.alarms import readable
from scripts.mailbox import Alert
from scripts.scenario import JOURNEYS, Step

CRITICAL_STYLE = "bold red"
OUTCOMES = ("stored", "duplicate", "rejected")
# What a mail's subject begins with, of what the handler and CloudWatch send.
CRITICAL, REJECTED = "Logistics Alert:", "Logistics Processing Error"
RANG = 'ALARM: "'
MAILS_SHOWN = 2  # of each of the handler's kinds


@dataclass
class Seen:
    """What the deployed stack shows after the updates: rows, log records, mails, rejections."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    mails: list[Alert] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)

    def count(self, outcome: str) -> int:
        """Return how many invocations ended so."""
        return sum(record["outcome"] == outcome for record in self.records)

    def mailed(self, kind: str) -> list[Alert]:
        """Return the mails whose subject begins so."""
        return [mail for mail in self.mails if mail.subject.startswith(kind)]


def results(
    story: Sequence[Step], seen: Seen, milliseconds: Sequence[float], stack: str
) -> list[RenderableType]:
    """Return all there is to show.

    milliseconds: from put to readable row, of each row; stack: its name.
    """
    return [
        _shipments(seen),
        "[bold]Alerts, as they would be mailed[/]",
        _mails(seen, stack),
        _rejected(seen),
        _books(totals(story, seen), milliseconds),
    ]


def totals(story: Sequence[Step], seen: Seen) -> list[tuple[str, int, int]]:
    """Return what was expected and what was found: (name, expected, found)."""
    expected = {name: sum(step.outcome == name for step in story) for name in OUTCOMES}
    critical = sum(step.critical for step in story if step.outcome == "stored")
    return [
        ("sent", len(story), len(seen.records)),
        ("stored (rows)", expected["stored"], len(seen.rows)),
        ("stored (reported)", expected["stored"], seen.count("stored")),
        ("duplicates", expected["duplicate"], seen.count("duplicate")),
        ("rejected, kept", expected["rejected"], len(seen.rejected)),
        ("critical alerts", critical, len(seen.mailed(CRITICAL))),
        ("error alerts", expected["rejected"], len(seen.mailed(REJECTED))),
    ]


def balanced(story: Sequence[Step], seen: Seen) -> bool:
    """Say whether all that was found is what was expected."""
    return all(expected == found for _, expected, found in totals(story, seen))


def _titled(title: str, *headings: str) -> Table:
    """Return an empty table that fits into 80 columns."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    table.title_style = "bold"
    for heading in headings:
        table.add_column(heading, no_wrap=heading != "Why")
    return table


def _shipments(seen: Seen) -> Table:
    """Return a table of the latest status by event time, of shipments with a history."""
    headings = ("Shipment", "Status", "Location", "Carrier", "Since")
    table = _titled("Where is each shipment?", *headings)
    table.add_column("Updates", justify="right")
    by_shipment: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(seen.rows, key=lambda row: int(row["timestamp"]["N"])):
        by_shipment.setdefault(row["shipmentId"]["S"], []).append(row)
    shown = [shipment for shipment, _, _ in JOURNEYS if shipment in by_shipment]
    for shipment in shown:
        rows = by_shipment[shipment]
        last = {name: value["S"] for name, value in rows[-1].items() if "S" in value}
        style = CRITICAL_STYLE if "alertedAt" in last else ""
        since = last["eventTime"][5:16].replace("T", " ") + "Z"
        status = f"[{style}]{last['status']}[/]" if style else last["status"]
        table.add_row(shipment, status, last["location"], last["carrier"], since, str(len(rows)))
    others = len(by_shipment) - len(shown)
    updates = sum(len(rows) for name, rows in by_shipment.items() if name not in shown)
    table.caption = f"And {others} shipments of the last seconds, with {updates} updates."
    return table


def _mails(seen: Seen, stack: str) -> Group:
    """Return some alerts as a mail client would show them, and how many others there are."""
    shown = [mail for kind in (CRITICAL, REJECTED) for mail in seen.mailed(kind)[:MAILS_SHOWN]]
    panels = [Panel(mail.body, title=mail.subject, title_align="left", width=76) for mail in shown]
    others = len(seen.mailed(CRITICAL)) + len(seen.mailed(REJECTED)) - len(shown)
    rang = {readable(mail.subject.split('"')[1], stack) for mail in seen.mailed(RANG)}
    said = f"And {others} more like these."
    if rang:
        said += f" Alarms that rang: {', '.join(sorted(rang))}."
    return Group(*panels, said)


def _rejected(seen: Seen) -> Table:
    """Return a table of what lies on the failed-updates queue."""
    table = _titled("What was rejected, and is kept?", "Shipment", "Status", "Why")
    for message in seen.rejected:
        detail = message["envelope"]["detail"]
        table.add_row(detail["shipmentId"], detail["status"], message["reason"])
    return table


def _books(lines: Sequence[tuple[str, int, int]], milliseconds: Sequence[float]) -> Table:
    """Return the totals, with the time from put to readable row (ms)."""
    table = _titled("Do the books balance?", "")
    table.add_column("Expected", justify="right")
    table.add_column("Found", justify="right")
    for name, expected, found in lines:
        style = "green" if expected == found else CRITICAL_STYLE
        table.add_row(name, str(expected), f"[{style}]{found}[/]")
    cuts = quantiles(milliseconds, n=100, method="inclusive")
    table.add_row("put to row", "", f"p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms")
    table.caption = "The slowest rows waited for a worker to start."
    return table
