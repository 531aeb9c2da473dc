"""A shipment's history is shown in the order in which it happened."""

import json
import os
import signal
import threading
import time
from typing import Any

import pytest

from tests.unit.shipments.cloud import Cloud, envelope, once, refusal


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
        "\nLatest: DELAYED (critical), alerted, 2026-01-01 12:00:00.000 UTC, Köln (DHL); "
        "3 updates in all.\n"
    )


@pytest.mark.usefixtures("history")
def test_scripts_get_the_rows_as_they_are_stored(cloud: Cloud) -> None:
    shown = [json.loads(line) for line in cloud.run("track", "S-1", "--json").stdout.splitlines()]
    stored = [row for row in cloud.rows() if row["shipmentId"] == "S-1"]
    assert shown == stored


@pytest.mark.usefixtures("history")
def test_the_last_updates_can_be_asked_for_alone(cloud: Cloud) -> None:
    shown = cloud.run("track", "S-1", "--last", "2", "--json").stdout.splitlines()
    assert [json.loads(line)["status"] for line in shown] == ["IN_TRANSIT", "DELAYED"]


def test_a_long_history_is_shown_whole(cloud: Cloud) -> None:
    for number in range(30):
        event_ms = 1_700_000_000_000 + number
        big = {"shipmentId": "S-1", "status": "x", "eventTime": event_ms, "note": "x" * 50_000}
        cloud.invoke(envelope(big))
    assert len(cloud.run("track", "S-1", "--json").stdout.splitlines()) == 30
    assert cloud.calls.count("Query") > 1


NOT_STORED = "no update of S-1 is stored in stack tapstack-test"


def test_of_an_unknown_shipment_both_places_were_searched(cloud: Cloud) -> None:
    result = cloud.run("track", " S-1 ")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: {NOT_STORED}, and none is on the failed-updates queue: check its id\n"
    )


def test_of_a_rejected_shipment_the_reason_is_shown(cloud: Cloud) -> None:
    for shipment in ("S-1", "S-2"):
        cloud.invoke(envelope({"shipmentId": shipment, "status": "LOST", "eventTime": "noon"}))
    result = cloud.run("track", "S-1")
    assert result.exit_code == 2
    assert result.stderr == (
        f"Error: {NOT_STORED}; 1 is on the failed-updates queue: rejected: eventTime: must be "
        "ISO 8601 with zone, or whole epoch milliseconds; see: shipments failed --shipment S-1\n"
    )
    assert len(cloud.bodies()) == 2


def test_who_may_not_read_the_queue_is_told_what_is_known(cloud: Cloud) -> None:
    cloud.broken["GetQueueAttributes"] = lambda _: refusal("AccessDenied")
    assert cloud.run("track", "S-1").stderr.startswith(
        f"Error: {NOT_STORED}: check its id (the failed-updates queue was not searched: not allowed"
    )


def test_who_may_not_give_messages_back_is_told_that_some_may_be_missing(cloud: Cloud) -> None:
    cloud.broken["ChangeMessageVisibilityBatch"] = lambda _: refusal("AccessDenied")
    cloud.invoke(envelope({"shipmentId": "S-2", "status": "LOST", "eventTime": "noon"}))
    message = cloud.run("track", "S-1").stderr
    assert message.startswith(f"Error: {NOT_STORED}, and none is on the failed-updates queue")
    assert "some may be missing here: not allowed" in message
    assert message.count("\n") == 1


def test_an_interrupted_search_of_the_queue_claims_nothing(cloud: Cloud) -> None:
    cloud.broken["ReceiveMessage"] = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    result = cloud.run("track", "S-1")
    assert result.exit_code == 130
    assert NOT_STORED not in result.stderr


def test_a_shipment_that_does_not_exist_yet_is_waited_for(cloud: Cloud) -> None:
    def act() -> None:
        """Store the first update, and interrupt once it can have been seen."""
        cloud.invoke(envelope({"shipmentId": "S-1", "status": "lost"}))
        threading.Thread(target=interrupt_after_queries, args=(cloud, 2)).start()

    cloud.broken["Query"] = after_the_first(act)
    result = cloud.run("track", "S-1", "--follow", "--interval", "0.1")
    assert result.exit_code == 130
    assert result.stderr.startswith(NOT_STORED)
    assert "  LOST (critical)  Unknown  Unknown\n" in result.stdout


def test_nothing_that_comes_while_we_follow_acts_on_a_terminal(cloud: Cloud) -> None:
    def act() -> None:
        """Store a row that is not the handler's, and interrupt once it can have been seen."""
        names = ("eventTime", "status", "location", "carrier")
        cloud.put_row(shipmentId="S-1", timestamp=1, **dict.fromkeys(names, "a\x1b[2J\rb\nc"))
        threading.Thread(target=interrupt_after_queries, args=(cloud, 2)).start()

    cloud.broken["Query"] = after_the_first(act)
    shown = cloud.run("track", "S-1", "--follow", "--interval", "0.1").stdout
    assert "  ".join(["a [2J b c"] * 4) in shown


@pytest.mark.usefixtures("history")
def test_what_comes_while_we_follow_is_shown_once_and_marked_if_late(cloud: Cloud) -> None:
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
