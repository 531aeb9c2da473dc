"""AlertMail: which alerts are mailed, changed in place from one value to the next and back."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import TEMPLATE
from scripts.mailbox import Alert
from tests.integration.changes import change, physical_ids
from tests.integration.pipeline import EMULATED, Fields, Pipeline

pytestmark = pytest.mark.own_stack("deploys a stack of its own")

ADDRESS = "alerts@example.com"
CRITICAL, REJECTED = "CRITICAL_STATUS", "PROCESSING_ERROR"
ONLY_CRITICAL = {"alertType": [CRITICAL]}
# The value it is deployed with, and those it is changed to.
VALUES = ("each", "critical", "off", "critical again", "each again")


@dataclass(frozen=True)
class Seen:
    """What there was with one value of AlertMail.

    alert_mail, alarm_mail: the filter policies of the topic's e-mail subscriptions; published:
    the types of the alerts of a critical and a rejected update; mailed: those of them that a
    queue got with the policy of the e-mail subscription; ids: of the resources.
    """

    alert_mail: list[Fields | None]
    alarm_mail: list[Fields | None]
    published: list[str]
    mailed: list[str]
    ids: dict[str, str]


@pytest.fixture(scope="module")
def seen(client: Callable[[str], Any]) -> Iterator[dict[str, Seen]]:
    """Deploy a stack and change AlertMail; return what was seen with each value."""
    parameters = {
        **ministack.PARAMETERS,
        "EnvironmentSuffix": "mail",
        "EventBusName": "mail",
        "AlertEmail": ADDRESS,
    }
    client("events").create_event_bus(Name="mail")
    text = TEMPLATE.read_text("utf-8")
    stack = deployment.deploy(client, "stack-mail", text, parameters)
    pipeline = Pipeline(stack, client, EMULATED)
    found = {VALUES[0]: look(pipeline)}
    for value in VALUES[1:]:
        change(pipeline, AlertMail=value.partition(" ")[0])
        found[value] = look(pipeline)
    yield found
    pipeline.close()
    deployment.delete(client, stack.name)
    client("events").delete_event_bus(Name="mail")


def look(pipeline: Pipeline) -> Seen:
    """Send a critical and a rejected update; return what is seen."""
    alert_mail, alarm_mail = (
        policies(pipeline, topic) for topic in ("AlertTopicArn", "AlarmTopicArn")
    )
    subscribers = [pipeline.subscribe(policy) for policy in alert_mail]
    published: list[Alert] = []
    for detail in ({"status": "LOST"}, {"status": 4}):
        shipment = pipeline.shipment()
        pipeline.put({"shipmentId": shipment, **detail})
        pipeline.wait_for_log(shipment)  # it comes last
        published += pipeline.wait_for_alerts(shipment)
    mailed = [alert for subscriber in subscribers for alert in subscriber.alerts()]
    for subscriber in subscribers:
        subscriber.close()
    return Seen(alert_mail, alarm_mail, types(published), types(mailed), physical_ids(pipeline))


def types(alerts: list[Alert]) -> list[str]:
    return [alert.attributes["alertType"] for alert in alerts]


def policies(pipeline: Pipeline, topic: str) -> list[Fields | None]:
    """Return the filter policies of a topic's e-mail subscriptions, None for one without."""
    sns = pipeline.client("sns")
    listed = sns.list_subscriptions_by_topic(TopicArn=pipeline.stack[topic])["Subscriptions"]
    mails = [each for each in listed if each["Protocol"] == "email"]
    assert {each["Endpoint"] for each in mails} <= {ADDRESS}
    found = [
        sns.get_subscription_attributes(SubscriptionArn=each["SubscriptionArn"])["Attributes"]
        for each in mails
    ]
    return [json.loads(each.get("FilterPolicy") or "null") for each in found]


@pytest.mark.parametrize("value", VALUES)
def test_the_topic_carries_every_alert(seen: dict[str, Seen], value: str) -> None:
    assert seen[value].published == [CRITICAL, REJECTED]


@pytest.mark.parametrize("value", VALUES)
def test_alarms_are_mailed_in_any_case(seen: dict[str, Seen], value: str) -> None:
    assert seen[value].alarm_mail == [None]


@pytest.mark.parametrize("value", ["each", "each again"])
def test_each_alert_is_mailed(seen: dict[str, Seen], value: str) -> None:
    assert (seen[value].alert_mail, seen[value].mailed) == ([None], [CRITICAL, REJECTED])


@pytest.mark.parametrize("value", ["critical", "critical again"])
def test_only_critical_updates_are_mailed(seen: dict[str, Seen], value: str) -> None:
    assert (seen[value].alert_mail, seen[value].mailed) == ([ONLY_CRITICAL], [CRITICAL])


def test_no_alert_is_mailed(seen: dict[str, Seen]) -> None:
    assert seen["off"].alert_mail == []


@pytest.mark.parametrize("value", VALUES)
def test_a_change_replaces_no_other_resource(seen: dict[str, Seen], value: str) -> None:
    first, now = (dict(each.ids) for each in (seen["each"], seen[value]))
    for ids in (first, now):
        ids.pop("AlertSubscription", None)
    assert now == first
