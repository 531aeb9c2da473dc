"""The dashboard: each widget answers a question, with metrics that exist."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from scripts.drawing.body import COLUMNS, Alarms, Graph, Query, Widget, parse
from scripts.drawing.metrics import SEARCH
from scripts.embed import ROOT, STATUS_TEMPLATE, TEMPLATE
from tests.unit.handler.updates import update
from tests.unit.template import handler, metrics
from tests.unit.template.resolve import Deployment
from tests.unit.template.test_alarms import watched

# Lines that Lambda writes by itself at system log level WARN, and one that it would not.
STARTED = '{"time":"t","type":"platform.initReport","record":{"phase":"init","status":"%s"}}'
ENDED = '{"time":"t","type":"platform.report","record":{"requestId":"r","status":"%s"}}'
BROKEN = [each % word for each in (STARTED, ENDED) for word in ("timeout", "error", "failure")]


@pytest.fixture(scope="session", params=[TEMPLATE, STATUS_TEMPLATE], ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    """Return a template that has a dashboard."""
    found: Path = request.param
    return found


@pytest.fixture
def body(stack: Deployment) -> str:
    return body_of(stack)


@pytest.fixture
def widgets(body: str) -> list[Widget]:
    return parse(body)


@pytest.fixture
def graphs(body: str) -> dict[str, Graph]:
    return graphs_in(body)


@pytest.fixture
def any_graphs(any_stack: Deployment) -> dict[str, Graph]:
    return graphs_in(body_of(any_stack))


def body_of(stack: Deployment) -> str:
    """Return the text of a stack's one dashboard."""
    text: str = stack.only("AWS::CloudWatch::Dashboard")["DashboardBody"]
    return text


def alarm_arns(stack: Deployment) -> list[str]:
    """Return the ARNs in a dashboard's one widget of alarms."""
    contents = [each.content for each in parse(body_of(stack))]
    (shown,) = (each for each in contents if isinstance(each, Alarms))
    return sorted(shown.arns)


def graphs_in(body: str) -> dict[str, Graph]:
    """Return a body's graphs by their titles."""
    return {each.title: each.content for each in parse(body) if isinstance(each.content, Graph)}


def drawn(graph: Graph) -> list[tuple[str, str, Mapping[str, str], str]]:
    """Return a graph's metrics as an alarm's: namespace, name, dimensions, statistic."""
    found = []
    for line in graph.lines:
        if line.metric is None:
            search = SEARCH.fullmatch(line.expression)
            assert search is not None
            namespace, *dimensions = search["schema"].split(",")
            terms = dict(re.findall(r'(\w+)="([^"]*)"', search["terms"]))
            selected = dict.fromkeys(dimensions, "") | terms
            found.append((namespace, selected.pop("MetricName"), selected, search["stat"]))
        else:
            metric = line.metric
            found.append((metric.namespace, metric.name, dict(metric.dimensions), metric.stat))
    return found


# ---- the widgets


def test_everything_in_the_body_is_drawn(widgets: list[Widget]) -> None:
    assert {type(each.content) for each in widgets} == {Graph, Alarms, Query}


def test_each_widget_asks_a_question_whose_good_answer_is_documented(
    stack: Deployment, status: Deployment
) -> None:
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    asked = [each.title for dashboard in (stack, status) for each in parse(body_of(dashboard))]
    assert asked == re.findall(r"^\| ([^|]+\?) \|", page, re.MULTILINE)


