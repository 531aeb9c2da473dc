"""Deploys the template on this machine, sends it shipment updates, shows what became of them."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from statistics import quantiles
from typing import Any

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from scripts import emulator, stack
from scripts.embed import TEMPLATE
from scripts.mailbox import Alert, Mailbox, receive
from scripts.scenario import Step, steps

# MiniStack starts a worker for each event in flight, so more would only wait for processors.
IN_FLIGHT = 4
DEADLINE_SECONDS = 30
CRITICAL_STYLE = "bold red"


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


class Demo:
    """One run of the demo against a deployed stack."""

    def __init__(self, local: emulator.Emulator, deployed: stack.Stack) -> None:
        """Take the emulator and the stack deployed on it."""
        self.stack = deployed
        self.events = local.client("events")
        self.dynamodb = local.client("dynamodb")
        self.logs = local.client("logs")
        self.sqs = local.client("sqs")
        self.mailbox = Mailbox(local.client, deployed["AlertTopicArn"], "demo-inbox")

    def send(self, step: Step) -> float | None:
        """Put an update on the bus; return the ms until its row could be read, if it gets one."""
        started = time.perf_counter()
        answer = self.events.put_events(
            Entries=[
                {
                    "EventBusName": self.stack["EventBusName"],
                    "Source": "logistics.shipments",
                    "DetailType": "Shipment Update",
                    "Detail": json.dumps(step.detail),
                }
            ]
        )
        if answer["FailedEntryCount"]:
            raise stack.StackError(f"PutEvents refused an update: {answer['Entries']}")
        if step.outcome != "stored":
            return None
        happened = datetime.fromisoformat(step.detail["eventTime"])
        key = {
            "shipmentId": {"S": step.detail["shipmentId"]},
            "timestamp": {"N": str(round(happened.timestamp() * 1000))},
        }
        while time.perf_counter() - started < DEADLINE_SECONDS:
            found = self.dynamodb.get_item(
                TableName=self.stack["ShipmentLogsTableName"], Key=key, ConsistentRead=True
            )
            if "Item" in found:
                return (time.perf_counter() - started) * 1000
            time.sleep(0.001)
        raise stack.StackError(f"no row for {step.detail} after {DEADLINE_SECONDS} s")

    def look(self, sent: int) -> Seen:
        """Return what there is to see, once each update sent has been reported by the function."""
        give_up = time.monotonic() + DEADLINE_SECONDS
        seen = Seen(records=self._records())
        while len(seen.records) < sent and time.monotonic() < give_up:
            time.sleep(0.05)
            seen.records = self._records()
        seen.rows = self.dynamodb.scan(TableName=self.stack["ShipmentLogsTableName"])["Items"]
        seen.mails = self.mailbox.alerts()
        seen.rejected = self._kept()
        return seen

    def _records(self) -> list[dict[str, Any]]:
        """Return the function's own log lines."""
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.stack["ShipmentProcessorLogGroupName"], filterPattern="outcome"
        )
        lines = [event["message"] for page in pages for event in page["events"]]
        return [json.loads(line) for line in lines if line.startswith('{"_aws"')]

    def _kept(self) -> list[dict[str, Any]]:
        """Return what lies on the failed-updates queue, and leave it there."""
        kept: list[dict[str, Any]] = []
        while messages := receive(self.sqs, self.stack["FailedUpdatesQueueUrl"], linger=0):
            kept.extend(json.loads(message["Body"]) for message in messages)
        return kept


def send_all(demo: Demo, story: list[Step], console: Console) -> list[float]:
    """Send the updates, IN_FLIGHT at a time, with live progress; return the ms put to row."""
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
        TextColumn("{task.fields[latest]}"),
    )
    milliseconds: list[float] = []
    with Progress(*columns, console=console) as progress, ThreadPoolExecutor(IN_FLIGHT) as pool:
        sending = progress.add_task("Sending updates", total=len(story), latest="")
        for start in range(0, len(story), IN_FLIGHT):
            batch = story[start : start + IN_FLIGHT]
            for step, took in zip(batch, pool.map(demo.send, batch), strict=True):
                latest = f"{step.detail['shipmentId']} {step.detail['status']} {step.remark}"
                progress.update(sending, advance=1, latest=latest)
                if took is not None:
                    milliseconds.append(took)
    return milliseconds


