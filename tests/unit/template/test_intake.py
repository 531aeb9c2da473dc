"""From the bus to the function and to the archive: rule, permission, archive."""

from tests.unit.handler.updates import update
from tests.unit.template.resolve import Deployment


def rule_arn(stack: Deployment) -> str:
    """Return the rule's ARN, which names the bus unless it is the default one."""
    bus = stack.parameters["EventBusName"]
    path = "" if bus == "default" else f"{bus}/"
    return stack.arn("events", f"rule/{path}shipment-update-rule-{stack.suffix}")


def function_arn(stack: Deployment) -> str:
    return stack.arn("lambda", f"function:shipment-processor-{stack.suffix}")


def test_the_rule_matches_every_shipment_update_and_nothing_else(stack: Deployment) -> None:
    rule, event = stack["ShipmentUpdateRule"], update()
    assert rule["EventPattern"] == {name: [event[name]] for name in ("source", "detail-type")}
    assert rule["EventBusName"] == stack.parameters["EventBusName"]
    assert rule["State"] == "ENABLED"
    assert "shipment update events" in rule["Description"]


def test_the_rule_passes_the_event_on_untouched_for_a_day(stack: Deployment) -> None:
    (target,) = stack["ShipmentUpdateRule"]["Targets"]
    # An Input, InputPath or InputTransformer would replace the envelope.
    assert target == {
        "Id": "ShipmentProcessorTarget",
        "Arn": function_arn(stack),
        # 185 is the most that EventBridge retries; it ends at whichever comes first.
        "RetryPolicy": {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185},
        "DeadLetterConfig": {
            "Arn": stack.arn("sqs", f"shipment-failed-updates-{stack.suffix}"),
        },
    }


def test_the_rule_is_made_when_the_function_has_a_destination_for_failures(
    stack: Deployment,
) -> None:
    assert "ShipmentProcessorInvokeConfig" in stack.needs("ShipmentUpdateRule")


def test_the_rule_and_nobody_else_may_invoke_the_function(stack: Deployment) -> None:
    assert stack["ShipmentUpdatePermission"] == {
        "FunctionName": f"shipment-processor-{stack.suffix}",
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": rule_arn(stack),
    }


def test_the_archive_keeps_exactly_what_the_rule_matches(stack: Deployment) -> None:
    archive = stack["ShipmentUpdateArchive"]
    assert archive["EventPattern"] == stack["ShipmentUpdateRule"]["EventPattern"]
    bus = stack.parameters["EventBusName"]
    assert archive["SourceArn"] == stack.arn("events", f"event-bus/{bus}")
    assert archive["RetentionDays"] == stack.parameters["ArchiveRetentionDays"]
