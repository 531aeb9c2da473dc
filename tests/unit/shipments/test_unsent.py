"""Whatever ends a send, what is not known to be sent is in a file, and stays the same update."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import exceptions as aws
from botocore.config import Config
from botocore.parsers import ResponseParserError
from click.testing import CliRunner

from shipments import sending, stack
from shipments.cli import main
from shipments.errors import BY_CODE, BY_KIND
from tests.unit.shipments.cloud import Cloud, Fields, refusal

ALL = [f"S-{n:02d}" for n in range(25)]
LINES = [json.dumps({"shipmentId": name, "status": "IN_TRANSIT"}) for name in ALL]
KINDS = [kind for kinds, _ in BY_KIND for kind in (kinds if isinstance(kinds, tuple) else (kinds,))]
# What botocore's messages are made of.
WORDS = {
    "endpoint_url": "https://x",
    "error": "x",
    "error_msg": "x",
    "profile": "x",
    "provider": "x",
    "cred_var": "x",
    "proxy_url": "x",
    "path": "x",
    "region_name": "x",
}
TRIED_AGAIN = {
    "ConnectionClosedError",
    "HTTPClientError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "ATTEMPTS", 3)


@pytest.fixture
def updates(tmp_path: Path) -> Path:
    path = tmp_path / "updates.jsonl"
    path.write_text("\n".join(LINES), "utf-8")
    return path


def raising(error: BaseException) -> Callable[[Any], Fields]:
    def answer(_: Any) -> Fields:
        raise error

    return answer


def unsent(updates: Path) -> list[str]:
    lines = updates.with_name("updates.unsent.jsonl").read_text("utf-8").splitlines()
    details = [json.loads(line) for line in lines]
    assert all(detail["updateId"] and detail["eventTime"] for detail in details)
    return [detail["shipmentId"] for detail in details]


@pytest.mark.parametrize("kind", [*KINDS, aws.ProxyConnectionError], ids=lambda kind: kind.__name__)
def test_an_error_of_the_client_is_one_line_and_loses_nothing(
    cloud: Cloud, updates: Path, kind: type[aws.BotoCoreError]
) -> None:
    cloud.broken["PutEvents"] = raising(kind(**WORDS))
    result = cloud.run("send", str(updates), "--json")
    reported = json.loads(result.stdout)
    assert (result.exit_code, reported["sent"], reported["notSent"]) == (1, 0, 25)
    assert len(reported["reasons"]) == 1
    assert "\n25 updates not sent: " in result.stderr
    assert unsent(updates) == ALL


@pytest.mark.parametrize("code", BY_CODE)
def test_a_refusal_of_the_service_is_one_line_and_loses_nothing(
    cloud: Cloud, updates: Path, code: str
) -> None:
    cloud.broken["PutEvents"] = lambda _: refusal(code)
    result = cloud.run("send", str(updates))
    assert (result.exit_code, unsent(updates)) == (1, ALL)
    assert "\n25 updates not sent: " in result.stderr


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.__name__ in TRIED_AGAIN])
def test_a_connection_that_fails_for_a_moment_is_tried_again(
    cloud: Cloud, updates: Path, kind: type[aws.BotoCoreError]
) -> None:
    failures = [kind(**WORDS)]
    cloud.broken["PutEvents"] = lambda _: raising(failures.pop())(_) if failures else None
    assert cloud.run("send", str(updates)).exit_code == 0
    assert [row["shipmentId"] for row in cloud.rows()] == ALL


def test_an_error_that_stays_is_not_tried_again(cloud: Cloud, updates: Path) -> None:
    cloud.broken["PutEvents"] = raising(aws.SSLError(**WORDS))
    cloud.run("send", str(updates))
    assert cloud.calls.count("PutEvents") <= sending.IN_FLIGHT


def test_what_has_failed_for_twenty_seconds_is_not_tried_with_each_batch(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.broken["PutEvents"] = raising(aws.ReadTimeoutError(**WORDS))
    path = tmp_path / "updates.jsonl"
    path.write_text("\n".join(LINES * 20), "utf-8")
    assert cloud.run("send", str(path)).exit_code == 1
    assert cloud.calls.count("PutEvents") <= sending.IN_FLIGHT * sending.ATTEMPTS


@pytest.mark.parametrize("answer", [{}, {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]}])
def test_an_answer_that_is_not_eventbridge_s_confirms_nothing(
    cloud: Cloud, updates: Path, answer: Fields
) -> None:
    cloud.broken["PutEvents"] = lambda _: dict(answer)
    result = cloud.run("send", str(updates))
    assert (result.exit_code, unsent(updates)) == (1, ALL)
    assert "the answer is not EventBridge's" in result.stderr


@pytest.mark.parametrize("error", [MemoryError(), ZeroDivisionError(), ResponseParserError("x")])
def test_a_failure_that_nobody_expects_loses_nothing(
    cloud: Cloud, updates: Path, error: BaseException
) -> None:
    calls: list[int] = []

    def second_fails(_: Any) -> None:
        calls.append(1)
        if len(calls) > 1:
            raise error

    cloud.broken["PutEvents"] = second_fails
    result = cloud.run("send", str(updates))
    assert result.exit_code == 1
    assert str(updates.with_name("updates.unsent.jsonl")) in result.stderr
    stored = [row["shipmentId"] for row in cloud.rows()]
    left = unsent(updates)
    assert sorted({*stored, *left}) == ALL
    assert left == sorted(left)


def test_a_second_ctrl_c_ends_at_once_and_loses_nothing(cloud: Cloud, updates: Path) -> None:
    release, first = threading.Event(), threading.Lock()

    def hang(_: Any) -> None:
        if first.acquire(blocking=False):  # the request that comes first, for all of them
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.05)
        release.wait(20)

    cloud.broken["PutEvents"] = hang
    try:
        result = cloud.run("send", str(updates))
    finally:
        release.set()
    assert result.exit_code == 130
    assert unsent(updates) == ALL
    assert f"Send the others again: shipments send {updates.parent}" in result.stderr


def test_a_file_that_changes_while_it_is_sent_says_what_is_left(
    cloud: Cloud, updates: Path
) -> None:
    def change(_: Any) -> None:
        updates.write_text("{\n" * 1_000, "utf-8")

    updates.write_text("\n".join(LINES * 200), "utf-8")
    cloud.broken["PutEvents"] = change
    result = cloud.run("send", str(updates))
    assert result.exit_code == 2
    assert f" could not be kept there: {updates} has changed, or the disk" in result.stderr
    assert result.stderr.splitlines()[-1].startswith(f"Error: {updates}: line ")


class Closing(BaseHTTPRequestHandler):
    """Describes a stack, lists nothing, and closes each connection that wants to put events."""

    stack = ""
    put = 0

    def do_POST(self) -> None:
        if self.headers.get("X-Amz-Target", "").endswith("PutEvents"):
            type(self).put += 1
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.rfile.read(int(self.headers["Content-Length"]))
        described = "X-Amz-Target" not in self.headers
        body = (self.stack if described else '{"Rules": []}').encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def closing() -> Iterator[str]:
    outputs = "".join(
        f"<member><OutputKey>{name}</OutputKey><OutputValue>x</OutputValue></member>"
        for name in stack.OUTPUTS
    )
    Closing.stack = (
        "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName>"
        f"<StackStatus>CREATE_COMPLETE</StackStatus><Outputs>{outputs}</Outputs></member></Stacks>"
        "</DescribeStacksResult></DescribeStacksResponse>"
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), Closing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_server_that_accepts_and_closes_is_one_line_and_loses_nothing(
    closing: str, updates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = Config(retries={"mode": "standard", "total_max_attempts": 1})
    monkeypatch.setattr(stack, "CALLS", once)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", closing)
    session = boto3.Session(region_name="us-east-1")
    result = CliRunner().invoke(main, ["send", str(updates), "--rate=0"], obj=session)
    assert (result.exit_code, unsent(updates)) == (1, ALL)
    assert "\n25 updates not sent: Connection was closed before we received" in result.stderr
    assert "Traceback" not in result.stderr
    assert Closing.put >= sending.ATTEMPTS
