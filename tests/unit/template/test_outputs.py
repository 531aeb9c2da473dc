"""The outputs: everything a client or an operator needs to find."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.template.resolve import ACCOUNT, Deployment

OUTPUTS: dict[str, Callable[[Deployment], str]] = {
    "ShipmentLogsTableName": lambda stack: f"shipment-logs-{stack.suffix}",
    "ShipmentLogsTableStreamArn": lambda stack: stack.resolve(
        {"Fn::GetAtt": ["ShipmentLogsTable", "StreamArn"]}
    ),
    "ShipmentProcessorFunctionName": lambda stack: f"shipment-processor-{stack.suffix}",
    "ShipmentProcessorFunctionArn": lambda stack: stack.arn(
        "lambda", f"function:shipment-processor-{stack.suffix}"
    ),
    "ShipmentProcessorLogGroupName": lambda stack: f"/aws/lambda/shipment-processor-{stack.suffix}",
    "EventBusName": lambda stack: stack.parameters["EventBusName"],
    "ShipmentUpdateRuleArn": lambda stack: stack.resolve(
        {"Fn::GetAtt": ["ShipmentUpdateRule", "Arn"]}
    ),
    "ShipmentUpdateArchiveArn": lambda stack: stack.arn(
        "events", f"archive/shipments-{stack.suffix}"
    ),
    "FailedUpdatesQueueUrl": lambda stack: (
        f"https://sqs.{stack.region}.amazonaws.com{'.cn' * stack.region.startswith('cn-')}"
        f"/{ACCOUNT}/shipment-failed-updates-{stack.suffix}"
    ),
    "AlertTopicArn": lambda stack: stack.arn("sns", f"shipment-alerts-{stack.suffix}"),
    "DashboardName": lambda stack: f"logistics-processing-{stack.suffix}",
}


def test_the_stack_puts_out_exactly_these(stack: Deployment) -> None:
    assert stack.outputs.keys() == OUTPUTS.keys()


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_is_what_its_name_says(stack: Deployment, name: str) -> None:
    assert stack.outputs[name] == OUTPUTS[name](stack)


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_is_described(template: dict[str, Any], name: str) -> None:
    assert template["Outputs"][name]["Description"][0].isupper()
