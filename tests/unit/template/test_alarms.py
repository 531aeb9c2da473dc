"""The alarms: what each watches, when it fires, whom it notifies, what to do then."""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest

from scripts.embed import ROOT
from shipments.cli import main as shipments
from tests.unit.template import deployments, handler, metrics
from tests.unit.template.resolve import Deployment
from tests.unit.template.status_handler import Invocation

Fields = dict[str, Any]
DESCRIPTION_LIMIT = 1024  # characters (PutMetricAlarm)
LONGEST_SECONDS = 7 * 86_400  # that an alarm looks back (PutMetricAlarm)
NO_DATA = math.nan
COMPARISONS = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}
# Alarms that fire on something else than that one event happened.
SPECIAL = {"FunctionDurationAlarm", "UnheardAlertsAlarm", "NoUpdatesAlarm"}
SPECIAL |= {"StatusLagAlarm", "UnmailedAlarm", "RejectedSignaturesAlarm"}
EVERY_ALARM = {"ExpectUpdatesEveryHours": "24", "UnheardAlertsAlarmEnabled": "true"}


@pytest.fixture
def stack(stack: Deployment) -> Deployment:
    """Return a deployment with every alarm."""
    return stack.but(**EVERY_ALARM)


@pytest.fixture
def any_stack(any_stack: Deployment) -> Deployment:
    """Return a deployment with every alarm."""
    is_main = not (any_stack.is_status or any_stack.is_webhook)
    return any_stack.but(**EVERY_ALARM) if is_main else any_stack


@pytest.fixture
def alarms(any_stack: Deployment) -> dict[str, Fields]:
    return {name: any_stack[name] for name in any_stack.alarms}


