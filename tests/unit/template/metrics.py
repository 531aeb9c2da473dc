"""The metrics that exist of a stack's resources, and the dimensions that select them."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from tests.unit.template import handler, status_handler, webhook_handler
from tests.unit.template.resolve import Deployment

NAMESPACE = "LogisticsProcessing"
# What counts in a namespace is called so on a graph's axis. The status stack's own metrics count
# shipments, updates and mails.
COUNTED = {
    NAMESPACE: "updates",
    "AWS/DynamoDB": "writes",
    "AWS/Events": "invocations",
    "AWS/Lambda": "invocations",
    "AWS/SNS": "notifications",
    "AWS/SQS": "updates",
}
# The services' metrics by the dimensions that select one resource (each one's list of metrics).
AT_AWS = {
    ("AWS/DynamoDB", "TableName"): {"ConsumedWriteCapacityUnits", "WriteThrottleEvents"},
    ("AWS/Events", "RuleName"): {"FailedInvocations", "InvocationsFailedToBeSentToDlq"}
    | {"Invocations", "InvocationsSentToDlq", "TriggeredRules"},
    ("AWS/Lambda", "FunctionName"): {"AsyncEventsDropped", "DestinationDeliveryFailures"}
    | {"Duration", "Errors", "Invocations", "IteratorAge", "Throttles", "Url5xxCount"},
    ("AWS/SNS", "TopicName"): {"NumberOfMessagesPublished", "NumberOfNotificationsDelivered"}
    | {"NumberOfNotificationsFailed", "NumberOfNotificationsFilteredOut"},
    ("AWS/SQS", "QueueName"): {"ApproximateNumberOfMessagesVisible"},
}
# Of these CloudWatch has each value, and so percentiles. Of an age the highest counts, and it is as
# a level; the rest are counts.
DURATIONS = {"Duration"}
AGES = {"IteratorAge", "OldestUnmailedAge", "StatusLag"}
LEVELS = AGES | {"ApproximateNumberOfMessagesVisible"}


@cache
def emitted(
    *, by_status: bool = False, by_webhook: bool = False
) -> dict[tuple[str, ...], set[str]]:
    """Return what a stack emits, by namespace and dimensions: AWS's metrics and the handler's."""
    if by_status:
        return {**AT_AWS, **_printed(status_handler.lines())}
    if by_webhook:
        return {**AT_AWS, **_printed(line for line, _ in webhook_handler.posted().values())}
    lines = [handler.invocation(kind).line for kind in handler.UPDATES]
    return {**AT_AWS, **_printed(map(json.loads, lines))}


def _printed(lines: Iterable[dict[str, Any]]) -> dict[tuple[str, ...], set[str]]:
    """Return the metrics in a handler's log lines, by namespace and dimensions."""
    found: dict[tuple[str, ...], set[str]] = {}
    for directive in (each for line in lines for each in line["_aws"]["CloudWatchMetrics"]):
        for names in directive["Dimensions"]:
            metrics = found.setdefault((directive["Namespace"], *sorted(names)), set())
            metrics |= {each["Name"] for each in directive["Metrics"]}
    return found


def dimensions(stack: Deployment, namespace: str) -> dict[str, str]:
    """Return the dimensions of a stack's metrics in a namespace: all of them, no other."""
    suffix = stack.suffix
    if stack.is_webhook:
        carrier = stack.parameters["Carrier"]
        return {
            "AWS/Lambda": {"FunctionName": f"shipment-webhook-{carrier}-{suffix}"},
            NAMESPACE: {"Environment": suffix, "Carrier": carrier},
        }[namespace]
    if stack.is_status:
        return {
            "AWS/Lambda": {"FunctionName": f"shipment-status-{suffix}"},
            "AWS/SNS": {"TopicName": f"shipment-digests-{suffix}"},
            NAMESPACE: {"Environment": suffix},
        }[namespace]
    bus = stack.parameters["EventBusName"]
    return {
        "AWS/DynamoDB": {"TableName": f"shipment-logs-{suffix}"},
        # EventBridge names the bus of a rule's metrics only if it is not the default one.
        "AWS/Events": {"RuleName": f"shipment-update-rule-{suffix}"}
        | ({} if bus == "default" else {"EventBusName": bus}),
        "AWS/Lambda": {"FunctionName": f"shipment-processor-{suffix}"},
        "AWS/SNS": {"TopicName": f"shipment-alerts-{suffix}"},
        "AWS/SQS": {"QueueName": f"shipment-failed-updates-{suffix}"},
        NAMESPACE: {"Environment": suffix},
    }[namespace]


def is_emitted(stack: Deployment, namespace: str, metric: str, selected: Mapping[str, str]) -> bool:
    """Return whether something emits this metric, by these dimensions, of a stack's resources.

    A dimension that may have any value, as in a search, has an empty one.
    """
    ours = dimensions(stack, namespace)
    names = (namespace, *sorted(selected.keys() - {"EventBusName"}))
    others = {name: value for name, value in selected.items() if name not in ours}
    is_ours = {**selected, **ours} == {**selected} and others in ({}, {"Status": ""})
    found = emitted(by_status=stack.is_status, by_webhook=stack.is_webhook)
    return is_ours and metric in found.get(names, set())


def statistics(metric: str) -> set[str]:
    """Return the statistics of a metric that say something to an operator."""
    if metric in DURATIONS:
        return {"p50", "p99"}
    return {"Maximum"} if metric in LEVELS else {"Sum"}


def unit(stack: Deployment, lines: Iterable[tuple[str, str]]) -> str:
    """Return what an axis is to say of metrics (namespace, name): the unit of the first."""
    namespace, metric = next(iter(lines))
    if metric in DURATIONS | AGES:
        return "ms"
    return "count" if stack.is_status and namespace == NAMESPACE else COUNTED[namespace]
