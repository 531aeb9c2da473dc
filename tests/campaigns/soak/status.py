"""Sends updates past both handlers while calls fail, and balances statuses and mails.

What is stored travels through an event source mapping with AWS's rules: shards, batches tried
again from the first failed record, batches delivered twice, batches given up.
"""

import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import click
from rich.console import Console
from rich.table import Table

from tests.account import Fields
from tests.campaigns.soak.companion import Companion, opened
from tests.campaigns.soak.load import CRITICAL_STATUSES, ORDINARY_STATUSES, START
from tests.campaigns.soak.status_books import StatusBooks, balance

SEED = 20261128
UPDATES_A_SHIPMENT = 10
CRITICAL, STAYS, LATE, AGAIN, ERASED = 0.08, 0.5, 0.15, 0.05, 0.01
SHARE = 0.05
A_WINDOW = 20  # updates
# Longer than a batch is tried again.
OUTAGE_WINDOWS = 120
MAIL_WINDOWS = 30  # far more than the last mails take
POISON = {f"POISON-{number}" for number in range(3)}


@dataclass(frozen=True)
class Result:
    """What a soak has shown."""

    books: StatusBooks
    companion: Companion
    kept: int
    seconds: float


def envelopes(count: int, chance: random.Random) -> Iterator[Fields]:
    """Yield updates in the order of their arrival: some late, some twice, incidents of several."""
    shipments = max(1, count // UPDATES_A_SHIPMENT)
    status = dict.fromkeys(range(shipments), ORDINARY_STATUSES[0])
    start_ms = int(START.timestamp()) * 1000
    arrivals = []
    for number in range(count):
        shipment = chance.randrange(shipments)
        if not (status[shipment] in CRITICAL_STATUSES and chance.random() < STAYS):
            words = CRITICAL_STATUSES if chance.random() < CRITICAL else ORDINARY_STATUSES
            status[shipment] = chance.choice(words)
        detail = {
            "shipmentId": f"SOAK-{shipment:05d}",
            "status": status[shipment],
            "location": f"place {number % 7}",
            "eventTime": start_ms + number * 1000,
        }
        envelope = {"id": f"soak-{number:06d}", "time": START.isoformat(), "detail": detail}
        late = chance.uniform(0, 3 * shipments) if chance.random() < LATE else 0
        arrivals.append((number + late, envelope))
        if chance.random() < AGAIN:
            arrivals.append((number + late + chance.uniform(0, shipments), envelope))
    yield from (envelope for _, envelope in sorted(arrivals, key=lambda each: each[0]))


def run(updates: int, seed: int, share: float = SHARE) -> Result:
    """Run a soak and return what it has shown."""
    started = time.monotonic()
    chance = random.Random(seed)  # noqa: S311 - the same for everybody
    arrivals = list(envelopes(updates, chance))
    now_ms = int((START.timestamp() + updates) * 1000)
    with opened(seed, now_ms, share) as companion:
        for name in POISON:
            companion.put_row(shipmentId=name, timestamp=1)
        for number, envelope in enumerate(arrivals):
            companion.put(envelope)
            if number % A_WINDOW == 0:
                companion.pass_window()
            if chance.random() < ERASED / UPDATES_A_SHIPMENT:
                erase(companion, envelope["detail"]["shipmentId"])
            if number == len(arrivals) // 2:
                outage(companion)
        companion.pass_window()
        for _ in range(2 * OUTAGE_WINDOWS):
            companion.pass_window()
        companion.share = 0
        kept = repair(companion)
        is_critical = companion.status_module.is_critical
        books = balance(companion, is_critical, POISON)
        return Result(books, companion, kept, time.monotonic() - started)


def erase(companion: Companion, shipment: str) -> None:
    """Delete a shipment's rows, as the operator's command does."""
    for row in companion.rows():
        if row["shipmentId"] == shipment:
            key = {"shipmentId": {"S": shipment}, "timestamp": {"N": str(row["timestamp"])}}
            companion.dynamodb.delete_item(TableName=companion.table, Key=key)


def outage(companion: Companion) -> None:
    """Let no call through for so long that batches are given up."""
    share, companion.share = companion.share, 1.0
    for _ in range(OUTAGE_WINDOWS):
        companion.pass_window()
    companion.share = share


def repair(companion: Companion) -> int:
    """Do what a redrive does with what is on the queue; return how much it was."""
    kept = companion.kept()
    batches = [message for message in kept if "refresh" not in message]
    for message in kept:
        if refresh := message.get("refresh"):
            shipments, since = [refresh["shipmentId"]], refresh["since"]
            companion.invoke({"do": "refresh", "shipments": shipments, "since": since})
    if batches:  # the command finds their shipments by when the rows were made
        shipments = sorted({row["shipmentId"] for row in companion.rows()})
        for start in range(0, len(shipments), 100):
            some = shipments[start : start + 100]
            companion.invoke({"do": "refresh", "shipments": some, "since": ""})
    for _ in range(MAIL_WINDOWS):
        companion.pass_window()
    return len(kept)


def show(result: Result) -> Table:
    """Return the books as a table."""
    books, companion = result.books, result.companion
    failed = companion.failed.total()
    table = Table("Books", "", title="Status soak")
    lines = {
        "rows": books.rows,
        "shipments with an item": books.shipments,
        "requests of the status function": companion.requests,
        "of them failed": f"{failed:,} ({failed / companion.requests:.1%})",
        **{f"  {kind}": number for kind, number in companion.failed.most_common()},
        "invocations that raised or were killed": companion.deaths,
        **dict(companion.mapping.seen.most_common()),
        "on the queue before the redrive": result.kept,
        "entries into a critical status": books.entries,
        "entries mailed": books.mailed,
        "mails": books.mails,
        "entries mailed again, in the window": books.repeated,
        "wrong, unmailed or repeated outside it": len(books.wrong),
        "in all": f"{result.seconds:.0f} s",
    }
    for name, value in lines.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) else value)
    return table


@click.command()
@click.option("--updates", default=10_000, show_default=True, type=click.IntRange(1, 999_999))
@click.option("--seed", default=SEED, show_default=True, help="The same seed, the same faults.")
def main(updates: int, seed: int) -> None:
    """Have the status function follow updates while its calls fail; exit 1 if books disagree."""
    console = Console(highlight=False)
    result = run(updates, seed)
    console.print(show(result))
    for line in result.books.wrong[:20]:
        console.print(line, markup=False)
    console.print("The books balance." if not result.books.wrong else "The books do not balance.")
    sys.exit(bool(result.books.wrong))


if __name__ == "__main__":
    main()
