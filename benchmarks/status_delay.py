"""Measures how long after its row an update is a shipment's status, on the emulator.

Run from the repository's folder: PYTHONPATH=.:src .venv/bin/python benchmarks/status_delay.py

The emulator hands records over at once; AWS collects them for up to BatchWindowSeconds, which comes
on top. One row at a time, after some that warm the function up.
"""

import statistics
import sys
import time
from datetime import datetime, timezone

from scripts import emulator, stacks
from shipments.output import iso

ROWS, WARM_UP = 200, 10
GIVE_UP_SECONDS = 60


def main() -> None:
    """Print the median, the 99th percentile and the longest delay in ms."""
    delays = []
    with emulator.running() as local:
        main_stack, status = stacks.deploying(local.client)
        dynamodb = local.client("dynamodb")
        for number in range(WARM_UP + ROWS):
            now = datetime.now(timezone.utc)
            key = {"shipmentId": {"S": f"SHIP-{number}"}}
            item = {
                **key,
                "timestamp": {"N": str(round(now.timestamp() * 1000))},
                **{name: {"S": iso(now)} for name in ("eventTime", "processedAt")},
                **{name: {"S": "IN_TRANSIT"} for name in ("status", "location", "carrier")},
            }
            dynamodb.put_item(TableName=main_stack["ShipmentLogsTableName"], Item=item)
            stored = time.monotonic()
            table = status["ShipmentStatusTableName"]
            while "Item" not in dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True):
                if time.monotonic() - stored > GIVE_UP_SECONDS:
                    sys.exit(f"SHIP-{number} is not in the status table")
                time.sleep(0.001)
            delays.append(1000 * (time.monotonic() - stored))
    cuts = statistics.quantiles(delays[WARM_UP:], n=100)
    print(f"from row to status: p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms", end=", ")
    print(f"longest {max(delays[WARM_UP:]):.0f} ms, of {ROWS} rows")


if __name__ == "__main__":
    main()
