"""Notifications and events are counted by what arrives on queues of the forwarder's own."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.forwarding.matches import RuleMatches
from scripts.forwarding.notifications import DeliveredNotifications
from scripts.forwarding.tally import Tally
from scripts.stack import Stack
from tests.unit.forwarder.account import BUS, PATTERN, RULE, Client

BY_RULE = (("EventBusName", BUS), ("RuleName", RULE))
BY_TOPIC = (("TopicName", "alerts"),)


def counts(source: Any) -> Counter[tuple[str, tuple[tuple[str, str], ...]]]:
    """Return how often each metric, by its dimensions, is told to have been 1."""
    found: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
    for data in source.read():
        for datum in (datum for each in data.values() for datum in each):
            by = tuple(sorted((each["Name"], each["Value"]) for each in datum["Dimensions"]))
            assert (datum["Values"], datum["Unit"]) == ([1], "Count")
            found[datum["MetricName"], by] += sum(datum["Counts"])
    return found


def publish(client: Client, stack: Stack, number: int) -> None:
    for _ in range(number):
        client("sns").publish(TopicArn=stack["AlertTopicArn"], Subject="Alert", Message="lost")


def put(client: Client, number: int, bus: str = BUS, source: str = "logistics.shipments") -> None:
    entry = {"Source": source, "DetailType": "x", "Detail": "{}", "EventBusName": bus}
    for _ in range(number):
        client("events").put_events(Entries=[entry])


def tally(client: Client, service: str, source: str) -> Tally:
    return Tally(client("sqs"), "own", service, source)


@pytest.fixture
def alerts(client: Client, stack: Stack) -> Iterator[DeliveredNotifications]:
    topic = stack["AlertTopicArn"]
    source = DeliveredNotifications(client("sns"), tally(client, "sns", topic), topic)
    yield source
    source.close()


def make(client: Client, rule: str, bus: str) -> RuleMatches:
    own = tally(client, "events", rule.replace(RULE, "own"))
    return RuleMatches(client("events"), own, rule, bus, "own")


@pytest.fixture
def matches(client: Client, stack: Stack) -> Iterator[RuleMatches]:
    source = make(client, stack["ShipmentUpdateRuleArn"], BUS)
    yield source
    source.close()


def test_each_notification_counts_once(
    alerts: DeliveredNotifications, client: Client, stack: Stack
) -> None:
    publish(client, stack, 23)
    assert counts(alerts) == {("NumberOfNotificationsDelivered", BY_TOPIC): 23}
    assert counts(alerts) == {}
    publish(client, stack, 1)
    assert counts(alerts) == {("NumberOfNotificationsDelivered", BY_TOPIC): 1}


def test_each_event_that_matches_counts_once(matches: RuleMatches, client: Client) -> None:
    put(client, 13)
    put(client, 1, source="somebody.else")
    put(client, 1, bus="default")
    assert counts(matches) == {("TriggeredRules", BY_RULE): 13}
    assert counts(matches) == {}


def test_a_rule_on_the_default_bus_is_named_without_it(client: Client) -> None:
    arn = client("events").put_rule(Name=RULE, EventPattern=json.dumps(PATTERN))["RuleArn"]
    matches = make(client, arn, "default")
    put(client, 3, bus="default")
    by_rule = (("RuleName", RULE),)
    assert counts(matches) == {("TriggeredRules", by_rule): 3}


def test_a_rule_that_is_disabled_is_not_triggered(matches: RuleMatches, client: Client) -> None:
    client("events").disable_rule(Name=RULE, EventBusName=BUS)
    counts(matches)
    assert client("events").describe_rule(Name="own", EventBusName=BUS)["State"] == "DISABLED"


def test_a_rule_s_new_pattern_is_followed(matches: RuleMatches, client: Client) -> None:
    pattern = json.dumps({"source": ["another"]})
    client("events").put_rule(Name=RULE, EventBusName=BUS, EventPattern=pattern)
    counts(matches)
    put(client, 2)
    put(client, 3, source="another")
    assert counts(matches)["TriggeredRules", BY_RULE] == 3


def test_only_its_source_may_send_to_a_queue_that_counts(client: Client, stack: Stack) -> None:
    sqs = client("sqs")
    tally(client, "sns", stack["AlertTopicArn"])
    url = sqs.get_queue_url(QueueName="own")["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    (statement,) = json.loads(answer["Attributes"]["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": stack["AlertTopicArn"]}}


class Stubborn:
    """A queue with two messages, one of which cannot be deleted at first."""

    def __init__(self) -> None:
        """Hold both."""
        self.held = ["a", "b"]
        self.refused = {"b"}
        self._shown = False

    def create_queue(self, **_: Any) -> dict[str, str]:
        return {"QueueUrl": "url"}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"QueueArn": "arn"}}

    def set_queue_attributes(self, **_: Any) -> None:
        pass

    def receive_message(self, **_: Any) -> dict[str, Any]:
        """Show what is held; every other time nothing, as what is shown is hidden for a while."""
        self._shown = not self._shown
        if not self._shown:
            return {}
        sent = {"SentTimestamp": "1770091506789"}
        return {"Messages": [{"ReceiptHandle": each, "Attributes": sent} for each in self.held]}

    def delete_message_batch(self, *, Entries: list[Any], **_: Any) -> dict[str, Any]:  # noqa: N803 - the API's
        gone = [each for each in Entries if each["ReceiptHandle"] not in self.refused]
        self.held = [each for each in self.held if each in self.refused]
        self.refused = set()
        return {"Successful": [{"Id": each["Id"]} for each in gone]}


def test_a_message_that_cannot_be_deleted_counts_when_it_can() -> None:
    own = Tally(Stubborn(), "own", "sns", "arn")
    assert [sum(times.values()) for times in own.drain()] == [1]
    assert [sum(times.values()) for times in own.drain()] == [1]
