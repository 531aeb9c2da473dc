"""What a deployed stack used in the last days, from CloudWatch and DynamoDB."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from shipments.cost.model import DAYS, GB, ITEM_OVERHEAD_BYTES, MEMORY_GB, OURS, Traffic, measured
from shipments.stack import Stack

LAST_DAYS = 7
DAY_SECONDS = 86_400


class Observed(NamedTuple):
    """The traffic of a stack, and by the uses of the model what a month like this uses."""

    traffic: Traffic
    numbers: Mapping[str, float]
    days: float


def observe(stack: Stack, assumed: Traffic) -> Observed | None:
    """Return what the last days had, or None if the function was not invoked; raise ClientError.

    assumed: what no metric says, such as the number of statuses.
    """
    table = stack.client("dynamodb").describe_table(TableName=stack["ShipmentLogsTableName"])
    size, rows = (table["Table"][name] for name in ("TableSizeBytes", "ItemCount"))
    now = datetime.now(timezone.utc)
    found = _metrics(stack, now)
    began, invocations = found["Invocations"]
    if not began or not invocations:
        return None
    days = (now - began).total_seconds() / DAY_SECONDS
    month = {name: total * DAYS / days for name, (_, total) in found.items()}
    table_gb = (size + rows * ITEM_OVERHEAD_BYTES) / GB
    numbers = {
        "requests": month["Invocations"],
        "GB-seconds": month["Duration"] / 1000 * MEMORY_GB,
        "write units for rows": month["ConsumedWriteCapacityUnits"],
        "write units for redelivered": 0.0,  # the same metric has them
        "write units for alert marks": 0.0,
        "GB of rows": table_gb,
        "GB for point-in-time recovery": table_gb,
        "GB of log": month["IncomingBytes"] / GB,
        "messages": month["NumberOfMessagesPublished"],
        "mails": month["NumberOfNotificationsDelivered"],
    }
    return Observed(_traffic(found, days, size / rows if rows else 0, assumed), numbers, days)


def _traffic(
    found: Mapping[str, tuple[datetime | None, float]], days: float, row: float, assumed: Traffic
) -> Traffic:
    """Return the traffic behind the numbers; row: the mean size in bytes, 0 if it is not known."""
    invocations = found["Invocations"][1]
    critical = found["CriticalAlerts"][1] / invocations
    rejected = found["RejectedUpdates"][1] / invocations
    detail = max(0, round(row) - measured()[OURS]["rowBytesBesideDetail"])
    return assumed._replace(
        per_day=invocations / days,
        critical=min(1.0, critical),
        rejected=min(1.0, rejected),
        redelivered=0.0,
        detail=detail or assumed.detail,
    )


def _metrics(stack: Stack, now: datetime) -> dict[str, tuple[datetime | None, float]]:
    """Return each metric's first hour with data and its sum, over the last days."""
    asked = queries(stack)
    since = (now - timedelta(days=LAST_DAYS)).replace(minute=0, second=0, microsecond=0)
    pages = (
        stack.client("cloudwatch")
        .get_paginator("get_metric_data")
        .paginate(MetricDataQueries=asked, StartTime=since, EndTime=now)
    )
    points: dict[str, list[tuple[datetime, float]]] = {}
    for page in pages:
        for each in page["MetricDataResults"]:
            pairs = zip(each["Timestamps"], each["Values"], strict=True)
            points.setdefault(each["Id"], []).extend(pairs)
    return {
        query["MetricStat"]["Metric"]["MetricName"]: _summed(points.get(query["Id"], []))
        for query in asked
    }


def _summed(points: list[tuple[datetime, float]]) -> tuple[datetime | None, float]:
    first = min((moment for moment, _ in points), default=None)
    return first, sum(value for _, value in points)


def queries(stack: Stack) -> list[dict[str, Any]]:
    """Return the metrics, an hour a point, as GetMetricData takes them."""
    function = {"FunctionName": stack["ShipmentProcessorFunctionName"]}
    topic = {"TopicName": f"shipment-alerts-{stack.suffix}"}
    own = {"Environment": stack.suffix}
    metrics = [
        ("AWS/Lambda", "Invocations", function),
        ("AWS/Lambda", "Duration", function),
        (
            "AWS/DynamoDB",
            "ConsumedWriteCapacityUnits",
            {"TableName": stack["ShipmentLogsTableName"]},
        ),
        ("AWS/Logs", "IncomingBytes", {"LogGroupName": stack["ShipmentProcessorLogGroupName"]}),
        ("AWS/SNS", "NumberOfMessagesPublished", topic),
        ("AWS/SNS", "NumberOfNotificationsDelivered", topic),
        ("LogisticsProcessing", "CriticalAlerts", own),
        ("LogisticsProcessing", "RejectedUpdates", own),
    ]
    return [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace,
                    "MetricName": name,
                    "Dimensions": [{"Name": key, "Value": value} for key, value in names.items()],
                },
                "Period": 3600,
                "Stat": "Sum",
            },
        }
        for number, (namespace, name, names) in enumerate(metrics)
    ]
