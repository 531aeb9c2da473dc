"""The deployed dashboard is drawn by the command, and no widget of it is empty."""

import json
import os
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scripts import emulator as ministack
from scripts import forwarder
from scripts.embed import ROOT
from tests.integration.pipeline import Fields, Pipeline

pytestmark = pytest.mark.own_stack("makes the metrics that AWS makes by itself")

PROGRAM = ROOT / "scripts" / "dashboard"
# What has no data on an emulator, in a widget that has another line with data. Failures are
# counted by AWS only when there are some, and there are none here.
WITHOUT_DATA = {
    "DestinationDeliveryFailures",
    "InvocationsFailedToBeSentToDlq",
    "NumberOfNotificationsFailed",
    "TriggeredRules",
    "WriteThrottleEvents",
}


@pytest.fixture
def busy(pipeline: Pipeline) -> Pipeline:
    """Return the stack after some updates, a critical and a rejected one, and their metrics."""
    updates = [(status, pipeline.shipment()) for status in ("IN_TRANSIT", "DELIVERED", "LOST")]
    with forwarder.running(pipeline.client, pipeline.stack, seconds=0.2):
        for status, shipment in updates:
            pipeline.put({"shipmentId": shipment, "status": status, "eventTime": now()})
            pipeline.wait_for_rows(shipment)
        rejected = pipeline.shipment()
        pipeline.put({"shipmentId": rejected, "eventTime": now()})
        pipeline.wait_for_log(rejected)
        for _, shipment in updates:
            pipeline.wait_for_log(shipment)
    return pipeline


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


def drawn(pipeline: Pipeline, emulator: ministack.Emulator, path: Path, *options: str) -> Fields:
    """Run the command as an operator does, in a home that is read-only; return what it prints."""
    home = path.parent / "home"
    home.mkdir(mode=0o500)
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], **emulator.environment}
    done = subprocess.run(
        [str(PROGRAM), "--stack-name", pipeline.stack.name, "--output", str(path), *options],
        env=environment,
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(home.iterdir()) == []
    printed: Fields = json.loads(done.stdout)
    return printed


def test_the_dashboard_is_drawn_with_something_in_every_widget(
    busy: Pipeline, emulator: ministack.Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "picture.png"
    printed = drawn(busy, emulator, path, "--minutes", "5", "--period", "1", "--json")
    assert printed["picture"] == str(path)
    # Each is a series of a widget that has another with data; an empty widget has other words.
    missing = {text.partition("? ")[2].partition(": no data")[0] for text in printed["noData"]}
    assert missing <= WITHOUT_DATA
    with Image.open(path) as image:
        assert (image.format, image.width) == ("PNG", 1800)
    assert path.stat().st_size < 250_000


def test_without_a_period_each_widget_has_its_own(
    busy: Pipeline, emulator: ministack.Emulator, tmp_path: Path
) -> None:
    printed: Any = drawn(busy, emulator, tmp_path / "picture.png", "--json")
    missing = {text.partition("? ")[2].partition(": no data")[0] for text in printed["noData"]}
    assert missing <= WITHOUT_DATA
