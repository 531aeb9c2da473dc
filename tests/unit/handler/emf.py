"""Reads a log line as CloudWatch does: what metrics are in it, or what is wrong with it.

The rules are the embedded metric format's, in our words; its page:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
What a JSON schema can say is in emf.schema.json. The rest is here, with what CloudWatch asks of
any metric (API reference: PutMetricData, MetricDatum, Dimension).
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator

Fields = dict[str, Any]

SCHEMA = json.loads(Path(__file__).with_name("emf.schema.json").read_text("utf-8"))
# The page says 1 MB; it was 256 KB until 2025, and still is on the pages of some regions.
LIMIT_BYTES = 256 * 1024
PAST_MS, AHEAD_MS = 14 * 86_400_000, 2 * 3_600_000
METRICS, VALUES = 100, 100
NAME_CHARACTERS, VALUE_CHARACTERS = 255, 1024
LEAST, MOST = 2.0**-360, 2.0**360
RESOLUTIONS = (1, 60)
ABSENT: Any = object()
MEMBERS = {
    "_aws": {"Timestamp", "CloudWatchMetrics"},
    "a directive": {"Namespace", "Dimensions", "Metrics"},
    "a metric": {"Name", "Unit", "StorageResolution"},
}


class BrokenLineError(Exception):
    """CloudWatch would not make of this line the metrics it is meant to; the message says why."""


class Metric(NamedTuple):
    """What a line says of one metric; sets: the names of the dimensions of each of its series."""

    unit: str
    value: Any
    sets: set[tuple[str, ...]]


def read(printed: str, now_ms: int | None = None) -> Fields:
    """Return the one line that an invocation printed, parsed.

    now_ms: when CloudWatch gets it (epoch ms), now if not told. Raises BrokenLineError.
    """
    line = _parsed(printed)
    now_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    # Each check relies on those before it, so that the first fault is the last one looked for.
    for fault in chain(_faults_by_schema(line), _faults_of_time(line, now_ms), _faults(line)):
        raise BrokenLineError(fault)
    return line


def metrics(line: Fields) -> dict[str, Metric]:
    """Return the metrics of a line by name."""
    return {
        metric["Name"]: Metric(
            metric["Unit"],
            line[metric["Name"]],
            {tuple(names) for names in directive["Dimensions"]},
        )
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }


def series(line: Fields) -> list[tuple[str, ...]]:
    """Return what each value of a line is added to: a metric's name, then its dimensions' values.

    Each costs as a metric of its own.
    """
    return [
        (metric["Name"], *(f"{name}={line[name]}" for name in names))
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
        for names in directive["Dimensions"]
    ]


def _parsed(printed: str) -> Fields:
    text = printed.removesuffix("\n")
    if text == printed or "\n" in text or "\r" in text:
        raise BrokenLineError("not one line with an end")
    if len(text.encode("utf-8", "surrogatepass")) > LIMIT_BYTES:
        raise BrokenLineError(f"over {LIMIT_BYTES} bytes")
    if not (text.startswith("{") and text.endswith("}")):
        raise BrokenLineError("not an object from end to end")
    try:
        line: Fields = json.loads(
            text, parse_constant=_no_constant, object_pairs_hook=_no_member_twice
        )
    except ValueError as error:
        raise BrokenLineError(f"no JSON: {error}") from error
    return line


def _no_constant(name: str) -> None:
    raise BrokenLineError(f"no JSON: {name}")


def _no_member_twice(pairs: list[tuple[str, Any]]) -> Fields:
    names = Counter(name for name, _ in pairs)
    if names and (most := names.most_common(1)[0])[1] > 1:
        raise BrokenLineError(f"no JSON: {most[0]} twice")
    return dict(pairs)


def _faults_by_schema(line: Fields) -> Iterator[str]:
    for error in Draft202012Validator(SCHEMA).iter_errors(line):
        place = ".".join(map(str, error.absolute_path))
        yield f"schema: {place}: {error.validator}: {error.message}"


def _faults_of_time(line: Fields, now_ms: int) -> Iterator[str]:
    age = now_ms - line["_aws"]["Timestamp"]
    if age > PAST_MS:
        yield "Timestamp: over 14 days old"
    if age < -AHEAD_MS:
        yield "Timestamp: over 2 hours ahead"


def _faults(line: Fields) -> Iterator[str]:
    yield from _faults_of_members("_aws", line["_aws"])
    for directive in line["_aws"]["CloudWatchMetrics"]:
        yield from _faults_of_members("a directive", directive)
        yield from _faults_of_name("Namespace", directive["Namespace"])
        if directive["Namespace"].startswith("AWS/"):
            yield "Namespace: is AWS's"
        if len(directive["Metrics"]) > METRICS:
            yield f"Metrics: over {METRICS}"
        for names in directive["Dimensions"]:
            for name in names:
                yield from _faults_of_dimension(line, name)
        for metric in directive["Metrics"]:
            yield from _faults_of_metric(line, metric)
    again = [each for each, times in Counter(map(_unordered, series(line))).items() if times > 1]
    if again:
        yield f"{again[0]}: counted twice"


def _unordered(one: tuple[str, ...]) -> tuple[str, frozenset[str]]:
    """Return a series as CloudWatch tells it from others: dimensions have no order."""
    return one[0], frozenset(one[1:])


def _faults_of_members(kind: str, member: Fields) -> Iterator[str]:
    if other := set(member) - MEMBERS[kind]:
        yield f"{min(other)}: no member of {kind}"


def _faults_of_name(kind: str, name: str) -> Iterator[str]:
    if len(name) > NAME_CHARACTERS:
        yield f"{kind}: over {NAME_CHARACTERS} characters"
    if not _plain(name) or name.startswith(":"):
        yield f"{kind}: not of characters that CloudWatch takes"


def _faults_of_dimension(line: Fields, name: str) -> Iterator[str]:
    yield from _faults_of_name("dimension's name", name)
    value = line.get(name, ABSENT)
    if value is ABSENT:
        yield f"dimension {name}: not there"
    elif not isinstance(value, str):
        yield f"dimension {name}: no string"
    elif len(value) > VALUE_CHARACTERS:
        yield f"dimension {name}: over {VALUE_CHARACTERS} characters"
    elif not _plain(value):
        yield f"dimension {name}: not of characters that CloudWatch takes"


def _faults_of_metric(line: Fields, metric: Fields) -> Iterator[str]:
    yield from _faults_of_members("a metric", metric)
    name = metric["Name"]
    yield from _faults_of_name("metric's name", name)
    if metric.get("StorageResolution", 60) not in RESOLUTIONS:
        yield f"metric {name}: no resolution of CloudWatch's"
    target = line.get(name, ABSENT)
    values = target if isinstance(target, list) else [target]
    if not 1 <= len(values) <= VALUES:
        yield f"metric {name}: not 1 to {VALUES} values"
    for value in values:
        if value is ABSENT:
            yield f"metric {name}: not there"
        elif type(value) not in {int, float}:
            yield f"metric {name}: no number"
        elif value and not LEAST <= abs(value) <= MOST:
            yield f"metric {name}: out of range"


def _plain(text: str) -> bool:
    """Tell whether a text has only printable ASCII, and some of it to be seen."""
    return text.isascii() and text.isprintable() and bool(text.strip())