def test_two_graphs_fill_a_row_and_the_table_one(any_stack: Deployment) -> None:
    for each in json.loads(body_of(any_stack))["widgets"]:
        assert each["width"] == (COLUMNS if each["type"] == "log" else COLUMNS // 2)


@pytest.mark.parametrize("mail", ["each", "off"])
@pytest.mark.parametrize("hours", ["0", "24"])
def test_the_alarm_widget_shows_every_alarm_there_is(
    stack: Deployment, mail: str, hours: str
) -> None:
    deployed = stack.but(AlertMail=mail, ExpectUpdatesEveryHours=hours)
    assert alarm_arns(deployed) == sorted(deployed.alarms.values())


# ---- the graphs


@pytest.mark.parametrize("bus", ["default", "carriers"])
def test_a_graph_draws_what_is_emitted_on_any_bus(stack: Deployment, bus: str) -> None:
    draws_what_is_emitted(stack.but(EventBusName=bus))


def test_a_graph_draws_what_is_emitted_here(any_stack: Deployment) -> None:
    draws_what_is_emitted(any_stack)


def draws_what_is_emitted(deployed: Deployment) -> None:
    for graph in graphs_in(body_of(deployed)).values():
        assert graph.region == deployed.region
        for namespace, metric, selected, statistic in drawn(graph):
            assert metrics.is_emitted(deployed, namespace, metric, selected), metric
            assert statistic in metrics.statistics(metric), metric


def test_each_metric_of_the_handler_is_drawn(
    any_stack: Deployment, any_graphs: dict[str, Graph]
) -> None:
    shown = {metric for graph in any_graphs.values() for _, metric, *_ in drawn(graph)}
    emitted = metrics.emitted(by_status=any_stack.is_status)
    assert emitted[metrics.NAMESPACE, "Environment"] <= shown


def test_the_business_comes_first(graphs: dict[str, Graph]) -> None:
    namespaces = [{each[0] for each in drawn(graph)} for graph in graphs.values()]
    assert namespaces[:2] == [{metrics.NAMESPACE}] * 2
    assert not any(metrics.NAMESPACE in each for each in namespaces[2:])
    by_status, *others = graphs.values()
    assert by_status.stacked
    assert [each for each in others if each.stacked] == []
    assert [selected["Status"] for *_, selected, _ in drawn(by_status)] == [""]


def test_each_graph_has_a_point_per_five_minutes(any_graphs: dict[str, Graph]) -> None:
    # The console's default; a SEARCH has a period of its own.
    assert {line.period for graph in any_graphs.values() for line in graph.lines} == {300}


def test_an_axis_begins_at_zero_and_says_its_unit(
    any_stack: Deployment, any_graphs: dict[str, Graph]
) -> None:
    for title, graph in any_graphs.items():
        unit = metrics.unit(any_stack, (each[:2] for each in drawn(graph)))
        assert (graph.minimum, graph.label) == (0, unit), title


def test_a_graph_names_the_timeout_that_holds(stack: Deployment, graphs: dict[str, Graph]) -> None:
    timeout = stack["ShipmentProcessorFunction"]["Timeout"]
    assert f"How near is the function to its timeout of {timeout} s?" in graphs


def test_what_an_alarm_watches_is_drawn(
    any_stack: Deployment, any_graphs: dict[str, Graph]
) -> None:
    shown = [each for graph in any_graphs.values() for each in drawn(graph)]
    for name in any_stack.alarms.keys() - {"NoUpdatesAlarm"}:
        # That SNS's metrics have arrived is seen by those of its deliveries.
        missing = {each[1] for each in watched(any_stack[name]) if each not in shown}
        assert missing <= {"NumberOfMessagesPublished"}, name


def test_each_threshold_is_drawn_and_names_its_lines(
    any_stack: Deployment, any_graphs: dict[str, Graph]
) -> None:
    alarms = [any_stack[name] for name in any_stack.alarms if "Metrics" not in any_stack[name]]
    thresholds = [(watched(alarm)[0], alarm["Threshold"]) for alarm in alarms]
    for title, graph in any_graphs.items():
        lines = drawn(graph)
        limits = [(line, limit) for line, limit in thresholds if line in lines]
        limits.sort(key=lambda pair: lines.index(pair[0]))
        labels = set()
        for limit in {limit for _, limit in limits}:
            own = [line for line, each in limits if each == limit]
            several = len({line[1] for line in lines}) > 1
            names = ", ".join(line[1] if several else line[3] for line in own)
            rest = "" if own == lines else f": {names}"
            labels.add((limit, f"alarm over {limit}{rest}"))
        assert set(graph.thresholds) == labels, title


# ---- the log


def test_the_table_lists_what_was_rejected_or_failed(stack: Deployment, body: str) -> None:
    (query,) = (each.content for each in parse(body) if isinstance(each.content, Query))
    (raw,) = (each["properties"] for each in json.loads(body)["widgets"] if each["type"] == "log")
    assert raw["view"] == "table"
    assert query.region == stack.region
    assert query.groups == (stack["ShipmentProcessorLogGroup"]["LogGroupName"],)
    fields, asked, order, limit = query.text.split(" | ")
    assert (order, limit) == ("sort @timestamp desc", "limit 20")
    found = re.fullmatch(r"filter @message like /(.+)/", asked)
    assert found is not None
    lines = {kind: handler.invocation(kind).line for kind in handler.UPDATES}
    lines["strange"] = handler.invoke(update(shipmentId='"outcome":"failed"')).line
    listed = [lines["rejected"], lines["failed"], *BROKEN]
    others = [*(lines.keys() - {"rejected", "failed"}), STARTED % "success", ENDED % "success"]
    assert [line for line in listed if not re.search(found[1], line)] == []
    assert [line for line in others if re.search(found[1], lines.get(line, line))] == []
    # Its columns are fields of these lines, and hold what tells an operator what to do.
    logged = {name for line in listed[:2] for name in json.loads(line)}
    columns = fields.removeprefix("fields ").split(", ")
    assert set(columns) <= logged | {"@timestamp", "record.status"}
    assert {"@timestamp", "outcome", "shipmentId", "reason", "error", "record.status"} <= {*columns}


def test_no_placeholder_of_the_body_cuts_a_bracket(any_stack: Deployment) -> None:
    # So that the body can be read, and edited, as JSON.
    (name,) = any_stack.of("AWS::CloudWatch::Dashboard")
    value = any_stack.template["Resources"][name]["Properties"]["DashboardBody"]["Fn::Sub"]
    text = value if isinstance(value, str) else value[0]
    for word in ("", "words"):
        open_ones = []
        for char in re.sub(r"\$\{[^}]*\}", word, text):
            if char in "([{":
                open_ones.append(")]}"["([{".index(char)])
            elif char in ")]}":
                assert open_ones.pop() == char
        assert open_ones == []
