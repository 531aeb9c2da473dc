"""The metrics that exist of this stack's resources, and the dimensions that select them."""

from tests.unit.template import handler
from tests.unit.template.resolve import Deployment

# Metrics by the dimensions that select one resource, from each service's list of its metrics.
AT_AWS = {
    ("AWS/DynamoDB", "TableName"): {"ConsumedWriteCapacityUnits", "WriteThrottleEvents"},
    ("AWS/Events", "RuleName"): {
        "FailedInvocations",
        "Invocations",
        "InvocationsFailedToBeSentToDlq",
        "InvocationsSentToDlq",
        "TriggeredRules",
    },
    ("AWS/Lambda", "FunctionName"): {
        "AsyncEventsDropped",
        "DestinationDeliveryFailures",
        "Duration",
        "Errors",
        "Invocations",
        "Throttles",
    },
    ("AWS/SNS", "TopicName"): {"NumberOfNotificationsDelivered", "NumberOfNotificationsFailed"},
    ("AWS/SQS", "QueueName"): {"ApproximateNumberOfMessagesVisible", "NumberOfMessagesSent"},
    # The handler's own, by the dimension sets of its log line.
    ("LogisticsProcessing", "Environment"): handler.metrics(),
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


def exists(namespace: str, name: str, names_of_dimensions: set[str]) -> bool:
    """Tell whether there is such a metric by such dimensions, on the default bus or another."""
    key = names_of_dimensions - ({"EventBusName"} if namespace == "AWS/Events" else set())
    return len(key) == 1 and name in AT_AWS.get((namespace, *key), set())
