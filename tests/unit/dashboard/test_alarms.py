"""An alarm widget shows each alarm by the readable part of its name, with its state."""

from typing import Any

import pytest

from scripts.drawing.alarms import Alarm, readable, states
from scripts.drawing.widgets import Alarms
from tests.unit.dashboard.account import put_alarm

ARN = "arn:aws:cloudwatch:{}:123456789012:alarm:{}"
NAMES = [
    ("logistics-FunctionErrorsAlarm-1ABCDEF23GHIJ", "Function errors"),
    ("logistics-TableThrottlesAlarm-621AA72DD628B", "Table throttles"),
    ("logistics-FailedSQSDeliveries-621AA72DD628B", "Failed SQS deliveries"),
    ("logistics-Alarm-621AA72DD628B", "logistics-Alarm-621AA72DD628B"),
    ("logistics-NoSuffixAlarm", "No suffix"),
    ("others-ErrorsAlarm-1ABCDEF23GHIJ", "others-ErrorsAlarm-1ABCDEF23GHIJ"),
    ("named by hand", "named by hand"),
]


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_a_generated_name_is_read_as_words(name: str, expected: str) -> None:
    assert readable(name, "logistics") == expected


def put(cloudwatch: Any, name: str, state: str) -> None:
    put_alarm(cloudwatch, name)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def test_alarms_are_shown_in_the_widget_s_order_with_their_states(session: Any) -> None:
    regions = ("us-east-1", "us-west-1")
    here, there = (session.client("cloudwatch", region_name=region) for region in regions)
    put(here, "b", "ALARM")
    put(here, "a", "OK")
    put(there, "a", "INSUFFICIENT_DATA")
    arns = [("us-east-1", "b"), ("us-west-1", "a"), ("us-east-1", "a"), ("us-east-1", "c")]
    widget = Alarms(tuple(ARN.format(*each) for each in arns))
    clients = dict(zip(regions, (here, there), strict=True))
    assert states(widget, clients.get, "logistics") == [
        Alarm("b", "ALARM"),
        Alarm("a", "INSUFFICIENT_DATA"),
        Alarm("a", "OK"),
        Alarm("c", "gone"),
    ]


def test_a_widget_may_show_some_states_only(cloudwatch: Any) -> None:
    put(cloudwatch, "a", "ALARM")
    put(cloudwatch, "b", "OK")
    arns = tuple(ARN.format("us-east-1", name) for name in "ab")
    found = states(Alarms(arns, ("ALARM",)), lambda _: cloudwatch, "logistics")
    assert found == [Alarm("a", "ALARM")]