def titled(title: str, *headings: str) -> Table:
    """Return an empty table that fits into 80 columns."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    table.title_style = "bold"
    for heading in headings:
        table.add_column(heading, no_wrap=heading != "Why")
    return table


def show_shipments(seen: Seen) -> Table:
    """Return a table of each shipment's latest status by event time."""
    table = titled("Where is each shipment?", "Shipment", "Status", "Location", "Carrier", "Since")
    table.add_column("Updates", justify="right")
    by_shipment: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(seen.rows, key=lambda row: int(row["timestamp"]["N"])):
        by_shipment.setdefault(row["shipmentId"]["S"], []).append(row)
    for shipment, rows in sorted(by_shipment.items()):
        last = {name: value["S"] for name, value in rows[-1].items() if "S" in value}
        style = CRITICAL_STYLE if "alertedAt" in last else ""
        since = last["eventTime"][5:16].replace("T", " ") + "Z"
        status = f"[{style}]{last['status']}[/]" if style else last["status"]
        table.add_row(shipment, status, last["location"], last["carrier"], since, str(len(rows)))
    return table


def show_mails(seen: Seen) -> list[Panel]:
    """Return the alerts as a mail client would show them."""
    return [
        Panel(mail.body, title=mail.subject, title_align="left", width=76) for mail in seen.mails
    ]


def show_rejected(seen: Seen) -> Table:
    """Return a table of what lies on the failed-updates queue."""
    table = titled("What was rejected, and is kept?", "Shipment", "Status", "Why")
    for message in seen.rejected:
        detail = message["envelope"]["detail"]
        table.add_row(detail["shipmentId"], detail["status"], message["reason"])
    return table


def totals(story: list[Step], seen: Seen) -> list[tuple[str, int, int]]:
    """Return what was expected and what was found: (name, expected, found)."""
    expected = {name: sum(step.outcome == name for step in story) for name in OUTCOMES}
    critical = sum(step.critical for step in story if step.outcome == "stored")
    found_alerts = sum(mail.subject.startswith("Logistics Alert:") for mail in seen.mails)
    return [
        ("sent", len(story), len(seen.records)),
        ("stored (rows)", expected["stored"], len(seen.rows)),
        ("stored (reported)", expected["stored"], seen.count("stored")),
        ("duplicates", expected["duplicate"], seen.count("duplicate")),
        ("rejected, kept", expected["rejected"], len(seen.rejected)),
        ("critical alerts", critical, found_alerts),
        ("error alerts", expected["rejected"], len(seen.mails) - found_alerts),
    ]


OUTCOMES = ("stored", "duplicate", "rejected")


def show_totals(lines: list[tuple[str, int, int]], milliseconds: list[float]) -> Table:
    """Return the totals, with the time from put to readable row (ms)."""
    table = titled("Do the books balance?", "")
    table.add_column("Expected", justify="right")
    table.add_column("Found", justify="right")
    for name, expected, found in lines:
        style = "green" if expected == found else CRITICAL_STYLE
        table.add_row(name, str(expected), f"[{style}]{found}[/]")
    cuts = quantiles(milliseconds, n=100, method="inclusive")
    table.add_row("put to row", "", f"p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms")
    table.caption = "The slowest rows waited for a worker to start."
    return table


def main() -> None:
    """Run the demo; exit 1 if a total is not what was sent."""
    console = Console()
    story = steps(datetime.now(timezone.utc))
    with console.status("Starting MiniStack"), emulator.running() as local:
        console.print(f"MiniStack listens at {local.endpoint}, with TLS and IAM enforced.")
        deployed = stack.deploy(
            local.client("cloudformation"),
            "logistics-processing-dev",
            TEMPLATE.read_text("utf-8"),
            emulator.PARAMETERS,
        )
        console.print(f"CloudFormation has deployed {TEMPLATE.name} as {deployed.name}.")
        demo = Demo(local, deployed)
        milliseconds = send_all(demo, story, console)
        seen = demo.look(len(story))
    lines = totals(story, seen)
    console.print(show_shipments(seen), "[bold]Alerts, as they would be mailed[/]")
    console.print(*show_mails(seen), sep="\n")
    console.print(show_rejected(seen), show_totals(lines, milliseconds))
    balanced = all(expected == found for _, expected, found in lines)
    console.print("Every update is accounted for." if balanced else "The books do not balance.")
    sys.exit(0 if balanced else 1)


if __name__ == "__main__":
    main()
