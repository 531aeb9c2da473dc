"""docs/questions.md: each query, asked of lines that the handler has really logged."""

import time
from typing import Any

import pytest

from scripts.embed import ROOT
from tests.unit.handler import gate
from tests.unit.handler.account import Account
from tests.unit.handler.insights import HOUR_MS, Question, Row, discovered
from tests.unit.handler.updates import TIME_MS, critical, envelope, update

_SECTIONS = (ROOT / "docs" / "questions.md").read_text("utf-8").split("\n## ")[1:]
QUESTIONS = {
    section.partition("\n")[0]: Question(section.split("\n```\n")[1]) for section in _SECTIONS
}


class Clock:
    """The time, which stands still until it is told to go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._now_ms = TIME_MS + 1_000
        monkeypatch.setattr(time, "time_ns", lambda: self._now_ms * 1_000_000)

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        self._now_ms += milliseconds


@pytest.fixture
def log(account: Account, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the lines of three hours: updates of each outcome, twice delivered, replayed."""
    clock, lines = Clock(monkeypatch), []

    def deliver(event: Any, *, broken: str = "", after_ms: int = 10) -> None:
        clock.advance(after_ms)
        if broken:
            account.gate.break_calls(broken, gate.refusal(400, "AccessDeniedException"), times=1)
        lines.append(account.attempt(event).printed.strip())

    slow = update(updateId="slow", eventTime=TIME_MS - 60_000)
    deliver(update())
    deliver(slow)
    deliver(update(updateId="beside"))
    deliver(update(shipmentId="SHIP-2", updateId="failing"), broken="PutItem")
    deliver(update(shipmentId="SHIP-2", status=None))
    deliver(update(shipmentId="SHIP-3", status=None))
    deliver(update(shipmentId="SHIP-4", eventTime="soon", carrier="UPS"))
    deliver(update(), after_ms=HOUR_MS)
    deliver(slow)
    deliver(critical(shipmentId="SHIP-5"), after_ms=HOUR_MS)
    deliver(critical(shipmentId="SHIP-5"))
    deliver(envelope(update()["detail"], **{"replay-name": "r"}))
    deliver(envelope({**update()["detail"], "updateId": "missed"}, **{"replay-name": "r"}))
    return lines


def answer(log: list[str], title: str) -> list[Row]:
    return QUESTIONS[title].answer(log)


def test_these_questions_are_answered() -> None:
    assert list(QUESTIONS) == [
        "What became of one shipment?",
        "Which rules do which carriers break?",
        "Which updates took longest?",
        "How late are updates, hour by hour?",
        "How many updates came twice, hour by hour?",
        "Why do invocations fail?",
    ]


@pytest.mark.parametrize("title", QUESTIONS)
def test_a_question_names_fields_that_the_handler_logs(log: list[str], title: str) -> None:
    logged = {field for line in log for field in discovered(line)}
    assert QUESTIONS[title].fields() <= logged


def test_the_path_of_a_shipment_is_every_invocation_that_named_it(log: list[str]) -> None:
    rows = answer(log, "What became of one shipment?")
    assert [(row["outcome"], row["updateId"][:6], row.get("replay")) for row in rows] == [
        ("stored", "8d3cbb", None),
        ("stored", "slow", None),
        ("stored", "beside", None),
        ("duplicate", "8d3cbb", None),
        ("duplicate", "slow", None),
        ("duplicate", "8d3cbb", "r"),
        ("stored", "missed", "r"),
    ]
    assert rows == sorted(rows, key=lambda row: row["@timestamp"])


def test_rejections_are_counted_by_reason_and_carrier(log: list[str]) -> None:
    time_rule = "eventTime: must be ISO 8601 with zone, or whole epoch milliseconds"
    assert answer(log, "Which rules do which carriers break?") == [
        {"reason": "status: is required", "carrier": "FedEx", "updates": 2, "example": "SHIP-3"},
        {"reason": time_rule, "carrier": "UPS", "updates": 1, "example": "SHIP-4"},
    ]


def test_the_slowest_updates_come_first_and_no_replayed_one(log: list[str]) -> None:
    rows = answer(log, "Which updates took longest?")
    assert [(row["shipmentId"], row["updateId"][:6], row.get("probes")) for row in rows] == [
        ("SHIP-5", "8d3cbb", None),
        ("SHIP-12345", "slow", None),
        ("SHIP-12345", "beside", 1),
        ("SHIP-12345", "8d3cbb", None),
    ]
    latencies = [row["EndToEndLatency"] for row in rows]
    assert latencies == sorted(latencies, reverse=True)


def test_lateness_is_reported_by_the_hour_without_what_was_replayed(log: list[str]) -> None:
    rows = answer(log, "How late are updates, hour by hour?")
    found = [(row["updates"], row["p50"], row["p99"]) for row in rows]
    assert found == [(3, 1_030, 61_020), (1, 7_201_080, 7_201_080)]


def test_what_came_twice_is_counted_by_the_hour(log: list[str]) -> None:
    rows = answer(log, "How many updates came twice, hour by hour?")
    assert [row["duplicates"] for row in rows] == [2, 1]
    assert rows[1]["bin(1h)"] - rows[0]["bin(1h)"] == HOUR_MS


def test_failed_attempts_are_counted_by_their_error(log: list[str]) -> None:
    assert answer(log, "Why do invocations fail?") == [
        {"error": "ClientError AccessDeniedException", "attempts": 1, "example": "SHIP-2"}
    ]