def watched(alarm: Fields) -> list[tuple[str, str, Fields, str]]:
    """Return the metrics an alarm watches: namespace, name, dimensions, statistic."""
    inputs = [each["MetricStat"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
    found = [{**each["Metric"], "Statistic": each["Stat"]} for each in inputs] or [alarm]
    return [
        (
            each["Namespace"],
            each["MetricName"],
            {pair["Name"]: pair["Value"] for pair in each["Dimensions"]},
            each.get("ExtendedStatistic") or each["Statistic"],
        )
        for each in found
    ]


def fires(alarm: Fields, *values: float) -> bool:
    """Return whether an alarm is in ALARM after these values, one of each period."""
    asked = int(alarm["EvaluationPeriods"])
    assert "DatapointsToAlarm" not in alarm
    assert len(values) == asked
    is_beyond = COMPARISONS[alarm["ComparisonOperator"]]
    by_default = {"breaching": True, "notBreaching": False}[alarm["TreatMissingData"]]
    return all(
        by_default if math.isnan(value) else is_beyond(value, alarm["Threshold"])
        for value in values
    )


# ---- what they watch


def test_at_most_ten_alarms_watch_at_most_eleven_metrics(
    any_template: Fields, path: Path, alarms: dict[str, Fields]
) -> None:
    assert len(alarms) <= 10
    # Ten alarm metrics are free, and metric math counts each of its metrics. The eleventh says
    # that SNS's metrics have arrived: without it each late one would be a false alarm.
    default = Deployment(any_template, deployments.NEEDED[path])
    assert sum(len(watched(default[name])) for name in default.alarms) <= 11


def test_an_alarm_watches_metrics_of_this_stack_that_are_emitted(
    any_stack: Deployment, alarms: dict[str, Fields]
) -> None:
    assert [
        (name, metric)
        for name, alarm in alarms.items()
        for namespace, metric, dimensions, statistic in watched(alarm)
        if not metrics.is_emitted(any_stack, namespace, metric, dimensions)
        or statistic not in metrics.statistics(metric)
    ] == []


def test_no_alarm_always_fires_together_with_another(alarms: dict[str, Fields]) -> None:
    found = [watched(alarm) for alarm in alarms.values()]
    assert len({str(each) for each in found}) == len(found)


def test_what_another_alarm_tells_of_is_not_watched(stack: Deployment) -> None:
    names = {metric for name in stack.alarms for _, metric, *_ in watched(stack[name])}
    # A processing error is a rejected update or a failed invocation: the failed-updates alarm or
    # the function's errors tell of it. A failed invocation reaches the queue, or is counted as
    # one that could not be sent there.
    assert names.isdisjoint({"ProcessingErrors", "FailedInvocations"})
    assert {"ApproximateNumberOfMessagesVisible", "Errors"} <= names
    assert "InvocationsFailedToBeSentToDlq" in names


# ---- when they fire


def test_one_bad_event_fires_within_a_minute_and_none_or_no_data_does_not(
    alarms: dict[str, Fields],
) -> None:
    for name in alarms.keys() - SPECIAL:
        alarm = alarms[name]
        assert alarm["Period"] == 60, name
        assert [fires(alarm, value) for value in (1, 0, NO_DATA)] == [True, False, False], name


def test_a_slow_function_fires_before_it_times_out(stack: Deployment) -> None:
    alarm = stack["FunctionDurationAlarm"]
    limit_ms = stack["ShipmentProcessorFunction"]["Timeout"] * 1000 * 4 // 5
    assert fires(alarm, limit_ms + 1)
    assert not fires(alarm, limit_ms)
    assert not fires(alarm, NO_DATA)
    assert alarm["ExtendedStatistic"] == "p99"
    # In a quiet minute one slow update would be the p99.
    assert alarm["Period"] == 300


UNHEARD = [
    ("nothing published", (NO_DATA, NO_DATA, NO_DATA), False),
    ("no critical one published", (0, 5, NO_DATA), False),
    ("published and delivered", (3, 3, 3), False),
    ("some delivered", (3, 3, 1), False),
    ("no data of deliveries", (3, 3, NO_DATA), True),
    ("none delivered", (3, 3, 0), True),
    ("SNS's metrics are late", (3, NO_DATA, NO_DATA), False),
    ("a rejected one that the filter leaves out", (NO_DATA, 1, NO_DATA), False),
    ("a rejected one beside a critical one", (1, 2, 1), False),
]


@pytest.mark.parametrize(
    ("values", "alarmed"), [row[1:] for row in UNHEARD], ids=[row[0] for row in UNHEARD]
)
def test_critical_alerts_that_nobody_gets_fire(
    stack: Deployment, values: Sequence[float], *, alarmed: bool
) -> None:
    alarm = stack["UnheardAlertsAlarm"]
    names = ("CriticalAlerts", "NumberOfMessagesPublished", "NumberOfNotificationsDelivered")
    by_metric = dict(zip(names, values, strict=True))
    (expression, *inputs) = alarm["Metrics"]
    by_id = {each["Id"]: by_metric[each["MetricStat"]["Metric"]["MetricName"]] for each in inputs}
    assert fires(alarm, _value(expression["Expression"], by_id)) is alarmed


def _value(expression: str, metrics_by_id: dict[str, float]) -> float:
    """Return what an expression of IF, FILL, AND and comparisons makes of a period's values."""
    names = {
        "IF": lambda condition, yes, no: yes if condition else no,
        "FILL": lambda value, other: other if math.isnan(value) else value,
        **metrics_by_id,
    }
    python = expression.replace(" AND ", " and ")
    return float(eval(python, {"__builtins__": {}}, names))  # noqa: S307 - our own template's


def test_the_metrics_of_one_expression_are_of_the_same_time(stack: Deployment) -> None:
    expression, *inputs = stack["UnheardAlertsAlarm"]["Metrics"]
    assert expression.keys() == {"Id", "Expression"}  # it alone is the alarm's value
    assert [each["ReturnData"] for each in inputs] == [False] * len(inputs)
    assert {each["MetricStat"]["Period"] for each in inputs} == {300}


@pytest.mark.parametrize("hours", [1, 24, 168])
def test_hours_without_an_update_fire(stack: Deployment, hours: int) -> None:
    alarm = stack.but(ExpectUpdatesEveryHours=str(hours))["NoUpdatesAlarm"]
    assert int(alarm["EvaluationPeriods"]) * alarm["Period"] == hours * 3600 <= LONGEST_SECONDS
    quiet = [NO_DATA] * (hours - 1)
    assert fires(alarm, *quiet, NO_DATA)
    assert fires(alarm, *quiet, 0)
    assert not fires(alarm, *quiet, 1)
    assert watched(alarm)[0][1] == "ShipmentUpdatesProcessed"


# ---- whom they notify, and with which words


def test_an_alarm_notifies_the_alarm_topic_when_it_fires_and_when_it_ends(
    any_stack: Deployment, alarms: dict[str, Fields]
) -> None:
    # Never the alert topic: an address that gets too many alerts is no longer mailed.
    topic = any_stack.arn("sns", f"shipment-alarms-{any_stack.suffix}")
    for name, alarm in alarms.items():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == ([topic], [topic]), name


def test_a_description_ends_in_a_command_and_the_runbook_s_section(
    any_stack: Deployment, alarms: dict[str, Fields]
) -> None:
    by_aws = look_by_aws(any_stack)
    url = re.escape(any_stack.parameters["RunbookUrl"])
    form = rf"(?P<what>.+)\. (Run|Then) (?P<command>.+) {url}#(?P<anchor>[a-z-]+)"
    anchors = set()
    for name, alarm in alarms.items():
        found = re.fullmatch(form, alarm["AlarmDescription"])
        assert found is not None, name
        anchors.add(found["anchor"])
        # It names what happened, so that it is as true when the alarm ends.
        assert any(word.endswith("s") for word in found["what"].split()[:2]), name
        program, *arguments = found["command"].split()
        if program == "aws":
            assert arguments == by_aws
            continue
        assert program == "shipments"
        command: click.Command = shipments
        while isinstance(command, click.Group):
            command = command.commands[arguments.pop(0)]
        parser = command.make_parser(command.context_class(command))
        values, rest, _ = parser.parse_args(arguments)
        assert (values["environment"], rest) == (any_stack.suffix, []), name
    assert len(anchors) == len(alarms)


def look_by_aws(stack: Deployment) -> list[str]:
    """Return what to ask the AWS CLI, because the operator's command does not look there."""
    if stack.is_webhook:
        group = stack.only("AWS::Logs::LogGroup")["LogGroupName"]
        return ["logs", "tail", group, "--since", "1h"]
    mails = stack.arn("sns", metrics.dimensions(stack, "AWS/SNS")["TopicName"])
    return ["sns", "list-subscriptions-by-topic", "--topic-arn", mails]


def test_a_description_with_the_longest_values_is_short_enough(any_stack: Deployment) -> None:
    stack = any_stack.but(**deployments.longest(any_stack.template))
    for name in stack.alarms:
        assert len(stack[name]["AlarmDescription"]) <= DESCRIPTION_LIMIT, name


def test_the_runbook_has_one_section_per_alarm_and_per_kind_of_mail(
    stack: Deployment, status: Deployment, webhook: Deployment, runs: dict[str, Invocation]
) -> None:
    stacks = (stack, status, webhook)
    alarms = [each[name]["AlarmDescription"] for each in stacks for name in each.alarms]
    mails = [runs[kind].mail["Message"] for kind in ("critical", "mail", "stuck")]
    mails += [
        handler.invocation(kind).request("sns:Publish")["Message"]
        for kind in ("critical", "rejected")
    ]
    runbook = (ROOT / "docs" / "runbook.md").read_text("utf-8")
    sections = re.findall(r'^<a id="([a-z-]+)"></a>$', runbook, re.MULTILINE)
    anchors = {text.rpartition("#")[2] for text in (*alarms, *mails)}
    assert sorted(sections) == sorted(anchors)


def test_the_runbook_of_these_tests_is_the_one_that_is_linked(any_template: Fields) -> None:
    assert any_template["Parameters"]["RunbookUrl"]["Default"] == "docs/runbook.md"


def test_a_description_names_times_that_hold(stack: Deployment) -> None:
    function, config = stack["ShipmentProcessorFunction"], stack["ShipmentProcessorInvokeConfig"]
    threshold = stack["FunctionDurationAlarm"]["Threshold"] // 1000
    days = stack["FailedUpdatesQueue"]["MessageRetentionPeriod"] // 86_400
    words = {
        "FailedUpdatesAlarm": f"for {days} days.",
        "FunctionThrottlesAlarm": f"{config['MaximumEventAgeInSeconds'] // 3600} hours",
        "FunctionDurationAlarm": f"over {threshold} of their {function['Timeout']} s",
        "NoUpdatesAlarm": f"{stack.parameters['ExpectUpdatesEveryHours']} in a row",
    }
    for name, words_of_time in words.items():
        assert words_of_time in stack[name]["AlarmDescription"]
