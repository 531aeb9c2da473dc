"""The function: what it runs on, what it is told, where it logs, where its failures go."""

import pytest

from tests.unit.template import handler
from tests.unit.template.resolve import ACCOUNT, Deployment

QUEUE_URL = "https://sqs.{region}.{domain}/{account}/shipment-failed-updates-{suffix}"


def test_the_function_runs_the_handler_in_256_mb_of_arm64_for_at_most_30_s(
    stack: Deployment,
) -> None:
    function = stack["ShipmentProcessorFunction"]
    assert function["Handler"] == "index.lambda_handler"
    assert function["MemorySize"] == 256
    assert function["Timeout"] == 30
    assert function["Architectures"] == ["arm64"]


def test_the_function_runs_on_the_python_that_was_asked_for(stack: Deployment) -> None:
    runtime = stack.parameters["LambdaRuntime"]
    assert stack["ShipmentProcessorFunction"]["Runtime"] == runtime


def test_the_function_has_its_own_role(stack: Deployment) -> None:
    assert ":role/logistics-LambdaExecutionRole-" in stack["ShipmentProcessorFunction"]["Role"]


def test_the_function_traces_as_was_asked_for(stack: Deployment) -> None:
    mode = stack.parameters["TracingMode"]
    assert stack["ShipmentProcessorFunction"]["TracingConfig"] == {"Mode": mode}


def test_the_function_is_told_where_its_rows_alerts_and_failures_go(stack: Deployment) -> None:
    domain = "amazonaws.com.cn" if stack.region.startswith("cn-") else "amazonaws.com"
    assert stack["ShipmentProcessorFunction"]["Environment"] == {
        "Variables": {
            "DYNAMODB_TABLE": f"shipment-logs-{stack.suffix}",
            "SNS_TOPIC_ARN": stack.arn("sns", f"shipment-alerts-{stack.suffix}"),
            "FAILED_UPDATES_QUEUE_URL": QUEUE_URL.format(
                region=stack.region, domain=domain, account=ACCOUNT, suffix=stack.suffix
            ),
            "ENVIRONMENT": stack.suffix,
            "CRITICAL_STATUSES": stack.parameters["CriticalStatuses"],
            "ROW_RETENTION_DAYS": stack.parameters["RowRetentionDays"],
        }
    }


def test_the_function_is_told_exactly_what_the_handler_reads(stack: Deployment) -> None:
    variables = stack["ShipmentProcessorFunction"]["Environment"]["Variables"]
    assert variables.keys() == handler.environment_variables()


def test_the_function_carries_its_code(stack: Deployment) -> None:
    assert stack["ShipmentProcessorFunction"]["Code"].keys() == {"ZipFile"}


def test_the_function_logs_json_without_a_line_for_each_start_and_end(stack: Deployment) -> None:
    assert stack["ShipmentProcessorFunction"]["LoggingConfig"] == {
        # EMF needs JSON lines of their own; with Text, each would have a prefix.
        "LogFormat": "JSON",
        "SystemLogLevel": "WARN",
        "LogGroup": f"/aws/lambda/shipment-processor-{stack.suffix}",
    }


def test_the_log_is_kept_as_long_as_was_asked_for(stack: Deployment) -> None:
    group = stack["ShipmentProcessorLogGroup"]
    assert group["RetentionInDays"] == stack.parameters["LogRetentionDays"]
    assert group["LogGroupName"] == stack["ShipmentProcessorFunction"]["LoggingConfig"]["LogGroup"]


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
        # Six hours, the longest that Lambda holds an event when it is throttled.
        "MaximumEventAgeInSeconds": 6 * 60 * 60,
        "DestinationConfig": {"OnFailure": {"Destination": queue}},
    }
