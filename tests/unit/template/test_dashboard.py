"""The dashboard: each widget answers a question, with metrics that exist."""

import json
import re
from typing import Any, NamedTuple

import pytest

from tests.unit.template import board, metrics
from tests.unit.template.resolve import Deployment


class Drawn(NamedTuple):
    """A line of a graph: a metric of this stack, its statistic, what else selects it, its axis."""

    namespace: str
    metric: str
    stat: str = "Sum"
    operation: str = ""
    axis: str = "left"


class Graph(NamedTuple):
    """A graph: the units of its left and right axis, the alarms drawn into it, its lines."""

    units: tuple[str, ...]
    alarms: set[str]
    lines: list[Drawn]


BY_STATUS = "How many updates of each status?"
ALARMS = "Does anything ring?"
LAST_FAILED = "Which updates were rejected or failed last?"
# The business first, then the services in the order of an update's way.
WIDGETS: dict[str, Graph | None] = {
    BY_STATUS: None,
    "Which updates need a person?": Graph(
        ("updates",),
        {"ProcessingErrorsAlarm"},
        [
            Drawn("LogisticsProcessing", "CriticalAlerts"),
            Drawn("LogisticsProcessing", "RejectedUpdates"),
            Drawn("LogisticsProcessing", "ProcessingErrors"),
        ],
    ),
    "How long from event to row?": Graph(
        ("ms",),
        set(),
        [
            Drawn("LogisticsProcessing", "EndToEndLatency", "p50"),
            Drawn("LogisticsProcessing", "EndToEndLatency", "p90"),
            Drawn("LogisticsProcessing", "EndToEndLatency", "p99"),
        ],
    ),
    ALARMS: None,
    LAST_FAILED: None,
    "Does EventBridge deliver?": Graph(
        ("events",),
        {"FailedInvocationsAlarm"},
        [
            Drawn("AWS/Events", "TriggeredRules"),
            Drawn("AWS/Events", "Invocations"),
            Drawn("AWS/Events", "FailedInvocations"),
        ],
    ),
    "Does the function work?": Graph(
        ("invocations",),
        {"FunctionErrorsAlarm", "FunctionThrottlesAlarm"},
        [
            Drawn("AWS/Lambda", "Invocations"),
            Drawn("AWS/Lambda", "Errors"),
            Drawn("AWS/Lambda", "Throttles"),
            Drawn("AWS/Lambda", "ConcurrentExecutions", "Maximum"),
        ],
    ),
    "How near is the function to its timeout of 30 s?": Graph(
        ("ms",),
        {"FunctionDurationAlarm"},
        [
            Drawn("AWS/Lambda", "Duration", "p50"),
            Drawn("AWS/Lambda", "Duration", "p90"),
            Drawn("AWS/Lambda", "Duration", "p99"),
        ],
    ),
    "Does the table keep up?": Graph(
        ("writes", "ms"),
        {"TableThrottlesAlarm"},
        [
            Drawn("AWS/DynamoDB", "ConsumedWriteCapacityUnits"),
            Drawn("AWS/DynamoDB", "WriteThrottleEvents"),
            Drawn("AWS/DynamoDB", "SuccessfulRequestLatency", "Average", "PutItem", "right"),
            Drawn("AWS/DynamoDB", "SuccessfulRequestLatency", "Average", "UpdateItem", "right"),
        ],
    ),
    "What waits on the failed-updates queue, and what is lost to it?": Graph(
        ("updates", "s"),
        {"FailedUpdatesAlarm", "LostFailuresAlarm", "FailedDeadLettersAlarm"},
        [
            Drawn("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"),
            Drawn("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", axis="right"),
            Drawn("AWS/Lambda", "DestinationDeliveryFailures"),
            Drawn("AWS/Events", "InvocationsFailedToBeSentToDlq"),
        ],
    ),
    "Do alerts reach people?": Graph(
        ("notifications",),
        {"FailedNotificationsAlarm"},
        [
            Drawn("AWS/SNS", "NumberOfNotificationsDelivered"),
            Drawn("AWS/SNS", "NumberOfNotificationsFailed"),
        ],
    ),
}
GRAPHS = {title: graph for title, graph in WIDGETS.items() if graph is not None}
# What was asked for at first: a metric without the dimensions that the handler gives it, all the
# region's functions, and dimensions where no widget has any. Its second graph stays empty.
AS_FIRST_ASKED_FOR = {
    "widgets": [
        {
            "type": "metric",
            "properties": {
                "metrics": [
                    ["AWS/Lambda", "Invocations", {"stat": "Sum"}],
                    [".", "Errors", {"stat": "Sum"}],
                    [".", "Throttles", {"stat": "Sum"}],
                ],
                "title": "Lambda Performance",
                "dimensions": {"FunctionName": "shipment-processor-dev"},
            },
        },
        {
            "type": "metric",
            "properties": {
                "metrics": [["LogisticsProcessing", "ShipmentUpdatesProcessed", {"stat": "Sum"}]],
                "title": "Shipments Processed",
            },
        },
    ]
}


