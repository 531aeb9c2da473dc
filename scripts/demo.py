"""Deploys the template on this machine, sends it shipment updates, shows what became of them."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from scripts import dashboard, emulator, forwarder, stack
from scripts.drawing.dashboard import picture
from scripts.drawing.series import Span
from scripts.embed import TEMPLATE
from scripts.mailbox import Mailbox, receive
from scripts.operations.errors import WrongUse
from scripts.results import Seen, balanced, results
from scripts.scenario import Step, live_steps, steps

# MiniStack starts a worker for each event in flight, so more would only wait for processors.
IN_FLIGHT = 4
DEADLINE_SECONDS = 30
# All of the demo happens within seconds: minutes would make one point of it.
PERIOD_SECONDS = 1


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

    def send(self, planned: Step) -> float | None:
        """Put an update on the bus; return the ms until its row could be read, if it gets one."""
        started = time.perf_counter()
        step = planned.happening(datetime.now(timezone.utc))
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

    def wait(self, sent: int) -> None:
        """Return once each update sent has been reported by the function, or after a while."""
        give_up = time.monotonic() + DEADLINE_SECONDS
        while len(self._records()) < sent and time.monotonic() < give_up:
            time.sleep(0.05)

    def look(self) -> Seen:
        """Return what there is to see."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.stack["ShipmentLogsTableName"]
        )
        return Seen(
            rows=[row for page in pages for row in page["Items"]],
            records=self._records(),
            mails=self.mailbox.alerts(),
            rejected=self._kept(),
        )

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


class Sending:
    """Sends updates, IN_FLIGHT at a time, with live progress.

    milliseconds: from putting each update on the bus until its row could be read.
    """

    def __init__(self, demo: Demo, console: Console) -> None:
        """Take where to send them and where to show that."""
        self._demo, self._console = demo, console
        self.milliseconds: list[float] = []

    def past(self, story: list[Step]) -> None:
        """Send what has happened, a batch after the other: a redelivery comes after its twin."""
        with (
            self._told("Two days of updates", story) as sent,
            ThreadPoolExecutor(IN_FLIGHT) as pool,
        ):
            for start in range(0, len(story), IN_FLIGHT):
                batch = story[start : start + IN_FLIGHT]
                for step, took in zip(batch, pool.map(self._demo.send, batch), strict=True):
                    sent(step, took)

    def live(self, story: list[Step], start: datetime) -> None:
        """Send each update when it is due after a start."""
        with (
            self._told("Updates as they come", story) as sent,
            ThreadPoolExecutor(IN_FLIGHT) as pool,
        ):
            under_way: list[tuple[Step, Future[float | None]]] = []
            for step in story:
                due = start + timedelta(seconds=step.due or 0)
                time.sleep(max(0.0, (due - datetime.now(timezone.utc)).total_seconds()))
                under_way.append((step, pool.submit(self._demo.send, step)))
                while under_way and under_way[0][1].done():
                    first, took = under_way.pop(0)
                    sent(first, took.result())
            for step, took in under_way:
                sent(step, took.result())

    @contextmanager
    def _told(self, what: str, story: list[Step]) -> Iterator[Callable[[Step, float | None], None]]:
        """Show progress for a with block; yields what is told of each update sent."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        latest = TextColumn("{task.fields[latest]}")
        with Progress(*columns, latest, console=self._console) as progress:
            sending = progress.add_task(what, total=len(story), latest="")

            def sent(step: Step, took: float | None) -> None:
                latest = f"{step.detail['shipmentId']} {step.detail['status']} {step.remark}"
                progress.update(sending, advance=1, latest=latest)
                if took is not None:
                    self.milliseconds.append(took)

            yield sent


def draw(local: emulator.Emulator, deployed: stack.Stack, since: datetime) -> list[str]:
    """Draw the dashboard since a time; return what is to be said of the picture."""
    span = Span(since, datetime.now(timezone.utc) + timedelta(seconds=1), PERIOD_SECONDS)
    drawn = picture(local.client, deployed.name, deployed["DashboardName"], span)
    try:
        dashboard.write(drawn.png(), dashboard.PICTURE)
    except WrongUse as error:
        return [f"The dashboard is not drawn: {error.format_message()}."]
    return dashboard.told(dashboard.PICTURE, drawn.without_data)


def main() -> None:
    """Run the demo; exit 1 if a total is not what was sent."""
    console = Console()
    story, live = steps(datetime.now(timezone.utc)), live_steps()
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
        sending = Sending(demo, console)
        with forwarder.running(local.client, deployed):
            sending.past(story)
            # The picture begins at a whole second, with nothing of the past in it: what has
            # happened days ago took days from event to row.
            since = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(seconds=1)
            sending.live(live, since)
            demo.wait(len(story) + len(live))
        said = draw(local, deployed, since)
        seen = demo.look()
    shown = results([*story, *live], seen, sending.milliseconds, deployed.name)
    console.print(*shown, sep="\n")
    console.print(*said, sep="\n", soft_wrap=True)
    well = balanced([*story, *live], seen)
    console.print("Every update is accounted for." if well else "The books do not balance.")
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
