"""The commands that deploy, test and update a stack, run by a shell as they are documented."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import ROOT, TEMPLATE
from shipments.stack import describe
from tests.blocks import to_run
from tests.integration.changes import physical_ids
from tests.integration.pipeline import EMULATED, Pipeline

pytestmark = pytest.mark.own_stack("deploys and deletes logistics-processing-dev")

STACK = "logistics-processing-dev"
DEPLOY = r"""
aws cloudformation deploy \
  --template-file TapStack.yml \
  --stack-name logistics-processing-dev \
  --parameter-overrides EnvironmentSuffix=dev AlertEmail=your-email@example.com \
  --capabilities CAPABILITY_IAM
"""
PUT = (
    r"""
aws events put-events --entries '[{
  "Source": "logistics.shipments",
  "DetailType": "Shipment Update",
  "Detail": "{\"shipmentId\":\"SHIP-12345\",\"status\":\"IN_TRANSIT\","""
    r"""\"location\":\"Memphis, TN\",\"carrier\":\"FedEx\"}"
}]'
"""
)
RETENTION = "--parameter-overrides LogRetentionDays=7"
PRODUCTION = (ROOT / "docs" / "production.md").read_text("utf-8")
NAMES, *BLOCKS = re.findall(r"(?ms)^```sh\n(.*?)^```$", PRODUCTION)
PREVIEW, EXECUTE, KEY = (
    next(block for block in BLOCKS if command in block)
    for command in ("--no-execute-changeset", "execute-change-set", "DataKey.yml")
)

WEBHOOK, ROTATE = (block.text for block in to_run("a webhook"))


@pytest.fixture(scope="module")
def shell(emulator: ministack.Emulator) -> Callable[[str], str]:
    """Return a function that runs a command beside the template and returns what it prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(emulator.folder), **emulator.environment}

    def run(command: str) -> str:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=TEMPLATE.parent,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def deployed(shell: Callable[[str], str], client: Callable[[str], Any]) -> Iterator[Pipeline]:
    """Deploy with the command; all that is added is what the emulator needs."""
    added = "".join(f" {name}={value}" for name, value in ministack.PARAMETERS.items())
    shell(DEPLOY.replace("example.com", f"example.com{added}"))
    pipeline = Pipeline(describe(client, STACK), client, EMULATED)
    yield pipeline
    pipeline.close()
    deployment.delete(client, STACK)


def test_the_deployment_takes_the_documented_parameters(deployed: Pipeline) -> None:
    described = deployed.client("cloudformation").describe_stacks(StackName=STACK)
    parameters = described["Stacks"][0]["Parameters"]
    given = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in parameters}
    assert (given["EnvironmentSuffix"], given["AlertEmail"]) == ("dev", "your-email@example.com")


@pytest.mark.parametrize("output", ["AlertTopicArn", "AlarmTopicArn"])
def test_the_deployment_subscribes_the_address(deployed: Pipeline, output: str) -> None:
    topic = deployed.stack[output]
    listed = deployed.client("sns").list_subscriptions_by_topic(TopicArn=topic)
    endpoints = {(s["Protocol"], s["Endpoint"]) for s in listed["Subscriptions"]}
    assert ("email", "your-email@example.com") in endpoints


def test_the_test_event_becomes_one_row(deployed: Pipeline, shell: Callable[[str], str]) -> None:
    answer = shell(PUT)
    (row,) = deployed.wait_for_rows("SHIP-12345")
    assert (
        row.items()
        >= {
            "status": "IN_TRANSIT",
            "location": "Memphis, TN",
            "carrier": "FedEx",
        }.items()
    )
    assert row["updateId"] in answer
    assert {"timestamp", "eventTime", "rawEvent"} <= row.keys()


def test_a_preview_of_an_update_shows_what_it_replaces_and_changes_nothing(
    deployed: Pipeline, shell: Callable[[str], str], tmp_path: Path
) -> None:
    other = tmp_path / "TapStack.yml"
    text = TEMPLATE.read_text("utf-8")
    other.write_text(text.replace("!Sub shipment-failed-updates", "!Sub updates"), "utf-8")
    before = physical_ids(deployed)
    printed = shell(NAMES + PREVIEW.replace("templates/TapStack.yml", str(other)))
    assert re.search(r"Modify *\| *True *\| *FailedUpdatesQueue ", printed)
    assert physical_ids(deployed) == before


def test_an_update_that_was_looked_at_takes_effect_and_replaces_nothing(
    deployed: Pipeline, shell: Callable[[str], str]
) -> None:
    before = physical_ids(deployed)
    # The commands update to a newer template; here another parameter is what there is to update.
    changed = PREVIEW.replace("templates/", "").replace("IAM", f"IAM {RETENTION}")
    printed = shell(NAMES + changed + EXECUTE)
    assert "ShipmentProcessorLogGroup" in printed
    assert not {"True", "Remove"} & set(printed.split())
    assert physical_ids(deployed) == before
    (group,) = deployed.client("logs").describe_log_groups(
        logGroupNamePrefix=before["ShipmentProcessorLogGroup"]
    )["logGroups"]
    assert group["retentionInDays"] == 7


def test_a_stack_gets_a_key_by_the_documented_commands(
    deployed: Pipeline, shell: Callable[[str], str]
) -> None:
    before = physical_ids(deployed)
    shell(NAMES + KEY.replace("templates/", ""))
    keys = deployed.client("kms").list_aliases()["Aliases"]
    (key,) = (each["TargetKeyId"] for each in keys if each["AliasName"] == "alias/shipments-dev")
    queue = deployed.client("sqs").get_queue_attributes(
        QueueUrl=before["FailedUpdatesQueue"], AttributeNames=["All"]
    )
    assert queue["Attributes"]["KmsMasterKeyId"].endswith(f":key/{key}")
    assert physical_ids(deployed) == before
    deployment.delete(deployed.client, "shipments-key-dev")


def test_a_webhook_gets_its_secret_and_another_one_by_the_documented_commands(
    deployed: Pipeline, shell: Callable[[str], str]
) -> None:
    shell(WEBHOOK.replace("templates/", ""))
    stack = describe(deployed.client, "shipment-webhook-easypost-dev")
    assert stack["WebhookEndpointFunctionUrl"].startswith("https://")
    assert stack.parameters["AlarmTopicArn"] == deployed.stack["AlarmTopicArn"]
    shell(f"old=one new=another\n{ROTATE}")
    secrets = deployed.client("secretsmanager")
    secret = {"SecretId": stack.parameters["SecretArn"]}
    assert secrets.get_secret_value(**secret)["SecretString"] == "one\nanother\n"
    deployment.delete(deployed.client, stack.name)
    secrets.delete_secret(**secret, ForceDeleteWithoutRecovery=True)
