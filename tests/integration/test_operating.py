"""docs/operating.md, checked against the commands: their options, and each console block as it is.

The blocks run in the page's order, on one new stack, as one operator's day. So do those of
docs/privacy.md, and those of docs/runbook.md, which restores rows.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import Group

from scripts import emulator as ministack
from scripts.embed import ROOT
from shipments.cli import main
from tests.blocks import to_run
from tests.integration import pages
from tests.integration.pipeline import EMULATED, Fields, Pipeline

pytestmark = [pytest.mark.own_emulator, pytest.mark.own_stack("deploys a stack of its own")]

PAGE = (ROOT / "docs" / "operating.md").read_text("utf-8")
SECTION = re.compile(r"(?ms)^## (\w+): .*?(?=^## |\Z)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


@pytest.fixture(scope="module")
def emulator() -> Iterator[ministack.Emulator]:
    """Run an emulator without any other stack, which the commands would name."""
    with ministack.running() as running:
        yield running


def test_each_console_block_prints_what_the_page_says(
    emulator: ministack.Emulator, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    blocks = to_run("an operator's day")
    with pages.opened(emulator, blocks, tmp_path) as (shell, _):
        shell.follow(blocks, subtests)


# ---- the pages on privacy and on restoring rows

# Of docs/privacy.md and the runbook: what has happened before.
STORED: list[Fields] = [
    {"shipmentId": "SHIP-20417", "status": "IN_TRANSIT", "eventTime": "2026-11-21T19:42:10Z"},
    {"shipmentId": "SHIP-20417", "status": "DELAYED", "eventTime": "2026-11-22T06:12:55Z"},
    {"shipmentId": "SHIP-20431", "status": "DELIVERED", "eventTime": "2026-11-22T09:30:00Z"},
]
REJECTED: Fields = {"shipmentId": "SHIP-20417", "status": "LOST", "eventTime": "yesterday"}


def test_a_request_for_access_and_one_for_erasure_are_answered_as_the_page_says(
    emulator: ministack.Emulator, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    blocks = to_run("access and erasure")
    with pages.opened(emulator, blocks, tmp_path) as (shell, stack):
        pipeline = Pipeline(stack, shell.client, EMULATED)
        pipeline.put(*STORED, REJECTED)
        pipeline.wait_for_log("stored", number=3)
        pipeline.wait_for_log("rejected")
        shell.follow(blocks, subtests)
        answer = (tmp_path / "SHIP-20417.jsonl").read_text("utf-8")
        assert [len(pipeline.rows(name)) for name in ("SHIP-20417", "SHIP-20431")] == [0, 1]
    assert len(re.findall(r'"rawEvent"', answer)) == 2
    assert len(re.findall(r'"envelope"', answer)) == 1
    assert len(re.findall(r'"outcome"', answer)) == 3
    assert "SHIP-20431" not in answer


def test_rows_are_restored_as_the_runbook_says_and_their_alerts_are_not_repeated(
    emulator: ministack.Emulator, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """The emulator restores a table as it is now, so the rows are damaged after that."""
    blocks = to_run("rows are restored")
    with pages.opened(emulator, blocks, tmp_path) as (shell, stack):
        pipeline = Pipeline(stack, shell.client, EMULATED)
        pipeline.put(*STORED)
        pipeline.wait_for_log("stored", number=3)
        before = pipeline.rows("SHIP-20417")

        def damage() -> None:
            pipeline.put({**STORED[1], "shipmentId": "SHIP-20440"})
            pipeline.put({**STORED[0], "shipmentId": "SHIP-20441"})
            pipeline.wait_for_log("stored", number=5)
            write(pipeline, STORED[0], "DELIVERED")
            for lost in (STORED[1], {**STORED[1], "shipmentId": "SHIP-20440"}):
                write(pipeline, lost, None)

        shell.follow(blocks, subtests, {"restore-table-to-point-in-time": damage})
        assert pipeline.rows("SHIP-20417") == before
        names = ("SHIP-20431", "SHIP-20440", "SHIP-20441")
        assert [len(pipeline.rows(name)) for name in names] == [1, 1, 1]
        # SHIP-20440 came after the moment: only the replay brings it back, and alerts again.
        assert [len(pipeline.alerts(name)) for name in ("SHIP-20417", "SHIP-20440")] == [1, 2]
        assert '"DELIVERED"' in (tmp_path / "replaced.jsonl").read_text("utf-8")


def write(pipeline: Pipeline, update: Fields, status: str | None) -> None:
    """Give an update's row another status by hand, or delete it."""
    (row,) = (
        row
        for row in pipeline.rows(update["shipmentId"])
        if row["eventTime"].startswith(update["eventTime"].rstrip("Z"))
    )
    key = {
        "shipmentId": {"S": row["shipmentId"]},
        "timestamp": {"N": str(row["timestamp"])},
    }
    table, dynamodb = pipeline.stack["ShipmentLogsTableName"], pipeline.client("dynamodb")
    if status is None:
        dynamodb.delete_item(TableName=table, Key=key)
        return
    dynamodb.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": {"S": status}},
    )


# ---- the options


def options(group: Group, command: str) -> set[str]:
    found = group.commands[command]
    own = {
        name
        for parameter in found.params
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("--")
    }
    return own.union(*(options(found, each) for each in getattr(found, "commands", ())))


# Described once for all commands, at the top of the page.
COMMON = {"--stack-name", "--environment", "--region", "--profile", "--json"}


@pytest.mark.parametrize("command", main.commands)
def test_a_command_s_section_names_its_options_and_no_others(command: str) -> None:
    (section,) = [each[0] for each in SECTION.finditer(PAGE) if each[1] == command]
    named = set(OPTION.findall(re.sub(r"\baws [^`\n]*", "", section)))
    taken = options(main, command)
    known = {name for each in main.commands for name in options(main, each)}
    assert taken - COMMON <= named <= known
