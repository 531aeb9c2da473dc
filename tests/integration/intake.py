"""A stack whose updates are delivered as by EventBridge, on an emulator of its own.

It has an emulator of its own because an alarm of any stack sees the points of all.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import TEMPLATE
from tests.integration import permissions
from tests.integration.checking import Account, Breakable
from tests.integration.conftest import account_of
from tests.integration.operations import Shipments
from tests.integration.pipeline import EMULATED, Fields, Pipeline
from tests.services import EventBridge, Fate

SUFFIX = "intake"
ALARM = "FailedDeadLettersAlarm"
ANOTHER_RULE = f"arn:aws:events:{ministack.REGION}:{ministack.ACCOUNT}:rule/bus-intake/another"


@dataclass(frozen=True)
class Intake:
    """The stack, what delivers to it, and what can be broken in it."""

    account: Account
    bridge: EventBridge
    pipeline: Pipeline
    broken: Breakable
    shipments: Shipments

    def put(self) -> str:
        """Put an update on the bus, and return its shipment."""
        shipment = self.pipeline.shipment()
        self.pipeline.put({"shipmentId": shipment, "status": "IN_TRANSIT"})
        return shipment

    @property
    def fate(self) -> Fate:
        """What became of the last event."""
        return self.bridge.deliveries[-1].fate

    def causes(self, shipment: str) -> list[dict[str, str]]:
        """Return the attributes of a shipment's messages on the queue, which stay there."""
        answer = self.pipeline.client("sqs").receive_message(
            QueueUrl=self.broken.queue,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            VisibilityTimeout=0,
        )
        return [
            {name: value["StringValue"] for name, value in each["MessageAttributes"].items()}
            for each in answer.get("Messages", [])
            if shipment in each["Body"]
        ]

    def lose(self) -> str:
        """Let neither the function nor the queue take an update; return its shipment.

        The alarm that reports that is OK before.
        """
        self.broken.client("cloudwatch").set_alarm_state(
            AlarmName=self.broken.alarm(ALARM)["AlarmName"], StateValue="OK", StateReason="test"
        )
        self.broken.remove_permission()
        self.broken.set_queue_policy(without(self.broken.queue_policy(), "RuleDeadLetters"))
        return self.put()


@contextmanager
def deployed(suffix: str = SUFFIX, bus: str = f"bus-{SUFFIX}") -> Iterator[Intake]:
    """Deploy the stack for the length of a with block."""
    with ministack.running() as emulator, account_of(emulator) as account:
        bridge = EventBridge(account.session.client)
        account.session.answers["PutEvents"] = bridge.put_events
        if bus != "default":
            account.client("events").create_event_bus(Name=bus)
        given = {**ministack.PARAMETERS, "EnvironmentSuffix": suffix, "EventBusName": bus}
        text = TEMPLATE.read_text("utf-8")
        stack = deployment.deploy(account.client, f"stack-{suffix}", text, given)
        pipeline = Pipeline(stack, account.session.client, EMULATED)
        broken = Breakable(stack, account.client)
        command = Shipments(pipeline, emulator.environment, account.session)
        yield Intake(account, bridge, pipeline, broken, command)


@contextmanager
def repaired(intake: Intake) -> Iterator[Intake]:
    """Restore what a with block breaks."""
    broken = intake.broken
    queue, topic, (target,) = broken.queue_policy(), broken.topic_policy(), broken.targets()
    permitted = permissions.of_function(broken.client, broken.function)
    try:
        yield intake
    finally:
        broken.remove_permission()
        for statement in permitted:
            permissions.add_to_function(broken.client, broken.function, statement)
        broken.set_queue_policy(queue)
        broken.set_topic_policy(topic)
        broken.change_target(**target)


def without(policy: str, sid: str) -> str:
    """Return a policy without one of its statements."""
    document: Fields = json.loads(policy)
    statements = [each for each in document["Statement"] if each["Sid"] != sid]
    assert len(statements) == len(document["Statement"]) - 1, f"no statement {sid}"
    return json.dumps({**document, "Statement": statements})
