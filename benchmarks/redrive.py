"""Measures `shipments redrive` of long queues: time, processor time and peak memory.

Run from the repository's folder: PYTHONPATH=src .venv/bin/python benchmarks/redrive.py 1000 10000

AWS answers from a process of its own on this machine and at once, so the figures are the
command's own. On AWS the network adds its time to each call; eight are under way at once.
"""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from typing import IO, Any, cast

from shipments.events import DETAIL_TYPE, SOURCE
from shipments.stack import OUTPUTS

STACK = """<DescribeStacksResponse><DescribeStacksResult><Stacks><member>
<StackName>bench</StackName><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>{}</Outputs>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""
OUTPUT = "<member><OutputKey>{}</OutputKey><OutputValue>http://127.0.0.1/q</OutputValue></member>"


class Queue:
    """The failed-updates queue, with updates that the rule could not deliver."""

    def __init__(self, length: int) -> None:
        self._bodies = {str(number): json.dumps(_event(number)) for number in range(length)}
        self._visible = list(self._bodies)
        self._lock = threading.Lock()

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Do what an operation of SQS does."""
        with self._lock:
            if operation == "GetQueueAttributes":
                names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
                return {"Attributes": dict(zip(names, (str(len(self._visible)), "0"), strict=True))}
            if operation == "ReceiveMessage":
                received, self._visible = self._visible[:10], self._visible[10:]
                return {"Messages": [self._message(each) for each in received]}
            if operation == "ChangeMessageVisibilityBatch":
                receipts = [entry["ReceiptHandle"] for entry in request["Entries"]]
                self._visible += [each for each in receipts if each in self._bodies]
                return {"Successful": [], "Failed": []}
            del self._bodies[request["ReceiptHandle"]]
            return {}

    def _message(self, known: str) -> dict[str, Any]:
        return {
            "MessageId": known,
            "ReceiptHandle": known,
            "Body": self._bodies[known],
            "Attributes": {"SentTimestamp": str(time.time_ns() // 1_000_000)},
        }


class Answer(http.server.BaseHTTPRequestHandler):
    """Answers as CloudFormation, SQS, Lambda and DynamoDB do."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet, or the client waits 40 ms for the second
    queue: Queue

    def do_POST(self) -> None:
        """Answer a call."""
        request = self.rfile.read(int(self.headers["Content-Length"]))
        service, _, operation = self.headers.get("X-Amz-Target", "").partition(".")
        status, body = 200, b"{}"
        if service == "AmazonSQS":
            body = json.dumps(self.queue.answer(operation, json.loads(request))).encode()
        elif service:
            body = b'{"Items": [{}], "Count": 1, "ScannedCount": 1}'
        elif "/functions/" in self.path:
            status = 202
        else:
            body = STACK.format("".join(map(OUTPUT.format, OUTPUTS))).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


def _event(number: int) -> dict[str, Any]:
    detail = {
        "shipmentId": f"SHIP-{number}",
        "status": "IN_TRANSIT",
        "location": "Memphis, TN",
        "carrier": "FedEx",
    }
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": DETAIL_TYPE,
        "source": SOURCE,
        "time": "2026-11-23T10:00:00Z",
        "detail": detail,
    }


def serve(length: int) -> None:
    """Serve a queue of a length; print the port."""
    Answer.queue = Queue(length)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


def measure(length: int) -> str:
    """Return what the redrive of a queue takes."""
    program = [sys.executable, __file__, "serve", str(length)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as server:
        port = int(cast("IO[str]", server.stdout).readline())
        settings = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
        }
        start = time.monotonic()
        command = subprocess.Popen(
            [sys.executable, "-m", "shipments", "redrive", "--json"],
            stdout=subprocess.PIPE,
            env={**os.environ, **settings},
            text=True,
        )
        counts = json.loads(cast("IO[str]", command.stdout).read())
        _, _, usage = os.wait4(command.pid, 0)
        seconds = time.monotonic() - start
        server.terminate()
    if counts["stored"] != length:
        raise SystemExit(f"not all were stored: {counts}")
    processor = usage.ru_utime + usage.ru_stime
    return (
        f"{length:,} updates: {seconds:.1f} s ({length / seconds:.0f} a second), "
        f"{processor:.1f} s of processor time, {usage.ru_maxrss / 1024:.0f} MB"
    )


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        for each in sys.argv[1:]:
            print(measure(int(each)))
