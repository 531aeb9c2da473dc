"""Deploys the template on an emulator, sends updates, shows the results, and fixes the failed."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from scripts import dashboard, deployment, emulator, forwarder
from scripts.drawing.dashboard import picture
from scripts.drawing.metrics import Span
from scripts.drawing.picture import png
from scripts.embed import ROOT, TEMPLATE
from scripts.guide import PARAMETERS, STACK_NAME
from scripts.mailbox import Mailbox
from scripts.results import Seen, all_found, latency, mails, shipments, totals, totals_table
from scripts.scenario import Step, live_steps, past_steps
from shipments.errors import CommandError
from shipments.events import DETAIL_TYPE, SOURCE
from shipments.stack import Stack

# MiniStack starts a worker for each update in flight, so more would only wait for processors.
IN_FLIGHT = 4
DEADLINE_SECONDS = 30
# The live part takes seconds: with one point per minute it would be a single point.
PERIOD_SECONDS = 1
ORIGINALS = "build/originals.jsonl"  # of the updates that are fixed


class Demo:
    """One run of the demo against a deployed stack.

    milliseconds: how long it took from PutEvents until a row could be read, for each row.
    """

    def __init__(self, local: emulator.Emulator, deployed: Stack, console: Console) -> None:
        self.stack = deployed
        self._local, self._console = local, console
        self._events, self._dynamodb = local.client("events"), local.client("dynamodb")
        self._logs, self._sqs = local.client("logs"), local.client("sqs")
        self._alerts = Mailbox(local.client, deployed["AlertTopicArn"], "demo-alerts")
        self._alarms = Mailbox(local.client, deployed["AlarmTopicArn"], "demo-alarms")
        self.milliseconds: list[float] = []

    def send_past(self, steps: list[Step]) -> None:
        """Send updates in batches, so that a redelivery is sent after the first delivery."""
        with (
            self._progress("Sending two days of updates", steps) as sent,
            ThreadPoolExecutor(IN_FLIGHT) as pool,
        ):
            for start in range(0, len(steps), IN_FLIGHT):
                batch = steps[start : start + IN_FLIGHT]
                for step, took in zip(batch, pool.map(self._send, batch), strict=True):
                    sent(step, took)

    def send_live(self, steps: list[Step], start: datetime) -> None:
        """Send each update when it is due after start."""
        with (
            self._progress("Sending live updates", steps) as sent,
            ThreadPoolExecutor(IN_FLIGHT) as pool,
        ):
            in_flight: list[tuple[Step, Future[float | None]]] = []
            for step in steps:
                due = start + timedelta(seconds=step.due or 0)
                time.sleep(max(0.0, (due - datetime.now(timezone.utc)).total_seconds()))
                in_flight.append((step, pool.submit(self._send, step)))
                while in_flight and in_flight[0][1].done():
                    first, took = in_flight.pop(0)
                    sent(first, took.result())
            for step, took in in_flight:
                sent(step, took.result())

    def wait(self, sent: int) -> None:
        """Wait until the function has logged each update sent, and an alarm has fired.

        Stop after DEADLINE_SECONDS at the latest; then the totals are not as expected.
        """
        give_up = time.monotonic() + DEADLINE_SECONDS
        with self._console.status("Waiting until all updates are processed and an alarm has fired"):
            while time.monotonic() < give_up:
                seen = self.look()
                if len(seen.records) >= sent and seen.fired:
                    return
                time.sleep(0.1)

    def look(self) -> Seen:
        """Return what the stack shows now."""
        table = self.stack["ShipmentLogsTableName"]
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=table)
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        queue = self._sqs.get_queue_attributes(
            QueueUrl=self.stack["FailedUpdatesQueueUrl"], AttributeNames=names
        )
        return Seen(
            rows=[row for page in pages for row in page["Items"]],
            records=self._records(),
            alerts=self._alerts.alerts(),
            alarms=self._alarms.alerts(),
            waiting=sum(int(queue["Attributes"][name]) for name in names),
        )

    def repair(self, steps: list[Step]) -> None:
        """List the failed updates, fix and redrive them, and list them again."""
        fixes: dict[str, list[str]] = {}
        for step in steps:
            if step.fix:
                fixes.setdefault(step.fix, []).extend(("--shipment", step.detail["shipmentId"]))
        self._operate("failed")
        (ROOT / ORIGINALS).parent.mkdir(exist_ok=True)
        for fix, selection in fixes.items():
            self._operate("redrive", *selection, "--fix", fix, "--save", ORIGINALS)
        self._operate("failed")

    def _operate(self, *arguments: str) -> None:
        """Run one of the operator's commands in a shell; print it and its output."""
        command = shlex.join(["scripts/shipments", *arguments])
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "TAPSTACK_"))
        }
        columns = {"COLUMNS": str(self._console.width)}
        self._console.print(Text(f"$ {command}", "bold"), soft_wrap=True)
        with self._console.status(f"Running scripts/shipments {arguments[0]}"):
            done = subprocess.run(
                ["/bin/sh", "-c", command],
                cwd=ROOT,
                env={**inherited, **columns, **self._local.environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        self._console.print(Text(done.stdout), soft_wrap=True)

    def _send(self, planned: Step) -> float | None:
        """Put an update on the bus; return the ms until its row could be read, if it has one."""
        started = time.perf_counter()
        step = planned.at(datetime.now(timezone.utc))
        answer = self._events.put_events(
            Entries=[
                {
                    "EventBusName": self.stack["EventBusName"],
                    "Source": SOURCE,
                    "DetailType": DETAIL_TYPE,
                    "Detail": json.dumps(step.detail),
                }
            ]
        )
        if answer["FailedEntryCount"]:
            raise deployment.StackError(f"PutEvents refused an update: {answer['Entries']}")
        if step.outcome != "stored":
            return None
        happened = datetime.fromisoformat(step.detail["eventTime"])
        key = {
            "shipmentId": {"S": step.detail["shipmentId"]},
            "timestamp": {"N": str(round(happened.timestamp() * 1000))},
        }
        while time.perf_counter() - started < DEADLINE_SECONDS:
            found = self._dynamodb.get_item(
                TableName=self.stack["ShipmentLogsTableName"], Key=key, ConsistentRead=True
            )
            if "Item" in found:
                return (time.perf_counter() - started) * 1000
            time.sleep(0.001)
        raise deployment.StackError(f"no row for {step.detail} after {DEADLINE_SECONDS} s")

    def _records(self) -> list[dict[str, Any]]:
        """Return the log lines that the function wrote itself."""
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.stack["ShipmentProcessorLogGroupName"], filterPattern="outcome"
        )
        lines = [event["message"] for page in pages for event in page["events"]]
        return [json.loads(line) for line in lines if line.startswith('{"_aws"')]

    @contextmanager
    def _progress(
        self, doing: str, steps: list[Step]
    ) -> Iterator[Callable[[Step, float | None], None]]:
        """Show progress for a with block; yields what to call for each update sent."""
        columns = (TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn())
        latest = TextColumn("{task.fields[latest]}")
        with Progress(*columns, latest, console=self._console) as progress:
            task = progress.add_task(doing, total=len(steps), latest="")

            def sent(step: Step, took: float | None) -> None:
                latest = f"{step.detail['shipmentId']} {step.detail['status']} {step.remark}"
                progress.update(task, advance=1, latest=latest)
                if took is not None:
                    self.milliseconds.append(took)

            yield sent
            progress.update(task, latest="")


def deploy(local: emulator.Emulator, console: Console) -> Stack:
    """Deploy the template as a stack and return it; raise StackError."""
    started = time.monotonic()
    with console.status(f"Deploying {TEMPLATE.name} with CloudFormation"):
        text = TEMPLATE.read_text("utf-8")
        deployed = deployment.deploy(local.client, STACK_NAME, text, PARAMETERS)
    seconds = time.monotonic() - started
    console.print(f"CloudFormation deployed {TEMPLATE.name} as {deployed.name} in {seconds:.1f} s.")
    return deployed


def draw(deployed: Stack, span: Span) -> list[str]:
    """Draw the dashboard for a span of time; return what to print about the picture."""
    drawn = picture(deployed.client, deployed.name, deployed["DashboardName"], span)
    try:
        dashboard.write(png(drawn.figure), dashboard.PICTURE)
    except CommandError as error:
        return [f"The dashboard could not be drawn: {error.format_message()}."]
    return dashboard.described(dashboard.PICTURE.relative_to(ROOT), drawn.missing)


def run(local: emulator.Emulator, console: Console) -> bool:
    """Run the demo on an emulator; return whether every update is accounted for."""
    deployed = deploy(local, console)
    demo = Demo(local, deployed, console)
    now = datetime.now(timezone.utc)
    past, live = past_steps(now), live_steps(now)
    steps = [*past, *live]
    with forwarder.running(local.client, deployed):
        demo.send_past(past)
        # The picture shows the live updates only, from a whole second on: those of the past and
        # the fixed ones took minutes or days from event to row.
        start = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(seconds=1)
        demo.send_live(live, start)
        demo.wait(len(steps))
        span = Span(start, datetime.now(timezone.utc), PERIOD_SECONDS)
        seen = demo.look()
        console.print("", shipments(seen), "", mails(seen, deployed.name), "", sep="\n")
        demo.repair(steps)
        lines = totals(steps, demo.look())
        console.print(totals_table(lines), latency(demo.milliseconds), sep="\n", soft_wrap=True)
        with console.status("Drawing the dashboard"):
            described = draw(deployed, span)
        console.print(*described, sep="\n", soft_wrap=True)
    return all_found(lines)


def main() -> None:
    """Run the demo; exit 1 if an update is not accounted for."""
    console = Console(highlight=False)
    starting = console.status("Starting MiniStack, an emulator of AWS")
    try:
        with starting, emulator.running() as local:
            starting.stop()
            where = f"at {local.endpoint}, with TLS and IAM enforced"
            console.print(f"MiniStack, an emulator of AWS, runs {where}.", soft_wrap=True)
            is_complete = run(local, console)
    except (emulator.EmulatorError, deployment.StackError) as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        console.print("Interrupted. Nothing is left running.")
        sys.exit(130)
    every = "Every update is" if is_complete else "Not every update is"
    console.print(f"{every} accounted for.")
    sys.exit(0 if is_complete else 1)


if __name__ == "__main__":
    main()
