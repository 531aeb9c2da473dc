"""What CloudWatch makes of a log line in the embedded metric format (EMF).

Follows the CloudWatch User Guide, "Specification: Embedded metric format", and the limits of
PutMetricData (API reference, MetricDatum). A metric or dimension set that breaks a rule is left
out; the line's others count.
"""

import json
from collections.abc import Iterator
from typing import Any, TypeGuard

from scripts.forwarding.data import Data, Fields, at, dimensions

MAX_METRICS, MAX_DIMENSIONS, MAX_VALUES = 100, 30, 100
LONGEST_NAME, LONGEST_VALUE = 255, 1024
GREATEST_VALUE = 2**360
SIZES = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes")
BITS = ("Bits", "Kilobits", "Megabits", "Gigabits", "Terabits")
UNITS = {"Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"}
UNITS.update(SIZES, BITS, (f"{size}/Second" for size in SIZES + BITS))


def metric_data(line: str) -> Data:
    """Return the metric data of one log line, by namespace: none if the line is no EMF.

    One datum a metric and dimension set. Never raises, whatever the text.
    """
    try:
        root = json.loads(line, parse_constant=_no_json)
        metadata = root["_aws"]
        timestamp = at(_number(metadata["Timestamp"]))
        directives = metadata["CloudWatchMetrics"]
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError):
        return {}
    found: Data = {}
    for directive in directives if isinstance(directives, list) else ():
        if not isinstance(directive, dict):
            continue
        namespace: Any = directive.get("Namespace")
        # AWS keeps its own namespaces to itself (PutMetricData).
        if _is_name(namespace) and not namespace.startswith(("AWS/", ":")):
            for datum in _data(directive, root):
                found.setdefault(namespace, []).append({**datum, "Timestamp": timestamp})
    return found


def _data(directive: Fields, root: Fields) -> Iterator[Fields]:
    """Yield a directive's data: each of its metrics by each of its dimension sets."""
    metrics, sets = directive.get("Metrics"), directive.get("Dimensions")
    if not isinstance(metrics, list) or not isinstance(sets, list) or len(metrics) > MAX_METRICS:
        return
    selected = [found for names in sets if (found := _dimensions(names, root)) is not None]
    for metric in metrics:
        name: Any = metric.get("Name") if isinstance(metric, dict) else None
        if not _is_name(name) or (measured := _measured(root.get(name))) is None:
            continue
        unit = metric.get("Unit")
        datum = {"MetricName": name, "Unit": "None", **measured}
        if isinstance(unit, str) and unit in UNITS:
            datum["Unit"] = unit
        if metric.get("StorageResolution") == 1:
            datum["StorageResolution"] = 1
        for each in selected:
            yield {**datum, "Dimensions": each}


def _dimensions(names: Any, root: Fields) -> list[Fields] | None:
    """Return a dimension set with its values, None if the line lacks one or may not have it."""
    if not isinstance(names, list) or len(names) > MAX_DIMENSIONS:
        return None
    if not all(_is_name(name) and not name.startswith(":") for name in names):
        return None
    found = {name: value for name in names if _is_name(value := root.get(name), LONGEST_VALUE)}
    return dimensions(found) if len(found) == len(set(names)) else None


def _measured(target: Any) -> Fields | None:
    """Return a metric's value or values as a datum has them, None if it has none."""
    try:
        if isinstance(target, list):
            values = [_number(value) for value in target]
            return {"Values": values} if 1 <= len(values) <= MAX_VALUES else None
        return {"Value": _number(target)}
    except (TypeError, ValueError):
        return None


def _number(value: Any) -> float:
    """Return a JSON number within CloudWatch's bounds; raise TypeError or ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(value)
    if not -GREATEST_VALUE <= value <= GREATEST_VALUE:
        raise ValueError(value)
    return float(value)


def _is_name(value: Any, longest: int = LONGEST_NAME) -> TypeGuard[str]:
    """Say whether CloudWatch takes a text as a name: ASCII, not blank, no control character."""
    return (
        isinstance(value, str)
        and len(value) <= longest
        and value.isascii()
        and value.isprintable()
        and bool(value.strip())
    )


def _no_json(constant: str) -> None:
    """Refuse NaN and Infinity, which Python reads and JSON does not know."""
    raise ValueError(constant)
