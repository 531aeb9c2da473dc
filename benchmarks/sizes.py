"""Measures what `shipments cost` computes with: bytes, AWS calls and processor time of an update.

Run from the repository's folder, after `make bench`:
PYTHONPATH=.:src .venv/bin/python benchmarks/sizes.py
Writes src/shipments/cost/measured.json. Bytes and calls are those of the handlers in an account in
memory. Processor time is that of `make bench`.
"""

import io
import json
import statistics
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import datetime, tzinfo
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
from moto import mock_aws

from benchmarks.bench import page
from benchmarks.bench.processes import FILES
from benchmarks.bench.updates import DETAIL_BYTES, KINDS, compact, event
from shipments import handler
from tests.account import REGION, FakeAccount, Fields, settings

RESULTS = Path(__file__).parents[1] / "src" / "shipments" / "cost" / "measured.json"
CLOCK_MS = 1_795_428_001_623  # the handlers' clock, 1.5 s after the update
EVENT_TIME = "2026-11-23T10:00:00.123Z"
DETAIL_SIZES = (150, 250, 500, 1000, 2000, 4000)
HISTORY = 10  # rows of the shipment whose item is measured
EVENT_ID = REQUEST_ID = "c1d2e3f4-a5b6-4798-8a9b-acbdcedfe0f1"
# The lines that Lambda adds around an invocation if its log is plain text.
LAMBDA_LINES = (
    f"START RequestId: {REQUEST_ID} Version: $LATEST\n"
    f"END RequestId: {REQUEST_ID}\n"
    f"REPORT RequestId: {REQUEST_ID}\tDuration: 25.51 ms\tBilled Duration: 26 ms\t"
    "Memory Size: 256 MB\tMax Memory Used: 92 MB\t\n"
)


class Stopped(datetime):
    """Times of which each is the same."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Stopped":
        """Return the time of the handlers' clock."""
        return cls.fromtimestamp(CLOCK_MS / 1000, tz)


# By what a handler's clock is replaced, because a zero at the end of a number makes a row smaller.
HANDLERS: dict[str, Fields] = {
    "ours": {"clock_ms": lambda: CLOCK_MS},
    "plain": {"datetime": Stopped},
}


class Measured:
    """A handler in an account in memory, and how often it has called which operation."""

    def __init__(self, name: str, account: FakeAccount) -> None:
        self._account = account
        self.calls: Counter[str] = Counter()
        boto3.DEFAULT_SESSION.events.register("before-call", self._note)
        variables = settings(account.table, account.topic, account.queue)
        self._module = handler.load(variables, FILES[name])
        vars(self._module).update(HANDLERS[name])

    def _note(self, model: Any, **_: Any) -> None:
        self.calls[model.name] += 1

    def log_bytes(self, update: Fields) -> int:
        """Process an update; return how much is printed."""
        with redirect_stdout(io.StringIO()) as printed:
            self._module.lambda_handler(update, SimpleNamespace(aws_request_id=REQUEST_ID))
        return len(printed.getvalue().encode())

    def row_bytes(self) -> int:
        """Return the size of the one row there is, if there is one, and delete it."""
        items = self._account.dynamodb.scan(TableName=self._account.table)["Items"]
        self._account.delete_rows()
        return item_bytes(items[0]) if items else 0


@contextmanager
def account() -> Iterator[FakeAccount]:
    """Yield an account in memory."""
    with mock_aws():
        boto3.setup_default_session(region_name=REGION)
        yield FakeAccount(boto3.Session(region_name=REGION))


def update(
    kind: str = "ordinary", size: int = DETAIL_BYTES, event_time: str = EVENT_TIME
) -> Fields:
    """Return an update of a kind, the same one each time."""
    status = KINDS[kind]()["detail"].get("status")
    fields = {"status": status} if status else {}
    return event(EVENT_ID, size, shipmentId="SHIP-12345", eventTime=event_time, **fields)


def item_bytes(item: Fields) -> int:
    """Return the size of an item by DynamoDB's rule: names and values, two digits a byte."""
    size = 0
    for name, typed in item.items():
        ((kind, value),) = typed.items()
        if kind == "S":
            size += len(value.encode())
        elif kind == "N":
            size += (len(value.strip("-0.")) + 1) // 2 + 1
        elif kind in {"SS", "L"}:
            size += sum(len(str(each)) for each in value)
        else:
            size += 1
        size += len(name.encode())
    return size


def sizes(name: str) -> Fields:
    """Return row, log and calls of a handler for each kind of update."""
    with account() as empty:
        found = Measured(name, empty)
        kinds: Fields = {}
        rows: Fields = {}
        for kind in KINDS:
            if kind == "redelivered":
                found.log_bytes(update(kind))
            found.calls.clear()
            log_bytes = found.log_bytes(update(kind))
            kinds[kind] = {"logBytes": log_bytes, "calls": dict(found.calls)}
            rows[kind] = found.row_bytes()
        by_detail = {}
        for size in DETAIL_SIZES:
            found.log_bytes(update(size=size))
            by_detail[str(size)] = found.row_bytes()
    beside = [row - int(size) for size, row in by_detail.items()]
    return {
        "rowBytes": by_detail,
        "rowBytesBesideDetail": statistics.median_high(beside),
        "markBytes": rows["critical"] - rows["ordinary"] + len("IN_TRANSIT") - len("DELAYED"),
        "kinds": kinds,
    }


def status_sizes() -> Fields:
    """Return the size of a shipment's item, and of the status function's log lines."""
    with account() as empty:
        empty.make_status_stack()
        module, index = empty.start_status(), Measured("ours", empty)
        module.clock_ms = lambda: CLOCK_MS
        for second in range(HISTORY):
            index.log_bytes(update(event_time=f"2026-11-23T10:00:{second:02}.123Z"))
        lines = []
        for task in ({"do": "refresh", "shipments": ["SHIP-12345"]}, {"do": "mail"}):
            with redirect_stdout(io.StringIO()) as printed:
                module.lambda_handler(task, SimpleNamespace(aws_request_id=REQUEST_ID))
            lines.append(len(printed.getvalue().encode()))
        items = empty.dynamodb.scan(TableName=empty.status_table)["Items"]
    (item,) = (each for each in items if "status" in each)
    return {"itemBytes": item_bytes(item), "logBytes": lines[0], "minuteLogBytes": lines[1]}


def measure_sizes() -> Fields:
    """Return sizes and calls of both handlers, and sizes of the status stack's."""
    return {**{name: sizes(name) for name in HANDLERS}, "status": status_sizes()}


def main() -> None:
    """Measure, add the processor time of `make bench`, print, and write the results."""
    bench = json.loads(page.RESULTS.read_text("utf-8"))
    measured: Fields = {
        "versions": bench["versions"],
        "handler": handler.digest(),
        "detailBytes": DETAIL_BYTES,
        "envelopeBytesBesideDetail": len(compact(update())) - DETAIL_BYTES,
        "lambdaLinesBytes": len(LAMBDA_LINES),
        **measure_sizes(),
    }
    for name in HANDLERS:
        for kind, each in measured[name]["kinds"].items():
            each["cpuMs"] = bench["figures"][kind]["cpu_ms"][name][0]
    text = json.dumps(measured, indent=2) + "\n"
    RESULTS.write_text(text, "utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
