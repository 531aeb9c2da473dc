"""Each alarm tells the topic's subscribers when it goes off and when it is over."""

import json

import pytest

from tests.integration.pipeline import Pipeline
from tests.integration.template import template

pytestmark = pytest.mark.own_stack("sets off alarms that are false")

ALARMS = [
    name
    for name, resource in template()["Resources"].items()
    if resource["Type"] == "AWS::CloudWatch::Alarm"
]


@pytest.mark.parametrize("state", ["ALARM", "OK"])
@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_reaches_the_topic(pipeline: Pipeline, alarm: str, state: str) -> None:
    described = pipeline.client("cloudformation").describe_stack_resource(
        StackName=pipeline.stack.name, LogicalResourceId=alarm
    )
    name = described["StackResourceDetail"]["PhysicalResourceId"]
    cloudwatch = pipeline.client("cloudwatch")
    for value in ({"ALARM": "OK", "OK": "ALARM"}[state], state):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=value, StateReason=pipeline.run)
    notices = pipeline.until(
        lambda: [
            notice
            for notice in (json.loads(alert.body) for alert in pipeline.alerts(name))
            if notice["NewStateValue"] == state
        ]
    )
    assert {notice["AlarmName"] for notice in notices} == {name}
    assert all("docs/runbook.md#" in notice["AlarmDescription"] for notice in notices)