@pytest.fixture
def body(stack: Deployment) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stack["LogisticsDashboard"]["DashboardBody"])
    return found


@pytest.fixture
def widgets(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {widget["properties"]["title"]: widget for widget in body["widgets"]}


@pytest.fixture(params=GRAPHS)
def title(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def test_the_widgets_answer_these_questions_in_this_order(widgets: dict[str, Any]) -> None:
    assert list(widgets) == list(WIDGETS)
    assert all(title.endswith("?") for title in widgets)


def test_the_dashboard_opens_with_three_hours_in_the_widgets_own_periods(
    body: dict[str, Any],
) -> None:
    assert body.keys() == {"start", "periodOverride", "widgets"}
    assert (body["start"], body["periodOverride"]) == ("-PT3H", "inherit")


def test_everything_asked_for_has_an_answer(stack: Deployment, body: dict[str, Any]) -> None:
    assert board.never_shown(body, stack) == []


def test_a_dashboard_of_metrics_that_nobody_emits_is_noticed(template: dict[str, Any]) -> None:
    assert board.never_shown(AS_FIRST_ASKED_FOR, Deployment(template)) == [
        "Lambda Performance: a metric widget has no dimensions",
        "Lambda Performance: nothing here emits Invocations of AWS/Lambda by nothing",
        "Lambda Performance: nothing here emits Errors of AWS/Lambda by nothing",
        "Lambda Performance: nothing here emits Throttles of AWS/Lambda by nothing",
        (
            "Shipments Processed: nothing here emits ShipmentUpdatesProcessed of "
            "LogisticsProcessing by nothing"
        ),
    ]


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("EndToEndLatency", "EndToEndLatencies"),
        ('"PutItem"', '"Query"'),
        ('"Average"', '"p99"'),
        ('"Maximum"', '"Greatest"'),
        ('"FunctionName"', '"Function"'),
        ('"Environment", "dev"', '"Environment", "prod"'),
        ("Environment,Status}", "Environment,Carrier}"),
        ('MetricName=\\"ShipmentUpdatesProcessed', 'MetricName=\\"CriticalAlerts'),
        ('Environment=\\"dev\\"', 'Environment=\\"prod\\"'),
        ("shipment-update-rule-dev", "shipment-update-rule"),
        ("alarm:logistics-LostFailuresAlarm", "alarm:logistics-LostUpdatesAlarm"),
        ("/aws/lambda/", "/aws/lambdas/"),
        ('"view"', '"views"'),
    ],
)
def test_one_wrong_word_is_noticed(template: dict[str, Any], written: str, instead: str) -> None:
    stack = Deployment(template)
    text = stack["LogisticsDashboard"]["DashboardBody"]
    assert written in text
    assert board.never_shown(json.loads(text.replace(written, instead)), stack) != []


def test_the_widgets_fill_the_dashboards_columns(widgets: dict[str, Any]) -> None:
    for title, widget in widgets.items():
        assert widget.keys() == {"type", "width", "height", "properties"}
        assert widget["height"] == 6
        # A table of text is as wide as the dashboard; two graphs are.
        assert widget["width"] == (24 if title == LAST_FAILED else 12)


def test_a_graph_is_of_five_minute_sums_of_this_region(
    stack: Deployment, widgets: dict[str, Any]
) -> None:
    for title in [BY_STATUS, *GRAPHS]:
        assert widgets[title]["type"] == "metric"
        shown = widgets[title]["properties"]
        optional = {"annotations", "stacked"}
        assert shown.keys() - optional == {
            *("region", "stat", "period", "title", "yAxis", "metrics"),
        }
        assert (shown["region"], shown["stat"], shown["period"]) == (stack.region, "Sum", 300)


def test_a_graph_draws_these_metrics_of_this_stack(
    stack: Deployment, widgets: dict[str, Any], title: str
) -> None:
    found = [
        (*line[:3], {"stat": "Sum", "yAxis": "left"} | line.options)
        for line in board.lines(widgets[title])
    ]
    assert found == [
        (
            line.namespace,
            line.metric,
            metrics.dimensions(stack, line.namespace)
            | ({"Operation": line.operation} if line.operation else {}),
            {"stat": line.stat, "yAxis": line.axis},
        )
        for line in GRAPHS[title].lines
    ]


