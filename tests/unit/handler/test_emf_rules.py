"""The checks of a log line let pass what the embedded metric format allows, and nothing else.

A good line, broken in one rule at a time. The format's page is
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.handler import emf
from tests.unit.handler.updates import ABSENT, Fields

NOW_MS = 1_768_478_400_000
LINE = {
    "_aws": {
        "Timestamp": NOW_MS,
        "CloudWatchMetrics": [
            {
                "Namespace": "Shipments",
                "Dimensions": [["Place"], ["Place", "Kind"]],
                "Metrics": [{"Name": "Seen", "Unit": "Count"}, {"Name": "Took"}],
            }
        ],
    },
    "Place": "here",
    "Kind": "small",
    "Seen": 1,
    "Took": [0.5, 0, -2],
}
DIRECTIVE = ("_aws", "CloudWatchMetrics", 0)
DIMENSIONS, METRICS = (*DIRECTIVE, "Dimensions"), (*DIRECTIVE, "Metrics")
Place = tuple[str | int, ...]
Broken = tuple[Place, Any, str]


def numbered(number: int) -> list[dict[str, str]]:
    """Return that many metrics' definitions."""
    return [{"Name": f"M{each}"} for each in range(number)]


def line(*changes: tuple[Place, Any]) -> Fields:
    """Return the good line with values replaced, added or ABSENT."""
    changed: Any = copy.deepcopy(LINE)
    for place, value in changes:
        inner = changed
        for key in place[:-1]:
            inner = inner[key]
        if value is ABSENT:
            del inner[place[-1]]
        else:
            inner[place[-1]] = value
    fields: Fields = changed
    return fields


def printed(fields: Fields) -> str:
    """Return a line as it is printed."""
    return json.dumps(fields) + "\n"


