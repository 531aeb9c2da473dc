"""Puts into MiniStack the metrics that AWS makes by itself, so that dashboard and alarms work.

They come from the functions' logs and from the number of failed updates on the queue. What nothing
here can measure has no data, as the rule's TriggeredRules.

Only for an emulator: AWS makes these metrics itself and refuses PutMetricData in its own
namespaces. Run one forwarder per stack, because two of them count everything twice.
"""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import boto3
import click
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from scripts.emulator import GONE
from scripts.function_metrics import Fields, Metric, datum, of_processor, of_status
from shipments.oneline import OneLine
from shipments.stack import Clients, Stack, describe

PAUSE_SECONDS = 1.0
# AWS measures a queue every minute.
IDLE_SECONDS = 60
NEEDED = "FailedUpdatesQueueUrl"


class Forwarder:
    """Puts the metrics of one stack, and of its status stack if given, one pass at a time."""

    def __init__(
        self, client: Callable[[str], Any], stack: Stack, status: Stack | None = None
    ) -> None:
        self._client, self._queue = client, stack[NEEDED]
        self._functions = [of_processor(stack), *([of_status(status)] if status else [])]
        self._waiting: int | None = None
        self._due = 0.0
        self._unsent: dict[str, list[Fields]] = {}

    def forward(self) -> None:
        """Put everything new since the last pass; raise ClientError or BotoCoreError.

        The next pass puts what this one could not.
        """
        for metrics in (*(each.new() for each in self._functions), self._failed_updates()):
            for namespace, each in metrics:
                self._unsent.setdefault(namespace, []).append(each)
        for namespace in list(self._unsent):
            self._client("cloudwatch").put_metric_data(
                Namespace=namespace, MetricData=self._unsent[namespace]
            )
            del self._unsent[namespace]

    def _failed_updates(self) -> Iterator[Metric]:
        """Yield how many updates are on the queue if that has changed, or after a minute."""
        name = "ApproximateNumberOfMessages"
        answer = self._client("sqs").get_queue_attributes(
            QueueUrl=self._queue, AttributeNames=[name]
        )
        waiting = int(answer["Attributes"][name])
        if waiting != self._waiting or time.monotonic() >= self._due:
            self._waiting, self._due = waiting, time.monotonic() + IDLE_SECONDS
            by = {"QueueName": self._queue.rpartition("/")[2]}
            yield "AWS/SQS", datum(f"{name}Visible", by, clock_ms(), waiting)


def clock_ms() -> int:
    """Return the time in epoch ms."""
    return time.time_ns() // 1_000_000


@contextmanager
def running(
    client: Callable[[str], Any],
    stack: Stack,
    seconds: float = PAUSE_SECONDS,
    status: Stack | None = None,
) -> Iterator[None]:
    """Forward every so many seconds during a with block, and once more at its end.

    At the end of the block it raises what a pass has raised.
    """
    over = threading.Event()
    forwarder = Forwarder(client, stack, status)

    def passes() -> None:
        while not over.wait(seconds):
            forwarder.forward()
        forwarder.forward()

    with ThreadPoolExecutor(1) as thread:
        passing = thread.submit(passes)
        try:
            yield
        finally:
            over.set()
        passing.result()


@click.command(cls=OneLine)
@click.argument("stack_name")
@click.argument("status_stack", required=False)
def main(stack_name: str, status_stack: str | None) -> None:
    """Put the metrics of STACK_NAME, and its STATUS_STACK, into the emulator at AWS_ENDPOINT_URL.

    It runs until the emulator stops, or until SIGTERM or Ctrl-C.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    # Few attempts, to notice soon that the emulator has stopped.
    settings = Config(retries={"mode": "standard", "total_max_attempts": 2})
    client = Clients(boto3.Session(), config=settings)
    try:
        if ".amazonaws." in client("cloudformation").meta.endpoint_url:
            raise click.UsageError(
                "AWS_ENDPOINT_URL: must be an emulator's, because AWS makes these metrics itself"
            )
        stacks = [describe(client, name) for name in (stack_name, status_stack) if name]
    except ClientError:
        names = " or ".join(name for name in (stack_name, status_stack) if name)
        raise click.UsageError(f"STACK_NAME: no stack {names}: deploy it first") from None
    except BotoCoreError as error:
        raise click.UsageError(f"AWS_ENDPOINT_URL: {error}") from None
    if NEEDED not in stacks[0].outputs:
        raise click.UsageError(
            f"STACK_NAME: {stack_name} is not a TapStack stack: no output {NEEDED}"
        )
    with suppress(*GONE):
        _keep_forwarding(Forwarder(client, *stacks))


def _keep_forwarding(forwarder: Forwarder) -> None:
    """Forward until the emulator stops."""
    while True:
        # A stack that is deleted has neither log nor queue until it is deployed again.
        with suppress(ClientError, ReadTimeoutError):
            forwarder.forward()
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