def test_a_graphs_axes_begin_at_zero_and_say_their_unit(
    widgets: dict[str, Any], title: str
) -> None:
    sides = dict(zip(("left", "right"), GRAPHS[title].units, strict=False))
    assert widgets[title]["properties"]["yAxis"] == {
        side: {"min": 0, "showUnits": False, "label": unit} for side, unit in sides.items()
    }
    assert sides.keys() == {line.axis for line in GRAPHS[title].lines}


def test_the_first_widget_stacks_the_updates_of_every_status(
    stack: Deployment, widgets: dict[str, Any]
) -> None:
    shown = widgets[BY_STATUS]["properties"]
    assert shown["stacked"] is True
    assert shown["yAxis"] == {"left": {"min": 0, "showUnits": False, "label": "updates"}}
    (line,) = board.lines(widgets[BY_STATUS])
    assert line[:3] == (
        "LogisticsProcessing",
        "ShipmentUpdatesProcessed",
        {"Environment": stack.suffix, "Status": ""},
    )
    assert line.options["expression"].endswith(", 'Sum', 300)")


def test_every_alarm_is_drawn_into_the_graph_of_its_metric(
    stack: Deployment, widgets: dict[str, Any]
) -> None:
    for title, graph in GRAPHS.items():
        drawn = widgets[title]["properties"].get("annotations", {}).get("horizontal", [])
        assert {line["value"] for line in drawn} == {
            stack[alarm]["Threshold"] for alarm in graph.alarms
        }
        watched = {(stack[name]["Namespace"], stack[name]["MetricName"]) for name in graph.alarms}
        assert watched <= {(line.namespace, line.metric) for line in graph.lines}
    assert {alarm for graph in GRAPHS.values() for alarm in graph.alarms} == set(stack.alarms)


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Which updates need a person?", "ProcessingErrors"),
        ("Does EventBridge deliver?", "FailedInvocations"),
        ("Does the function work?", "Errors, Throttles"),
        ("How near is the function to its timeout of 30 s?", "p99"),
        ("Does the table keep up?", "WriteThrottleEvents"),
        (
            "What waits on the failed-updates queue, and what is lost to it?",
            "all but the age",
        ),
        ("Do alerts reach people?", "NumberOfNotificationsFailed"),
    ],
)
def test_a_threshold_names_the_lines_that_it_is_for(
    widgets: dict[str, Any], title: str, names: str
) -> None:
    (line,) = widgets[title]["properties"]["annotations"]["horizontal"]
    assert line == {"value": line["value"], "label": f"alarm over {line['value']}: {names}"}


def test_the_state_of_every_alarm_is_shown(stack: Deployment, widgets: dict[str, Any]) -> None:
    widget = widgets[ALARMS]
    assert widget["type"] == "alarm"
    assert widget["properties"].keys() == {"title", "alarms"}
    assert sorted(widget["properties"]["alarms"]) == sorted(stack.alarms.values())


def test_the_last_rejected_and_failed_updates_are_listed(
    stack: Deployment, widgets: dict[str, Any]
) -> None:
    widget = widgets[LAST_FAILED]
    assert widget["type"] == "log"
    shown = dict(widget["properties"])
    query = shown.pop("query")
    assert shown == {"region": stack.region, "title": LAST_FAILED, "view": "table"}
    source, fields, asked, order, limit = query.split(" | ")
    assert source == "SOURCE '{}'".format(stack["ShipmentProcessorLogGroup"]["LogGroupName"])
    # Lambda's own report is of what the function could not report, being out of time.
    assert set(fields.removeprefix("fields ").split(", ")) - {"@timestamp", "record.status"} == {
        *("outcome", "shipmentId", "carrier", "reason", "error"),
    }
    assert (order, limit) == ("sort @timestamp desc", "limit 20")
    found = re.fullmatch(r"filter @message like /(.+)/", asked)
    assert found is not None
    pattern = re.compile(found[1])
    assert [line for line in LOG_LINES if pattern.search(line)] == LOG_LINES[:3]


# Lines of the function's log: three of what the widget is to list, and three of what it is not.
LOG_LINES = [
    '{"_aws":{},"outcome":"rejected","shipmentId":"S","reason":"status: is required"}',
    '{"_aws":{},"outcome":"failed","shipmentId":"S","error":"ReadTimeoutError"}',
    '{"time":"t","type":"platform.report","record":{"requestId":"r","status":"timeout"}}',
    '{"_aws":{},"outcome":"stored","shipmentId":"S","Status":"FAILURE"}',
    '{"_aws":{},"outcome":"duplicate","shipmentId":"failed"}',
    '{"time":"t","type":"platform.report","record":{"requestId":"r","status":"error"}}',
]
