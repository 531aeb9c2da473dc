"""The function's log is read by outcome and shipment, with what Lambda itself reports."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from shipments.log import pattern
from tests.unit.shipments.cloud import Cloud

MINUTE_MS = 60_000


def line(outcome: str, shipment: str, **fields: Any) -> dict[str, Any]:
    return {"outcome": outcome, "shipmentId": shipment, **fields}


LINES: list[Any] = [
    line("stored", "S-1", Status="LOST", probes=3),
    line("duplicate", "S-1"),
    line("rejected", "S-2", status="x", reason="eventTime: must be ISO"),
    line("failed", "S-3", error="ClientError ThrottlingException"),
    {"type": "platform.report", "record": {"requestId": "r", "status": "timeout"}},
    {"type": "platform.report", "record": {"requestId": "r", "status": "success"}},
    "START RequestId: r",
    [1],
]


@pytest.fixture
def logged(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Return a cloud whose function has logged LINES, a minute apart, the last one now."""
    cloud.logs.create_log_stream(logGroupName=cloud.log_group, logStreamName="s")
    now_ms = time.time_ns() // 1_000_000
    events = [
        {
            "timestamp": now_ms - MINUTE_MS * (len(LINES) - 1 - n),
            "message": each if isinstance(each, str) else json.dumps(each),
        }
        for n, each in enumerate(LINES)
    ]
    cloud.logs.put_log_events(logGroupName=cloud.log_group, logStreamName="s", logEvents=events)
    # The mock knows no patterns of JSON fields, like the emulator: it lets all lines through.
    monkeypatch.setattr(cloud.session, "keeps", False)
    cloud.session.events.register("provide-client-params.logs.FilterLogEvents", _without_pattern)
    yield cloud
    cloud.session.events.unregister("provide-client-params.logs.FilterLogEvents", _without_pattern)


def _without_pattern(params: dict[str, Any], **_: Any) -> dict[str, Any]:
    return {**params, "filterPattern": ""}


FOUND: dict[tuple[str, ...], list[Any]] = {
    (): LINES[:5],
    ("--outcome", "failed"): LINES[3:5],
    ("--outcome", "rejected", "--outcome", "duplicate"): LINES[1:3],
    ("--shipment", " S-1 "): LINES[:2],
    ("--shipment", "S-1", "--outcome", "stored"): LINES[:1],
    ("--since", "270s"): LINES[3:5],
    ("--limit", "2"): LINES[3:5],
}


@pytest.mark.parametrize("options", FOUND, ids=" ".join)
def test_lines_are_found_by_outcome_shipment_and_time(
    logged: Cloud, options: tuple[str, ...]
) -> None:
    result = logged.run("log", *options, "--json")
    assert result.exit_code == 0
    assert [json.loads(each) for each in result.stdout.splitlines()] == FOUND[options]


def test_people_read_a_row_per_line_with_its_reason(logged: Cloud) -> None:
    rows = logged.run("log").stdout.splitlines()[2:]
    assert [row.split()[2:] for row in rows[:-1]] == [
        ["stored", "S-1", "LOST", "3", "occupied", "places"],
        ["duplicate", "S-1"],
        ["rejected", "S-2", "x", "eventTime:", "must", "be", "ISO"],
        ["failed", "S-3", "ClientError", "ThrottlingException"],
        ["failed", "Lambda", "reports:", "timeout"],
    ]
    assert rows[-1].startswith("5 lines since ")


def test_nothing_found_says_so(cloud: Cloud) -> None:
    result = cloud.run("log", "--outcome", "failed")
    assert (result.exit_code, result.stdout[:13]) == (0, "0 lines since")


def test_cloudwatch_sends_only_lines_that_are_asked_for() -> None:
    assert pattern({"rejected"}, None) == '{ $.outcome = "rejected" }'
    assert pattern({"failed"}, None) == (
        '{ $.outcome = "failed" || $.record.status = "timeout" || $.record.status = "error" '
        '|| $.record.status = "failure" }'
    )
    assert pattern({"stored"}, "S-1") == '{ ($.outcome = "stored") && $.shipmentId = "S-1" }'


@pytest.mark.parametrize("shipment", ['S-1" || $.a = "', "S*", "Köln 7"])
def test_a_shipment_s_id_is_no_part_of_the_pattern_s_language(shipment: str) -> None:
    assert pattern({"stored"}, shipment) == '{ $.outcome = "stored" }'