BROKEN_BY_SCHEMA: list[Broken] = [
    (("_aws",), ABSENT, "required"),
    (("_aws",), [], "type"),
    (("_aws", "Timestamp"), ABSENT, "required"),
    (("_aws", "Timestamp"), "2026-01-15T12:00:00Z", "type"),
    (("_aws", "Timestamp"), NOW_MS + 0.5, "type"),
    (("_aws", "CloudWatchMetrics"), ABSENT, "required"),
    (("_aws", "CloudWatchMetrics"), {}, "type"),
    (DIRECTIVE, "Seen", "type"),
    ((*DIRECTIVE, "Namespace"), ABSENT, "required"),
    ((*DIRECTIVE, "Namespace"), 1, "type"),
    ((*DIRECTIVE, "Namespace"), "", "minLength"),
    ((*DIRECTIVE, "Namespace"), "x" * 1025, "maxLength"),
    ((*DIRECTIVE, "Namespace"), "x\ny", "pattern"),
    (DIMENSIONS, ABSENT, "required"),
    (DIMENSIONS, "Place", "type"),
    (DIMENSIONS, [], "minItems"),
    (DIMENSIONS, ["Place"], "type"),
    (DIMENSIONS, [["Place"] * 31], "maxItems"),
    (DIMENSIONS, [[1]], "type"),
    (DIMENSIONS, [["x" * 251]], "maxLength"),
    (METRICS, ABSENT, "required"),
    (METRICS, {"Name": "Seen"}, "type"),
    (METRICS, ["Seen"], "type"),
    (METRICS, [{"Unit": "Count"}], "required"),
    (METRICS, [{"Name": ""}], "minLength"),
    (METRICS, [{"Name": "Seen", "Unit": "count"}], "enum"),
    (METRICS, [{"Name": "Seen", "Unit": None}], "enum"),
    (METRICS, [{"Name": "Seen", "StorageResolution": "60"}], "type"),
]
BROKEN: list[Broken] = [
    (("_aws", "Timestamp"), NOW_MS - 14 * 86_400_000 - 1, "over 14 days old"),
    (("_aws", "Timestamp"), NOW_MS + 2 * 3_600_000 + 1, "over 2 hours ahead"),
    (("_aws", "Timestamp"), NOW_MS // 1000, "over 14 days old"),
    (("_aws", "Extra"), 1, "no member of _aws"),
    ((*DIRECTIVE, "Extra"), 1, "no member of a directive"),
    (METRICS, [{"Name": "Seen", "Extra": 1}], "no member of a metric"),
    ((*DIRECTIVE, "Namespace"), "x" * 256, "Namespace: over 255 characters"),
    ((*DIRECTIVE, "Namespace"), "AWS/Lambda", "Namespace: is AWS's"),
    ((*DIRECTIVE, "Namespace"), " ", "Namespace: not of characters"),
    (METRICS, numbered(101), "Metrics: over 100"),
    (METRICS, [{"Name": "x" * 256}], "metric's name: over 255 characters"),
    (METRICS, [{"Name": ":Seen"}], "metric's name: not of characters"),
    (METRICS, [{"Name": "Größe"}], "metric's name: not of characters"),
    (METRICS, [{"Name": "Seen"}, {"Name": "Seen"}], "counted twice"),
    (METRICS, [{"Name": "Seen", "StorageResolution": 30}], "metric Seen: no resolution"),
    (METRICS, [{"Name": "Unseen"}], "metric Unseen: not there"),
    (DIMENSIONS, [[":Place"]], "dimension's name: not of characters"),
    (DIMENSIONS, [["Elsewhere"]], "dimension Elsewhere: not there"),
    (DIMENSIONS, [["Place", "Kind"], ["Kind", "Place"]], "counted twice"),
    (("Place",), ABSENT, "dimension Place: not there"),
    (("Place",), None, "dimension Place: no string"),
    (("Place",), 7, "dimension Place: no string"),
    (("Place",), {"Place": "here"}, "dimension Place: no string"),
    (("Place",), "", "dimension Place: not of characters"),
    (("Place",), " ", "dimension Place: not of characters"),
    (("Place",), "a\tb", "dimension Place: not of characters"),
    (("Place",), "Köge", "dimension Place: not of characters"),
    (("Place",), "x" * 1025, "dimension Place: over 1024 characters"),
    (("Seen",), ABSENT, "metric Seen: not there"),
    (("Seen",), "1", "metric Seen: no number"),
    (("Seen",), True, "metric Seen: no number"),
    (("Seen",), None, "metric Seen: no number"),
    (("Seen",), {"Seen": 1}, "metric Seen: no number"),
    (("Seen",), [1, "2"], "metric Seen: no number"),
    (("Seen",), [], "metric Seen: not 1 to 100 values"),
    (("Seen",), [1] * 101, "metric Seen: not 1 to 100 values"),
    (("Seen",), 2.0**361, "metric Seen: out of range"),
    (("Seen",), -(2**361), "metric Seen: out of range"),
    (("Seen",), 2.0**-361, "metric Seen: out of range"),
    (("Seen",), float("nan"), "no JSON: NaN"),
    (("Other",), float("inf"), "no JSON: Infinity"),
    (("Other",), "x" * emf.LIMIT_BYTES, "bytes"),
]
GOOD = printed(LINE)
BROKEN_TEXTS = {
    "": "not one line",
    GOOD.removesuffix("\n"): "not one line",
    GOOD + GOOD: "not one line",
    "\n" + GOOD: "not one line",
    GOOD.replace(", ", ",\r", 1): "not one line",
    "INFO " + GOOD: "not an object",
    " " + GOOD: "not an object",
    GOOD.replace("\n", " \n"): "not an object",
    f"[{GOOD.strip()}]\n": "not an object",
    GOOD.replace("}\n", ",}\n"): "no JSON",
    GOOD.replace("{", "{}{", 1): "no JSON",
    GOOD.replace("}\n", ', "Place": "there"}\n'): "no JSON: Place twice",
    GOOD.replace('"Seen": 1', '"Seen": 1e999'): "out of range",
}
ALLOWED: list[list[tuple[Place, Any]]] = [
    [],
    [(("_aws", "Timestamp"), NOW_MS - 14 * 86_400_000)],
    [(("_aws", "Timestamp"), NOW_MS + 2 * 3_600_000)],
    [(("_aws", "CloudWatchMetrics"), [])],
    [(DIMENSIONS, [[]])],
    [(DIMENSIONS, [[f"D{n}" for n in range(30)]]), *(((f"D{n}",), "x") for n in range(30))],
    [(METRICS, numbered(100)), *(((f"M{number}",), number) for number in range(100))],
    [(METRICS, [{"Name": "Seen", "Unit": "Bytes/Second", "StorageResolution": 1}])],
    [(("Place",), "x" * 1024)],
    [(("Seen",), 2**360)],
    [(("Seen",), -(2.0**-360))],
    [(("Seen",), [0] * 100)],
    [(("Other",), {"any": [None, "Köge\n"]})],
]


def refused() -> Iterator[Any]:
    """Yield each broken line and how its fault is told."""
    for place, value, fault in BROKEN_BY_SCHEMA:
        text = printed(line((place, value)))
        yield pytest.param(text, rf"schema: .*: {fault}: ", id=f"{place[-1]} {fault}")
    for place, value, fault in BROKEN:
        yield pytest.param(printed(line((place, value))), fault, id=fault)
    for text, fault in BROKEN_TEXTS.items():
        yield pytest.param(text, fault, id=fault)


@pytest.mark.parametrize(("text", "fault"), list(refused()))
def test_a_line_that_breaks_a_rule_is_refused(text: str, fault: str) -> None:
    with pytest.raises(emf.BrokenLineError, match=fault):
        emf.read(text, NOW_MS)


@pytest.mark.parametrize("changes", ALLOWED)
def test_a_line_just_within_the_rules_is_not_refused(changes: list[tuple[Place, Any]]) -> None:
    assert emf.read(printed(line(*changes)), NOW_MS) == line(*changes)
