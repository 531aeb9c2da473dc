"""How much a stack of ShipmentStatus.yml uses in a month, beside the main one."""

from math import ceil

from shipments.cost.model import (
    DAYS,
    GB,
    ITEM_OVERHEAD_BYTES,
    MEMORY_GB,
    SECONDS,
    Traffic,
    Use,
    kept_days,
    measured,
    row_bytes,
    traces,
    units,
)

READ_BYTES = 4096  # of a unit of a consistent read
CALL_MS = 15  # a refresh has two calls, one after the other, with processor time: an assumption
IDLE_MS = 30  # an invocation that finds nothing to do: an assumption
SHARDS, SHARD_WRITES = 4, 1000  # of the stream of a new table; writes a second of each
BATCH, WINDOW_SECONDS = 200, 20  # of the template: BatchSize, BatchWindowSeconds
ALARMS, METRICS = 5, 8
MINUTES = DAYS * 24 * 60
SERVICE = "Status stack"


def status(t: Traffic, window: int = WINDOW_SECONDS) -> list[Use]:
    """Return what the status stack uses. window: BatchWindowSeconds; Lambda reads streams free."""
    updates = t.per_day * DAYS * (1 - t.rejected)
    sizes = measured()["status"]
    shards = max(SHARDS, ceil(t.peak_per_second / SHARD_WRITES))
    windows = shards * DAYS * SECONDS / max(1, window)
    invocations = max(min(updates, windows), updates / BATCH)
    seconds = (updates * 2 * CALL_MS + (invocations + MINUTES) * IDLE_MS) / 1000
    log = invocations * sizes["logBytes"] + MINUTES * sizes["minuteLogBytes"]
    writes = units(sizes["itemBytes"])
    # The newer row's timestamp is a key of the index: one write for the first, then two.
    changes = (2 * t.per_shipment - 1) / t.per_shipment
    shipments = updates / DAYS * kept_days(t.days, t.days) / t.per_shipment
    stored = shipments * (sizes["itemBytes"] + ITEM_OVERHEAD_BYTES) / GB
    reads = updates * history_reads(t) + MINUTES / 2
    reads += DAYS * shipments * sizes["itemBytes"] / READ_BYTES / 2
    mails = min(updates * t.critical, DAYS * SECONDS / max(1, window))
    return [
        Use(SERVICE, "requests", "request", invocations + MINUTES),
        Use(SERVICE, "GB-seconds", "GB-second", seconds * MEMORY_GB),
        Use(SERVICE, "read units", "read unit", reads),
        Use(SERVICE, "write units for items", "write unit", updates * writes),
        Use(SERVICE, "write units for status-index", "write unit", updates * changes * writes),
        # To wait for the mail: item, due-index. To be mailed: both, and status-index.
        Use(SERVICE, "write units for mail marks", "write unit", updates * t.critical * 5 * writes),
        Use(SERVICE, "GB of items, indexed", "GB in a table", 2 * stored),
        Use(SERVICE, "GB for point-in-time recovery", "GB to recover", stored),
        Use(SERVICE, "GB of log", "GB of log", log / GB),
        Use(SERVICE, "metrics", "custom metric", METRICS),
        Use(SERVICE, "metrics that alarms watch", "alarm metric", ALARMS),
        Use(SERVICE, "dashboards", "dashboard", 1),
        Use(SERVICE, "traces", "trace", traces({"all": invocations + MINUTES})),
        Use(SERVICE, "messages", "publish", mails),
        Use(SERVICE, "mails", "e-mail", mails),
    ]


def history_reads(t: Traffic) -> float:
    """Return the mean read units of a query of all rows of a shipment."""
    lengths = range(1, t.per_shipment + 1)
    return sum(ceil(rows * row_bytes(t) / READ_BYTES) for rows in lengths) / t.per_shipment
