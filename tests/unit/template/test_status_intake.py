"""What invokes the status function: the stream, the other stack's rejections, and two rules."""

import json
from typing import NamedTuple

import pytest

from tests.unit.template import handler
from tests.unit.template.resolve import Deployment
from tests.unit.template.status_handler import change, deployed, rejection

# Who may invoke the function, by the principal, and what it does so for.
INVOKERS = {
    "ShipmentRejectionsPermission": "sns.amazonaws.com",
    "ShipmentMailPermission": "events.amazonaws.com",
    "ShipmentStuckPermission": "events.amazonaws.com",
}


class Rule(NamedTuple):
    """What a rule is called, when it runs, what it asks for, and what the handler then counts."""

    name: str
    schedule: str
    input: str
    counted: str


RULES = {
    "ShipmentMail": Rule(
        "shipment-mail-rule-{}", "rate(1 minute)", '{"do": "mail"}', "OldestUnmailedAge"
    ),
    "ShipmentStuck": Rule(
        "shipment-stuck-rule-{}", "cron(0 6 * * ? *)", '{"do": "stuck"}', "StuckShipmentsMailed"
    ),
}


def function_arn(status: Deployment) -> str:
    return status.arn("lambda", f"function:shipment-status-{status.suffix}")


def rule_arn(status: Deployment, rule: str) -> str:
    return status.arn("events", f"rule/{RULES[rule].name.format(status.suffix)}")


# ---- the stream


def test_the_mapping_reads_the_whole_stream_and_keeps_what_fails(
    status: Deployment, main: Deployment
) -> None:
    mapping = dict(status["ShipmentStatusMapping"])
    del mapping["FilterCriteria"]
    assert mapping == {
        "FunctionName": f"shipment-status-{status.suffix}",
        "EventSourceArn": status.parameters["StreamArn"],
        # LATEST may miss what is written while the mapping is made.
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 200,
        "MaximumBatchingWindowInSeconds": status.parameters["BatchWindowSeconds"],
        # What was done before a failure is not done again, and one bad row holds up no others.
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 100,
        "DestinationConfig": {"OnFailure": {"Destination": queue_arn(main)}},
    }


def queue_arn(main: Deployment) -> str:
    arn: str = main.resolve({"Fn::GetAtt": ["FailedUpdatesQueue", "Arn"]})
    return arn


def test_the_mapping_passes_rows_that_come_and_go_but_not_the_other_handler_s_marks(
    status: Deployment, main: Deployment
) -> None:
    criteria = status["ShipmentStatusMapping"]["FilterCriteria"]
    pattern = criteria["Filters"][0]["Pattern"]
    assert criteria == {"Filters": [{"Pattern": pattern}]}
    assert json.loads(pattern) == {"eventName": ["INSERT", "REMOVE"]}
    # The handler reads the row of an INSERT; without its image it could not tell what is new.
    assert "NEW" in main["ShipmentLogsTable"]["StreamSpecification"]["StreamViewType"]


@pytest.mark.parametrize(("event_name", "left"), [("INSERT", {"S-1"}), ("REMOVE", set())])
def test_the_handler_understands_what_the_mapping_passes(
    status: Deployment, main: Deployment, event_name: str, left: set[str]
) -> None:
    with deployed(main, status) as account:
        account.put_row("S-1", status="IN_TRANSIT")
        account.invoke(change("INSERT", "S-1"))
        if event_name == "REMOVE":
            account.delete_row("S-1")
        assert account.invoke(change(event_name, "S-1")).answer == {"batchItemFailures": []}
        assert account.items().keys() == left


# ---- the rejections


def test_the_rejections_come_from_the_other_stack_s_alert_topic(
    status: Deployment, main: Deployment
) -> None:
    subscription = dict(status["ShipmentRejections"])
    del subscription["FilterPolicy"]
    assert subscription == {
        "TopicArn": main.outputs["AlertTopicArn"],
        "Protocol": "lambda",
        "Endpoint": function_arn(status),
    }


