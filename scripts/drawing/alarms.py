"""Gets the states of the alarms that a widget shows."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from scripts.drawing.body import Alarms

ARN = re.compile(r"(?:arn:[^:]*:cloudwatch:([^:]*):[^:]*:alarm:)?(.+)")
GENERATED = re.compile(r"-[A-Z0-9]{8,}$")
WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
DELETED = "deleted"


class Alarm(NamedTuple):
    """An alarm: its name as people read it, and its state as CloudWatch has it, or DELETED."""

    name: str
    state: str


def states(alarms: Alarms, client: Callable[..., Any], stack: str) -> list[Alarm]:
    """Return the alarms that a widget shows, in its order; stack: whose name is left out.

    client: returns the boto3 client of a service, in a region with region_name.
    """
    keys = [match.groups() for arn in alarms.arns if (match := ARN.fullmatch(arn))]
    found: dict[tuple[str | None, ...], str] = {}
    for region in {region for region, _ in keys}:
        pages = client("cloudwatch", region_name=region).get_paginator("describe_alarms")
        asked = [name for each, name in keys if each == region]
        for page in pages.paginate(AlarmNames=asked):
            for alarm in page["MetricAlarms"]:
                found[region, alarm["AlarmName"]] = alarm["StateValue"]
    return [Alarm(readable(key[1], stack), found.get(key, DELETED)) for key in keys]


def readable(name: str, stack: str) -> str:
    """Return an alarm's name in words: ``Function errors`` for ``STACK-FunctionErrorsAlarm-1A``."""
    own = GENERATED.sub("", name.removeprefix(f"{stack}-")).removesuffix("Alarm")
    if not own or not name.startswith(f"{stack}-"):
        return name
    first, *others = WORD.split(own)
    lowered = (word if word.isupper() else word.lower() for word in others)
    return " ".join([first, *lowered])
