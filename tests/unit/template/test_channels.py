"""The two topics, alerts and alarms: who is notified, and who may publish."""

from typing import Any

import pytest

from tests.unit.template import handler
from tests.unit.template.resolve import ACCOUNT, Deployment

CHANNELS = {"Alert": "shipment-alerts", "Alarm": "shipment-alarms"}


def topic_arn(stack: Deployment, channel: str) -> str:
    return stack.arn("sns", f"{CHANNELS[channel]}-{stack.suffix}")


def no_plain_http(resource: str, action: str) -> dict[str, Any]:
    """Return the statement of a policy that refuses every call without TLS."""
    return {
        "Sid": "NoPlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


@pytest.mark.parametrize("channel", CHANNELS)
def test_both_channels_mail_the_same_address(stack: Deployment, channel: str) -> None:
    subscription = dict(stack[f"{channel}Subscription"])
    subscription.pop("FilterPolicy", None)
    assert subscription == {
        "TopicArn": topic_arn(stack, channel),
        "Protocol": "email",
        "Endpoint": stack.parameters["AlertEmail"],
    }


@pytest.mark.parametrize("mail", ["each", "critical", "off"])
def test_alarms_are_mailed_whichever_alerts_are(stack: Deployment, mail: str) -> None:
    deployed = stack.but(AlertMail=mail)
    assert "FilterPolicy" not in deployed["AlarmSubscription"]
    assert ("AlertSubscription" in deployed.resources) == (mail != "off")


@pytest.mark.parametrize(
    ("mail", "mailed"),
    [
        ("each", {"critical", "rejected", "too big and critical"}),
        ("critical", {"critical", "too big and critical"}),
    ],
)
def test_these_alerts_are_mailed(stack: Deployment, mail: str, mailed: set[str]) -> None:
    policy = stack.but(AlertMail=mail)["AlertSubscription"].get("FilterPolicy", {})
    # By the attributes that the handler really publishes.
    published = {
        kind: handler.invocation(kind).request("sns:Publish")["MessageAttributes"]
        for kind in handler.UPDATES
        if "sns:Publish" in handler.invocation(kind).actions
    }
    passed = {
        kind
        for kind, attributes in published.items()
        if all(attributes[name]["StringValue"] in values for name, values in policy.items())
    }
    assert passed == mailed


def test_the_alert_topic_takes_no_plain_http(stack: Deployment) -> None:
    # The function publishes by its role's permission, so it needs no statement here.
    topic = topic_arn(stack, "Alert")
    statements = [no_plain_http(topic, "sns:Publish")]
    document = {"Version": "2012-10-17", "Statement": statements}
    assert stack["AlertTopicPolicy"] == {"Topics": [topic], "PolicyDocument": document}


def test_the_alarm_topic_takes_the_account_s_alarms(stack: Deployment) -> None:
    """Those of the companion stack, too, whatever name it has."""
    topic = topic_arn(stack, "Alarm")
    alarms = stack.arn("cloudwatch", "alarm:*")
    assert ACCOUNT in alarms
    statements = [
        {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {"ArnLike": {"aws:SourceArn": alarms}},
        },
        no_plain_http(topic, "sns:Publish"),
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    assert stack["AlarmTopicPolicy"] == {"Topics": [topic], "PolicyDocument": document}
    # CloudFormation names an alarm without a name after its stack, so that two stacks can be.
    assert [name for name in stack.alarms if "AlarmName" in stack[name]] == []
