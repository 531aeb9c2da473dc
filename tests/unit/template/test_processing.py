"""The function: what it runs on, its settings, its log, where its failures go."""

import pytest

from tests.unit.template.resolve import Deployment


def test_the_function_runs_the_embedded_handler(any_stack: Deployment) -> None:
    function = any_stack.only("AWS::Lambda::Function")
    (role,) = any_stack.of("AWS::IAM::Role")
    assert function["Code"].keys() == {"ZipFile"}
    assert function["Handler"] == "index.lambda_handler"
    assert function["Runtime"] == any_stack.parameters["LambdaRuntime"]
    assert f":role/logistics-{role}-" in function["Role"]


def test_the_function_is_traced(any_stack: Deployment) -> None:
    mode = any_stack.parameters.get("TracingMode", "Active")
    assert any_stack.only("AWS::Lambda::Function")["TracingConfig"] == {"Mode": mode}


def test_the_function_is_small_and_cheap(any_stack: Deployment) -> None:
    function = any_stack.only("AWS::Lambda::Function")
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


def test_the_function_logs_json_without_a_line_for_each_start_and_end(
    any_stack: Deployment,
) -> None:
    assert any_stack.only("AWS::Lambda::Function")["LoggingConfig"] == {
        # With Text each line would have a prefix, and EMF needs whole lines of JSON.
        "LogFormat": "JSON",
        "SystemLogLevel": "WARN",
        "LogGroup": any_stack.only("AWS::Logs::LogGroup")["LogGroupName"],
    }


def test_the_log_is_kept_as_long_as_was_asked_for(any_stack: Deployment) -> None:
    days = any_stack.only("AWS::Logs::LogGroup")["RetentionInDays"]
    assert days == any_stack.parameters["LogRetentionDays"]


@pytest.mark.parametrize("needed", ["AWS::Logs::LogGroup", "AWS::IAM::Role"])
def test_the_function_is_made_after_what_it_needs(any_stack: Deployment, needed: str) -> None:
    # Without its log group, the first invocation would make one that keeps logs for ever.
    (function,) = any_stack.of("AWS::Lambda::Function")
    assert {*any_stack.of(needed)} <= any_stack.needs(function)


def test_the_function_is_made_after_the_queue(stack: Deployment) -> None:
    assert "FailedUpdatesQueue" in stack.needs("ShipmentProcessorFunction")


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
