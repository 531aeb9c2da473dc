"""A shipment's history is told in the order in which it happened."""

import json
import os
import signal
import threading
import time
from typing import Any

import pytest

from tests.unit.operations.cloud import Cloud, envelope, once


@pytest.fixture
def history(cloud: Cloud) -> None:
    """Store updates of a shipment, the last one first, and one of another."""
    for hour, status in ((12, "delayed"), (10, "pre_transit"), (11, "in_transit")):
        detail = {"shipmentId": "S-1", "status": status, "location": "Köln", "carrier": "DHL"}
        cloud.invoke(envelope({**detail, "eventTime": f"2026-01-01T{hour}:00:00Z"}))
    cloud.invoke(envelope({"shipmentId": "S-2", "status": "LOST"}))


@pytest.mark.usefixtures("history")
def test_the_newest_update_is_last_and_the_latest_status(cloud: Cloud) -> None:
    shown = cloud.run("track", "S-1").stdout
    assert shown.index("PRE_TRANSIT") < shown.index("IN_TRANSIT", 150) < shown.index("DELAYED")
    assert shown.endswith(
        "\nLatest: DELAYED, alerted, 2026-01-01 12:00:00.000 UTC, Köln (DHL); 3 updates in all.\n"
    )


@pytest.mark.usefixtures("history")
def test_scripts_get_the_rows_as_they_are_stored(cloud: Cloud) -> None:
    told = [json.loads(line) for line in cloud.run("track", "S-1", "--json").stdout.splitlines()]
    stored = [row for row in cloud.rows() if row["shipmentId"] == "S-1"]
    assert [{**row, "timestamp": str(row["timestamp"])} for row in told] == stored


@pytest.mark.usefixtures("history")
def test_the_last_updates_can_be_asked_for_alone(cloud: Cloud) -> None:
    told = cloud.run("track", "S-1", "--last", "2", "--json").stdout.splitlines()
    assert [json.loads(line)["status"] for line in told] == ["IN_TRANSIT", "DELAYED"]


def test_a_long_history_is_told_whole(cloud: Cloud) -> None:
    for number in range(30):
        event_ms = 1_700_000_000_000 + number
        big = {"shipmentId": "S-1", "status": "x", "eventTime": event_ms, "note": "x" * 50_000}
        cloud.invoke(envelope(big))
    assert len(cloud.run("track", "S-1", "--json").stdout.splitlines()) == 30
    assert cloud.calls.count("Query") > 1


def test_a_shipment_without_updates_is_a_mistake(cloud: Cloud) -> None:
    result = cloud.run("track", "S-1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: no shipment S-1 in stack tapstack-test: check its id\n"


@pytest.mark.usefixtures("history")
def test_what_comes_while_we_follow_is_told_once_and_late_is_called_late(cloud: Cloud) -> None:
    def act() -> None:
        """Store a new and an old update, and interrupt once both can have been seen."""
        for time_ in ("2026-01-01T13:00:00Z", "2026-01-01T09:00:00Z"):
            detail = {"shipmentId": "S-1", "status": "NEWS", "eventTime": time_}
            cloud.invoke(envelope(detail))
        threading.Thread(target=interrupt_after_queries, args=(cloud, 3)).start()

    cloud.broken["Query"] = after_the_first(act)
    result = cloud.run("track", "S-1", "--follow", "--interval", "0.1")
    assert result.exit_code == 130
    followed = result.stdout.partition("Latest:")[2].splitlines()[1:]
    assert sorted(line.endswith("(late)") for line in followed) == [False, True]
    assert all("NEWS" in line for line in followed)


def after_the_first(act: Any) -> Any:
    """Return what acts at the second call of an operation."""
    calls: list[Any] = []
    acting = once(act)

    def before(request: Any) -> None:
        calls.append(request)
        if len(calls) > 1:
            acting(request)

    return before


def interrupt_after_queries(cloud: Cloud, number: int) -> None:
    """Send Ctrl-C when so many more queries have been made."""
    seen = cloud.calls.count("Query")
    while cloud.calls.count("Query") < seen + number:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
