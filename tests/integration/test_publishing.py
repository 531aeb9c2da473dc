"""docs/publishing.md: each example as it is there, and what it does while EventBridge refuses."""

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scripts import emulator as ministack
from scripts.embed import ROOT
from tests.blocks import to_run
from tests.campaigns.faults import proxy
from tests.integration import pages
from tests.integration.pipeline import EMULATED, Fields, Pipeline

pytestmark = [pytest.mark.own_emulator, pytest.mark.own_stack("deploys a stack of its own")]

BLOCKS = to_run("producers")
PACKAGES = ROOT / ".venv-node" / "node_modules"  # of `make publishing`
HAS_NODE = PACKAGES.exists() and shutil.which("node") is not None
NODE = pytest.mark.skipif(not HAS_NODE, reason="needs Node.js and its package: make publishing")
PYTHON, CLI, NODE_JS = (
    pytest.param("python publish.py", id="Python"),
    pytest.param("sh publish.sh", id="AWS CLI"),
    pytest.param("node publish.mjs", id="Node.js", marks=NODE),
)
DENIED = "NotAuthorizedForSourceException"


@dataclass
class Refusals:
    """A plan for the proxy. codes: those to answer a shipment's entries with, in their order.

    The emulator refuses no entry and gets the others. asked: the shipments of each request.
    """

    events: Any
    codes: dict[str, list[str]] = field(default_factory=dict)
    whole: list[proxy.Fault] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)

    def plan(self, call: proxy.Call) -> proxy.Fault:
        if call.operation != "PutEvents":
            return proxy.through
        return self.whole.pop(0) if self.whole else self._by_entry

    def _by_entry(self, call: proxy.Call) -> proxy.Answer:
        entries = json.loads(call.body)["Entries"]
        shipments = [json.loads(entry["Detail"])["shipmentId"] for entry in entries]
        self.asked.append(shipments)
        results = list(map(self._result, shipments, entries))
        number = sum("ErrorCode" in result for result in results)
        body = json.dumps({"FailedEntryCount": number, "Entries": results})
        return proxy.Answer(200, (("Content-Type", "application/x-amz-json-1.1"),), body.encode())

    def _result(self, shipment: str, entry: Fields) -> Fields:
        if codes := self.codes.get(shipment):
            return {"ErrorCode": codes.pop(0), "ErrorMessage": "refused on purpose"}
        result: Fields = self.events.put_events(Entries=[entry])["Entries"][0]
        return result


@dataclass
class Producer:
    """Somebody who runs the examples, in a folder with the page's files."""

    shell: pages.Shell
    pipeline: Pipeline
    between: proxy.Proxy

    def publish(
        self, example: str, updates: list[Fields], refusals: Refusals
    ) -> "subprocess.CompletedProcess[str]":
        """Run an example on a file of updates, past a proxy that refuses."""
        text = "".join(json.dumps(update, ensure_ascii=False) + "\n" for update in updates)
        (self.shell.folder / "some.jsonl").write_text(text, "utf-8")
        self.between.plan = refusals.plan
        return subprocess.run(
            ["/bin/sh", "-c", f"{example} some.jsonl"],
            cwd=self.shell.folder,
            env={
                **self.shell.environment,
                "AWS_ENDPOINT_URL": self.between.endpoint,
                "PATH": f"{self.shell.folder}{os.pathsep}{self.shell.environment['PATH']}",
            },
            capture_output=True,
            check=False,
            text=True,
        )


