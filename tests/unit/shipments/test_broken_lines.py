"""All broken lines of a file are reported at once, and can be skipped into a file of their own."""

import json
from pathlib import Path

import pytest

from shipments.broken import MOST_GROUPS, MOST_RANGES, BrokenLines
from shipments.lines import Broken, Place
from shipments.sending import BYTES
from tests.unit.shipments.cloud import Cloud

GOOD = '{"shipmentId": "S-1", "status": "LOST", "eventTime": 1700000000000}'
LATE = '{"shipmentId": "S-2", "status": "LOST", "eventTime": "soon"}'
CUT = '{"shipmentId": "S-3",'


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Return a file of good lines and of lines that are broken for two reasons."""
    path = tmp_path / "mixed.jsonl"
    path.write_text(f"{GOOD}\n{LATE}\n{LATE}\n{GOOD}\n{CUT}\n{LATE}", "utf-8")
    return path


def test_one_broken_line_is_one_error_with_its_number(cloud: Cloud, tmp_path: Path) -> None:
    path = tmp_path / "updates.jsonl"
    path.write_text(f"{GOOD}\n{CUT}", "utf-8")
    result = cloud.run("send", str(path))
    assert result.exit_code == 2
    _, error = result.stderr.splitlines()
    assert error == (
        f"Error: {path}: line 2: is not JSON: Expecting property name enclosed in double quotes "
        "at column 22; nothing is sent: correct the line, or pass --skip-broken to send the others"
    )
    assert "PutEvents" not in cloud.calls


def test_all_broken_lines_are_reported_by_reason_and_nothing_is_sent(
    cloud: Cloud, mixed: Path
) -> None:
    result = cloud.run("send", str(mixed))
    assert (result.exit_code, result.stdout) == (2, "")
    _, *report, error = result.stderr.splitlines()
    assert report == [
        "       3  eventTime: must be ISO 8601 with zone, or whole epoch milliseconds",
        f"          lines 2-3, 6, such as: {LATE}",
        "       1  is not JSON: Expecting property name enclosed in double quotes at column 22",
        f"          line 5, such as: {CUT}",
    ]
    assert error == (
        f"Error: {mixed}: 4 of 6 lines cannot be sent; nothing is sent: correct them, or pass "
        "--skip-broken to send the others"
    )
    assert "PutEvents" not in cloud.calls


def test_scripts_get_the_reasons_as_json(cloud: Cloud, mixed: Path) -> None:
    first, _ = map(json.loads, cloud.run("send", str(mixed), "--json").stdout.splitlines())
    assert (first["count"], first["lines"], first["example"]) == (3, ["2-3", "6"], LATE)


def test_skipped_lines_are_in_a_private_file_and_the_others_are_sent(
    cloud: Cloud, mixed: Path
) -> None:
    result = cloud.run("send", str(mixed), "--skip-broken")
    broken = mixed.with_name("mixed.broken.jsonl")
    assert (result.exit_code, result.stdout) == (1, "Sent 2 updates, 0 not sent.\n")
    assert result.stderr.endswith(f"Skipped 4 broken lines: correct and send {broken}\n")
    assert broken.read_text("utf-8").splitlines() == [LATE, LATE, CUT, LATE]
    assert broken.stat().st_mode & 0o777 == 0o600
    assert [row["shipmentId"] for row in cloud.rows()] == ["S-1"]


def test_skipped_lines_of_csv_keep_their_header(cloud: Cloud, tmp_path: Path) -> None:
    path = tmp_path / "carrier.csv"
    path.write_bytes(b'shipmentId;status\nS-1;LOST\n;LOST\n"S\n-2";LOST\n\xff;x')
    assert cloud.run("send", str(path), "--skip-broken").exit_code == 1
    skipped = path.with_name("carrier.broken.csv").read_bytes()
    assert skipped == b'shipmentId;status\n;LOST\n"S\n-2";LOST\n\xff;x\n'


def test_a_file_without_a_good_line_is_an_error_and_leaves_no_file(
    cloud: Cloud, tmp_path: Path
) -> None:
    path = tmp_path / "updates.jsonl"
    path.write_text(f"{CUT}\n{LATE}\n", "utf-8")
    assert cloud.run("send", str(path), "--skip-broken").exit_code == 2
    assert list(tmp_path.iterdir()) == [path]


def test_an_update_that_would_be_rejected_is_sent_only_as_it_is(cloud: Cloud) -> None:
    line = b'{"shipmentId": "S-1"}'
    refused = cloud.run("send", "-", stdin=line)
    assert (refused.exit_code, cloud.bodies()) == (2, [])
    assert (
        "line 1: status: is required; nothing is sent: correct the line, or pass --as-is"
        in refused.stderr
    )
    assert cloud.run("send", "--as-is", "-", stdin=line).exit_code == 0
    assert "status: is required" in cloud.bodies()[0]


def test_an_update_that_is_too_big_for_an_event_is_broken(cloud: Cloud) -> None:
    line = json.dumps({"shipmentId": "S-1", "status": "LOST", "note": "x" * BYTES})
    result = cloud.run("send", "-", stdin=line.encode())
    assert result.exit_code == 2
    assert "line 1: has 1,047,6" in result.stderr


def lines(reasons: dict[int, str]) -> BrokenLines:
    found = BrokenLines()
    for number, reason in reasons.items():
        found.add(Broken(Place(number, 0, 0), reason))
    return found


def test_the_same_rule_with_other_values_is_one_group() -> None:
    reasons = {1: "eventTime: must be ISO (got 'x')", 2: "eventTime: must be ISO (got 'y z')"}
    assert len(lines(reasons).groups()) == 1
    assert len(lines({1: "status: is required", 2: "shipmentId: is required"}).groups()) == 2


def test_whatever_is_wrong_with_a_file_the_report_stays_short() -> None:
    (group,) = lines(dict.fromkeys(range(1, 10_000, 2), "x")).groups()
    assert group.count == 5_000
    assert len(group.lines) == MOST_RANGES + 1
    many = lines({n: f"reason {chr(n)}" for n in range(0x4E00, 0x4E00 + 1_000)})
    assert len(many.groups()) == MOST_GROUPS + 1
    assert sum(group.count for group in many.groups()) == 1_000
