"""What is drawn is what the services answer: no series is invented, and none is silently empty."""

import json
from typing import Any

import boto3
import pytest

from scripts.drawing import log
from scripts.drawing.alarms import readable
from scripts.drawing.body import Query
from scripts.drawing.metrics import NO_SEARCH, Span
from tests.unit.dashboard.conftest import END, HOUR, Draw, constant, metric

SEARCH = "SEARCH('{N,Environment,Status} Environment=\"dev\" MetricName=\"M\"', 'Sum', 300)"


def heights(axes: Any) -> list[list[float]]:
    """Return the values of each line that joins points."""
    joined = [line for line in axes.lines if line.get_linestyle() == ":"]
    return [list(line.get_ydata()) for line in joined]


# ---- metrics


def test_a_series_without_data_is_named_and_never_zero(draw: Draw) -> None:
    found = draw([metric(["N", "Sent"], ["N", "Lost"])], constant())
    assert found.missing == ["Lost? Sent: no data", "Lost? Lost: no data"]
    assert {"Sent: no data", "Lost: no data"} <= found.words
    assert found.axes[0].lines[:] == []


def test_a_series_of_zeros_is_drawn_and_has_data(draw: Draw) -> None:
    found = draw([metric()], constant(0, 0))
    assert found.missing == []
    assert heights(found.axes[0]) == [[0, 0]]


def test_a_hidden_line_is_asked_for_and_not_drawn(draw: Draw) -> None:
    found = draw([metric(["N", "A", {"id": "a", "visible": False}], [{"expression": "a * 2"}])])
    assert [each["ReturnData"] for each in found.asked[0]["MetricDataQueries"]] == [False, True]
    assert "a * 2" in found.words
    assert found.missing == []


@pytest.mark.parametrize(("period", "seconds"), [(None, 300), (60, 60)])
def test_a_period_replaces_that_of_each_line_and_search(
    draw: Draw, period: int | None, seconds: int
) -> None:
    rows = ["N", "A"], [{"expression": SEARCH}]
    found = draw([metric(*rows)], span=Span(HOUR.start, END, period))
    plain, search = found.asked[0]["MetricDataQueries"]
    assert plain["MetricStat"]["Period"] == seconds
    assert search["Expression"].endswith(f"'Sum', {seconds})")


def test_no_period_is_cut(draw: Draw) -> None:
    start, end = (each.replace(second=7) for each in (HOUR.start, END))
    (asked,) = draw([metric()], span=Span(start, end, 300)).asked
    assert [asked[name].isoformat()[11:19] for name in ("StartTime", "EndTime")] == [
        "05:00:00",
        "06:05:00",
    ]


def test_each_series_that_a_search_finds_is_drawn(draw: Draw) -> None:
    answer = [("LOST", [1.0, 2.0]), ("OTHER", [3.0]), ("OTHER", [4.0])]
    found = draw([metric([{"expression": SEARCH}])], lambda _: answer)
    assert heights(found.axes[0]) == [[1, 2], [3], [4]]
    assert {"LOST", "OTHER"} <= found.words


def test_where_no_search_is_answered_its_metrics_are_drawn_with_a_note(
    draw: Draw, session: boto3.Session
) -> None:
    def put(name: str, **by: str) -> None:
        dimensions = [{"Name": key, "Value": value} for key, value in by.items()]
        data = [{"MetricName": name, "Dimensions": dimensions, "Value": 1}]
        session.client("cloudwatch").put_metric_data(Namespace="N", MetricData=data)

    for status in ("LOST", "DELAYED", "EMPTY"):
        put("M", Environment="dev", Status=status)
    put("M", Environment="prod", Status="OTHERS")
    put("M", Environment="dev")
    put("X", Environment="dev", Status="ANOTHER")

    def answer(query: Any) -> Any:
        if "Expression" in query:
            return "Expressions not implemented"
        return [(query["Label"], [] if query["Label"] == "EMPTY" else [2.0])]

    found = draw([metric([{"expression": SEARCH}])], answer)
    assert {"DELAYED", "LOST", NO_SEARCH} <= found.words
    assert heights(found.axes[0]) == [[2], [2]]
    assert found.missing == []


def test_an_expression_that_is_not_answered_is_a_problem_of_its_series(draw: Draw) -> None:
    rows = ["N", "A"], [{"expression": "RATE(m1)"}]
    answer = lambda query: "not here" if "Expression" in query else [("A", [1.0])]  # noqa: E731
    assert draw([metric(*rows)], answer).missing == ["Lost? RATE(m1): not here"]


def test_a_line_is_called_what_tells_it_from_the_others(draw: Draw) -> None:
    same = draw([metric(["N", "M", "D", "a", {"stat": "p50"}], ["...", {"stat": "p99"}])])
    assert {"p50", "p99"} <= same.words
    rows = ["N", "M", "Q", "a"], ["N", "M", "Q", "b"], ["N", "X"], ["N", "Y", {"label": "mine"}]
    assert {"M a", "M b", "X", "mine"} <= draw([metric(*rows)]).words


