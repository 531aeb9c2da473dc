"""A log widget's table is right also where the service does only a part of its query."""

import json
import re
from datetime import datetime, timezone
from typing import Any

import pytest

from scripts.drawing import insights
from scripts.drawing.filters import FilterError, parse_filter
from scripts.drawing.widgets import Query

START, END = datetime(2026, 11, 1, tzinfo=timezone.utc), datetime(2026, 11, 2, tzinfo=timezone.utc)
LINES = [
    {"outcome": "stored", "shipmentId": "S-1", "latency": 9},
    {"outcome": "rejected", "shipmentId": "S-2", "reason": "status: is required"},
    {"outcome": "failed", "shipmentId": "S-3", "error": "ClientError"},
    {"outcome": "stored", "shipmentId": "S-4", "latency": 30, "aws": {"id": 7}},
]


class Logs:
    """Logs Insights that finds no field of a message and passes over filters, as emulators do.

    It does as much as knows says: of fields, filter, sort and limit.
    """

    def __init__(self, *knows: str) -> None:
        """Take what it does."""
        self.knows = knows
        self.asked: list[dict[str, Any]] = []
        self.status = ["Complete"]
        self.stopped: list[str] = []

    def start_query(self, **request: Any) -> dict[str, str]:
        self.asked.append(request)
        return {"queryId": str(len(self.asked))}

    def get_query_results(self, queryId: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        request = self.asked[int(queryId) - 1]
        rows = []
        for at, line in enumerate(LINES):
            message = json.dumps(line)
            row = {"@timestamp": f"2026-11-01 06:00:0{at}.000", "@message": message}
            rows.append(row | (line if "fields" in self.knows else {}))
        text = request["queryString"]
        if "filter" in self.knows and "rejected|failed" in text:
            rows = [row for row in rows if re.search("rejected|failed", row["@message"])]
        if "sort" in self.knows and "sort @timestamp desc" in text:
            rows.reverse()
        limit = re.search(r"limit (\d+)", text)
        rows = rows[: int(limit[1])] if limit else rows
        wanted = insights.stages(text)[0].removeprefix("fields ").split(", ")
        results = [
            [{"field": name, "value": str(row[name])} for name in wanted if name in row]
            + [{"field": "@ptr", "value": "x"}]
            for row in rows
        ]
        status = self.status.pop(0) if len(self.status) > 1 else self.status[0]
        return {"status": status, "results": results}

    def stop_query(self, queryId: str) -> None:  # noqa: N803 - AWS's name
        self.stopped.append(queryId)


def run(text: str, logs: Logs) -> insights.Table:
    return insights.run(Query(("group",), text), logs, START, END)


LAST = (
    'fields @timestamp, outcome, shipmentId | filter @message like /"(rejected|failed)"/ '
    "| sort @timestamp desc | limit 20"
)
SERVICES = [(), ("fields",), ("filter",), ("sort", "filter"), ("fields", "filter", "sort")]


@pytest.mark.parametrize("knows", SERVICES)
def test_a_table_is_the_same_whatever_the_service_does_of_the_query(knows: tuple[str, ...]) -> None:
    table = run(LAST, Logs(*knows))
    assert table.columns == ("@timestamp", "outcome", "shipmentId")
    assert table.rows == (
        ("2026-11-01 06:00:02.000", "failed", "S-3"),
        ("2026-11-01 06:00:01.000", "rejected", "S-2"),
    )
    assert table.notes == ()


def test_a_limit_is_of_the_rows_that_the_filter_keeps() -> None:
    table = run("fields shipmentId | filter outcome = 'stored' | limit 2", Logs())
    assert table.rows == (("S-1",), ("S-4",))


def test_a_service_that_does_it_all_is_asked_once() -> None:
    logs = Logs("fields", "filter", "sort")
    run(LAST, logs)
    assert len(logs.asked) == 1
    asked = logs.asked[0]
    assert asked["logGroupNames"] == ["group"]
    assert (asked["startTime"], asked["endTime"]) == (1793491200, 1793577601)
    assert "SOURCE" not in asked["queryString"]


def test_a_field_inside_another_is_found() -> None:
    table = run("fields aws.id as id, latency | filter latency > 9", Logs())
    assert (table.columns, table.rows) == (("id", "latency"), (("7", "30"),))


def test_what_only_insights_can_do_is_said() -> None:
    table = run("stats count(*) by outcome", Logs())
    assert table.notes == ("As the service answers it: stats count(*) by outcome.",)


def test_a_query_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insights, "POLL_SECONDS", 0)
    logs = Logs("fields", "filter", "sort")
    logs.status = ["Scheduled", "Running", "Complete"]
    assert len(run(LAST, logs).rows) == 2


def test_a_query_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insights, "POLL_SECONDS", 0)
    monkeypatch.setattr(insights, "DEADLINE_SECONDS", 0)
    logs = Logs()
    logs.status = ["Running"]
    table = run(LAST, logs)
    assert (table.rows, table.notes) == ((), ("The query did not end within 0 s.",))
    assert logs.stopped == ["1"]


def test_a_query_that_fails_is_told() -> None:
    logs = Logs()
    logs.status = ["Failed"]
    assert run(LAST, logs).notes == ("The query ended: Failed.",)


ROW = {"outcome": "rejected", "latency": 30, "reason": "status: is required", "late": True}
FILTERS = [
    ("outcome = 'rejected'", True),
    ('outcome != "rejected"', False),
    ("latency > 9", True),
    ("latency <= '9'", False),
    ("latency >= 30 and latency < 31", True),
    ("outcome in ['failed', 'rejected']", True),
    ("outcome not in ['failed', 'rejected']", False),
    ("reason like /IS required/i", True),
    ("reason like /IS required/", False),
    ("reason =~ /^status/", True),
    ("reason like 'status:'", True),
    ("reason not like 'status:'", False),
    ("ispresent(error)", False),
    ("not ispresent(error) and late = 'true'", True),
    ("latency = 1 or (latency = 30 and outcome = 'rejected')", True),
    ("error = 'x' or error != 'x'", True),
    ("`latency` = 30", True),
]


@pytest.mark.parametrize(("text", "kept"), FILTERS)
def test_a_filter_keeps_what_insights_keeps(text: str, kept: bool) -> None:  # noqa: FBT001 - expected
    assert parse_filter(text)(ROW) is kept


@pytest.mark.parametrize(
    "text", ["", "outcome", "strlen(a) > 3", "a = 'b' xor c = 'd'", "a like /(/"]
)
def test_a_filter_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(text)


def test_a_bar_in_a_text_or_an_expression_ends_no_command() -> None:
    text = "filter a like /x|y/ | filter b = 'c|d' or e =~ /f\\/|g/ | sort a | limit 3"
    assert insights.stages(text) == [
        "filter a like /x|y/",
        "filter b = 'c|d' or e =~ /f\\/|g/",
        "sort a",
        "limit 3",
    ]
