"""Puts into MiniStack the metrics that AWS makes by itself, so that dashboard and alarms work.

MiniStack records only the metrics of AWS/Lambda, and only for invocations by the Invoke API, not
by a rule. This reads the function's log and puts the metrics of its lines (EMF) and of the
invocations that MiniStack left out. It measures what else the dashboard shows: the failed updates
on the queue (AWS/SQS), the writes (AWS/DynamoDB), the alerts (AWS/SNS) and the rule (AWS/Events).
It does not measure DynamoDB's latencies, because that would slow down the function.

Only for an emulator: AWS makes these metrics itself and refuses PutMetricData in its own
namespaces. Run one forwarder per stack, because two of them count everything twice.
"""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache
from secrets import token_hex
from typing import Any, Protocol

import boto3
import click
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from scripts.emulator import GONE
from scripts.forwarding.data import Data
from scripts.forwarding.emf import metric_data
from scripts.forwarding.function import FunctionLog
from scripts.forwarding.log import Log
from scripts.forwarding.matches import RuleMatches
from scripts.forwarding.notifications import DeliveredNotifications
from scripts.forwarding.outbox import Outbox
from scripts.forwarding.tally import Tally
from scripts.forwarding.waiting import WaitingMessages
from scripts.forwarding.writes import TableWrites
from scripts.operations.oneline import OneLine
from scripts.stack import Stack, describe

__all__ = ["Forwarder", "metric_data", "running"]

PAUSE_SECONDS = 1.0
# A queue's name has at most 80 characters, a rule's 64, a stack's 128.
STACK_NAME_CHARACTERS = 32
NEEDED = "ShipmentLogsTableStreamArn"


class Source(Protocol):
    """Something to measure."""

    def read(self) -> Iterator[Data]:
        """Yield the new data in pieces. A piece counts even if the next one cannot be read."""


class Forwarder:
    """Puts the metrics of one stack, one pass at a time."""

    def __init__(self, client: Callable[[str], Any], stack: Stack, since_ms: int = 0) -> None:
        """Make the queues, the subscription and the rule that measuring needs.

        client: returns the boto3 client of a service. Log lines and writes count from since_ms
        (epoch ms) on, alerts and events from now on.
        """
        client = cache(client)
        sqs = client("sqs")
        name = f"{stack.name[:STACK_NAME_CHARACTERS]}-forwarder-{token_hex(4)}"
        log = Log(client("logs"), stack["ShipmentProcessorLogGroupName"], since_ms)
        self._outbox = Outbox(client("cloudwatch"))
        self._sources: list[Source] = [
            FunctionLog(log, client("cloudwatch"), stack["ShipmentProcessorFunctionName"]),
            TableWrites(client("dynamodbstreams"), stack["ShipmentLogsTableStreamArn"], since_ms),
            WaitingMessages(sqs, stack["FailedUpdatesQueueUrl"]),
        ]
        with ExitStack() as made:
            rule, bus = stack["ShipmentUpdateRuleArn"], stack["EventBusName"]
            own = f"{rule.rpartition('/')[0]}/{name}"
            tally = made.enter_context(closing(Tally(sqs, f"{name}-events", "events", own)))
            matches = RuleMatches(client("events"), tally, rule, bus, name)
            made.callback(matches.close)
            topic = stack["AlertTopicArn"]
            tally = made.enter_context(closing(Tally(sqs, f"{name}-alerts", "sns", topic)))
            alerts = DeliveredNotifications(client("sns"), tally, topic)
            made.callback(alerts.close)
            self._made = made.pop_all()
        self._sources += [matches, alerts]

    def forward(self) -> int:
        """Put everything new since the last pass; return the number of data points.

        Raises ClientError or BotoCoreError. The next pass puts what this one did not.
        """
        sent = self._outbox.send()  # what the last pass did not put
        for source in self._sources:
            for data in source.read():
                self._outbox.add(data)
            sent += self._outbox.send()
        return sent

    def close(self) -> None:
        """Remove what measuring needed."""
        self._made.close()


@contextmanager
def running(
    client: Callable[[str], Any], stack: Stack, seconds: float = PAUSE_SECONDS
) -> Iterator[None]:
    """Forward every so many seconds during a with block, and once more at its end.

    At the end of the block it raises what a pass has raised.
    """
    over = threading.Event()
    with closing(Forwarder(client, stack)) as forwarder, ThreadPoolExecutor(1) as thread:
        passes = thread.submit(_passes, forwarder, over, seconds)
        try:
            yield
        finally:
            over.set()
        passes.result()


def _passes(forwarder: Forwarder, over: threading.Event, seconds: float) -> None:
    while not over.wait(seconds):
        forwarder.forward()
    forwarder.forward()


@click.command(cls=OneLine)
@click.argument("stack_name")
def main(stack_name: str) -> None:
    """Put the metrics of STACK_NAME into the emulator at AWS_ENDPOINT_URL.

    It runs until the emulator stops, or until SIGTERM or Ctrl-C.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    # Few attempts, to notice soon that the emulator has stopped.
    settings = Config(retries={"mode": "standard", "total_max_attempts": 2})
    session = boto3.Session()
    client = cache(lambda service: session.client(service, config=settings))
    try:
        endpoint = client("cloudformation").meta.endpoint_url
        if ".amazonaws." in endpoint:
            raise click.UsageError(
                "AWS_ENDPOINT_URL: must be an emulator's, because AWS makes these metrics itself"
            )
        stack = describe(client("cloudformation"), stack_name)
    except ClientError:
        raise click.UsageError(f"STACK_NAME: no stack {stack_name}: deploy it first") from None
    except BotoCoreError as error:
        raise click.UsageError(f"AWS_ENDPOINT_URL: {error}") from None
    if NEEDED not in stack.outputs:
        raise click.UsageError(
            f"STACK_NAME: {stack_name} is not a TapStack stack: no output {NEEDED}"
        )
    with suppress(*GONE):
        _keep_forwarding(client, stack)


def _keep_forwarding(client: Callable[[str], Any], stack: Stack) -> None:
    """Forward until the emulator stops, also if the stack is deployed again in the meantime."""
    since_ms = began_ms = 0
    while True:
        with suppress(ClientError), closing(Forwarder(client, stack, since_ms)) as forwarder:
            while True:
                since_ms, began_ms = began_ms, time.time_ns() // 1_000_000
                try:
                    forwarder.forward()
                except (ClientError, ReadTimeoutError) as error:
                    click.echo(error, err=True)
                time.sleep(PAUSE_SECONDS)
                # Not an error by itself: a deleted table's stream answers for another day.
                if _deployed(client, stack.name) != stack:
                    break
        time.sleep(PAUSE_SECONDS)  # its resources may not all be there yet
        stack = _deployed(client, stack.name)


def _deployed(client: Callable[[str], Any], name: str) -> Stack:
    """Return a stack as soon as it has its outputs."""
    while True:
        with suppress(ClientError, ReadTimeoutError):
            stack = describe(client("cloudformation"), name)
            if NEEDED in stack.outputs:
                return stack
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
