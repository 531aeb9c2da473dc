"""What AWS's services do to one another, where the emulator does not ask or does not try.

MiniStack invokes a rule's function once, whoever may; it has no dead letters and no metrics of a
rule; it takes each alarm's notice to its topic. Here EventBridge and the alarms of CloudWatch read
the settings of the stack as they are deployed, each time, and decide by them as AWS does. Each
decision names the entries of docs/aws.md that it follows.
"""

import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from shipments.check.policy import CLOUDWATCH, EVENTS, Fields, Request, allows

Decision = TypeVar("Decision", bound=Callable[..., Any])

# Of a target without a retry policy, and the most that one can have.
RETRIES = {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86_400}
# By HTTP status; any other one is ERROR_FROM_TARGET.
CODES = {403: "NO_PERMISSIONS", 404: "NO_RESOURCE", 429: "THROTTLING"}
POLICIES = "A resource's policy lets a service in if a statement allows it and none denies it"
# By function: the headings of the entries that it follows.
SOURCES: dict[str, tuple[str, ...]] = {}


def follows(*entries: str) -> Callable[[Decision], Decision]:
    """Name the entries of docs/aws.md that a function follows, by their headings."""

    def note(function: Decision) -> Decision:
        SOURCES[function.__qualname__] = entries
        return function

    return note


class Fate(Enum):
    """What became of an event that a rule has for a target."""

    INVOKED = "the function has it"
    KEPT = "it is on the dead-letter queue"
    LOST = "the dead-letter queue did not take it"
    DROPPED = "there is no dead-letter queue"


@dataclass(frozen=True)
class Failure:
    """Why a target was not invoked: EventBridge's code, its text, and whether it tries again."""

    code: str
    message: str
    again: bool = False


@dataclass(frozen=True)
class Delivery:
    """An event that a rule (ARN) has for a target (ARN): its fate, and how often it was retried."""

    rule: str
    target: str
    fate: Fate
    retries: int


@follows("A dead letter is the event, with the cause in six attributes")
def dead_letter(
    rule: str, target: str, failure: Failure, retries: int = 0, end: str = ""
) -> Fields:
    """Return the message attributes of a dead letter.

    end: the limit of the retry policy that was reached, if it was one.
    """
    texts = {
        "RULE_ARN": rule,
        "TARGET_ARN": target,
        "ERROR_CODE": failure.code,
        "ERROR_MESSAGE": failure.message,
        "RETRY_ATTEMPTS": str(retries),
        **({"EXHAUSTED_RETRY_CONDITION": end} if end else {}),
    }
    return {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}


@follows("What cannot be delivered is retried for 24 hours, then put on the dead-letter queue")
def limit_reached(policy: Fields, retries: int, age: float) -> str:
    """Return the limit of a retry policy that one more retry would pass, or nothing.

    retries: that one included; age: of the event (s) at the time of it.
    """
    limits = {**RETRIES, **policy}
    reached = {"MaximumRetryAttempts": retries, "MaximumEventAgeInSeconds": age}
    return next((name for name, value in reached.items() if value > limits[name]), "")


