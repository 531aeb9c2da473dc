"""The status function: its settings, where its failures go, and what it may do."""

from typing import Any

import pytest

from tests.unit.template import status_handler
from tests.unit.template.resolve import ACCOUNT, Deployment
from tests.unit.template.status_handler import Invocation
from tests.unit.template.test_permissions import RUNTIME, TRACES, grants

# What Lambda itself does in the function's name beside its log and its traces: read the stream.
STREAM = {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}


def test_the_function_s_settings_are_the_two_stacks(status: Deployment, main: Deployment) -> None:
    variables = status["ShipmentStatusFunction"]["Environment"]["Variables"]
    assert variables.keys() == status_handler.environment_variables()
    assert variables == {
        "LOG_TABLE": main.outputs["ShipmentLogsTableName"],
        "STATUS_TABLE": status.outputs["ShipmentStatusTableName"],
        "DIGEST_TOPIC_ARN": status.outputs["DigestTopicArn"],
        "FAILED_UPDATES_QUEUE_URL": main.outputs["FailedUpdatesQueueUrl"],
        "ENVIRONMENT": status.suffix,
        "CRITICAL_STATUSES": status.parameters["CriticalStatuses"],
        "FINAL_STATUSES": status.parameters["FinalStatuses"],
        "STUCK_AFTER_DAYS": status.parameters["StuckAfterDays"],
        "BATCH_WINDOW_SECONDS": status.parameters["BatchWindowSeconds"],
        "RUNBOOK_URL": status.parameters["RunbookUrl"],
    }


def test_the_table_s_name_is_written_out_so_that_the_function_can_be_made_before_it(
    status: Deployment,
) -> None:
    # And deleted after it: what still comes then finds its log group, its queue and its topic.
    assert "ShipmentStatusTable" not in status.needs("ShipmentStatusFunction")
    assert "DigestTopic" in status.needs("ShipmentStatusFunction")


def test_a_rejection_that_cannot_be_noted_is_tried_twice_again_and_then_kept(
    status: Deployment, main: Deployment
) -> None:
    queue = main.resolve({"Fn::GetAtt": ["FailedUpdatesQueue", "Arn"]})
    assert status["ShipmentStatusInvokeConfig"] == {
        "FunctionName": f"shipment-status-{status.suffix}",
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": 2,
        "DestinationConfig": {"OnFailure": {"Destination": queue}},
    }


def called(stack: Deployment, action: str, request: dict[str, Any]) -> tuple[str, str]:
    """Return a call's action, and the ARN of what it is on."""
    if action.startswith("sns:"):
        return action, request["TopicArn"]
    if action.startswith("sqs:"):
        return action, stack.arn("sqs", request["QueueUrl"].rpartition("/")[2])
    (table,) = request.get("RequestItems") or [request["TableName"]]
    index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
    return action, stack.arn("dynamodb", f"table/{table}{index}")


def test_the_role_grants_the_calls_that_the_handler_makes_and_what_lambda_does_and_nothing_else(
    status: Deployment, runs: dict[str, Invocation]
) -> None:
    needed = {called(status, *call) for run in runs.values() for call in run.calls}
    stream = status.parameters["StreamArn"]
    log = status.arn("logs", f"log-group:/aws/lambda/shipment-status-{status.suffix}:*")
    needed |= {(action, stream) for action in STREAM}
    # A role that cannot list the table's streams can have no mapping.
    needed.add(("dynamodb:ListStreams", f"{stream.rpartition('/')[0]}/*"))
    needed |= {(action, log) for action in RUNTIME}
    needed |= {(action, "*") for action in TRACES}  # X-Ray has no resources
    assert grants(status, "KeepShipmentStatus") == needed


def test_the_log_of_updates_is_only_read(status: Deployment, main: Deployment) -> None:
    log = main.resolve({"Fn::GetAtt": ["ShipmentLogsTable", "Arn"]})
    assert {action for action, on in grants(status, "KeepShipmentStatus") if on == log} == {
        "dynamodb:Query"
    }
    assert ACCOUNT in log


@pytest.mark.parametrize("kind", ["refresh", "mail", "stuck"])
def test_each_request_is_answered(runs: dict[str, Invocation], kind: str) -> None:
    assert runs[kind].answer in ({"mailed": 1}, {"refreshed": 1, "failed": {}})
