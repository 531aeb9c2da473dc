"""Checks of what invokes the status function: the log's stream, rejected updates, rules."""

import json
from collections.abc import Iterator
from typing import Any

from shipments.check import people, processing
from shipments.check.companion import Companion
from shipments.check.model import PROBLEM, WARNING, Finding, aws

# Of the mapping. Without the first ones an update is lost or repeated after a failure, or each
# mark of an alert comes, too; the others only change when and how many come at once.
PATTERN = {"eventName": ["INSERT", "REMOVE"]}
KEEPS: dict[str, Any] = {
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "BisectBatchOnFunctionError": True,
    "MaximumRetryAttempts": 100,
    "FilterCriteria": {"Filters": [{"Pattern": json.dumps(PATTERN)}]},
}
PACES = {"BatchSize": 200}
REJECTIONS = {"alertType": ["PROCESSING_ERROR"]}
# What the rules ask for.
RULES = {"Mail": {"do": "mail"}, "Stuck": {"do": "stuck"}}


def stream(c: Companion) -> Iterator[Finding]:
    """Find that new rows do not come to the function."""
    log = c.get("dynamodb", "describe_table", TableName=c.main.table)["Table"]
    current = log.get("LatestStreamArn")
    if not current or not log.get("StreamSpecification", {}).get("StreamEnabled"):
        yield Finding(f"the table {c.main.table} has no stream", c.main.restore())
        return
    # Listed, because to get one that is gone by its id may be refused instead of answered.
    answer = c.ask("lambda", "list_event_source_mappings", FunctionName=c.function)
    mappings = answer["EventSourceMappings"] if answer else []
    if not mappings:
        yield c.missing(f"the event source mapping of {c.function}")
        return
    reading = [each for each in mappings if each.get("EventSourceArn") == current]
    for mapping in reading:
        yield from _mapping(c, mapping)
    if not reading:
        yield Finding(
            f"the mapping reads {mappings[0].get('EventSourceArn')}, not the stream that the table "
            f"{c.main.table} has now: no update changes a status. Deploy with that stream, then "
            "run shipments status rebuild:",
            c.deploy(parameter_overrides=f"StreamArn={current}"),
        )


def _mapping(c: Companion, found: dict[str, Any]) -> Iterator[Finding]:
    """Find that a mapping is off, fails, or is not as the template has it."""
    uuid = found["UUID"]
    if (state := found.get("State")) not in {"Enabled", "Enabling", "Creating", "Updating"}:
        yield Finding(
            f"the mapping is {state}: no update changes a status",
            aws("lambda update-event-source-mapping", "--enabled", uuid=uuid),
        )
    result = found.get("LastProcessingResult") or "OK"
    if not result.startswith(("OK", "No records processed")):
        yield Finding(f"the mapping's last result is {result}", c.failures())
    keeps = {**KEEPS, "DestinationConfig": {"OnFailure": {"Destination": c.queue_arn}}}
    window = int(c.parameters["BatchWindowSeconds"])
    settings = {**keeps, **PACES, "MaximumBatchingWindowInSeconds": window}
    other = [name for name, value in settings.items() if not _equal(found.get(name), value)]
    if other:
        yield Finding(
            f"the mapping is not as in the template: {', '.join(other)}",
            _update(uuid, settings),
            PROBLEM if keeps.keys() & set(other) else WARNING,
        )


def _equal(found: Any, wanted: Any) -> bool:
    """Return whether settings are equal; a filter's pattern is JSON in a text."""
    if isinstance(found, dict) and found.get("Filters"):
        patterns = [_parsed(each.get("Pattern")) for each in found["Filters"]]
        return patterns == [PATTERN]
    return bool(found == wanted)


def _parsed(text: str | None) -> Any:
    """Return the value of a JSON text, or None if it is none."""
    try:
        return json.loads(text or "")
    except ValueError:
        return None


def _update(uuid: str, settings: dict[str, Any]) -> str:
    """Return the command that gives the mapping its settings."""
    return aws(
        "lambda update-event-source-mapping",
        "--bisect-batch-on-function-error",
        uuid=uuid,
        function_response_types=settings["FunctionResponseTypes"],
        maximum_retry_attempts=settings["MaximumRetryAttempts"],
        filter_criteria=settings["FilterCriteria"],
        destination_config=settings["DestinationConfig"],
        batch_size=settings["BatchSize"],
        maximum_batching_window_in_seconds=settings["MaximumBatchingWindowInSeconds"],
    )


def rejections(c: Companion) -> Iterator[Finding]:
    """Find that rejected updates are not mailed."""
    found = people.subscriptions(c, c.alert_topic)
    if found is None:
        yield c.missing(f"the topic {c.alert_topic}")
        return
    remedy = aws(
        "sns subscribe",
        topic_arn=c.alert_topic,
        protocol="lambda",
        notification_endpoint=c.function_arn,
        attributes={"FilterPolicy": json.dumps(REJECTIONS)},
    )
    ours = [each for each in found if each["Endpoint"] == c.function_arn]
    if not any(map(people.is_confirmed, ours)):
        yield Finding(
            "the function is not subscribed to the alert topic: nobody hears of rejected updates",
            remedy,
        )
        return
    attributes = c.get(
        "sns", "get_subscription_attributes", SubscriptionArn=ours[0]["SubscriptionArn"]
    )["Attributes"]
    if _parsed(attributes.get("FilterPolicy")) != REJECTIONS:
        yield Finding(
            "the function's subscription has another filter than rejected updates", remedy
        )
    yield from processing.invocation(
        c, "the alert topic", "sns.amazonaws.com", c.alert_topic, "ShipmentRejectionsPermission"
    )


def schedule(c: Companion) -> Iterator[Finding]:
    """Find that a rule does not invoke the function."""
    names = RULES if c.parameters["StuckAfterDays"] != "0" else ["Mail"]
    for name in names:
        rule = f"shipment-{name.lower()}-rule-{c.environment}"
        yield from _rule(c, rule, name)
        yield from processing.invocation(
            c,
            f"the rule {rule}",
            "events.amazonaws.com",
            c.arn("events", f"rule/{rule}"),
            f"Shipment{name}Permission",
        )


def _rule(c: Companion, rule: str, name: str) -> Iterator[Finding]:
    """Find that a rule is off, or asks the function for nothing, or for something else."""
    found = c.ask("events", "describe_rule", Name=rule)
    if found is None:
        yield c.missing(f"the rule {rule}")
        return
    if not found["State"].startswith("ENABLED"):
        yield Finding(
            f"the rule {rule} is {found['State']}: it asks for nothing",
            aws("events enable-rule", name=rule),
        )
    request = RULES[name]
    targets = c.get("events", "list_targets_by_rule", Rule=rule)["Targets"]
    ours = [each for each in targets if each["Arn"] == c.function_arn]
    if not any(_parsed(each.get("Input")) == request for each in ours):
        target = {
            "Id": f"Shipment{name}Target",
            "Arn": c.function_arn,
            "Input": json.dumps(request),
        }
        yield Finding(
            f"the rule {rule} does not ask the function for {json.dumps(request)}",
            aws("events put-targets", rule=rule, targets=json.dumps([target])),
        )