@dataclass
class EventBridge:
    """Delivers in place of the emulator's EventBridge; no time passes between two attempts.

    client: returns a service's boto3 client; pause: seconds that pass for the age of an event, in
    place of AWS's growing pauses.
    """

    client: Callable[[str], Any]
    pause: float = 60
    deliveries: list[Delivery] = field(default_factory=list)

    def put_events(self, request: bytes | str) -> Fields:
        """Deliver the events in the body of a request; return the answer to it."""
        answers = [{"EventId": self._put(entry)} for entry in json.loads(request)["Entries"]]
        return {"FailedEntryCount": 0, "Entries": answers}

    def run(self, name: str) -> None:
        """Do what EventBridge does when a scheduled rule is due."""
        rule = self.client("events").describe_rule(Name=name)
        self._deliver(rule, _event(rule["Arn"], "aws.events", "Scheduled Event", {}))

    def _put(self, entry: Fields) -> str:
        events, bus = self.client("events"), entry["EventBusName"]
        arn = events.describe_event_bus(Name=bus)["Arn"]
        event = _event(arn, entry["Source"], entry["DetailType"], json.loads(entry["Detail"]))
        for rule in events.list_rules(EventBusName=bus)["Rules"]:
            if rule["State"] == "ENABLED" and "EventPattern" in rule:
                tried = {"EventPattern": rule["EventPattern"], "Event": json.dumps(event)}
                if events.test_event_pattern(**tried)["Result"]:
                    self._deliver(rule, event)
        return str(event["id"])

    def _deliver(self, rule: Fields, event: Fields) -> None:
        """Deliver an event to the targets of a rule, as it was described."""
        where = {"Rule": rule["Name"], "EventBusName": rule["EventBusName"]}
        for target in self.client("events").list_targets_by_rule(**where)["Targets"]:
            fate, retries = Fate.INVOKED, 0
            while failure := self._attempt(rule, target, event):
                policy, age = target.get("RetryPolicy", {}), (retries + 1) * self.pause
                end = limit_reached(policy, retries + 1, age) if failure.again else ""
                if end or not failure.again:
                    cause = dead_letter(rule["Arn"], target["Arn"], failure, retries, end)
                    fate = self._keep(rule, target, event, cause)
                    break
                retries += 1
            self.deliveries.append(Delivery(rule["Arn"], target["Arn"], fate, retries))

    @follows(
        "EventBridge invokes a function asynchronously",
        "A rule reaches a function only by the function's own policy",
        "EventBridge tries again what was answered with 429 or 5xx, and nothing else",
        POLICIES,
    )
    def _attempt(self, rule: Fields, target: Fields, event: Fields) -> Failure | None:
        client, function = self.client("lambda"), target["Arn"]
        payload = target.get("Input") or json.dumps(event)
        request = Request(EVENTS, "lambda:InvokeFunction", function, rule["Arn"])
        try:
            if not allows(
                client.get_policy(FunctionName=function)["Policy"], request, is_strict=True
            ):
                return Failure(CODES[403], f"The rule is not allowed to invoke {function}.")
            client.invoke(FunctionName=function, InvocationType="Event", Payload=payload)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            code = CODES.get(status, "ERROR_FROM_TARGET")
            return Failure(code, error.response["Error"]["Message"], status == 429 or status >= 500)
        return None

    @follows("The queue's policy lets EventBridge in, for the rule alone", POLICIES)
    def _keep(self, rule: Fields, target: Fields, event: Fields, cause: Fields) -> Fate:
        """Put an event and the cause on the target's dead-letter queue, if that takes it."""
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if not queue:
            return Fate.DROPPED
        client, request = self.client("sqs"), Request(EVENTS, "sqs:SendMessage", queue, rule["Arn"])
        with suppress(ClientError):  # it is gone, or the message is too big for it
            url = client.get_queue_url(QueueName=queue.split(":")[-1])["QueueUrl"]
            found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
            if allows(found.get("Attributes", {}).get("Policy"), request, is_strict=True):
                message = {"MessageBody": json.dumps(event), "MessageAttributes": cause}
                client.send_message(QueueUrl=url, **message)
                return Fate.KEPT
        self._count_lost(rule["Name"], rule["EventBusName"])
        return Fate.LOST

    @follows(
        "FailedInvocations also counts what did reach the dead-letter queue",
        "A rule's metrics name the bus only where it is not the default one",
    )
    def _count_lost(self, rule: str, bus: str) -> None:
        on_bus = {} if bus == "default" else {"EventBusName": bus}
        metric = "AWS/Events", "InvocationsFailedToBeSentToDlq", {"RuleName": rule, **on_bus}
        Alarms(self.client).count(*metric)


def _event(arn: str, source: str, kind: str, detail: Any) -> Fields:
    """Return an event of now, in the region and the account of an ARN, as a rule delivers it."""
    _, _, _, region, account, _ = arn.split(":", 5)
    return {
        "version": "0",
        "id": secrets.token_hex(16),
        "detail-type": kind,
        "source": source,
        "account": account,
        "time": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [],
        "detail": detail,
    }


@dataclass(frozen=True)
class Alarms:
    """Lets the emulator's alarms notify as those of CloudWatch would."""

    client: Callable[[str], Any]

    def count(self, namespace: str, name: str, dimensions: dict[str, str]) -> None:
        """Count one in a metric; an alarm with other dimensions keeps its state."""
        cloudwatch = self.client("cloudwatch")
        same = [
            each
            for each in cloudwatch.describe_alarms()["MetricAlarms"]
            if (each.get("Namespace"), each.get("MetricName")) == (namespace, name)
        ]
        others = [each for each in same if not watches(each, dimensions)]
        silent = [each for each in same if each in others or not self.may_notify(each)]
        mute = [each["AlarmName"] for each in silent if each["ActionsEnabled"]]
        data = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        cloudwatch.disable_alarm_actions(AlarmNames=mute)
        cloudwatch.put_metric_data(
            Namespace=namespace, MetricData=[{"MetricName": name, "Dimensions": data, "Value": 1}]
        )
        for each in others:
            state = {key: each[key] for key in ("AlarmName", "StateValue", "StateReason")}
            cloudwatch.set_alarm_state(**state)
        cloudwatch.enable_alarm_actions(AlarmNames=mute)

    @follows("Alarms publish as cloudwatch.amazonaws.com, with the alarm's ARN as source", POLICIES)
    def may_notify(self, alarm: Fields) -> bool:
        """Return whether all the topics of an alarm, as it was described, take its notices."""
        topics = {
            topic: self.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
            for topic in alarm["AlarmActions"]
        }
        return all(
            allows(
                policy, Request(CLOUDWATCH, "sns:Publish", topic, alarm["AlarmArn"]), is_strict=True
            )
            for topic, policy in topics.items()
        )


@follows("An alarm watches the metric that has exactly its dimensions")
def watches(alarm: Fields, dimensions: dict[str, str]) -> bool:
    """Return whether an alarm, as it was described, is about some dimensions."""
    return {each["Name"]: each["Value"] for each in alarm["Dimensions"]} == dimensions