def for_node(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the SDK for JavaScript reads in place of the variables that boto3 reads."""
    return {
        "AWS_REGION": environment["AWS_DEFAULT_REGION"],
        "NODE_EXTRA_CA_CERTS": environment["AWS_CA_BUNDLE"],
        "NODE_NO_WARNINGS": "1",  # that the SDK's releases of 2027 need a newer Node.js
    }


@pytest.fixture(scope="module")
def producer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Producer]:
    folder = tmp_path_factory.mktemp("page")
    (folder / "node_modules").symlink_to(PACKAGES)
    # The shell's pauses are in whole seconds.
    (folder / "sleep").symlink_to(shutil.which("true") or "")
    with (
        ministack.running() as emulator,
        pages.opened(emulator, BLOCKS, folder) as (shell, stack),
        proxy.standing() as between,
    ):
        between.join(emulator)
        shell.environment = {**shell.environment, **for_node(shell.environment)}
        pipeline = Pipeline(stack, shell.client, EMULATED)
        yield Producer(shell, pipeline, between)
        pipeline.close()


@pytest.fixture
def some(producer: Producer) -> Callable[[int], list[Fields]]:
    """Return a function that makes updates of as many new shipments."""

    def make(number: int) -> list[Fields]:
        return [
            {
                "shipmentId": producer.pipeline.shipment(),
                "status": "IN_TRANSIT",
                "location": 'K\xf6ln "West" \\ 1 & 2',
                "eventTime": "2026-01-15T12:00:00Z",
                "updateId": "scan-1",
            }
            for _ in range(number)
        ]

    return make


def test_each_console_block_prints_what_the_page_says(
    producer: Producer, subtests: pytest.Subtests
) -> None:
    run = [block for block in BLOCKS if HAS_NODE or not block.text.startswith("$ node ")]
    producer.shell.follow(run, subtests)
    assert len(producer.pipeline.rows("SHIP-20431")) == 1


@pytest.mark.parametrize("example", [PYTHON, CLI, NODE_JS])
def test_an_example_sends_again_what_is_refused_for_a_moment_and_nothing_else(
    producer: Producer, some: Callable[[int], list[Fields]], example: str
) -> None:
    updates = some(12)
    ids = [update["shipmentId"] for update in updates]
    passing = {ids[2]: ["ThrottlingException"] * 2, ids[6]: ["InternalFailure"]}
    refusals = Refusals(producer.shell.client("events"), {**passing, ids[10]: [DENIED]})
    done = producer.publish(example, updates, refusals)
    assert refusals.asked == [ids[:10], [ids[2], ids[6]], [ids[2]], ids[10:]]
    *lines, last = done.stdout.splitlines()
    assert (done.returncode, done.stderr, last) == (1, "", "11 sent, 1 not sent")
    (line,) = lines
    assert line.startswith(f"not sent, {DENIED}: ")
    assert json.loads(line.partition(": ")[2]) == updates[10]
    del updates[10]
    for update in updates:
        (row,) = producer.pipeline.wait_for_rows(update["shipmentId"])
        assert json.loads(row["rawEvent"]) == update


@pytest.mark.parametrize("example", [PYTHON, CLI, NODE_JS])
def test_an_example_gives_up_on_what_is_refused_for_long_and_says_so(
    producer: Producer, some: Callable[[int], list[Fields]], example: str
) -> None:
    updates = some(2)
    first, second = (update["shipmentId"] for update in updates)
    codes = {first: ["ThrottlingException"] * 99}
    refusals = Refusals(producer.shell.client("events"), codes)
    done = producer.publish(example, updates, refusals)
    assert Counter(map(tuple, refusals.asked)) == {(first, second): 1, (first,): 5}
    line, last = done.stdout.splitlines()
    assert (done.returncode, last) == (1, "1 sent, 1 not sent")
    assert json.loads(line.removeprefix("not sent, ThrottlingException: ")) == updates[0]


@pytest.mark.parametrize("example", [PYTHON, CLI, NODE_JS])
@pytest.mark.parametrize(
    "fault",
    [
        proxy.refusal(400, "ThrottlingException"),
        proxy.refusal(503, "ServiceUnavailable"),
        proxy.reset_after,
    ],
    ids=["throttled", "unavailable", "taken, connection broken off"],
)
def test_a_request_that_fails_for_a_moment_is_sent_again_and_each_update_stored_once(
    producer: Producer, some: Callable[[int], list[Fields]], example: str, fault: proxy.Fault
) -> None:
    updates = some(2)
    refusals = Refusals(producer.shell.client("events"), whole=[fault])
    done = producer.publish(example, updates, refusals)
    assert (done.returncode, done.stdout) == (0, "2 sent, 0 not sent\n"), done.stderr
    for update in updates:
        assert len(producer.pipeline.wait_for_rows(update["shipmentId"])) == 1


@pytest.mark.parametrize("example", [PYTHON, NODE_JS])
def test_a_request_stays_below_1_mb(
    producer: Producer, some: Callable[[int], list[Fields]], example: str
) -> None:
    updates = [{**update, "note": "\xf6" * 200_000} for update in some(3)]
    refusals = Refusals(producer.shell.client("events"))
    done = producer.publish(example, updates, refusals)
    assert (done.returncode, done.stdout) == (0, "3 sent, 0 not sent\n"), done.stderr
    assert list(map(len, refusals.asked)) == [2, 1]


def test_the_node_example_is_javascript(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js")
    path = tmp_path / "publish.mjs"
    (text,) = (block.text for block in BLOCKS if block.file == path.name)
    path.write_text(text, "utf-8")
    subprocess.run([node, "--check", path], check=True)
