"""The metrics that exist of this stack's resources, and the dimensions that select them."""

from collections.abc import Mapping

from tests.unit.template import handler
from tests.unit.template.resolve import Deployment

# Metrics by the dimensions that select one resource, from each service's list of its metrics.
AT_AWS = {
    ("AWS/DynamoDB", "TableName"): {"ConsumedWriteCapacityUnits", "WriteThrottleEvents"},
    ("AWS/DynamoDB", "Operation", "TableName"): {"SuccessfulRequestLatency", "ThrottledRequests"},
    ("AWS/Events", "RuleName"): {
        "FailedInvocations",
        "Invocations",
        "InvocationsFailedToBeSentToDlq",
        "InvocationsSentToDlq",
        "TriggeredRules",
    },
    ("AWS/Lambda", "FunctionName"): {
        "AsyncEventsDropped",
        "ConcurrentExecutions",
        "DestinationDeliveryFailures",
        "Duration",
        "Errors",
        "Invocations",
        "Throttles",
    },
    ("AWS/SNS", "TopicName"): {"NumberOfNotificationsDelivered", "NumberOfNotificationsFailed"},
    ("AWS/SQS", "QueueName"): {
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesVisible",
        "NumberOfMessagesSent",
    },
    # The handler's own, by the dimension sets of its log line.
    ("LogisticsProcessing", "Environment"): handler.metrics(),
    ("LogisticsProcessing", "Environment", "Status"): {"ShipmentUpdatesProcessed"},
}
# Those of which CloudWatch has each value, and so percentiles: what a log line carries, and what
# the service's list says so of. Of the others it has sums and extremes.
OF_EACH_VALUE = {"Duration", "EndToEndLatency"}
# The operations that the function calls on its table.
OPERATIONS = {
    action.removeprefix("dynamodb:")
    for action in handler.aws_actions()
    if action.startswith("dynamodb:")
}


def dimensions(stack: Deployment, namespace: str) -> dict[str, str]:
    """Return the dimensions of this stack's metrics in a namespace: all of them, no other."""
    suffix, bus = stack.suffix, stack.parameters["EventBusName"]
    return {
        "AWS/DynamoDB": {"TableName": f"shipment-logs-{suffix}"},
        # EventBridge names the bus of a rule's metrics only where it is not the default one.
        "AWS/Events": {"RuleName": f"shipment-update-rule-{suffix}"}
        | ({} if bus == "default" else {"EventBusName": bus}),
        "AWS/Lambda": {"FunctionName": f"shipment-processor-{suffix}"},
        "AWS/SNS": {"TopicName": f"shipment-alerts-{suffix}"},
        "AWS/SQS": {"QueueName": f"shipment-failed-updates-{suffix}"},
        "LogisticsProcessing": {"Environment": suffix},
    }[namespace]


def has_statistic(metric: str, statistic: str) -> bool:
    """Tell whether CloudWatch has a statistic of a metric."""
    if statistic in {"p50", "p90", "p99"}:
        return metric in OF_EACH_VALUE
    return statistic in {"Sum", "Average", "Minimum", "Maximum", "SampleCount"}


def is_emitted(stack: Deployment, namespace: str, metric: str, selected: Mapping[str, str]) -> bool:
    """Tell whether something emits this metric, by these dimensions, of this stack's resources.

    A dimension whose value may be any of several, as a search has it, has an empty value.
    """
    names = {*selected} - ({"EventBusName"} if namespace == "AWS/Events" else set())
    if metric not in AT_AWS.get((namespace, *sorted(names)), set()):
        return False
    ours = dimensions(stack, namespace)
    others = {name: value for name, value in selected.items() if name not in ours}
    operation = others.pop("Operation", "PutItem")
    return (
        {**selected, **ours} == {**selected}
        and operation in OPERATIONS
        and others in ({}, {"Status": ""})
    )
