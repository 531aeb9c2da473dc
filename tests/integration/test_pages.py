"""The blocks of the pages that deploy, update and delete, each run as it is on the page."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts import emulator as ministack
from scripts.embed import ROOT, TEMPLATE
from shipments.stack import describe
from tests.blocks import to_run
from tests.integration import pages

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")
# Whole commands in the runbook's text, which use what its blocks define.
INLINE = dict.fromkeys(
    " ".join(command.split())
    for command in re.findall(r"`((?:aws|status_log|ask_status)(?: [^`]+)?)`", RUNBOOK)
    if " --" in command or not command.startswith("aws")
)

pytestmark = [pytest.mark.own_emulator, pytest.mark.own_stack("deploys a stack of its own")]


@pytest.fixture
def emulator() -> Iterator[ministack.Emulator]:
    """Run an emulator without any stack."""
    with ministack.running() as running:
        yield running


def test_a_stack_is_deployed_used_updated_and_deleted_as_the_pages_say(
    emulator: ministack.Emulator, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    blocks, client = to_run("the life of a stack"), emulator.client
    shell = pages.bare(emulator, blocks, tmp_path)
    template = tmp_path / "templates" / TEMPLATE.name

    def complete() -> None:
        ministack.complete(client, describe(client, pages.STACK)["ShipmentLogsTableName"])

    def gone(name: str) -> Callable[[], None]:
        waiter = client("cloudformation").get_waiter("stack_delete_complete")
        return lambda: waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    def look_into_alarms() -> None:
        for command in INLINE:
            status, printed = shell.do(f"{command}\n")
            with subtests.test(command=command):
                assert status == 0, printed

    def release() -> None:
        text = template.read_text("utf-8")
        template.write_text(text.replace("MemorySize: 256", "MemorySize: 320"), "utf-8")

    def released() -> None:
        function = describe(client, pages.STACK)["ShipmentProcessorFunctionName"]
        found = client("lambda").get_function_configuration(FunctionName=function)
        assert found["MemorySize"] == 320

    shell.follow(
        blocks,
        subtests,
        {
            "AlertEmail=alerts@example.com \\\n  --capabilities": complete,
            "status_log() {": look_into_alarms,
            "shipments check --canary": release,
            "execute-change-set": released,
            "delete-stack --stack-name shipment-status-dev": gone("shipment-status-dev"),
            "TableDeletionProtection=false": gone(pages.STACK),
        },
    )
    remain = client("cloudformation").describe_stacks()["Stacks"]
    assert {each["StackName"] for each in remain} == {"shipments-key-dev"}
    assert (tmp_path / "failed.jsonl").read_text("utf-8") == ""


def test_what_a_stack_needs_beforehand_is_made_as_the_pages_say(
    emulator: ministack.Emulator, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    blocks = to_run("what is made before a stack")
    shell = pages.bare(emulator, blocks, tmp_path)
    shell.follow(blocks, subtests)
    policies = emulator.client("iam").list_policies(Scope="Local")["Policies"]
    names = {f"shipments-{name}" for name in ("dev-deployer", "prod-producer", "dev-operator")}
    assert {each["PolicyName"] for each in policies} == names
    buses = emulator.client("events").list_event_buses()["EventBuses"]
    assert {each["Name"] for each in buses} == {"default", "shipments-prod"}
