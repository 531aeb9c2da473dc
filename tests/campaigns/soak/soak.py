"""Sends thousands of updates through a stack whose AWS calls often fail, and balances the books.

The way is the real one: asynchronous invocations with two retries, the on-failure destination,
and then the operator's redrive.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import TEMPLATE
from shipments.failed import Where
from tests.campaigns.faults import proxy
from tests.campaigns.faults.redriving import Operator
from tests.campaigns.soak.books import Books, Found, balance
from tests.campaigns.soak.load import Load, Update
from tests.campaigns.soak.pace import Pace
from tests.campaigns.soak.weather import Weather
from tests.integration.pipeline import EMULATED, Pipeline

SEED = 20260115
IN_FLIGHT = 4
# A call may fail up to 14 times in a row, six of them in the first delivery and in each redrive.
REDRIVES = 5
# Longer than the client's pause between two requests, and than a worker takes to start.
QUIET_SECONDS = 2
# AWS waits for a minute and for two before its retries.
SETTINGS = {"LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.05"}


class SoakError(Exception):
    """The soak did not come to its end; the message says where it stood."""


@dataclass(frozen=True)
class Result:
    """What a soak has shown. failed: updates on the queue before each redrive; rest: seconds."""

    books: Books
    weather: Weather
    deliveries: int
    failed: list[int]
    overdue: int
    sending: float
    seconds: float


class Soak:
    """A stack in foul weather, and those who send to it."""

    def __init__(
        self, emulator: ministack.Emulator, between: proxy.Proxy, load: Load, seed: int
    ) -> None:
        self._client: Callable[[str], Any] = emulator.client
        parameters = {**ministack.PARAMETERS, "EnvironmentSuffix": "soak"}
        template = TEMPLATE.read_text("utf-8")
        self._stack = deployment.deploy(self._client, "soak", template, parameters)
        self._pipeline = Pipeline(self._stack, self._client, EMULATED)
        self._operator = Operator(emulator, self._stack)
        self._load = load
        self.pace = Pace(load.updates)
        self.weather = Weather(seed, self.pace.hear)
        between.plan = self.weather.plan

    def send(self, deliveries: list[Update], until: float) -> Iterator[None]:
        """Deliver updates, IN_FLIGHT at a time, yielding after each.

        Raises SoakError if it takes longer than until (by the monotonic clock).
        """
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            for _ in pool.map(self._deliver, deliveries):
                yield
                if time.monotonic() > until:
                    pool.shutdown(cancel_futures=True)
                    raise SoakError("time is up, and not all updates are sent")

    def redrive(self, until: float) -> list[int]:
        """Redrive until only rejected updates lie on the queue; return how many did each time."""
        failed: list[int] = []
        while number := self._failed(until):
            if time.monotonic() > until or len(failed) > REDRIVES:
                raise SoakError(f"{number} updates still fail after {len(failed)} redrives")
            failed.append(number)
            self._operator.redrive("--reason", "RetriesExhausted")
        return failed

    def books(self) -> Books:
        """Return the books."""
        pages = self._client("dynamodb").get_paginator("scan")
        found = pages.paginate(TableName=self._stack["ShipmentLogsTableName"])
        rows = [row for page in found for row in page["Items"]]
        alerts = [alert.body for alert in self._pipeline.alerts("")]
        failed = self._operator.failed()
        met = self.pace.met | {update.name for update in self._load.updates if update.twin}
        found = Found(rows, failed, alerts, self.weather.unheard, met)
        return balance(self._load.updates, found)

    def _deliver(self, update: Update) -> None:
        """Hand an update to Lambda and wait until it is a row, kept or given up."""
        done = self.pace.begin(update)
        for _ in range(times(update)):
            self._client("lambda").invoke(
                FunctionName=self._stack["ShipmentProcessorFunctionName"],
                InvocationType="Event",
                Payload=json.dumps(update.envelope).encode(),
            )
        self.pace.wait(done)

    def _failed(self, until: float) -> int:
        """Return how many updates lie on the queue that are not rejected, once nothing moves."""
        while not self.weather.is_quiet(QUIET_SECONDS) and time.monotonic() < until:
            time.sleep(0.05)
        failed = self._operator.failed()
        return len({each.key for each in failed if each.where is Where.FUNCTION})


def times(update: Update) -> int:
    """Return how many deliveries of an update are on their way at once."""
    return 2 if update.twin else 1


@contextmanager
def foul_weather(load: Load, seed: int) -> Iterator[Soak]:
    """Run a stack behind a proxy that breaks calls, for the length of a with block."""
    with (
        proxy.standing() as between,
        ministack.running({**SETTINGS, "AWS_ENDPOINT_URL": between.endpoint}) as emulator,
    ):
        between.join(emulator)
        yield Soak(emulator, between, load, seed)


def run(updates: int, seed: int, minutes: float, console: Console) -> Result:
    """Run a soak and return what it has shown; raise SoakError if it takes longer than minutes."""
    started = time.monotonic()
    until = started + minutes * 60
    load = Load(seed, updates)
    deliveries = list(load.deliveries())
    with foul_weather(load, seed) as soak:
        with _progress(console) as progress:
            task = progress.add_task("Sending", total=len(deliveries))
            for _ in soak.send(deliveries, until):
                progress.advance(task)
        sending = time.monotonic() - started
        with console.status("Redriving"):
            failed = soak.redrive(until)
        with console.status("Balancing the books"):
            books = soak.books()
        overdue = soak.pace.overdue
        seconds = time.monotonic() - started
        return Result(
            books, soak.weather, sum(map(times, deliveries)), failed, overdue, sending, seconds
        )


def show(result: Result) -> Table:
    """Return the books as a table."""
    books, weather = result.books, result.weather
    calls, blown = weather.calls.total(), weather.blown.total()
    table = Table("Books", "", title="Soak")
    lines = {
        "updates sent": books.sent,
        "deliveries": result.deliveries,
        "requests to AWS": calls,
        **{f"  {name}": number for name, number in weather.calls.most_common()},
        "of them failed": f"{blown:,} ({blown / calls:.1%})",
        **{f"  {kind}": number for kind, number in weather.blown.most_common()},
        "failed updates at each redrive": ", ".join(map(str, result.failed)) or "none",
        "rows": books.rows,
        "still rejected": books.rejected,
        "critical": books.critical,
        "critical alerted": books.alerted,
        "alerts repeated, in the window": books.repeated,
        "lost, doubled or not in the window": len(books.wrong),
        "sending": f"{result.sending:.0f} s, {result.deliveries / result.sending:.0f} a second",
        "in all": f"{result.seconds:.0f} s",
    }
    for name, value in lines.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) else value)
    return table


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


@click.command()
@click.option("--updates", default=10_000, show_default=True, type=click.IntRange(1, 999_999))
@click.option("--seed", default=SEED, show_default=True, help="The same seed, the same faults.")
@click.option("--minutes", default=20.0, show_default=True, type=click.FloatRange(min=0.1))
def main(updates: int, seed: int, minutes: float) -> None:
    """Send updates through a stack of which one AWS call in twenty fails, and balance the books.

    Exit status: 1 if they do not balance, or if it takes longer than --minutes.
    """
    console = Console(highlight=False)
    console.print(f"{updates:,} updates, {IN_FLIGHT} in flight, seed {seed}")
    try:
        result = run(updates, seed, minutes, console)
    except SoakError as error:
        console.print(f"Error: {error}", markup=False)
        sys.exit(1)
    console.print(show(result))
    for line in result.books.wrong:
        console.print(line, markup=False)
    balanced = result.books.balanced
    console.print("The books balance." if balanced else "The books do not balance.")
    sys.exit(0 if balanced else 1)


if __name__ == "__main__":
    main()
