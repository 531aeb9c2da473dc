"""The resources whose names the templates make of EnvironmentSuffix, and whether they exist.

A test compares them with the templates.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from shipments.check.model import ask, aws

# Where the CLI's option has another name than the argument.
OPTIONS = {"QueueName": "queue-url", "DashboardName": "dashboard-names"}


@dataclass(frozen=True)
class Place:
    """Where a resource is looked for: clients, suffix, bus, and what makes ARNs."""

    client: Callable[..., Any]
    suffix: str
    bus: str
    arn: Callable[[str, str], str]


@dataclass(frozen=True)
class Named:
    """A resource with a name.

    pattern: the name, with {} for the suffix; argument: what a service calls it;
    get, delete: the operation that describes it, and the CLI's command that deletes it.
    """

    logical: str
    kind: str
    pattern: str
    argument: str
    service: str
    get: str
    delete: str

    def name(self, suffix: str) -> str:
        """Return its name."""
        return self.pattern.format(suffix)

    def exists(self, place: Place) -> bool:
        """Return whether there is a resource of that name."""
        arguments = {self.argument: self._value(place)}
        if self.service == "logs":  # no operation gets one group
            page = place.client("logs").describe_log_groups(logGroupNamePrefix=self._value(place))
            return any(each["logGroupName"] == self._value(place) for each in page["logGroups"])
        if self.kind == "the rule":
            arguments["EventBusName"] = place.bus
        return ask(place.client, self.service, self.get, **arguments) is not None

    def deletion(self, place: Place) -> str:
        """Return the command that deletes it."""
        value = self._value(place)
        if self.service == "sqs":  # a queue is deleted by its URL
            value = place.client("sqs").get_queue_url(QueueName=value)["QueueUrl"]
        words = {OPTIONS.get(self.argument) or option(self.argument): value}
        if self.kind == "the rule":
            words["event-bus-name"] = place.bus
        return aws(f"{self.service} {self.delete}", **words)

    def _value(self, place: Place) -> str:
        name = self.name(place.suffix)
        return place.arn("sns", name) if self.service == "sns" else name


def option(argument: str) -> str:
    """Return the CLI's option of an argument: log-group-name of logGroupName."""
    return "".join(f"-{char.lower()}" if char.isupper() else char for char in argument).lstrip("-")


NAMED = (
    Named(
        "ShipmentUpdateRule",
        "the rule",
        "shipment-update-rule-{}",
        "Name",
        "events",
        "describe_rule",
        "delete-rule",
    ),
    Named(
        "ShipmentUpdateArchive",
        "the archive",
        "shipments-{}",
        "ArchiveName",
        "events",
        "describe_archive",
        "delete-archive",
    ),
    Named(
        "ShipmentProcessorFunction",
        "the function",
        "shipment-processor-{}",
        "FunctionName",
        "lambda",
        "get_function_configuration",
        "delete-function",
    ),
    Named(
        "ShipmentProcessorLogGroup",
        "the log group",
        "/aws/lambda/shipment-processor-{}",
        "logGroupName",
        "logs",
        "describe_log_groups",
        "delete-log-group",
    ),
    Named(
        "FailedUpdatesQueue",
        "the queue",
        "shipment-failed-updates-{}",
        "QueueName",
        "sqs",
        "get_queue_url",
        "delete-queue",
    ),
    Named(
        "AlertTopic",
        "the topic",
        "shipment-alerts-{}",
        "TopicArn",
        "sns",
        "get_topic_attributes",
        "delete-topic",
    ),
    Named(
        "AlarmTopic",
        "the topic",
        "shipment-alarms-{}",
        "TopicArn",
        "sns",
        "get_topic_attributes",
        "delete-topic",
    ),
    Named(
        "LogisticsDashboard",
        "the dashboard",
        "logistics-processing-{}",
        "DashboardName",
        "cloudwatch",
        "get_dashboard",
        "delete-dashboards",
    ),
    Named(
        "ShipmentLogsTable",
        "the table",
        "shipment-logs-{}",
        "TableName",
        "dynamodb",
        "describe_table",
        "delete-table",
    ),
)


def _like(other: str, logical: str, pattern: str) -> Named:
    """Return a resource that differs from one of NAMED only in its names."""
    (found,) = (each for each in NAMED if each.logical == other)
    return replace(found, logical=logical, pattern=pattern)


# Of ShipmentStatus.yml.
STATUS_NAMED = (
    _like("ShipmentUpdateRule", "ShipmentMailRule", "shipment-mail-rule-{}"),
    _like("ShipmentUpdateRule", "ShipmentStuckRule", "shipment-stuck-rule-{}"),
    _like("ShipmentProcessorFunction", "ShipmentStatusFunction", "shipment-status-{}"),
    _like("ShipmentProcessorLogGroup", "ShipmentStatusLogGroup", "/aws/lambda/shipment-status-{}"),
    _like("AlertTopic", "DigestTopic", "shipment-digests-{}"),
    _like("LogisticsDashboard", "StatusDashboard", "shipment-status-{}"),
    _like("ShipmentLogsTable", "ShipmentStatusTable", "shipment-status-{}"),
)
