"""Counts the mails of a day and of a storm: one per critical scan, against digests."""

import random
from collections.abc import Iterator

import click
from rich.console import Console
from rich.table import Table

from tests.account import Fields
from tests.campaigns.soak.companion import WINDOW_MS, Companion, opened
from tests.campaigns.soak.load import START

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
START_MS = int(START.timestamp()) * 1000
UPDATES, CRITICAL, SCANS = 1_500, 0.08, (2, 4)  # scans: of one incident
STORM = 40
SEED = 1


def of_a_day(updates: int, share: float, chance: random.Random) -> Iterator[tuple[int, Fields]]:
    """Yield when updates arrive (epoch ms) and what they say: incidents have several scans."""
    arrivals = []
    critical = 0
    while critical < updates * share:
        scans = chance.randint(*SCANS)
        begin = chance.randrange(DAY_MS - HOUR_MS * SCANS[1])
        arrivals += [
            (begin + scan * HOUR_MS // 2, f"TROUBLE-{critical}", "DELAYED") for scan in range(scans)
        ]
        critical += scans
    arrivals += [
        (chance.randrange(DAY_MS), f"FINE-{number // 10}", "IN_TRANSIT")
        for number in range(updates - critical)
    ]
    for after_ms, shipment, status in sorted(arrivals):
        yield update(START_MS + after_ms, shipment, status)


def update(at_ms: int, shipment: str, status: str) -> tuple[int, Fields]:
    """Return when an update arrives (epoch ms), and its event."""
    detail = {"shipmentId": shipment, "status": status, "eventTime": at_ms}
    envelope = {"id": f"{shipment}-{at_ms}", "time": START.isoformat(), "detail": detail}
    return at_ms, envelope


def mails_of(arrivals: list[tuple[int, Fields]]) -> tuple[int, int]:
    """Return how many mails there are with one per critical update, and as digests."""
    with opened(SEED, START_MS, share=0) as companion:
        for at_ms, envelope in arrivals:
            while companion.now_ms + WINDOW_MS <= at_ms:
                companion.pass_window()
            companion.put(envelope)
        for _ in range(6):
            companion.pass_window()
        return alerts(companion), len(companion.mails)


def alerts(companion: Companion) -> int:
    """Return how many updates the main function has alerted on, a mail each."""
    return sum("alertedAt" in row for row in companion.rows())


@click.command()
def main() -> None:
    """Print how many mails people get of a day of 1,500 updates, and of a storm."""
    chance = random.Random(SEED)  # noqa: S311 - the same for everybody
    storm = [
        update(START_MS + number * 25, f"STORM-{number}", "DELAYED") for number in range(STORM)
    ]
    table = Table("", "one mail per update", "digests", title="Mails")
    day = list(of_a_day(UPDATES, CRITICAL, chance))
    for name, arrivals in {
        f"a day of {UPDATES:,} updates, 8 % critical, 2 to 4 scans an incident": day,
        f"a storm: {STORM} DELAYED in one second": storm,
    }.items():
        table.add_row(name, *map(str, mails_of(arrivals)))
    Console().print(table)


if __name__ == "__main__":
    main()
