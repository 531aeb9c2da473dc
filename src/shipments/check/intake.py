"""Checks from the bus to the function: rule, target, permission, archive."""

import json
from collections.abc import Iterator

from shipments.bus import rules_that_match
from shipments.check.model import WARNING, Finding, Main, aws
from shipments.check.processing import invocation
from shipments.events import DETAIL_TYPE, SOURCE

PATTERN = {"source": [SOURCE], "detail-type": [DETAIL_TYPE]}
RETRIES = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
SID = "ShipmentUpdatePermission"


def rule(d: Main) -> Iterator[Finding]:
    """Find that the rule takes no updates off the bus."""
    found = d.ask("events", "describe_rule", Name=d.rule, EventBusName=d.bus)
    if found is None:
        yield d.missing(f"the rule {d.rule}")
        return
    if not found["State"].startswith("ENABLED"):
        yield Finding(
            f"the rule {d.rule} is {found['State']}: updates reach nobody",
            aws("events enable-rule", name=d.rule, event_bus_name=d.bus),
        )
    if json.loads(found.get("EventPattern", "{}")) != PATTERN:
        yield Finding(
            "the rule's pattern is not the one for shipment updates",
            aws("events put-rule", name=d.rule, event_bus_name=d.bus, event_pattern=PATTERN),
        )


def target(d: Main) -> Iterator[Finding]:
    """Find that the rule does not invoke the function, or keeps nothing that fails."""
    answer = d.ask("events", "list_targets_by_rule", Rule=d.rule, EventBusName=d.bus)
    targets = answer["Targets"] if answer else []
    remedy = aws(
        "events put-targets",
        rule=d.rule,
        event_bus_name=d.bus,
        targets=json.dumps(
            [
                {
                    "Id": "ShipmentProcessorTarget",
                    "Arn": d.function_arn,
                    "RetryPolicy": RETRIES,
                    "DeadLetterConfig": {"Arn": d.queue_arn},
                }
            ]
        ),
    )
    ours = [each for each in targets if each["Arn"] == d.function_arn]
    if not ours:
        yield Finding("the rule does not invoke the function", remedy)
    for each in ours:
        if each.get("DeadLetterConfig", {}).get("Arn") != d.queue_arn:
            yield Finding("what cannot be delivered is not kept on the queue", remedy)
        if each.get("RetryPolicy", RETRIES) != RETRIES:  # without one, AWS's own is the same
            yield Finding("delivery is not retried for 24 hours", remedy)


def permission(d: Main) -> Iterator[Finding]:
    """Find that the rule may not invoke the function."""
    yield from invocation(d, "the rule", "events.amazonaws.com", d.rule_arn, SID)


def bus(d: Main) -> Iterator[Finding]:
    """Find that the bus has other rules for the same updates."""
    for name in rules_that_match(d.stack):
        yield Finding(
            f"the rule {name} on the bus {d.bus} gets the same updates: is it another "
            "environment's? Then each needs a bus of its own",
            aws("events list-targets-by-rule", rule=name, event_bus_name=d.bus),
            WARNING,
        )


def archive(d: Main) -> Iterator[Finding]:
    """Find that the archive is not as the parameter says."""
    days = int(d.parameters.get("ArchiveRetentionDays", "0"))
    if not days:
        return
    name = f"shipments-{d.environment}"
    found = d.ask("events", "describe_archive", ArchiveName=name)
    if found is None:
        yield d.missing(f"the archive {name}")
        return
    if found["State"] not in {"ENABLED", "CREATING", "UPDATING"}:
        yield Finding(f"the archive {name} is {found['State']}: it keeps nothing", d.restore())
    if found.get("RetentionDays") != days:
        yield Finding(
            f"the archive keeps updates for {found.get('RetentionDays')} days, "
            f"ArchiveRetentionDays is {days}",
            aws("events update-archive", archive_name=name, retention_days=days),
        )
