"""The alarms: what each watches, when it rings, whom it tells, what to do then."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.template import metrics
from tests.unit.template.resolve import ROOT, Deployment


@dataclass(frozen=True)
class Alarm:
    """What an alarm watches and where the runbook tells of it; unless told, any one is too many."""

    namespace: str
    metric: str
    anchor: str
    statistic: str = "Sum"
    period: int = 60
    threshold: int = 0


ALARMS = {
    "FunctionErrorsAlarm": Alarm("AWS/Lambda", "Errors", "function-errors"),
    "FunctionThrottlesAlarm": Alarm("AWS/Lambda", "Throttles", "function-throttles"),
    # 80 % of the timeout; over five minutes, as one slow update in a quiet minute is the p99.
    "FunctionDurationAlarm": Alarm(
        "AWS/Lambda", "Duration", "function-duration", "p99", period=300, threshold=24_000
    ),
    "FailedUpdatesAlarm": Alarm(
        "AWS/SQS", "ApproximateNumberOfMessagesVisible", "failed-updates", "Maximum"
    ),
    "FailedInvocationsAlarm": Alarm("AWS/Events", "FailedInvocations", "failed-invocations"),
    "FailedDeadLettersAlarm": Alarm(
        "AWS/Events", "InvocationsFailedToBeSentToDlq", "failed-dead-letters"
    ),
    "TableThrottlesAlarm": Alarm("AWS/DynamoDB", "WriteThrottleEvents", "table-throttles"),
    "LostFailuresAlarm": Alarm("AWS/Lambda", "DestinationDeliveryFailures", "lost-failures"),
    "FailedNotificationsAlarm": Alarm(
        "AWS/SNS", "NumberOfNotificationsFailed", "failed-notifications"
    ),
    "ProcessingErrorsAlarm": Alarm("LogisticsProcessing", "ProcessingErrors", "processing-errors"),
}


@pytest.fixture(params=ALARMS)
def named(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def alarm(stack: Deployment, named: str) -> dict[str, Any]:
    return stack[named]


@pytest.fixture
def expected(named: str) -> Alarm:
    return ALARMS[named]


def test_these_are_the_alarms_and_they_cost_nothing(stack: Deployment) -> None:
    resources = stack.template["Resources"]
    found = {name for name in resources if resources[name]["Type"] == "AWS::CloudWatch::Alarm"}
    assert found == ALARMS.keys()
    # Ten alarms of one metric each are free.
    assert len(found) <= 10
    assert [name for name in found if "Metrics" in stack[name]] == []


def test_an_alarm_watches_its_metric(alarm: dict[str, Any], expected: Alarm) -> None:
    assert (alarm["Namespace"], alarm["MetricName"]) == (expected.namespace, expected.metric)


def test_an_alarm_watches_this_stacks_resource(
    stack: Deployment, alarm: dict[str, Any], expected: Alarm
) -> None:
    found = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
    assert found == metrics.dimensions(stack, expected.namespace)
    assert len(found) == len(alarm["Dimensions"])


def test_an_alarms_metric_is_emitted(stack: Deployment, alarm: dict[str, Any]) -> None:
    selected = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
    assert metrics.is_emitted(stack, alarm["Namespace"], alarm["MetricName"], selected)
    statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
    assert metrics.has_statistic(alarm["MetricName"], statistic)


def test_an_alarm_rings_over_its_threshold(alarm: dict[str, Any], expected: Alarm) -> None:
    extended = expected.statistic.startswith("p")
    assert alarm["ExtendedStatistic" if extended else "Statistic"] == expected.statistic
    assert alarm["Period"] == expected.period
    assert alarm["EvaluationPeriods"] == 1
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["Threshold"] == expected.threshold


def test_an_alarm_is_silent_where_nothing_happens(alarm: dict[str, Any]) -> None:
    assert alarm["TreatMissingData"] == "notBreaching"


def test_an_alarm_tells_the_topic_when_it_rings_and_when_it_ends(
    stack: Deployment, alarm: dict[str, Any]
) -> None:
    topic = stack.arn("sns", f"shipment-alerts-{stack.suffix}")
    assert alarm["AlarmActions"] == [topic]
    assert alarm["OKActions"] == [topic]


def test_an_alarm_says_what_it_means_what_to_do_and_where_to_read_on(
    alarm: dict[str, Any], expected: Alarm
) -> None:
    sentences = r"[A-Z][^.]+\. ([A-Z].+\.) docs/runbook\.md#([a-z-]+)"
    found = re.fullmatch(sentences, alarm["AlarmDescription"])
    assert found is not None
    assert found[2] == expected.anchor
    # The first word of what to do is an imperative.
    assert found[1].split()[0] in {"Read", "Raise", "Look", "Check"}


def test_the_runbook_has_a_place_for_each_alarm_and_no_other() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text("utf-8")
    places = re.findall(r'^<a id="([a-z-]+)"></a>$', runbook, re.MULTILINE)
    assert sorted(places) == sorted(alarm.anchor for alarm in ALARMS.values())


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("FunctionThrottlesAlarm", "for 6 hours"),
        ("FunctionDurationAlarm", "80 % of the 30 s timeout"),
        ("FailedUpdatesAlarm", "within 14 days"),
    ],
    indirect=["named"],
)
def test_an_alarm_names_the_times_that_hold(alarm: dict[str, Any], words: str) -> None:
    assert words in alarm["AlarmDescription"]


def test_the_duration_alarm_rings_at_four_fifths_of_the_timeout(stack: Deployment) -> None:
    timeout_ms = stack["ShipmentProcessorFunction"]["Timeout"] * 1000
    assert stack["FunctionDurationAlarm"]["Threshold"] == timeout_ms * 4 // 5
