"""Stored updates are written to a file: as they are, or as CSV."""

import csv
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from shipments.sheet import cell
from tests.unit.shipments.cloud import Cloud, envelope, once, refusal


@pytest.fixture
def updates(cloud: Cloud) -> None:
    """Store three updates, an hour apart."""
    for hour, status in ((10, "pre_transit"), (11, "@in transit"), (12, "delayed")):
        detail = {"shipmentId": "S-1", "status": status, "location": "-2+3", "carrier": "DHL"}
        cloud.invoke(envelope({**detail, "eventTime": f"2026-01-01T{hour}:00:00Z"}))


@pytest.mark.usefixtures("updates")
def test_a_line_has_all_that_is_stored_of_an_update(cloud: Cloud) -> None:
    lines = [json.loads(line) for line in cloud.run("export").stdout.splitlines()]
    assert lines == cloud.rows()


@pytest.mark.usefixtures("updates")
def test_since_is_inclusive_and_until_is_not(cloud: Cloud) -> None:
    result = cloud.run(
        "export", "--since", "2026-01-01T11:00:00Z", "--until", "2026-01-01T12:00:00Z"
    )
    assert [json.loads(line)["status"] for line in result.stdout.splitlines()] == ["IN_TRANSIT"]
    assert result.stderr == "Exported 1 update.\n"


@pytest.mark.usefixtures("updates")
def test_lines_that_are_sent_again_add_nothing(cloud: Cloud) -> None:
    before = cloud.rows()
    cloud.run("send", "-", stdin=cloud.run("export").stdout.encode())
    assert cloud.calls.count("PutEvents") > 0
    assert cloud.rows() == before


@pytest.mark.usefixtures("updates")
def test_a_file_is_private_and_never_overwritten(cloud: Cloud, tmp_path: Path) -> None:
    path = tmp_path / "updates.jsonl"
    assert cloud.run("export", "--output", str(path)).stderr == "Exported 3 updates.\n"
    assert (path.stat().st_mode & 0o777, len(path.read_text().splitlines())) == (0o600, 3)
    again = cloud.run("export", "--output", str(path))
    assert again.stderr == f"Error: --output: {path} exists: pass a new file, or remove it\n"
    assert len(path.read_text().splitlines()) == 3


@pytest.mark.usefixtures("updates")
@pytest.mark.parametrize(
    ("scan", "status"),
    [
        (once(lambda: os.kill(os.getpid(), signal.SIGINT)), 130),
        (lambda _: refusal("AccessDeniedException"), 2),
    ],
)
def test_no_incomplete_file_is_left(cloud: Cloud, tmp_path: Path, scan: Any, status: int) -> None:
    cloud.broken["Scan"] = scan
    path = tmp_path / "updates.jsonl"
    result = cloud.run("export", "--output", str(path))
    assert result.exit_code == status
    assert not path.exists()


@pytest.mark.usefixtures("updates")
def test_csv_has_the_attributes_as_columns(cloud: Cloud) -> None:
    _, second, _ = csv.DictReader(cloud.run("export", "--csv").stdout.splitlines())
    assert second["timestamp"] == "1767265200000"
    assert (second["status"], second["location"], second["alertedAt"]) == (
        "IN_TRANSIT",
        "'-2+3",
        "",
    )
    assert json.loads(second["rawEvent"])["status"] == "@in transit"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("-1", "'-1"),
        ("\t=x", "' =x"),
        ("a;=1+1", "a;'=1+1"),
        ("a=b; c-d", "a=b; c-d"),
        ("a\ufe0f\u3164\x1bb", "a   b"),
        (-1, -1),
        (True, "true"),
    ],
)
def test_a_cell_is_shown_and_not_computed(value: Any, shown: Any) -> None:
    assert cell(value) == shown
