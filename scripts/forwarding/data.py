"""Metric data, as PutMetricData takes them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

Fields = dict[str, Any]
# Data (MetricDatum in the CloudWatch API reference) by namespace.
Data = dict[str, list[Fields]]

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def at(milliseconds: float) -> datetime:
    """Return epoch ms as a datum's time; raise OverflowError outside the years 1 to 9999."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def dimensions(values: Mapping[str, str]) -> list[Fields]:
    """Return dimensions by name as a datum has them."""
    return [{"Name": name, "Value": value} for name, value in values.items()]


def sampled(
    metric: str, of: list[Fields], samples: Iterable[tuple[int, float]], unit: str = "Count"
) -> list[Fields]:
    """Return a metric's data of samples (epoch s, value): equal ones are one datum with a count."""
    return [
        {
            "MetricName": metric,
            "Dimensions": of,
            "Timestamp": at(second * 1000),
            "Unit": unit,
            "Values": [value],
            "Counts": [number],
        }
        for (second, value), number in Counter(samples).items()
    ]


def counted(metric: str, of: list[Fields], times: Counter[int]) -> list[Fields]:
    """Return the data of a metric that was 1 so many times in each second (epoch s)."""
    return sampled(metric, of, ((second, 1) for second in times.elements()))
