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
from tests.unit.shipments.cloud import NAME, Cloud, Fields, envelope, once, refusal

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


@pytest.fixture(params=["log", "status table"])
def either(cloud: Cloud, shipments: None, request: pytest.FixtureRequest) -> None:
    """Have the command read the log, or the status table: it finds the same."""
    assert shipments is None
    if request.param == "status table":
        cloud.deploy_status()
        cloud.status.follow()


@pytest.fixture
def status_table(cloud: Cloud, shipments: None) -> None:
    """Have the command read the status table."""
    assert shipments is None
    cloud.deploy_status()
    cloud.status.follow()


def listed(cloud: Cloud, *options: str) -> list[Fields]:
    """Return the lines of JSON of a list."""
    return [json.loads(line) for line in cloud.run("list", *options, "--json").stdout.splitlines()]


@pytest.mark.usefixtures("either")
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


@pytest.mark.usefixtures("either")
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


@pytest.mark.usefixtures("either")
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


# ---- with a status table


@pytest.mark.usefixtures("status_table")
def test_it_says_that_it_reads_the_status_table_and_does_not_read_the_log(cloud: Cloud) -> None:
    requests: list[Fields] = []
    cloud.broken["Scan"] = requests.append
    assert cloud.run("list").stderr == "7 shipments by the status table.\n"
    assert cloud.run("list", "--stale", "2d").stderr == "2 of 7 shipments by the status table.\n"
    whole = {each["TableName"] for each in requests if "Limit" not in each}
    assert whole == {cloud.status.table}


@pytest.mark.usefixtures("status_table")
def test_of_some_statuses_only_their_shipments_are_read(cloud: Cloud) -> None:
    wanted = ("--status", "delivered", "--status", "Lost in transit", "--status", "no such")
    result = cloud.run("list", *wanted, "--sort", "shipment", "--csv")
    assert [line[0] for line in result.stdout.splitlines()[1:]] == ["B", "C", "D"]
    assert result.stderr == "3 shipments by the status table.\n"
    assert (cloud.calls.count("DescribeTable"), cloud.calls.count("Query")) == (0, 3)


@pytest.mark.usefixtures("status_table")
def test_of_some_statuses_only_the_updates_of_the_time_are_read(cloud: Cloud) -> None:
    found = listed(cloud, "--status", "delivered", "--since", "80h")
    assert [each["shipmentId"] for each in found] == ["C"]


@pytest.mark.usefixtures("status_table")
def test_scripts_get_since_when_and_how_many_updates_where_that_is_known(cloud: Cloud) -> None:
    (first,) = listed(cloud, "--limit", "1")
    assert (first["since"], first["updates"]) == (first["eventTime"], 2)
    del cloud.stacks[1]
    (first,) = listed(cloud, "--limit", "1")
    assert first.keys().isdisjoint({"since", "updates"})


@pytest.mark.usefixtures("status_table")
def test_what_only_waits_for_a_mail_is_no_shipment(cloud: Cloud) -> None:
    message = {"MessageId": "m", "Message": "rejected\nReason: no status"}
    cloud.status.invoke({"Records": [{"Sns": message}]})
    assert len(listed(cloud)) == 7


@pytest.mark.usefixtures("status_table")
@pytest.mark.parametrize("options", [[], ["--status", "delayed"]], ids=["all", "some"])
def test_an_interrupted_list_by_the_status_table_says_that_it_is_not_complete(
    cloud: Cloud, options: list[str]
) -> None:
    interrupt = once(lambda: os.kill(os.getpid(), signal.SIGINT))
    cloud.broken |= {"Scan": interrupt, "Query": interrupt}
    result = cloud.run("list", *options)
    assert result.exit_code == 130
    assert "Interrupted: shipments are missing" in result.stderr


@pytest.mark.usefixtures("status_table")
@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
@pytest.mark.parametrize("options", [[], ["--status", "delivered"]], ids=["all", "some"])
def test_if_the_status_table_cannot_be_read_the_log_is_and_it_says_so(
    cloud: Cloud, options: list[str], code: str
) -> None:
    expected = listed(cloud, *options)

    def refuse(asked: Fields) -> Any:
        return refusal(code) if asked["TableName"] == cloud.status.table else None

    cloud.broken |= dict.fromkeys(("DescribeTable", "Query"), refuse)
    result = cloud.run("list", *options, "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["shipmentId"] for each in rows] == [each["shipmentId"] for each in expected]
    why, count = result.stderr.splitlines()
    assert why.startswith("The status table cannot be read, so the log is: ")
    assert "status table" not in count


@pytest.mark.usefixtures("shipments")
def test_who_may_not_look_for_the_status_stack_reads_the_log_and_is_told_so(cloud: Cloud) -> None:
    cloud.broken["DescribeStacks"] = lambda asked: (
        None if asked.get("StackName") == NAME else refusal("AccessDenied")
    )
    result = cloud.run("list", "--stack-name", NAME)
    assert result.stderr == (
        "The status table cannot be read, so the log is: not allowed: have DescribeStacks granted "
        "to the identity in use\n7 shipments.\n"
    )


@pytest.mark.usefixtures("status_table")
def test_a_status_table_that_throttles_is_no_reason_to_read_more(cloud: Cloud) -> None:
    cloud.broken["Scan"] = lambda asked: (
        refusal("ProvisionedThroughputExceededException")
        if asked["TableName"] == cloud.status.table
        else None
    )
    result = cloud.run("list")
    assert (result.exit_code, cloud.calls.count("DescribeTable")) == (2, 1)


@pytest.fixture
def old(cloud: Cloud) -> None:
    """Store a row of two shipments each long ago, of which the status table has none yet."""
    texts = dict.fromkeys(("status", "location", "carrier"), "X")
    long_ago = dict.fromkeys(("eventTime", "processedAt"), "2026-01-01T00:00:00.000Z")
    for shipment in ("old", "older"):
        cloud.put_row(shipmentId=shipment, timestamp=1, **texts, **long_ago)


@pytest.mark.usefixtures("status_table", "old")
@pytest.mark.parametrize("options", [[], ["--status", "delivered"]], ids=["all", "some"])
def test_a_status_table_that_lacks_old_shipments_is_warned_of_until_a_rebuild(
    cloud: Cloud, options: list[str]
) -> None:
    assert cloud.run("list", *options).stderr.startswith(
        "Warning: 2 of 2 shipments looked for are not in the status table, and more may be "
        "missing: run shipments status rebuild\n"
    )
    cloud.run("status", "rebuild", "--no-mail")
    assert "Warning" not in cloud.run("list", *options).stderr


@pytest.mark.usefixtures("status_table")
def test_a_shipment_that_has_just_come_is_not_missed(cloud: Cloud) -> None:
    cloud.invoke(envelope({"shipmentId": "new", "status": "X"}))
    assert "Warning" not in cloud.run("list").stderr


@pytest.mark.usefixtures("status_table", "old")
def test_what_a_throttled_table_does_not_return_at_first_is_not_missed(cloud: Cloud) -> None:
    cloud.run("status", "rebuild", "--no-mail")
    asked: list[Fields] = []

    def leave(request: Fields) -> Any:
        asked.append(request)
        if len(asked) > 1:
            return None
        return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]}

    cloud.broken["BatchGetItem"] = leave
    assert "Warning" not in cloud.run("list").stderr
    assert len(asked) == 2
