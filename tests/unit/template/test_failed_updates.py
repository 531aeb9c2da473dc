"""The queue of the updates that did not become a row, and who may put them there."""

from tests.unit.template.resolve import Deployment
from tests.unit.template.test_channels import no_plain_http
from tests.unit.template.test_intake import rule_arn


def queue_arn(stack: Deployment) -> str:
    return stack.arn("sqs", f"shipment-failed-updates-{stack.suffix}")


def test_a_failed_update_is_encrypted_and_kept_as_long_as_sqs_can(stack: Deployment) -> None:
    assert stack["FailedUpdatesQueue"]["MessageRetentionPeriod"] == 14 * 86_400


def test_the_queue_policy_lets_the_rule_in_and_plain_http_out(stack: Deployment) -> None:
    # Without the first statement EventBridge drops the rule's dead letters.
    rule = {
        "Sid": "RuleDeadLetters",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn(stack),
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn(stack)}},
    }
    statements = [rule, no_plain_http(queue_arn(stack), "sqs:*")]
    assert stack["FailedUpdatesQueuePolicy"] == {
        "Queues": [stack.outputs["FailedUpdatesQueueUrl"]],
        "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
    }


def test_every_way_to_fail_ends_on_the_one_queue(stack: Deployment) -> None:
    variables = stack["ShipmentProcessorFunction"]["Environment"]["Variables"]
    invoke_config = stack["ShipmentProcessorInvokeConfig"]["DestinationConfig"]
    (target,) = stack["ShipmentUpdateRule"]["Targets"]
    # Rejected by the handler, failed in the function, never delivered to it.
    assert variables["FAILED_UPDATES_QUEUE_URL"] == stack.outputs["FailedUpdatesQueueUrl"]
    assert invoke_config["OnFailure"]["Destination"] == queue_arn(stack)
    assert target["DeadLetterConfig"]["Arn"] == queue_arn(stack)
