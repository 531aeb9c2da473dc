"""Measures how many updates a second the deployed stack takes on the emulator, and a busy minute.

Run from the repository's folder: make load. A sender puts an update and waits for its row before it
puts the next one, because the emulator starts a worker for each update in flight.
"""

import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from benchmarks import machine
from scripts import deployment, emulator
from scripts.embed import ROOT, TEMPLATE
from tests.campaigns.soak.day import CRITICAL, SEED, of_a_day
from tests.integration.pipeline import EMULATED, Pipeline

RESULTS = ROOT / "benchmarks" / "results" / "load.json"
IN_FLIGHT = (1, 2, 4, 8)
ROUNDS, UPDATES = 3, 100  # of each, in turns
DAY = 1_500
DAY_SECONDS = 58  # to put them in, so that the last ones have time for their rows in the minute
PATIENCE_SECONDS = 20  # until a row counts as lost
PAUSE_SECONDS = 0.005  # between two looks for a row: reading more often would slow what is timed
MOST_SECONDS = 420  # in all
DIGITS = 3  # of a result

Fields = dict[str, Any]


class Sent(NamedTuple):
    """An update that was put: seconds until then and until its row could be read, if it could."""

    put: float
    row: float | None


class Sender:
    """Puts updates on the bus and waits for their rows."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._end = time.monotonic() + MOST_SECONDS

    def send(self, detail: Fields) -> Sent:
        """Put an update and wait for its row, its times by the monotonic clock."""
        if time.monotonic() > self._end:
            sys.exit(f"load: {MOST_SECONDS} s have passed, the machine is too busy")
        put = time.monotonic()
        self._pipeline.put(detail)
        while self._pipeline.row(detail["shipmentId"], detail["eventTime"]) is None:
            if time.monotonic() > put + PATIENCE_SECONDS:
                return Sent(put, None)
            time.sleep(PAUSE_SECONDS)
        return Sent(put, time.monotonic())

    def at_once(self, details: Sequence[Fields], in_flight: int) -> tuple[float, list[Sent]]:
        """Send updates, so many in flight; return the seconds in all and each one's times."""
        begun = time.monotonic()
        with ThreadPoolExecutor(in_flight) as pool:
            sent = list(pool.map(self.send, details))
        return time.monotonic() - begun, sent

    def paced(self, details: Sequence[Fields], seconds: float, in_flight: int) -> list[Sent]:
        """Send updates evenly over so many seconds, or later while too many are in flight.

        Their times are those since the first one was due.
        """
        begun = time.monotonic()
        with ThreadPoolExecutor(in_flight) as pool:
            futures = []
            for number, detail in enumerate(details):
                due = begun + seconds * number / len(details)
                time.sleep(max(0.0, due - time.monotonic()))
                futures.append(pool.submit(self.send, detail))
            sent = [future.result() for future in futures]
        return [Sent(put - begun, row and row - begun) for put, row in sent]


def sustained(sender: Sender, show: Callable[[str], None]) -> list[Fields]:
    """Return what each number of updates in flight sustains."""
    rates: dict[int, list[float]] = {number: [] for number in IN_FLIGHT}
    sent: dict[int, list[Sent]] = {number: [] for number in IN_FLIGHT}
    sender.at_once(ordinary("warm", UPDATES), max(IN_FLIGHT))
    for turn in range(ROUNDS):
        for number in IN_FLIGHT:
            show(f"{number} in flight, {turn + 1} of {ROUNDS}")
            seconds, times = sender.at_once(ordinary(f"{turn}-{number}", UPDATES), number)
            rates[number].append(UPDATES / seconds)
            sent[number] += times
    return [
        {
            "in_flight": number,
            "per_second": [
                round(of(rates[number]), DIGITS) for of in (min, statistics.median, max)
            ],
            **latencies(sent[number]),
        }
        for number in IN_FLIGHT
    ]


def ordinary(run: str, count: int) -> list[Fields]:
    """Return details of ordinary updates, each of a shipment of its own."""
    now_ms = time.time_ns() // 1_000_000
    return [
        {"shipmentId": f"LOAD-{run}-{number}", "status": "IN_TRANSIT", "eventTime": now_ms + number}
        for number in range(count)
    ]


def latencies(sent: Iterable[Sent]) -> Fields:
    """Return the 50th and 99th percentile (ms) from put to row, and how many had no row."""
    every = list(sent)
    found = [1000 * (row - put) for put, row in every if row is not None]
    cuts = statistics.quantiles(found, n=100, method="inclusive")
    p50, p99 = round(cuts[49], DIGITS), round(cuts[98], DIGITS)
    return {"p50": p50, "p99": p99, "sent": len(every), "lost": len(every) - len(found)}


def busy_minute(sender: Sender, pipeline: Pipeline, show: Callable[[str], None]) -> Fields:
    """Send the updates of a day within a minute; return what became of them.

    put, row: seconds from the first one to the last put and the last row; late: the longest that
    one was put after it was due.
    """
    show(f"a day of {DAY:,} updates in {DAY_SECONDS} s")
    chance = random.Random(SEED)  # noqa: S311 - the same for everybody
    details = [update["detail"] for _, update in of_a_day(DAY, CRITICAL, chance)]
    critical = sum(detail["status"] == "DELAYED" for detail in details)
    before = count_rows(pipeline)
    sent = sender.paced(details, DAY_SECONDS, max(IN_FLIGHT))
    give_up = time.monotonic() + PATIENCE_SECONDS
    while len(pipeline.alerts("")) < critical and time.monotonic() < give_up:
        time.sleep(PAUSE_SECONDS)
    dues = [DAY_SECONDS * number / DAY for number in range(DAY)]
    waiting = pipeline.client("sqs").get_queue_attributes(
        QueueUrl=pipeline.stack["FailedUpdatesQueueUrl"],
        AttributeNames=["ApproximateNumberOfMessages"],
    )
    return {
        **latencies(sent),
        "put": round(max(each.put for each in sent), DIGITS),
        "row": round(max(each.row or 0 for each in sent), DIGITS),
        "late": round(max(each.put - due for each, due in zip(sent, dues, strict=True)), DIGITS),
        "rows": count_rows(pipeline) - before,
        "critical": critical,
        "alerts": len(pipeline.alerts("")),
        "failed": int(waiting["Attributes"]["ApproximateNumberOfMessages"]),
    }


def count_rows(pipeline: Pipeline) -> int:
    """Return how many rows the table has."""
    pages = pipeline.client("dynamodb").get_paginator("scan")
    found = pages.paginate(TableName=pipeline.stack["ShipmentLogsTableName"], Select="COUNT")
    return sum(page["Count"] for page in found)


def main() -> None:
    """Measure, and write the results."""

    def show(what: str) -> None:
        print(f"load: {what}", file=sys.stderr, flush=True)

    machine_before = machine.describe("ministack", "botocore")
    with emulator.running() as local:
        parameters = {**emulator.PARAMETERS, "EnvironmentSuffix": "load"}
        template = TEMPLATE.read_text("utf-8")
        stack = deployment.deploy(local.client, "tapstack-load", template, parameters)
        pipeline = Pipeline(stack, local.client, EMULATED)
        sender = Sender(pipeline)
        results = {
            "machine": machine_before,
            "sustained": sustained(sender, show),
            "minute": busy_minute(sender, pipeline, show),
        }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
