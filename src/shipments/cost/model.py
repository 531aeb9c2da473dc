"""How much a stack uses in a month, from its traffic, its parameters and what was measured."""

from collections.abc import Iterable, Mapping
from math import ceil, exp
from typing import Any, NamedTuple

from shipments.cost.data import loaded, prices

DAYS = 30  # of a month
SECONDS = 86_400  # of a day
GB = 1e9
MEMORY_GB = 256 / 1024
# Of a processor, that 256 MB get: 1,769 MB have a whole one.
PROCESSOR = 256 / 1769
CALL_MS = 10  # from request to answer, of each AWS call: an assumption
WRITE_BYTES, EVENT_BYTES = 1024, 65_536  # of a unit that is paid
ITEM_OVERHEAD_BYTES = 100  # that DynamoDB adds to each stored item
LOG_COMPRESSED = 0.15  # of a log's bytes are kept: an assumption
RESERVOIR, SAMPLED = 1, 0.05  # X-Ray: invocations a second, and of the others
FEW = 100  # from here on a quantity has no decimals
MESSAGE_REQUESTS = 3  # to send a failed update, to read and to delete it
OURS, PLAIN = "ours", "plain"

# The parameters of TapStack.yml that change what is paid, with their defaults.
PARAMETERS = {
    "TracingMode": "PassThrough",
    "AlertMail": "each",
    "ExpectUpdatesEveryHours": "0",
    "UnheardAlertsAlarmEnabled": "true",
    "RowRetentionDays": "0",
    "ArchiveRetentionDays": "30",
    "LogRetentionDays": "30",
    "KmsKeyArn": "",
}
CHOICES = {
    "TracingMode": ("Active", "PassThrough"),
    "AlertMail": ("each", "critical", "off"),
    "UnheardAlertsAlarmEnabled": ("true", "false"),
}
# Its alarms: those that are always there, that on three metrics, that on silence.
ALARMS, UNHEARD_METRICS = 8, 3
# Without the status: updates, errors, rejected ones, alerts.
METRICS_WITHOUT_STATUS = 4
Parameters = Mapping[str, str]


class Traffic(NamedTuple):
    """What comes in.

    Shares are of the updates; days: age of the stack when the month ends; peak: busiest second to
    mean.
    """

    per_day: float
    critical: float = 0.01
    rejected: float = 0.001
    redelivered: float = 0.001
    detail: int = 250  # bytes
    statuses: int = 21  # that are sent, of 20 known ones and OTHER
    days: int = DAYS
    peak: float = 10
    per_shipment: int = 10

    @property
    def peak_per_second(self) -> float:
        """Updates in the busiest second."""
        return self.per_day / SECONDS * self.peak

    def a_month(self) -> dict[str, float]:
        """Return the invocations of a month, by kind of update."""
        updates = self.per_day * DAYS
        stored = updates * (1 - self.rejected)
        return {
            "ordinary": stored * (1 - self.critical),
            "critical": stored * self.critical,
            "redelivered": updates * self.redelivered,
            "rejected": updates * self.rejected,
        }


class Use(NamedTuple):
    """A quantity of a unit that has a price, in a month."""

    service: str
    what: str
    unit: str
    number: float


class Line(NamedTuple):
    """A use and what it costs in a month."""

    use: Use
    dollars: float


def bill(uses: Iterable[Use], *, free: bool = True) -> list[Line]:
    """Return what uses cost, less what an account has for nothing each month, if that is free."""
    left = {name: price.free if free else 0.0 for name, price in prices().items()}
    used: dict[str, float] = {}
    lines = []
    for use in uses:
        given = min(left[use.unit], use.number)
        left[use.unit] -= given
        before = used.get(use.unit, 0.0)
        after = used[use.unit] = before + use.number - given
        price = prices()[use.unit]
        lines.append(Line(use, price.dollars(after) - price.dollars(before)))
    return lines


def amount(number: float) -> str:
    """Return a quantity as people read it: whole, or if it is small with two decimals."""
    return f"{number:,.{0 if number >= FEW or number == int(number) else 2}f}"


