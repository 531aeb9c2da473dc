"""The queue of the updates that did not become a row, and who may put them there."""

from tests.unit.template.resolve import Deployment
from tests.unit.template.test_intake import rule_arn

DAY_SECONDS = 24 * 60 * 60


def queue_arn(stack: Deployment) -> str:
    return stack.arn("sqs", f"shipment-failed-updates-{stack.suffix}")


def test_a_failed_update_is_kept_for_14_days(stack: Deployment) -> None:
    assert stack["FailedUpdatesQueue"]["MessageRetentionPeriod"] == 14 * DAY_SECONDS


def test_a_failed_update_of_any_size_fits(stack: Deployment) -> None:
    # An event may have 1 MB; that is the most a message may have too.
    assert stack["FailedUpdatesQueue"]["MaximumMessageSize"] == 1024 * 1024


def test_a_failed_update_is_encrypted(stack: Deployment) -> None:
    assert stack["FailedUpdatesQueue"]["SqsManagedSseEnabled"] is True


def test_the_queue_policy_lets_the_rule_in_and_plain_http_out(stack: Deployment) -> None:
    # Without the first statement the rule's dead letters vanish and nobody is told.
    assert stack["FailedUpdatesQueuePolicy"] == {
        "Queues": [stack.resolve({"Ref": "FailedUpdatesQueue"})],
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "RuleDeadLetters",
                    "Effect": "Allow",
                    "Principal": {"Service": "events.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue_arn(stack),
                    "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn(stack)}},
                },
                {
                    "Sid": "NoPlainHttp",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "sqs:*",
                    "Resource": queue_arn(stack),
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    }


def test_every_way_to_fail_ends_on_the_one_queue(stack: Deployment) -> None:
    variables = stack["ShipmentProcessorFunction"]["Environment"]["Variables"]
    invoke_config = stack["ShipmentProcessorInvokeConfig"]["DestinationConfig"]
    (target,) = stack["ShipmentUpdateRule"]["Targets"]
    # Rejected by the handler, failed in the function, never delivered to it.
    assert variables["FAILED_UPDATES_QUEUE_URL"] == stack.outputs["FailedUpdatesQueueUrl"]
    assert invoke_config["OnFailure"]["Destination"] == queue_arn(stack)
    assert target["DeadLetterConfig"]["Arn"] == queue_arn(stack)
