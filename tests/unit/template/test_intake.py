"""From the bus to the function and to the archive: rule, permission, archive."""

import re

from tests.unit.template.resolve import Deployment

PATTERN = {"source": ["logistics.shipments"], "detail-type": ["Shipment Update"]}
DAY_SECONDS = 24 * 60 * 60


def function_arn(stack: Deployment) -> str:
    return stack.arn("lambda", f"function:shipment-processor-{stack.suffix}")


def rule_arn(stack: Deployment) -> str:
    """Return the rule's ARN, which names the bus unless it is the default one."""
    bus = stack.parameters["EventBusName"]
    path = "" if bus == "default" else f"{bus}/"
    return stack.arn("events", f"rule/{path}shipment-update-rule-{stack.suffix}")


def test_the_rule_matches_every_shipment_update_and_nothing_else(stack: Deployment) -> None:
    assert stack["ShipmentUpdateRule"]["EventPattern"] == PATTERN


def test_the_rule_listens_on_the_bus_that_was_asked_for(stack: Deployment) -> None:
    rule = stack["ShipmentUpdateRule"]
    assert rule["EventBusName"] == stack.parameters["EventBusName"]
    assert rule["State"] == "ENABLED"


def test_the_rule_says_what_it_is_for(stack: Deployment) -> None:
    assert re.match(r"Routes shipment update events", stack["ShipmentUpdateRule"]["Description"])


def test_the_rule_hands_the_untouched_event_to_the_function(stack: Deployment) -> None:
    targets = stack["ShipmentUpdateRule"]["Targets"]
    assert [(each["Id"], each["Arn"]) for each in targets] == [
        ("ShipmentProcessorTarget", function_arn(stack))
    ]
    # An Input, InputPath or InputTransformer would replace the envelope.
    assert targets[0].keys() == {"Id", "Arn", "RetryPolicy", "DeadLetterConfig"}


def test_an_update_that_cannot_be_delivered_is_tried_again_for_a_day(stack: Deployment) -> None:
    (target,) = stack["ShipmentUpdateRule"]["Targets"]
    # 185 is the most that EventBridge does; it ends at whichever comes first.
    assert target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": DAY_SECONDS,
        "MaximumRetryAttempts": 185,
    }


def test_an_update_that_is_given_up_goes_to_the_failed_updates_queue(stack: Deployment) -> None:
    (target,) = stack["ShipmentUpdateRule"]["Targets"]
    queue = stack.arn("sqs", f"shipment-failed-updates-{stack.suffix}")
    assert target["DeadLetterConfig"] == {"Arn": queue}


def test_the_rule_waits_for_the_function_to_have_a_place_for_failures(stack: Deployment) -> None:
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


def test_the_archive_keeps_an_update_as_long_as_was_asked_for(stack: Deployment) -> None:
    days = stack.parameters["ArchiveRetentionDays"]
    assert stack["ShipmentUpdateArchive"]["RetentionDays"] == days
