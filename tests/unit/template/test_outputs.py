"""The outputs: what a client, an operator or another stack needs to find."""

from typing import Any

from shipments import __version__
from shipments import stack as stacks
from tests.unit.template.resolve import RETURNS, Deployment

OUTPUTS = {
    *("ShipmentLogsTableName", "ShipmentLogsTableStreamArn", "ShipmentProcessorFunctionName"),
    *("ShipmentProcessorLogGroupName", "EventBusName", "ShipmentUpdateRuleArn"),
    *("ShipmentUpdateArchiveArn", "FailedUpdatesQueueUrl", "AlertTopicArn", "AlarmTopicArn"),
    *("DashboardName", "Version"),
}
STATUS_OUTPUTS = {
    *("ShipmentStatusTableName", "ShipmentStatusFunctionName", "ShipmentStatusLogGroupName"),
    *("ShipmentStatusMappingId", "DigestTopicArn", "StatusDashboardName"),
}


def test_the_stack_has_these_outputs(stack: Deployment) -> None:
    assert stack.outputs.keys() == OUTPUTS >= stacks.OUTPUTS


def test_the_stack_says_the_version_of_the_package(
    template: dict[str, Any], stack: Deployment
) -> None:
    assert template["Metadata"] == {"Version": __version__}
    assert stack.outputs["Version"] == __version__


def test_the_status_stack_has_these_outputs_and_none_of_the_other_s(status: Deployment) -> None:
    assert status.outputs.keys() == STATUS_OUTPUTS
    assert OUTPUTS.isdisjoint(STATUS_OUTPUTS)


def test_an_output_is_what_its_name_says(any_stack: Deployment) -> None:
    resources = any_stack.template["Resources"]
    resources = {name.replace("LogisticsDashboard", "Dashboard"): name for name in resources}
    for name, value in any_stack.outputs.items():
        if name == "Version":
            continue
        if name in any_stack.parameters:
            assert value == any_stack.parameters[name]
            continue
        prefix = max((each for each in resources if name.startswith(each)), key=len)
        logical_id, attribute = resources[prefix], name.removeprefix(prefix)
        returned = RETURNS[any_stack.template["Resources"][logical_id]["Type"]]
        wanted = attribute if attribute in returned else "Ref"
        assert value == any_stack.resolve({"Fn::GetAtt": [logical_id, wanted]}), name
