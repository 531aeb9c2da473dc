"""Failed updates are fixed by checked values, and their originals survive."""

import json
from pathlib import Path
from typing import Any

import pytest

from shipments.repairs import fix
from tests.unit.shipments.cloud import Cloud, Fields, envelope, refusal
from tests.unit.shipments.redriving import AGAIN, redriven

REDRIVE = ("redrive", "--watch", "5")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def rejected(cloud: Cloud) -> list[Fields]:
    """Have the function reject three updates; return their envelopes."""
    events = [
        envelope({"shipmentId": f"S-{n}", "status": "LOST", "eventTime": "noon"}) for n in range(3)
    ]
    for event in events:
        cloud.invoke(event)
    return events


# ---- --fix


def test_a_fixed_update_is_stored_under_its_own_identity(cloud: Cloud) -> None:
    event = envelope({"shipmentId": "S-1", "eventTime": "noon"}, time="2025-03-01T12:00:00Z")
    cloud.invoke(event)
    fixes = ("--fix", "status=out for delivery", "--fix", "eventTime=null")
    assert redriven(cloud, "--shipment", "S-1", *fixes)["stored"] == 1
    (row,) = cloud.rows()
    assert (row["updateId"], row["eventTime"]) == (event["id"], "2025-03-01T12:00:00.000Z")
    assert row["status"] == "OUT_FOR_DELIVERY"
    assert cloud.bodies() == []


def test_an_update_whose_function_failed_is_fixed_too(cloud: Cloud) -> None:
    record = {
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": envelope({"shipmentId": "S-1", "status": "LOST"}),
    }
    cloud.put_on_queue(json.dumps(record))
    assert redriven(cloud, "--shipment", "S-1", "--fix", "status=FOUND")["stored"] == 1
    assert [row["status"] for row in cloud.rows()] == ["FOUND"]


def test_a_fix_that_does_not_help_is_skipped_and_the_original_stays(cloud: Cloud) -> None:
    cloud.invoke(event := envelope({"shipmentId": "S-1", "eventTime": "noon"}))
    counts = redriven(cloud, "--shipment", "S-1", "--fix", "status=LOST")
    assert list(counts["skipped"]) == [
        f"{AGAIN}: eventTime: must be ISO 8601 with zone, or whole epoch milliseconds"
    ]
    assert [json.loads(body)["envelope"] for body in cloud.bodies()] == [event]


def test_the_original_survives_a_fix_that_the_function_rejects(
    cloud: Cloud, rejected: list[Fields]
) -> None:
    counts = redriven(cloud, "--shipment", "S-1", "--fix", f"status={'x' * 80}", "--as-is")
    assert counts["failedAgain"] == 1
    saved = Path(counts["saved"])
    kept = json.loads(json.loads(saved.read_text("utf-8"))["body"])
    assert kept["envelope"] == rejected[1]
    assert saved.stat().st_mode & 0o777 == 0o600


def test_the_file_of_the_originals_is_named_at_the_end(
    cloud: Cloud, rejected: list[Fields]
) -> None:
    result = cloud.run(*REDRIVE, "--id", rejected[0]["id"], "--fix", "eventTime=2026-01-01T00:00Z")
    (saved,) = Path().iterdir()
    assert saved.match("redrive-tapstack-test-*.originals.jsonl")
    assert f"The originals are in {saved}." in result.stdout


def test_no_file_is_left_if_nothing_was_redriven(cloud: Cloud, rejected: list[Fields]) -> None:
    cloud.broken["Invoke"] = lambda _: refusal("AccessDeniedException")
    result = cloud.run(*REDRIVE, "--id", rejected[0]["id"], "--fix", "eventTime=null")
    assert (result.exit_code, list(Path().iterdir())) == (2, [])


def test_an_original_that_cannot_be_saved_stays_and_nothing_is_sent(
    cloud: Cloud, rejected: list[Fields]
) -> None:
    fixed = ("--shipment", "S-1", "--fix", "eventTime=null")
    result = cloud.run(*REDRIVE, *fixed, "--save", "missing/file")
    assert (result.exit_code, cloud.rows()) == (2, [])
    assert "Error: --save: cannot write " in result.stderr
    assert len(cloud.bodies()) == len(rejected)


@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["run", "dry run"])
def test_old_and_new_values_are_shown(
    cloud: Cloud, rejected: list[Fields], dry: tuple[str, ...]
) -> None:
    fixes = ("--fix", "eventTime=null", "--fix", "carrier=UPS", "--fix", "status=LOST")
    result = cloud.run(*REDRIVE, "--id", rejected[0]["id"], *fixes, *dry)
    assert 'eventTime: "noon" → null; carrier: missing → "UPS"' in " ".join(result.stdout.split())
    assert "status" not in result.stdout  # it is LOST already


FIXES = [
    ("status=LOST", ("status", "LOST")),
    ('status="LOST"', ("status", "LOST")),
    ("detail.status=LOST", ("status", "LOST")),
    ("shipmentId=007", ("shipmentId", "007")),
    ("shipmentId=7", ("shipmentId", "7")),
    ("eventTime=1700000000000", ("eventTime", 1_700_000_000_000)),
    ("carrier=null", ("carrier", None)),
    ("location=a=b", ("location", "a=b")),
]


@pytest.mark.parametrize(("text", "expected"), FIXES)
def test_a_fix_is_json_or_else_a_string(text: str, expected: tuple[str, Any]) -> None:
    assert fix(text) == expected