def total(lines: Iterable[Line]) -> float:
    """Return the dollars of lines."""
    return sum(line.dollars for line in lines)


def ours(t: Traffic, p: Parameters = PARAMETERS) -> list[Use]:
    """Return what a stack of TapStack.yml uses."""
    kinds, updates = t.a_month(), t.per_day * DAYS
    kept = {
        name: kept_days(t.days, int(p[f"{name}RetentionDays"]))
        for name in ("Row", "Archive", "Log")
    }
    event_gb = updates * event_bytes(t) / GB
    row = row_bytes(t)
    for_ever = kept_days(t.days, t.days)
    row_days = kept["Row"] or for_ever
    table_gb = (updates - kinds["rejected"]) / DAYS * row_days * (row + ITEM_OVERHEAD_BYTES) / GB
    log_gb = sum(count * sizes()[kind]["logBytes"] for kind, count in kinds.items()) / GB
    mails = kinds["critical"] * (p["AlertMail"] != "off")
    mails += kinds["rejected"] * (p["AlertMail"] == "each")
    marks = kinds["critical"] * units(row + measured()["ours"]["markBytes"])
    rows = (updates - kinds["rejected"]) * units(row)
    return [
        Use("EventBridge", "custom events", "custom event", updates * events(t)),
        Use("EventBridge", "GB archived", "GB archived", event_gb * (kept["Archive"] > 0)),
        Use(
            "EventBridge",
            "GB kept in the archive",
            "GB in the archive",
            event_gb * kept["Archive"] / DAYS,
        ),
        *_function(kinds, OURS),
        Use("DynamoDB", "write units for rows", "write unit", rows),
        Use(
            "DynamoDB",
            "write units for redelivered",
            "write unit",
            kinds["redelivered"] * units(row),
        ),
        Use("DynamoDB", "write units for alert marks", "write unit", marks),
        Use("DynamoDB", "GB of rows", "GB in a table", table_gb),
        Use("DynamoDB", "GB for point-in-time recovery", "GB to recover", table_gb),
        Use("CloudWatch", "GB of log", "GB of log", log_gb),
        _log_kept(log_gb, kept["Log"]),
        Use("CloudWatch", "metrics", "custom metric", t.statuses + METRICS_WITHOUT_STATUS),
        Use("CloudWatch", "metrics that alarms watch", "alarm metric", alarm_metrics(p)),
        Use("CloudWatch", "dashboards", "dashboard", 1),
        Use("X-Ray", "traces", "trace", traces(kinds) if p["TracingMode"] == "Active" else 0),
        Use("SNS", "messages", "publish", kinds["critical"] + kinds["rejected"]),
        Use("SNS", "mails", "e-mail", mails),
        Use(
            "SQS",
            "requests for failed updates",
            "queue request",
            kinds["rejected"] * MESSAGE_REQUESTS,
        ),
        Use("KMS", "keys", "key", 1 if p["KmsKeyArn"] else 0),
    ]


def plain(t: Traffic) -> list[Use]:
    """Return what a plain handler uses, which calls PutMetricData, for the same traffic.

    Its template has no archive, alarm, queue or tracing, and runs on x86. A redelivery is a row.
    """
    kinds, updates = t.a_month(), t.per_day * DAYS
    row = t.detail + measured()[PLAIN]["rowBytesBesideDetail"]
    rows = updates - kinds["rejected"] + kinds["redelivered"]
    for_ever = kept_days(t.days, t.days)
    table_gb = rows / DAYS * for_ever * (row + ITEM_OVERHEAD_BYTES) / GB
    detail = t.detail - measured()["detailBytes"] + measured()["lambdaLinesBytes"]
    logged = (count * (sizes(PLAIN)[kind]["logBytes"] + detail) for kind, count in kinds.items())
    log_gb = sum(logged) / GB
    alerts = kinds["critical"] + kinds["rejected"]
    return [
        Use("EventBridge", "custom events", "custom event", updates * events(t)),
        *_function(kinds, PLAIN, "GB-second on x86"),
        Use("DynamoDB", "write units for rows", "write unit", rows * units(row)),
        Use("DynamoDB", "GB of rows", "GB in a table", table_gb),
        Use("DynamoDB", "GB for point-in-time recovery", "GB to recover", table_gb),
        Use("CloudWatch", "GB of log", "GB of log", log_gb),
        _log_kept(log_gb, for_ever),
        Use("CloudWatch", "metrics", "custom metric", t.statuses + 1),
        Use("CloudWatch", "PutMetricData requests", "PutMetricData request", sum(kinds.values())),
        Use("CloudWatch", "dashboards", "dashboard", 1),
        Use("SNS", "messages", "publish", alerts),
        Use("SNS", "mails", "e-mail", alerts),
    ]


