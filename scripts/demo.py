"""Deploys both templates on an emulator, sends updates, shows the results, fixes the failed."""

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

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from scripts import dashboard, deployment, emulator, forwarder, stacks
from scripts.drawing.dashboard import picture
from scripts.drawing.metrics import Span
from scripts.drawing.picture import png
from scripts.embed import ROOT
from scripts.observer import Observer
from scripts.results import Seen, all_found, latency, mails, totals, totals_table
from scripts.scenario import JOURNEYS, Step, live_steps, past_steps
from scripts.stacks import Stacks
from shipments.errors import CommandError
from shipments.events import DETAIL_TYPE, SOURCE

# MiniStack starts a worker for each update in flight, so more would only wait for processors.
IN_FLIGHT = 4
DEADLINE_SECONDS = 30
# The live part takes seconds: with one point per minute it would be a single point.
PERIOD_SECONDS = 1
# Between two looks for a row: more often, reading would slow what is timed.
READ_PAUSE_SECONDS = 0.005
ORIGINALS = "build/originals.jsonl"  # of the updates that are fixed
ASKED = (
    "Each minute a rule has the status stack mail, and each day look for stuck\n"
    "shipments. The demo asks for both now."
)


class Demo:
    """One run of the demo against the deployed stacks.

    milliseconds: how long it took from PutEvents until a row could be read, for each row.
    """

    def __init__(self, local: emulator.Emulator, deployed: Stacks, console: Console) -> None:
        self.stack, self._status = deployed.main, deployed.status
        self._local, self._console = local, console
        self._events, self._dynamodb = local.client("events"), local.client("dynamodb")
        self.look = Observer(local.client, deployed).look
        self.milliseconds: list[float] = []

    def send_past(self, steps: list[Step]) -> None:
        """Send updates in batches, so that a redelivery is sent after the first delivery."""
        with (
            self._progress("Sending the updates of four days", steps) as sent,
            ThreadPoolExecutor(IN_FLIGHT) as pool,
        ):
            for start in range(0, len(steps), IN_FLIGHT):
                batch = steps[start : start + IN_FLIGHT]
                for step, took in zip(batch, pool.map(self._send, batch), strict=True):
                    sent(step, took)

    def send_live(self, steps: list[Step], start: datetime) -> None:
        """Send each update when it is due after start."""
        with (
            self._progress("Sending live updates and a storm", steps) as sent,
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
        """Wait until the function has logged each update sent, and an alarm has fired."""
        doing = "Waiting until all updates are processed and an alarm has fired"
        self._until(doing, lambda seen: len(seen.records) >= sent and bool(seen.fired))

    def mail(self) -> None:
        """Have the status stack's function mail what is due until it has mailed each alert."""

        def is_mailed(seen: Seen) -> bool:
            # Who asks too early has to wait for the next turn.
            if seen.is_current and not seen.is_mailed:
                self._ask("mail")
            return seen.is_mailed

        self._until("Waiting for the digest mails", is_mailed)
        self._ask("mail")  # which reports that nothing waits

    def mail_stuck(self) -> None:
        """Have the status stack's function mail the stuck shipments."""
        self._ask("stuck")

    def list_shipments(self) -> None:
        """List the current status of the shipments of the past."""
        self._operate("list", "--sort", "shipment", "--limit", str(len(JOURNEYS)))

    def _ask(self, what: str) -> None:
        """Invoke the status stack's function as its rules do."""
        self._local.client("lambda").invoke(
            FunctionName=self._status["ShipmentStatusFunctionName"],
            Payload=json.dumps({"do": what}),
        )

    def _until(self, doing: str, is_done: Callable[[Seen], bool]) -> None:
        """Wait until what is seen is as it should be.

        Stop after DEADLINE_SECONDS at the latest; then the totals are not as expected.
        """
        give_up = time.monotonic() + DEADLINE_SECONDS
        with self._console.status(doing):
            while time.monotonic() < give_up and not is_done(self.look()):
                time.sleep(0.1)

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
            time.sleep(READ_PAUSE_SECONDS)
        raise deployment.StackError(f"no row for {step.detail} after {DEADLINE_SECONDS} s")

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


def deploy(local: emulator.Emulator, console: Console) -> Stacks:
    """Deploy the templates as stacks and return these; raise StackError."""
    started = time.monotonic()
    with console.status("Deploying the templates with CloudFormation"):
        deployed = Stacks(*stacks.deploying(local.client))
    seconds = time.monotonic() - started
    names = f"{deployed.main.name} and {deployed.status.name}"
    console.print(f"Deployed {names} in {seconds:.1f} s.")
    return deployed


def draw(deployed: Stacks, span: Span) -> list[str]:
    """Draw the dashboards for a span of time; return what to print about the pictures."""
    both = (
        (deployed.main, "DashboardName", dashboard.PICTURE),
        (deployed.status, "StatusDashboardName", dashboard.STATUS_PICTURE),
    )
    lines = []
    for stack, output, path in both:
        drawn = picture(stack.client, stack.name, stack[output], span)
        try:
            dashboard.write(png(drawn.figure), path)
            lines += dashboard.described(path.relative_to(ROOT), drawn.missing)
        except CommandError as error:
            lines.append(f"The dashboard could not be drawn: {error.format_message()}.")
    return lines


def run(local: emulator.Emulator, console: Console) -> bool:
    """Run the demo on an emulator; return whether every update is accounted for."""
    deployed = deploy(local, console)
    demo = Demo(local, deployed, console)
    now = datetime.now(timezone.utc)
    past, live = past_steps(now), live_steps(now)
    steps = [*past, *live]
    with forwarder.running(local.client, deployed.main, status=deployed.status):
        demo.send_past(past)
        # The picture shows the live updates only, from a whole second on: those of the past and
        # the fixed ones took minutes or days from event to row.
        start = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(seconds=1)
        demo.send_live(live, start)
        demo.wait(len(steps))
        demo.mail()
        demo.mail_stuck()
        span = Span(start, datetime.now(timezone.utc), PERIOD_SECONDS)
        console.print(ASKED, "", mails(demo.look(), deployed.main.name), "", sep="\n")
        demo.repair(steps)
        demo.mail()
        demo.list_shipments()
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
