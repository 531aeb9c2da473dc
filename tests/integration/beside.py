"""A stack with a status stack beside it, for the checks: what can be broken in the second one."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import STATUS_TEMPLATE, TEMPLATE
from shipments.stack import Stack
from tests.integration.checking import Account
from tests.integration.pipeline import Fields

SUFFIX, MAIN, NAME, BUS = "beside", "stack-beside", "shipment-status-beside", "bus-beside"
ADDRESS = "digests@example.com"
METRIC: Fields = {
    "MetricName": "ShipmentUpdatesProcessed",
    "Dimensions": [{"Name": "Environment", "Value": SUFFIX}],
    "Value": 1,
}
FUNCTION = {"FunctionName": NAME}
RULES = {"mail": f"shipment-mail-rule-{SUFFIX}", "stuck": f"shipment-stuck-rule-{SUFFIX}"}


class Both:
    """The two stacks, and what can be broken in the status stack."""

    def __init__(self, client: Callable[[str], Any], main: Stack, status: Stack) -> None:
        self.client, self.main, self.status = client, main, status
        self.table = status["ShipmentStatusTableName"]

    def mapping(self) -> Fields:
        """Return the event source mapping."""
        (found,) = self.client("lambda").list_event_source_mappings(**FUNCTION)[
            "EventSourceMappings"
        ]
        return dict(found)

    def change_mapping(self, **fields: Any) -> None:
        """Change the event source mapping."""
        self.client("lambda").update_event_source_mapping(UUID=self.mapping()["UUID"], **fields)

    def subscriptions(self, topic: str) -> list[Fields]:
        """Return a topic's subscriptions."""
        found = self.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        return list(found)

    def unsubscribe(self, topic: str) -> None:
        """Remove a topic's subscriptions."""
        for each in self.subscriptions(topic):
            self.client("sns").unsubscribe(SubscriptionArn=each["SubscriptionArn"])

    def filter_rejections(self, policy: Fields) -> None:
        """Give the function's subscription to the alert topic another filter."""
        (found,) = self.subscriptions(self.main["AlertTopicArn"])
        self.client("sns").set_subscription_attributes(
            SubscriptionArn=found["SubscriptionArn"],
            AttributeName="FilterPolicy",
            AttributeValue=json.dumps(policy),
        )

    def remove_permission(self, principal: str) -> None:
        """Take a service's permissions to invoke the function away."""
        client = self.client("lambda")
        for statement in json.loads(client.get_policy(**FUNCTION)["Policy"])["Statement"]:
            if statement["Principal"]["Service"] == principal:
                client.remove_permission(**FUNCTION, StatementId=statement["Sid"])

    def put_due(self, shipment: str, since: timedelta) -> None:
        """Let an item wait for its mail."""
        due = (datetime.now(timezone.utc) - since).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        item = {"shipmentId": {"S": shipment}, "dueAt": {"S": due}}
        self.client("dynamodb").put_item(TableName=self.table, Item=item)

    def delete_due(self, shipment: str) -> None:
        """Delete an item."""
        key = {"shipmentId": {"S": shipment}}
        self.client("dynamodb").delete_item(TableName=self.table, Key=key)


@contextmanager
def deployed(client: Callable[[str], Any]) -> Iterator[Both]:
    """Deploy two stacks in which nothing is to be found, until a test breaks the second."""
    client("events").create_event_bus(Name=BUS)
    parameters = {"EnvironmentSuffix": SUFFIX, "AlertEmail": ADDRESS}
    main = deployment.deploy(
        client,
        MAIN,
        TEMPLATE.read_text("utf-8"),
        {**ministack.PARAMETERS, **parameters, "EventBusName": BUS, "AlertMail": "off"},
    )
    ministack.complete(client, main["ShipmentLogsTableName"])
    client("cloudwatch").put_metric_data(Namespace="LogisticsProcessing", MetricData=[METRIC])
    _protect(client, main, on=True)
    status = deployment.deploy(
        client,
        NAME,
        STATUS_TEMPLATE.read_text("utf-8"),
        {**parameters, "StreamArn": main["ShipmentLogsTableStreamArn"]},
    )
    yield Both(client, main, status)
    _protect(client, main, on=False)
    for name in (NAME, MAIN):
        deployment.delete(client, name)
    client("events").delete_event_bus(Name=BUS)


def _protect(client: Callable[[str], Any], main: Stack, *, on: bool) -> None:
    table = main["ShipmentLogsTableName"]
    client("dynamodb").update_table(TableName=table, DeletionProtectionEnabled=on)
    client("cloudformation").update_termination_protection(
        StackName=MAIN, EnableTerminationProtection=on
    )


def found(account: Account, check: str = "") -> list[Fields]:
    """Return what a check of the two stacks finds, or all of them."""
    return account.found("--stack-name", MAIN, check=check)


def only(account: Account, check: str) -> Fields:
    """Return the one thing that a check finds."""
    (line,) = found(account, check)
    return line