# ---- alarms

NAMES = [
    ("logistics-FunctionErrorsAlarm-1ABCDEF23GHIJ", "Function errors"),
    ("logistics-FailedSQSDeliveries-621AA72DD628B", "Failed SQS deliveries"),
    ("logistics-Alarm-621AA72DD628B", "logistics-Alarm-621AA72DD628B"),
    ("others-ErrorsAlarm-1ABCDEF23GHIJ", "others-ErrorsAlarm-1ABCDEF23GHIJ"),
    ("named by hand", "named by hand"),
]


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_a_generated_name_is_read_as_words(name: str, expected: str) -> None:
    assert readable(name, "logistics") == expected


def test_each_alarm_is_shown_with_its_state(draw: Draw, session: boto3.Session) -> None:
    cloudwatch = session.client("cloudwatch")
    for name, state in (("a", "ALARM"), ("b", "OK"), ("c", "INSUFFICIENT_DATA")):
        watched = {"Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60}
        compared = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1}
        cloudwatch.put_metric_alarm(AlarmName=name, Threshold=0, **watched, **compared)
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")
    arns = [f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}" for name in "abcd"]
    found = draw([{"type": "alarm", "properties": {"title": "Firing?", "alarms": arns}}])
    shown = [text.get_text() for text in found.texts]
    assert shown[shown.index("▲") : shown.index("▲") + 3] == ["▲", "a", "in alarm"]
    assert shown[shown.index("●") : shown.index("●") + 3] == ["●", "b", "OK"]
    assert shown[shown.index("○") : shown.index("○") + 3] == ["○", "c", "no data yet"]
    assert "Of 4 now: 1 in alarm, 1 OK, 1 no data yet, 1 deleted." in shown
    assert found.missing == ["Firing? d: deleted"]


# ---- the log

TEXT = 'fields @timestamp, error.name | filter @message like /"failed"/ | limit 20'
MESSAGE = json.dumps({"outcome": "failed", "error": {"name": "Throttled"}, "retries": 2})


class Logs:
    """Insights that answers with these fields, after as many polls as there are statuses."""

    def __init__(self, row: dict[str, str], *statuses: str) -> None:
        self.statuses = [*statuses, "Complete"]
        self._row = {**row, "@ptr": "x"}
        self.asked: list[str] = []

    def start_query(self, **request: Any) -> dict[str, str]:
        self.asked.append(request["queryString"])
        return {"queryId": "q"}

    def get_query_results(self, **_: Any) -> dict[str, Any]:
        results = [[{"field": name, "value": value} for name, value in self._row.items()]]
        return {"status": self.statuses.pop(0), "results": results}

    def stop_query(self, **_: Any) -> None:
        self.asked.append("stop")


@pytest.mark.parametrize("waits", [0, 2])
def test_aws_is_asked_the_query_as_it_is(monkeypatch: pytest.MonkeyPatch, waits: int) -> None:
    monkeypatch.setattr(log, "POLL_SECONDS", 0)
    logs = Logs({"@timestamp": "06:00", "error.name": "Throttled"}, *["Running"] * waits)
    found = log.run(Query(("g",), TEXT), logs, HOUR, emulated=False)
    assert found == log.Table(("@timestamp", "error.name"), (("06:00", "Throttled"),))
    assert logs.asked == [TEXT]


def test_on_an_emulator_the_fields_are_read_from_the_message() -> None:
    logs = Logs({"@timestamp": "06:00", "error.name": "", "@message": MESSAGE})
    found = log.run(Query(("g",), TEXT), logs, HOUR, emulated=True)
    assert found == log.Table(("@timestamp", "error.name"), (("06:00", "Throttled"),))
    assert logs.asked == [TEXT.replace("error.name", "error.name, @message")]


def test_a_query_that_the_emulator_would_answer_wrongly_is_refused() -> None:
    for text in ('fields @message | filter outcome = "failed"', "stats count(*) by carrier"):
        with pytest.raises(log.QueryError, match="the emulator does not run this query: "):
            log.run(Query(("g",), text), Logs({}), HOUR, emulated=True)


def test_a_query_that_fails_or_does_not_end_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(log.QueryError, match="ended with status Failed"):
        log.run(Query(("g",), TEXT), Logs({}, "Failed"), HOUR, emulated=False)
    monkeypatch.setattr(log, "DEADLINE_SECONDS", -1)
    logs = Logs({}, "Running")
    with pytest.raises(log.QueryError, match="did not end within"):
        log.run(Query(("g",), TEXT), logs, HOUR, emulated=False)
    assert logs.asked == [TEXT, "stop"]


def test_a_log_group_that_is_gone_is_named_in_the_widget(draw: Draw) -> None:
    query = {"title": "Failed?", "query": f"SOURCE 'gone' | {TEXT}"}
    (missing,) = draw([{"type": "log", "properties": query}]).missing
    assert missing.startswith("Failed? Not drawn: StartQuery: ")
