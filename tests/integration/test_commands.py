"""The two documented commands, run by a shell as they are written."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import TEMPLATE
from shipments.stack import describe
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
