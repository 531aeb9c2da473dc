"""The function: what it runs on, its settings, its log, where its failures go."""

import pytest

from tests.unit.template.resolve import Deployment


def test_the_function_runs_the_embedded_handler(stack: Deployment) -> None:
    function = stack["ShipmentProcessorFunction"]
    assert function["Code"].keys() == {"ZipFile"}
    assert function["Handler"] == "index.lambda_handler"
    assert function["Runtime"] == stack.parameters["LambdaRuntime"]
    assert function["TracingConfig"] == {"Mode": stack.parameters["TracingMode"]}
    assert ":role/logistics-LambdaExecutionRole-" in function["Role"]


def test_the_function_is_small_and_cheap(stack: Deployment) -> None:
    function = stack["ShipmentProcessorFunction"]
    assert (function["Architectures"], function["MemorySize"]) == (["arm64"], 256)


def test_the_function_s_settings_are_the_stack_s(stack: Deployment) -> None:
    assert stack["ShipmentProcessorFunction"]["Environment"]["Variables"] == {
        "DYNAMODB_TABLE": f"shipment-logs-{stack.suffix}",
        "SNS_TOPIC_ARN": stack.arn("sns", f"shipment-alerts-{stack.suffix}"),
        "FAILED_UPDATES_QUEUE_URL": stack.outputs["FailedUpdatesQueueUrl"],
        "ENVIRONMENT": stack.suffix,
        "CRITICAL_STATUSES": stack.parameters["CriticalStatuses"],
        "RUNBOOK_URL": stack.parameters["RunbookUrl"],
        "ROW_RETENTION_DAYS": stack.parameters["RowRetentionDays"],
    }


def test_the_function_logs_json_without_a_line_for_each_start_and_end(stack: Deployment) -> None:
    assert stack["ShipmentProcessorFunction"]["LoggingConfig"] == {
        # With Text each line would have a prefix, and EMF needs whole lines of JSON.
        "LogFormat": "JSON",
        "SystemLogLevel": "WARN",
        "LogGroup": stack["ShipmentProcessorLogGroup"]["LogGroupName"],
    }


def test_the_log_is_kept_as_long_as_was_asked_for(stack: Deployment) -> None:
    days = stack["ShipmentProcessorLogGroup"]["RetentionInDays"]
    assert days == stack.parameters["LogRetentionDays"]


@pytest.mark.parametrize(
    "needed", ["ShipmentProcessorLogGroup", "LambdaExecutionRole", "FailedUpdatesQueue"]
)
def test_the_function_is_made_after_what_it_needs(stack: Deployment, needed: str) -> None:
    # Without its log group, the first invocation would make one that keeps logs for ever.
    assert needed in stack.needs("ShipmentProcessorFunction")


def test_an_update_that_fails_is_tried_twice_again_and_then_kept(stack: Deployment) -> None:
    queue = stack.arn("sqs", f"shipment-failed-updates-{stack.suffix}")
    assert stack["ShipmentProcessorInvokeConfig"] == {
        "FunctionName": f"shipment-processor-{stack.suffix}",
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": 2,
        # The longest that Lambda keeps an event when it is throttled.
        "MaximumEventAgeInSeconds": 6 * 60 * 60,
        "DestinationConfig": {"OnFailure": {"Destination": queue}},
    }
