"""The dashboard: each widget answers a question, with metrics that exist."""

import json
from typing import Any, NamedTuple

import pytest

from tests.unit.template import metrics
from tests.unit.template.resolve import Deployment


class Line(NamedTuple):
    """A line of a widget: a metric of this stack, and the statistic that is drawn."""

    namespace: str
    metric: str
    stat: str = "Sum"


# The business first, then the services in the order of an update's way.
WIDGETS = {
    "Which updates need a person?": [
        Line("LogisticsProcessing", "CriticalAlerts"),
        Line("LogisticsProcessing", "RejectedUpdates"),
        Line("LogisticsProcessing", "ProcessingErrors"),
        Line("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"),
    ],
    "How long from event to row (ms)?": [
        Line("LogisticsProcessing", "EndToEndLatency", "p50"),
        Line("LogisticsProcessing", "EndToEndLatency", "p90"),
        Line("LogisticsProcessing", "EndToEndLatency", "p99"),
    ],
    "Does EventBridge deliver?": [
        Line("AWS/Events", "TriggeredRules"),
        Line("AWS/Events", "Invocations"),
        Line("AWS/Events", "FailedInvocations"),
    ],
    "Does the function work?": [
        Line("AWS/Lambda", "Invocations"),
        Line("AWS/Lambda", "Errors"),
        Line("AWS/Lambda", "Throttles"),
    ],
    "How near is the 30 s timeout (ms)?": [
        Line("AWS/Lambda", "Duration", "p50"),
        Line("AWS/Lambda", "Duration", "p99"),
    ],
    "Does the table take the writes?": [
        Line("AWS/DynamoDB", "ConsumedWriteCapacityUnits"),
        Line("AWS/DynamoDB", "WriteThrottleEvents"),
    ],
    "Do alerts reach people?": [
        Line("AWS/SNS", "NumberOfNotificationsDelivered"),
        Line("AWS/SNS", "NumberOfNotificationsFailed"),
    ],
}
BY_STATUS = "How many updates of each status?"
SEARCH = (
    "SEARCH('{{LogisticsProcessing,Environment,Status}} "
    'Environment="{}" MetricName="ShipmentUpdatesProcessed"\', \'Sum\', 300)'
)


@pytest.fixture
def widgets(stack: Deployment) -> list[dict[str, Any]]:
    body = json.loads(stack["LogisticsDashboard"]["DashboardBody"])
    assert body.keys() == {"widgets"}
    found: list[dict[str, Any]] = body["widgets"]
    return found


def properties(widgets: list[dict[str, Any]], title: str) -> dict[str, Any]:
    (found,) = (each["properties"] for each in widgets if each["properties"]["title"] == title)
    return dict(found)


def lines(rows: list[list[Any]]) -> list[tuple[str, str, dict[str, str], dict[str, str]]]:
    """Return each row's namespace, metric, dimensions and options, written out.

    In a row, ``"."`` repeats what stands there in the row before, and ``"..."`` all of it.
    """
    found = []
    before: list[str] = []
    for row in rows:
        options = row[-1] if isinstance(row[-1], dict) else {}
        words = [word for word in row if isinstance(word, str)]
        if words == ["..."]:
            words = before
        words = [before[at] if word == "." else word for at, word in enumerate(words)]
        namespace, metric, *pairs = words
        found.append((namespace, metric, dict(zip(pairs[::2], pairs[1::2], strict=True)), options))
        before = words
    return found


def test_the_widgets_answer_these_questions_in_this_order(widgets: list[dict[str, Any]]) -> None:
    titles = [widget["properties"]["title"] for widget in widgets]
    assert titles == [BY_STATUS, *WIDGETS]


def test_every_widget_is_a_graph_of_five_minute_sums_of_this_region(
    stack: Deployment, widgets: list[dict[str, Any]]
) -> None:
    for widget in widgets:
        assert widget.keys() == {"type", "width", "height", "properties"}
        # Two in a row of the dashboard's 24 columns.
        assert (widget["type"], widget["width"], widget["height"]) == ("metric", 12, 6)
        shown = widget["properties"]
        assert shown.keys() - {"annotations"} == {"region", "stat", "period", "title", "metrics"}
        assert (shown["region"], shown["stat"], shown["period"]) == (stack.region, "Sum", 300)


@pytest.mark.parametrize("title", WIDGETS)
def test_a_widget_draws_these_metrics_of_this_stack(
    stack: Deployment, widgets: list[dict[str, Any]], title: str
) -> None:
    found = [
        (namespace, metric, selected, {"stat": "Sum"} | options)
        for namespace, metric, selected, options in lines(properties(widgets, title)["metrics"])
    ]
    assert found == [
        (
            line.namespace,
            line.metric,
            metrics.dimensions(stack, line.namespace),
            {"stat": line.stat},
        )
        for line in WIDGETS[title]
    ]


@pytest.mark.parametrize("title", WIDGETS)
def test_every_metric_drawn_exists(widgets: list[dict[str, Any]], title: str) -> None:
    drawn = lines(properties(widgets, title)["metrics"])
    assert [line for line in drawn if not metrics.exists(line[0], line[1], set(line[2]))] == []


def test_the_first_widget_finds_the_updates_of_every_status(
    stack: Deployment, widgets: list[dict[str, Any]]
) -> None:
    (((expression,),),) = [properties(widgets, BY_STATUS)["metrics"]]
    assert expression == {"expression": SEARCH.format(stack.suffix)}


def test_the_duration_alarms_threshold_is_drawn_where_it_counts(
    stack: Deployment, widgets: list[dict[str, Any]]
) -> None:
    drawn = {
        widget["properties"]["title"]: widget["properties"]["annotations"]
        for widget in widgets
        if "annotations" in widget["properties"]
    }
    threshold = stack["FunctionDurationAlarm"]["Threshold"]
    assert drawn == {
        "How near is the 30 s timeout (ms)?": {
            "horizontal": [{"label": "alarm", "value": threshold}]
        }
    }
