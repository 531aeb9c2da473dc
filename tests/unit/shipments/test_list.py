"""The latest status of each shipment is listed, chosen, sorted and counted."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from shipments.commands import list as listing
from shipments.output import Output
from shipments.stack import CALLS_AT_ONCE
from tests.unit.shipments.cloud import Cloud, Fields, envelope, once, refusal

# The stack's critical statuses are DELAYED and LOST.
UPDATES = [  # shipment, days ago, status, carrier, in the order of their arrival
    ("A", 5, "in transit", "FedEx"),
    ("B", 4, "Delivered", "UPS"),
    ("C", 1, "delivered", "DHL"),
    ("C", 2, "DELAYED", "DHL"),
    ("D", 3, "LOST_IN_TRANSIT", "fedex"),
    ("E", 6, "RETURNED", "UPS"),
    ("F", 7, "cancelled", "UPS"),
    ("G", 8, "Canceled", "UPS"),
]


@pytest.fixture
def shipments(cloud: Cloud) -> None:
    now = datetime.now(timezone.utc)
    for shipment, days, status, carrier in UPDATES:
        happened = (now - timedelta(days=days)).isoformat()
        fields = {"shipmentId": shipment, "status": status, "carrier": carrier}
        cloud.invoke(envelope({**fields, "location": "=1+1", "eventTime": happened}))


def listed(cloud: Cloud, *options: str) -> list[Fields]:
    """Return the lines of JSON of a list."""
    return [json.loads(line) for line in cloud.run("list", *options, "--json").stdout.splitlines()]


@pytest.mark.usefixtures("shipments")
def test_each_shipment_is_listed_once_with_its_latest_status_the_newest_first(cloud: Cloud) -> None:
    found = [(each["shipmentId"], each["status"]) for each in listed(cloud)]
    assert found == [
        ("C", "DELIVERED"),
        ("D", "LOST_IN_TRANSIT"),
        ("B", "DELIVERED"),
        ("A", "IN_TRANSIT"),
        ("E", "RETURNED"),
        ("F", "CANCELLED"),
        ("G", "CANCELED"),
    ]


@pytest.mark.usefixtures("shipments")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--status", "In-Transit"], "A"),
        (["--status", "delayed"], ""),  # C was, before it was delivered
        (["--status", "delivered", "--status", "lostInTransit"], "CDB"),
        (["--critical"], "D"),
        (["--carrier", "FEDEX"], "DA"),
        (["--carrier", "ups", "--status", "delivered"], "B"),
        (["--stale", "2d"], "DA"),
        (["--stale", "100h"], "A"),
        (["--since", "80h"], "CD"),
        (["--sort", "shipment"], "ABCDEFG"),
        (["--sort", "shipment", "--reverse"], "GFEDCBA"),
        (["--sort", "status"], "GFCBADE"),
        (["--sort", "carrier"], "CDABEFG"),
        (["--sort", "time", "--reverse"], "GFEABDC"),
        (["--limit", "2"], "CD"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_shipments_are_chosen_by_their_latest_update_and_sorted(
    cloud: Cloud, options: list[str], expected: str
) -> None:
    assert "".join(each["shipmentId"] for each in listed(cloud, *options)) == expected


@pytest.mark.usefixtures("shipments")
def test_people_see_which_statuses_are_critical_and_how_many_shipments_there_are(
    cloud: Cloud,
) -> None:
    result = cloud.run("list", "--stale", "2d")
    assert "LOST_IN_TRANSIT (critical)" in " ".join(result.stdout.split())
    assert result.stderr == "2 of 7 shipments.\n"


@pytest.mark.usefixtures("shipments")
def test_a_long_table_is_cut_and_scripts_get_everything(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "SHOWN", 4)
    result = cloud.run("list")
    assert len(result.stdout.splitlines()) == 2 + 4
    assert result.stderr == "7 shipments: 4 shown, 3 more.\n"
    assert len(listed(cloud)) == len(cloud.run("list", "--csv").stdout.splitlines()) - 1 == 7


@pytest.mark.usefixtures("shipments")
def test_csv_has_no_cell_that_a_spreadsheet_computes(cloud: Cloud) -> None:
    header, first, *_ = cloud.run("list", "--csv", "--limit", "1").stdout.splitlines()
    assert header == "shipmentId,eventTime,status,critical,location,carrier"
    assert first.startswith("C,20")
    assert first.endswith("Z,DELIVERED,false,'=1+1,DHL")


def test_a_shipment_with_pages_of_updates_is_read_to_its_end(cloud: Cloud) -> None:
    for number in range(30):
        event_ms = 1_700_000_000_000 + number
        big = {"shipmentId": "S-1", "eventTime": event_ms, "note": "x" * 50_000}
        cloud.invoke(envelope({**big, "status": f"scan {number}"}))
    assert [each["status"] for each in listed(cloud)] == ["SCAN_29"]
    assert cloud.calls.count("Scan") > CALLS_AT_ONCE


@pytest.mark.usefixtures("shipments")
def test_the_table_is_read_in_segments_without_the_raw_events(cloud: Cloud) -> None:
    requests: list[Any] = []
    cloud.broken["Scan"] = requests.append
    listed(cloud)
    assert sorted(each["Segment"] for each in requests) == list(range(CALLS_AT_ONCE))
    assert not any("rawEvent" in each["ExpressionAttributeNames"].values() for each in requests)


@pytest.mark.usefixtures("shipments")
def test_progress_counts_what_is_read_of_the_table(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[float] = []

    @contextmanager
    def progress(_: Output, __: str, total: float) -> Iterator[Callable[[float], None]]:
        yield steps.append
        assert total == sum(steps) == len(UPDATES)

    monkeypatch.setattr(Output, "progress", progress)
    assert cloud.run("list", "--since", "1h").exit_code == 0
    assert steps


def test_reading_a_large_table_is_announced_with_its_price(cloud: Cloud) -> None:
    large = {"ItemCount": 10_000_000, "TableSizeBytes": 8_192_000_000}
    cloud.broken["DescribeTable"] = lambda _: {"Table": large}
    assert cloud.run("list").stderr.startswith(
        "The table has about 10,000,000 rows with 8,192 MB. To read it takes about 1,000,000 read "
        "units: $0.12 on demand in us-east-1. Ctrl-C ends it.\n"
    )


@pytest.mark.usefixtures("shipments")
def test_an_interrupted_list_says_that_it_is_not_complete(cloud: Cloud) -> None:
    cloud.broken["Scan"] = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    result = cloud.run("list")
    assert result.exit_code == 130
    assert "Interrupted: shipments are missing" in result.stderr


def test_a_status_without_a_letter_is_a_mistake(cloud: Cloud) -> None:
    result = cloud.run("list", "--status", "-")
    assert result.exit_code == 2
    assert result.stderr.endswith("Error: --status: must have a letter or a digit\n")


def test_a_table_that_throttles_is_one_line(cloud: Cloud) -> None:
    cloud.broken["Scan"] = lambda _: refusal("ProvisionedThroughputExceededException")
    result = cloud.run("list")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == ("Error: AWS limits the rate of Scan: wait a minute and run it again\n")
