"""Computes what the status stack adds to the bill, from prices in us-east-1 and what it calls.

Run from the repository's folder: .venv/bin/python benchmarks/cost.py [--updates N] [...]
Nothing is measured: the options are the assumptions, and docs/aws.md has the prices' sources. What
an account has for nothing is not subtracted. Some calls a mail are left out.
"""

import argparse
from math import ceil
from typing import NamedTuple

DAYS = 30  # a month
PRICES = {  # dollars
    "read unit": 0.125e-6,
    "write unit": 0.625e-6,
    "request": 0.20e-6,  # of Lambda
    "GB-second": 0.0000133334,  # on Arm
    "GB of log": 0.50,
    "alarm metric": 0.10,  # a month, as what follows
    "custom metric": 0.30,
    "GB stored": 0.25,
    "GB to restore": 0.20,  # by point-in-time recovery; indexes are not in it
}
MEMORY_GB = 256 / 1024
READ_BYTES, WRITE_BYTES = 4096, 1024  # a unit of a consistent read, and of a write
CALL_MS = 15  # a refresh has two calls, one after the other: an assumption
IDLE_MS = 30  # an invocation that finds nothing to do: an assumption
LINE_BYTES = 500  # of the log, an invocation
OVERHEAD_BYTES = 100  # that DynamoDB adds to each stored item


class Use(NamedTuple):
    """A quantity of what has a price, in a month."""

    what: str
    number: float
    unit: str

    @property
    def dollars(self) -> float:
        """What it costs."""
        return self.number * PRICES[self.unit]


class Flow(NamedTuple):
    """What the stack gets in a month; row and item in bytes, window in seconds."""

    updates: int
    per_shipment: int
    critical: float
    row: int
    item: int
    shards: int
    window: int


def by_updates(flow: Flow) -> list[Use]:
    """Return what grows with the updates; reads of the stream by Lambda are free."""
    lengths = range(1, flow.per_shipment + 1)
    reads = sum(ceil(rows * flow.row / READ_BYTES) for rows in lengths) / flow.per_shipment
    writes = ceil(flow.item / WRITE_BYTES)
    windows = flow.shards * DAYS * 86_400 // max(1, flow.window)
    invocations = min(flow.updates, windows)
    seconds = flow.updates * 2 * CALL_MS / 1000 + invocations * IDLE_MS / 1000
    # The newer row's timestamp is a key of the index: one write for the first, then two.
    changes = (2 * flow.per_shipment - 1) / flow.per_shipment
    return [
        Use("query of the shipment's rows", flow.updates * reads, "read unit"),
        Use("item", flow.updates * writes, "write unit"),
        Use("item in status-index", flow.updates * changes * writes, "write unit"),
        # To wait for the mail: item, due-index. To be mailed: both, and status-index.
        Use("critical ones: marks", flow.updates * flow.critical * 5 * writes, "write unit"),
        Use("invocations", invocations, "request"),
        Use("their duration", seconds * MEMORY_GB, "GB-second"),
        Use("their log", invocations * LINE_BYTES / 1e9, "GB of log"),
    ]


def each_month(flow: Flow) -> list[Use]:
    """Return what is paid without an update, and for what is stored of a month's shipments."""
    shipments = flow.updates / flow.per_shipment
    minutes = DAYS * 24 * 60
    scanned = shipments * flow.item / READ_BYTES / 2
    stored = shipments * (flow.item + OVERHEAD_BYTES) / 1e9
    return [
        Use("minute rule: invocations", minutes, "request"),
        Use("their duration", minutes * IDLE_MS / 1000 * MEMORY_GB, "GB-second"),
        Use("their scans of due-index", minutes / 2, "read unit"),
        Use("their log", minutes * LINE_BYTES / 1e9, "GB of log"),
        Use("alarms", 5, "alarm metric"),
        Use("metrics in the log", 8, "custom metric"),
        Use(f"items of {shipments:,.0f} shipments, indexed", 2 * stored, "GB stored"),
        Use("their recovery", stored, "GB to restore"),
        Use("their daily scan", DAYS * scanned, "read unit"),
    ]


def show(title: str, uses: list[Use]) -> None:
    """Print a table with its sum."""
    print(f"\n{title}")
    for use in uses:
        print(f"  {use.what:38} {use.number:12,.2f}  {use.unit:13} ${use.dollars:8.3f}")
    print(f"  {'sum':38} {'':12}  {'':13} ${sum(use.dollars for use in uses):8.3f}")


def main() -> None:
    """Print both tables for the options."""
    parser = argparse.ArgumentParser(description="Compute what the status stack costs.")
    parser.add_argument("--updates", type=int, default=1_000_000, help="in a month")
    parser.add_argument("--per-shipment", type=int, default=10, help="updates of a shipment")
    parser.add_argument("--critical", type=float, default=0.05, help="share of the updates")
    parser.add_argument("--row", type=int, default=450, help="bytes of a row in the log")
    parser.add_argument("--item", type=int, default=300, help="bytes of a shipment's item")
    parser.add_argument("--shards", type=int, default=4, help="of the stream")
    parser.add_argument("--window", type=int, default=20, help="BatchWindowSeconds")
    flow = Flow(**vars(parser.parse_args()))
    show(f"{flow.updates:,} updates", by_updates(flow))
    show("Each month", each_month(flow))


if __name__ == "__main__":
    main()