def _function(kinds: Mapping[str, float], design: str, unit: str = "GB-second") -> list[Use]:
    """Return the requests of a function and its duration, by the price of its processor."""
    requests = sum(kinds.values())
    return [
        Use("Lambda", "requests", "request", requests),
        Use("Lambda", "GB-seconds", unit, requests * billed_ms(kinds, design) / 1000 * MEMORY_GB),
    ]


def kept_days(days: float, retention: float) -> float:
    """Return how many days' data there are on average in the month that ends at an age in days.

    What is kept is paid by size and time, so by the mean of the month.
    """
    begin, most = max(0, days - DAYS), min(days, retention)
    full = min(days, max(begin, retention))  # the age from which as much goes as comes
    growing, steady = full - begin, days - full
    return (growing * (min(begin, most) + most) / 2 + steady * most) / (days - begin)


def _log_kept(log_gb: float, days: float) -> Use:
    """Return what is kept of a log of so many GB a month."""
    kept = log_gb * days / DAYS * LOG_COMPRESSED
    return Use("CloudWatch", "GB of log kept", "GB of log kept", kept)


def billed_ms(kinds: Mapping[str, float], design: str = OURS) -> float:
    """Return the mean duration of a warm invocation: processor time by share, and calls."""
    milliseconds = 0.0
    for kind, each in sizes(design).items():
        took = each["cpuMs"] / PROCESSOR + sum(each["calls"].values()) * CALL_MS
        milliseconds += took * kinds[kind]
    return milliseconds / sum(kinds.values())


def measured() -> dict[str, Any]:
    """Return what benchmarks/sizes.py has measured."""
    return loaded("measured")


def sizes(design: str = OURS) -> dict[str, Any]:
    """Return log, calls and processor time of a handler, by kind of update."""
    kinds: dict[str, Any] = measured()[design]["kinds"]
    return kinds


def row_bytes(t: Traffic) -> int:
    """Return the size of a row: the detail is in it as it came, its fields once more."""
    beside: int = measured()[OURS]["rowBytesBesideDetail"]
    return t.detail + beside


def event_bytes(t: Traffic) -> int:
    """Return the size of an event with its envelope, which is what the archive keeps."""
    beside: int = measured()["envelopeBytesBesideDetail"]
    return t.detail + beside


def events(t: Traffic) -> int:
    """Return as how many events one is paid."""
    return ceil(event_bytes(t) / EVENT_BYTES)


def units(size: float) -> int:
    """Return the write units of an item of so many bytes."""
    return ceil(size / WRITE_BYTES)


def alarm_metrics(p: Parameters) -> int:
    """Return how many metrics the alarms watch, each of which is paid."""
    is_unheard = p["AlertMail"] != "off" and p["UnheardAlertsAlarmEnabled"] == "true"
    expects = p["ExpectUpdatesEveryHours"] != "0"
    return ALARMS + UNHEARD_METRICS * is_unheard + expects


def traces(kinds: Mapping[str, float]) -> float:
    """Return how many invocations of a month X-Ray samples, if they come at random."""
    rate = sum(kinds.values()) / DAYS / SECONDS
    first = RESERVOIR * (1 - exp(-rate / RESERVOIR))  # seconds that have an invocation
    return (first + SAMPLED * (rate - first)) * DAYS * SECONDS
