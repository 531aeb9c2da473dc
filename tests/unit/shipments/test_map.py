"""A file of a carrier's payloads is shown as what it becomes, and sent as that."""

import json
from pathlib import Path
from typing import Any

import pytest

from shipments.carriers import SOURCES
from shipments.lines import LINE_LIMIT_BYTES
from tests.unit.shipments.carriers.samples import FOLDER, PAYLOADS, STORED
from tests.unit.shipments.cloud import Cloud

LOST = PAYLOADS["easypost"][1]
PARTS = [PAYLOADS["ups"][0], PAYLOADS["ups"][2]]
BROKEN = {**PARTS[0], "trackingNumber": None}
LATE = {**PARTS[0], "gmtActivityDate": "19991231"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "webhooks.json"


def written(file: Path, *payloads: Any, indent: int | None = None) -> str:
    file.write_text("\n".join(json.dumps(each, indent=indent) for each in payloads), "utf-8")
    return str(file)


def records(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


# ---- map


@pytest.mark.parametrize("source", SOURCES)
def test_map_prints_what_the_mapping_returns_without_aws(cloud: Cloud, source: str) -> None:
    result = cloud.run("map", source, str(FOLDER / f"{source}.json"))
    assert result.exit_code == 0
    assert records(result.stdout) == [
        detail for payload in PAYLOADS[source] for detail in SOURCES[source](payload)
    ]
    assert cloud.calls == []
    critical = sum(each.critical for each in STORED[source])
    last = result.stderr.splitlines()[-1]
    assert last == f"{len(STORED[source])} updates: {critical} critical, 0 rejected."


def test_map_says_what_is_critical_and_what_is_rejected(cloud: Cloud, file: Path) -> None:
    result = cloud.run("map", "ups", written(file, PARTS[1], LATE))
    assert result.exit_code == 1
    assert len(records(result.stdout)) == 2
    critical, rejected, count = result.stderr.splitlines()
    assert critical.startswith("line 1: 1Z1234567891234553: EXCEPTION_")
    assert critical.endswith(" is critical")
    assert rejected.startswith(
        "line 2: 1Z1234567891234551: would be rejected: eventTime: is before"
    )
    assert count == "2 updates: 1 critical, 1 rejected."


def test_map_gives_scripts_the_verdicts(cloud: Cloud, file: Path) -> None:
    result = cloud.run("map", "ups", written(file, PARTS[1], LATE), "--json")
    lost, late = records(result.stdout)
    assert lost["detail"] == SOURCES["ups"](PARTS[1])[0]
    assert (lost["critical"], lost["rejected"]) == (True, None)
    assert lost["status"].startswith("EXCEPTION_")
    assert (late["status"], late["critical"]) == (None, False)
    assert late["rejected"].startswith("eventTime: ")


def test_map_takes_the_critical_statuses_of_a_stack(cloud: Cloud, file: Path) -> None:
    options = ("--critical-statuses", "DEPARTED", "--json")
    (found,) = records(cloud.run("map", "ups", written(file, PARTS[0]), *options).stdout)
    assert found["critical"] is True


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("wrap", [lambda payload: payload, lambda payload: [payload]])
def test_a_file_has_one_payload_or_an_array_on_any_number_of_lines(
    cloud: Cloud, file: Path, indent: int | None, wrap: Any
) -> None:
    result = cloud.run("map", "ups", written(file, wrap(PARTS[0]), indent=indent))
    assert records(result.stdout) == SOURCES["ups"](PARTS[0])


def test_map_reads_standard_input(cloud: Cloud) -> None:
    text = "\n\n".join(map(json.dumps, PARTS)).encode()
    result = cloud.run("map", "ups", "-", stdin=b"\xef\xbb\xbf" + text)
    assert len(records(result.stdout)) == 2


def test_a_webhook_about_something_else_becomes_nothing(cloud: Cloud, file: Path) -> None:
    result = cloud.run("map", "easypost", written(file, PAYLOADS["easypost"][-1]))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "0 updates: 0 critical, 0 rejected.\n"


# ---- send


def test_send_maps_a_carrier_s_payloads(cloud: Cloud, file: Path) -> None:
    result = cloud.run("send", "--from", "easypost", written(file, LOST, indent=2))
    assert result.exit_code == 0
    assert [row["status"] for row in cloud.rows()] == ["IN_TRANSIT", "FAILURE_LOST"]
    assert "Sent 2 updates, 0 not sent." in result.stdout


def test_sending_the_same_payloads_again_adds_nothing(cloud: Cloud, file: Path) -> None:
    for _ in range(2):
        cloud.run("send", "--from", "easypost", written(file, *PAYLOADS["easypost"]))
    assert len(cloud.rows()) == len(STORED["easypost"])


def test_send_maps_standard_input(cloud: Cloud) -> None:
    text = json.dumps(LOST).encode()
    assert cloud.run("send", "--from", "easypost", "-", stdin=text).exit_code == 0
    assert len(cloud.rows()) == 2


def test_what_is_not_sent_of_payloads_can_be_sent_without_mapping(cloud: Cloud, file: Path) -> None:
    cloud.broken["PutEvents"] = lambda request: {
        "FailedEntryCount": len(request["Entries"]),
        "Entries": [{"ErrorCode": "NotAuthorizedForSource"} for _ in request["Entries"]],
    }
    assert cloud.run("send", "--from", "easypost", written(file, LOST)).exit_code == 1
    del cloud.broken["PutEvents"]
    assert cloud.run("send", str(file.with_suffix(".unsent.jsonl"))).exit_code == 0
    assert len(cloud.rows()) == 2


def test_an_update_of_a_payload_that_would_be_rejected_is_not_sent(
    cloud: Cloud, file: Path
) -> None:
    name = written(file, PARTS[0], LATE)
    result = cloud.run("send", "--from", "ups", name)
    assert result.exit_code == 2
    assert f"Error: {name}, mapped from ups: line 2: eventTime: is before" in result.stderr
    assert cloud.run("send", "--from", "ups", name, "--skip-broken").exit_code == 1
    assert len(cloud.rows()) == 1


# ---- what is wrong

BAD = [
    ([PARTS[0], BROKEN], "line 2: trackingNumber: must be a string"),
    ([[PARTS[0], BROKEN]], "line 1: [1]: trackingNumber: must be a string"),
    ([7], "line 1: payload: must be an object"),
]


@pytest.mark.parametrize(("payloads", "message"), BAD)
@pytest.mark.parametrize("command", ["map ups", "send --from ups"])
def test_a_payload_that_cannot_be_mapped_is_named_by_line_and_field(
    cloud: Cloud, file: Path, command: str, payloads: list[Any], message: str
) -> None:
    name = written(file, *payloads)
    result = cloud.run(*command.split(), name)
    assert result.exit_code == 2
    error = result.stderr.splitlines()[-1]
    assert error.startswith(f"Error: {name}")
    assert f": {message}" in error
    assert "PutEvents" not in cloud.calls


TEXTS = [
    (b'{"a": 1', "line 1: is not JSON: Expecting ',' delimiter at column 8"),
    (b'{"a": 1,\n "b": 2 3}', "line 1: is not JSON: Expecting ',' delimiter at column 9 of its"),
    (b"\n\xff\xfe", "line 2: is not UTF-8 at byte 1"),
    (b"{}" * LINE_LIMIT_BYTES, "line 1: is longer than 4,000,000 bytes"),
    ((b"{" + b" " * 10_000 + b"\n") * 500, "is longer than 4,000,000 bytes"),
    (b"[" * 200_000, "line 1: is nested too deep"),
]


@pytest.mark.parametrize(("text", "message"), TEXTS)
def test_a_file_that_is_not_json_is_one_line(
    cloud: Cloud, file: Path, text: bytes, message: str
) -> None:
    file.write_bytes(text)
    result = cloud.run("map", "ups", str(file))
    assert (result.exit_code, result.stdout) == (2, "")
    (error,) = result.stderr.splitlines()
    assert message in error


@pytest.mark.parametrize(
    "arguments", [["send", "--from", "ups"], ["send", "-", "--from", "ups", "--format", "csv"]]
)
def test_send_from_needs_a_file_of_json(cloud: Cloud, arguments: list[str]) -> None:
    result = cloud.run(*arguments)
    assert result.exit_code == 2
    assert "--from: pass a FILE with payloads in JSON" in result.stderr
    assert cloud.calls == []
