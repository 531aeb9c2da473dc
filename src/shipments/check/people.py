"""Checks of who is notified: subscriptions, and the alarms."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

from shipments.check.model import WARNING, Deployed, Finding, aws
from shipments.check.policy import CLOUDWATCH, Request, allows

CRITICAL_ONLY = {"FilterPolicy": '{"alertType": ["CRITICAL_STATUS"]}'}
# An alarm's description ends in the command to run and the link to the runbook.
ADVICE = re.compile(r"(?:Run|Then) (\S.*) \S+#[\w-]+$")
BATCH = 100  # DescribeAlarms takes so many names


def alert_mail(d: Deployed) -> Iterator[Finding]:
    """Find that nobody gets the alerts."""
    mail = d.parameters.get("AlertMail", "each")
    if mail != "off":
        yield from mailed(d, d.alert_topic, CRITICAL_ONLY if mail == "critical" else {})
        return
    found = subscriptions(d, d.alert_topic)
    if found is None:
        yield d.missing(f"the topic {d.alert_topic}")
    elif not any(map(is_confirmed, found)):
        yield Finding(
            "AlertMail is off, and nothing else is subscribed: nobody gets the alerts",
            aws(
                "sns subscribe",
                topic_arn=d.alert_topic,
                protocol="sqs",
                notification_endpoint=d.arn("sqs", "YOUR-QUEUE"),
            ),
            WARNING,
        )


def alarm_mail(d: Deployed) -> Iterator[Finding]:
    """Find that nobody gets the alarms."""
    yield from mailed(d, d.alarm_topic, {})


def mailed(d: Deployed, topic: str, attributes: dict[str, str]) -> Iterator[Finding]:
    """Find that the stack's address is not subscribed to a topic, or not confirmed."""
    found = subscriptions(d, topic)
    if found is None:
        yield d.missing(f"the topic {topic}")
        return
    address = d.parameters["AlertEmail"]
    ours = [each for each in found if each["Endpoint"].lower() == address.lower()]
    if any(map(is_confirmed, ours)):
        return
    options = {"attributes": attributes} if attributes else {}
    remedy = aws(
        "sns subscribe",
        topic_arn=topic,
        protocol="email",
        notification_endpoint=address,
        **options,
    )
    if any(each["SubscriptionArn"] == "PendingConfirmation" for each in ours):
        what = (
            f"{address} has not confirmed its subscription: open the link in the mail from SNS; "
            "SNS deletes the subscription 48 hours after the mail. To get another mail:"
        )
    else:
        what = (
            f"{address} is not subscribed: somebody has unsubscribed it, or nobody confirmed it "
            "for 48 hours. Subscribe it again, and confirm it by the link in the mail:"
        )
    yield Finding(what, remedy)


def subscriptions(d: Deployed, topic: str) -> list[dict[str, Any]] | None:
    """Return a topic's subscriptions, or None if there is no such topic."""
    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        page = d.ask("sns", "list_subscriptions_by_topic", TopicArn=topic, **token)
        if page is None:
            return None
        found += page["Subscriptions"]
        if not page.get("NextToken"):
            return found
        token = {"NextToken": page["NextToken"]}


def is_confirmed(subscription: dict[str, Any]) -> bool:
    """Return whether messages go to it: others have a word in place of an ARN."""
    return str(subscription["SubscriptionArn"]).startswith("arn:")


def alarm_topic(d: Deployed) -> Iterator[Finding]:
    """Find that alarms may not publish."""
    if not may_alarm(d):
        yield Finding("the alarm topic's policy does not let alarms publish", d.restore())


def may_alarm(d: Deployed) -> bool:
    """Return whether the alarm topic lets the stack's alarms publish."""
    found = d.ask("sns", "get_topic_attributes", TopicArn=d.alarm_topic)
    policy = found and found["Attributes"].get("Policy")
    alarm = d.arn("cloudwatch", f"alarm:{d.stack.name}-any")
    return allows(policy, Request(CLOUDWATCH, "sns:Publish", d.alarm_topic, alarm))


def alarms(d: Deployed) -> Iterator[Finding]:
    """Find alarms that are gone, tell nobody, or are firing."""
    resources = d.get("cloudformation", "describe_stack_resources", StackName=d.stack.name)
    names = {
        each["PhysicalResourceId"]: each["LogicalResourceId"]
        for each in resources["StackResources"]
        if each["ResourceType"] == "AWS::CloudWatch::Alarm"
    }
    found = d.get(
        "cloudwatch", "describe_alarms", AlarmNames=sorted(names)[:BATCH], MaxRecords=BATCH
    )["MetricAlarms"]
    if gone := names.keys() - {each["AlarmName"] for each in found}:
        yield d.missing(f"{', '.join(sorted(names[name] for name in gone))}")
    for alarm in sorted(found, key=lambda each: str(each["AlarmName"])):
        yield from _alarm(d, names[alarm["AlarmName"]], alarm)


def _alarm(d: Deployed, logical: str, alarm: dict[str, Any]) -> Iterator[Finding]:
    name = alarm["AlarmName"]
    if not alarm["ActionsEnabled"]:
        yield Finding(
            f"{logical}: its actions are disabled, so it tells nobody",
            aws("cloudwatch enable-alarm-actions", alarm_names=name),
        )
    if d.alarm_topic not in alarm["AlarmActions"]:
        yield Finding(f"{logical}: it does not publish to the alarm topic", d.restore())
    if alarm["StateValue"] == "ALARM":
        advice = ADVICE.search(alarm.get("AlarmDescription", ""))
        history = aws("cloudwatch describe-alarm-history", alarm_name=name)
        yield Finding(
            f"{logical} is in ALARM: {alarm.get('StateReason') or 'no reason given'}",
            shlex.join(shlex.split(advice[1])) if advice else history,
        )