WRONG = [
    (["--fix", "stauts=LOST"], "must set one of these fields: shipmentId, status, location"),
    (["--fix", "status"], "must be FIELD=VALUE"),
    (["--fix", f"status={'x' * 80}"], "--fix: status: must have 1 to 64 characters"),
    (["--fix", "eventTime=noon"], "--fix: eventTime: must be ISO 8601"),
    (["--fix", "status=null"], "--fix: status: is required"),
    (["--fix", "status=x", "--details", "f.csv"], "--fix and --details: pass one of them"),
]


@pytest.mark.parametrize(("options", "part"), WRONG)
def test_a_wrong_fix_is_refused_before_anything_is_asked(
    cloud: Cloud, options: list[str], part: str
) -> None:
    Path("f.csv").write_text("envelopeId,status\n1,x\n")
    result = cloud.run(*REDRIVE, "--shipment", "S-1", *options)
    assert (result.exit_code, cloud.calls) == (2, [])
    assert part in result.stderr


def test_a_fix_needs_a_selection(cloud: Cloud) -> None:
    result = cloud.run(*REDRIVE, "--fix", "status=LOST", "--older-than", "1s")
    assert (result.exit_code, cloud.calls) == (2, [])
    assert "--fix: select updates by --shipment, --id or --reason, too" in result.stderr


# ---- --details


def details(text: str, name: str = "fixed.csv") -> tuple[str, str]:
    """Write a details file; return the option that names it."""
    Path(name).write_text(text, "utf-8")
    return "--details", name


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_each_update_gets_the_values_of_its_line(
    cloud: Cloud, rejected: list[Fields], separator: str
) -> None:
    lines = [
        "envelopeId,status,eventTime",
        *(f"{e['id']},,2026-01-0{n}T00:00:00Z" for n, e in enumerate(rejected[:2], 1)),
    ]
    counts = redriven(cloud, *details("\ufeff" + "\r\n".join(lines).replace(",", separator)))
    assert (counts["stored"], counts["skipped"]) == (2, {"not selected": 1})
    times = {row["shipmentId"]: (row["status"], row["eventTime"][:10]) for row in cloud.rows()}
    assert times == {"S-0": ("LOST", "2026-01-01"), "S-1": ("LOST", "2026-01-02")}
    assert len(Path(counts["saved"]).read_text("utf-8").splitlines()) == 2


def test_what_failed_prints_can_be_edited_and_used(cloud: Cloud, rejected: list[Fields]) -> None:
    cloud.invoke(envelope({"shipmentId": 12, "status": "x", "carrier": {"code": "UPS"}}))
    listed = cloud.run("failed", "--json", "--envelopes").stdout
    edited = listed.replace('"noon"', '"2026-01-01T00:00:00Z"')
    counts = redriven(cloud, *details(edited, "failed.jsonl"))
    assert (counts["stored"], counts["skipped"]) == (len(rejected) + 1, {})
    assert {row["carrier"] for row in cloud.rows()} == {"Unknown", '{"code":"UPS"}'}


def test_a_line_that_changes_nothing_changes_nothing(cloud: Cloud, rejected: list[Fields]) -> None:
    counts = redriven(cloud, *details(cloud.run("failed", "--json").stdout, "failed.jsonl"))
    assert (counts["redriven"], counts["saved"]) == (0, None)
    assert sum(counts["skipped"].values()) == len(rejected)


def test_all_wrong_lines_are_listed_and_nothing_is_redriven(
    cloud: Cloud, rejected: list[Fields]
) -> None:
    ids = [event["id"] for event in rejected]
    good, wrong, unknown = (
        f"{ids[0]},2026-01-01T00:00:00Z",
        f"{ids[1]},midnight",
        "no-such,2026-01-01T00:00:00Z",
    )
    file = details(f"envelopeId,eventTime\n{unknown}\n{good}\n{wrong}")
    result = cloud.run(*REDRIVE, *file)
    assert (result.exit_code, cloud.rows()) == (2, [])
    reason = "eventTime: must be ISO 8601 with zone, or whole epoch milliseconds"
    assert result.stderr.splitlines() == [
        "line 2: no-such: is not on the queue",
        f"line 4: {ids[1]}: {AGAIN}: {reason}",
        "Error: fixed.csv: 2 lines cannot be used, so nothing is redriven: correct or remove them",
    ]


UNUSABLE = [
    ("envelopeId,stauts\n1,x", "line 2: 'stauts' is not a field that can be set: shipmentId"),
    ("status\nx", "line 2: needs an envelopeId or messageId, as failed --json prints them"),
    ("envelopeId,status\n1,x\n1,y", "line 3: 1 is in line 2 already"),
    ("envelopeId,status\n1,x,y", "line 2: has not as many cells as the header"),
    ("envelopeId,status\n1", "line 2: has not as many cells as the header"),
    ('envelopeId,status\n1,"x', "unexpected end of data"),
    ("envelopeId,status\n", "has no lines"),
]


@pytest.mark.parametrize(("text", "part"), UNUSABLE)
def test_an_unusable_details_file_is_refused_before_anything_is_asked(
    cloud: Cloud, text: str, part: str
) -> None:
    result = cloud.run(*REDRIVE, *details(text))
    assert (result.exit_code, cloud.calls) == (2, [])
    assert f"Error: fixed.csv: {part}" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000])
def test_a_line_that_is_not_an_object_is_named(cloud: Cloud, text: str) -> None:
    result = cloud.run(*REDRIVE, *details(f"\n{text}\n", "fixed.jsonl"))
    assert (result.exit_code, cloud.calls) == (2, [])
    assert result.stderr == "Error: fixed.jsonl: line 2: is not a JSON object\n"
