"""Asks for the states of the alarms that a widget shows."""

import re
from dataclasses import dataclass
from typing import Any

from scripts.drawing.widgets import Alarms

AT_ONCE = 100  # names that DescribeAlarms takes
ARN = re.compile(r"arn:[^:]*:cloudwatch:([^:]*):[^:]*:alarm:(.+)")
GENERATED = re.compile(r"-[A-Z0-9]{8,}$")
WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
GONE = "gone"


@dataclass(frozen=True)
class Alarm:
    """An alarm: its name as people read it, and its state as CloudWatch has it, or gone."""

    name: str
    state: str


def states(alarms: Alarms, client: Any, stack: str) -> list[Alarm]:
    """Return the alarms that a widget shows, in its order; stack: whose name is left out.

    client: returns CloudWatch's client of a region.
    """
    keys = [_key(arn) for arn in alarms.arns]
    by_region: dict[str, list[str]] = {}
    for region, name in keys:
        by_region.setdefault(region, []).append(name)
    found: dict[tuple[str, str], str] = {}
    for region, names in by_region.items():
        for at in range(0, len(names), AT_ONCE):
            pages = (
                client(region)
                .get_paginator("describe_alarms")
                .paginate(
                    AlarmNames=names[at : at + AT_ONCE],
                    AlarmTypes=["MetricAlarm", "CompositeAlarm"],
                )
            )
            for page in pages:
                for alarm in [*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])]:
                    found[region, alarm["AlarmName"]] = alarm["StateValue"]
    shown = [Alarm(readable(name, stack), found.get((region, name), GONE)) for region, name in keys]
    return [alarm for alarm in shown if not alarms.states or alarm.state in alarms.states]


def _key(arn: str) -> tuple[str, str]:
    """Return an alarm's region, empty if that is not an ARN, and name."""
    found = ARN.fullmatch(arn)
    return (found[1], found[2]) if found else ("", arn)


def readable(name: str, stack: str) -> str:
    """Return an alarm's name in words: ``Function errors`` for ``STACK-FunctionErrorsAlarm-1A``."""
    if not name.startswith(f"{stack}-"):
        return name
    own = GENERATED.sub("", name.removeprefix(f"{stack}-")).removesuffix("Alarm")
    if not own:
        return name
    first, *others = WORD.split(own)
    lowered = (word if word.isupper() else word.lower() for word in others)
    return " ".join([first, *lowered])
