"""The topic: who is told, and who may tell."""

from tests.unit.template.resolve import ACCOUNT, STACK_NAME, Deployment


def topic_arn(stack: Deployment) -> str:
    return stack.arn("sns", f"shipment-alerts-{stack.suffix}")


def test_alerts_are_mailed_to_the_address_that_was_given(stack: Deployment) -> None:
    assert stack["AlertSubscription"] == {
        "TopicArn": topic_arn(stack),
        "Protocol": "email",
        "Endpoint": stack.parameters["AlertEmail"],
    }


def test_the_topic_policy_lets_this_stacks_alarms_in_and_plain_http_out(stack: Deployment) -> None:
    # The function publishes by its role's permission: it needs no statement here.
    alarms = stack.arn("cloudwatch", f"alarm:{STACK_NAME}-*")
    assert ACCOUNT in alarms
    assert stack["AlertTopicPolicy"] == {
        "Topics": [topic_arn(stack)],
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Alarms",
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudwatch.amazonaws.com"},
                    "Action": "sns:Publish",
                    "Resource": topic_arn(stack),
                    "Condition": {"ArnLike": {"aws:SourceArn": alarms}},
                },
                {
                    "Sid": "NoPlainHttp",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "sns:Publish",
                    "Resource": topic_arn(stack),
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    }


def test_an_alarms_name_is_one_that_the_topic_policy_lets_in(stack: Deployment) -> None:
    # CloudFormation names a nameless resource after its stack.
    alarms = [name for name in stack.resources if name.endswith("Alarm")]
    assert [name for name in alarms if "AlarmName" in stack[name]] == []
