"""What a line is called in a legend."""

import re
from collections.abc import Sequence
from typing import Any

from scripts.drawing.widgets import Line, Metric

DYNAMIC = re.compile(r"\$\{([^}]*)\}")


def labels(lines: Sequence[Line]) -> dict[str, str]:
    """Return a label for each line: its own, or what tells it from the other lines.

    That is the metric's name, and for those of one name the dimensions and the statistic in which
    they differ: these alone if all are of one name.
    """
    metrics = [line.metric for line in lines if line.metric and line.visible and not line.label]
    names = {metric.name for metric in metrics}
    found = {}
    for line in lines:
        if line.label or line.metric is None:
            found[line.id] = line.label or line.expression
            continue
        same = [_parts(metric) for metric in metrics if metric.name == line.metric.name]
        words = [
            value
            for part, value in _parts(line.metric).items()
            if len({each.get(part) for each in same}) > 1
        ]
        if len(names) > 1 or not words:
            words.insert(0, line.metric.name)
        found[line.id] = " ".join(words)
    return found


def _parts(metric: Metric) -> dict[str, str]:
    return {**dict(metric.dimensions), "": metric.stat}


def filled_in(label: str, line: Line, points: Sequence[tuple[float, float]]) -> str:
    """Return a label with its dynamic parts filled in, where the service has left them."""
    values = [value for _, value in sorted(points)]
    known: dict[str, Any] = {"PROP('Region')": line.region, "PROP('Period')": line.period}
    if line.metric:
        known |= {f"PROP('Dim.{name}')": value for name, value in line.metric.dimensions}
        known |= {
            "PROP('MetricName')": line.metric.name,
            "PROP('Namespace')": line.metric.namespace,
            "PROP('Stat')": line.metric.stat,
        }
    if values:
        known |= {"SUM": sum(values), "AVG": sum(values) / len(values), "LAST": values[-1]}
        known |= {"MIN": min(values), "MAX": max(values), "FIRST": values[0]}

    def value_of(found: re.Match[str]) -> str:
        value = known.get(found[1].replace('"', "'").strip())
        return (
            found[0] if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        )

    return DYNAMIC.sub(value_of, label)