def test_of_what_the_other_handler_publishes_only_rejections_come(status: Deployment) -> None:
    policy = status["ShipmentRejections"]["FilterPolicy"]
    published = {
        kind: handler.invocation(kind).request("sns:Publish")["MessageAttributes"]
        for kind in ("critical", "rejected", "too big and critical")
    }
    passed = {
        kind
        for kind, attributes in published.items()
        if all(attributes[name]["StringValue"] in values for name, values in policy.items())
    }
    assert passed == {"rejected"}


def test_the_handler_finds_in_a_rejection_what_the_other_one_wrote(
    status: Deployment, main: Deployment
) -> None:
    reported = handler.invocation("rejected").request("sns:Publish")["Message"]
    with deployed(main, status) as account:
        account.invoke(rejection(reported))
        (item,) = account.items().values()
    assert item["reason"]["S"] == "status: is required (FedEx)"
    event_id = handler.UPDATES["rejected"]["id"]
    command = f"shipments failed --id {event_id} --environment {status.suffix}"
    assert item["example"]["S"] == f"SHIP-12345: {command}"


# ---- the rules


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_asks_by_the_clock_on_the_default_bus(status: Deployment, rule: str) -> None:
    target = {"Id": f"{rule}Target", "Arn": function_arn(status), "Input": RULES[rule].input}
    assert status[f"{rule}Rule"] == {
        "Name": RULES[rule].name.format(status.suffix),
        "ScheduleExpression": RULES[rule].schedule,
        "State": "ENABLED",
        "Targets": [target],
    }


@pytest.mark.parametrize("rule", RULES)
def test_the_handler_does_what_a_rule_asks_for(
    status: Deployment, main: Deployment, rule: str
) -> None:
    (target,) = status[f"{rule}Rule"]["Targets"]
    with deployed(main, status) as account:
        found = account.invoke(json.loads(target["Input"]))
    assert found.answer == {"mailed": 0}
    assert RULES[rule].counted in found.line


def test_without_days_nothing_looks_for_stuck_shipments(status: Deployment) -> None:
    without = status.but(StuckAfterDays="0")
    missing = [name for name in status.resources if name not in without.resources]
    assert missing == ["ShipmentStuckRule", "ShipmentStuckPermission"]
    assert status.resources == list(status.template["Resources"])
    changed = [name for name in without.resources if without[name] != status[name]]
    assert changed == ["ShipmentStatusFunction"]  # which is told the days


# ---- who may, and from when on


@pytest.mark.parametrize("permission", INVOKERS)
def test_whoever_invokes_the_function_may_do_so_for_this_stack_only(
    status: Deployment, main: Deployment, permission: str
) -> None:
    source = main.outputs["AlertTopicArn"]
    if permission != "ShipmentRejectionsPermission":
        source = rule_arn(status, permission.removesuffix("Permission"))
    assert status[permission] == {
        "FunctionName": f"shipment-status-{status.suffix}",
        "Action": "lambda:InvokeFunction",
        "Principal": INVOKERS[permission],
        "SourceArn": source,
    }


@pytest.mark.parametrize(
    "source",
    ["ShipmentStatusMapping", "ShipmentRejections", "ShipmentMailRule", "ShipmentStuckRule"],
)
def test_nothing_invokes_the_function_before_it_has_its_table(
    status: Deployment, source: str
) -> None:
    assert {"ShipmentStatusTable", "ShipmentStatusRole"} <= status.needs(source)


@pytest.mark.parametrize("source", ["ShipmentRejections", "ShipmentMailRule", "ShipmentStuckRule"])
def test_what_is_not_tried_by_its_source_again_has_a_destination_first(
    status: Deployment, source: str
) -> None:
    assert "ShipmentStatusInvokeConfig" in status.needs(source)


def test_sns_may_invoke_the_function_before_it_is_subscribed(status: Deployment) -> None:
    # Without permission SNS would refuse the subscription.
    assert "ShipmentRejectionsPermission" in status.needs("ShipmentRejections")
