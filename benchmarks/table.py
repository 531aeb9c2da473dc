"""Measures memory and processor time of the commands that read a whole table: list and export.

Run from the repository's folder: PYTHONPATH=src .venv/bin/python benchmarks/table.py SHIPMENTS.
With --status after that there is a status stack, whose table list reads. The tables are made up as
they are read, with three updates per shipment, by a server in this process.
"""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.sax.saxutils import escape

from shipments import stack, status_stack

UPDATES = 3  # per shipment
ROW_BYTES = 450  # about
PAGE_ROWS = 1_000_000 // ROW_BYTES  # DynamoDB reads 1 MB at once
STACK = (
    "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName>"
    "<StackStatus>CREATE_COMPLETE</StackStatus><Outputs>{}</Outputs></member></Stacks>"
    "</DescribeStacksResult></DescribeStacksResponse>"
)
OUTPUT = "<member><OutputKey>{0}</OutputKey><OutputValue>{0}</OutputValue></member>"
COMMANDS = [
    ("list", "--csv"),
    ("export",),
    ("export", "--csv"),
]


class Aws(BaseHTTPRequestHandler):
    """Answers as CloudFormation and DynamoDB do, each time the same."""

    protocol_version = "HTTP/1.1"
    shipments = 0
    outputs = stack.OUTPUTS

    def do_POST(self) -> None:
        """Answer a call."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if operation == "Scan":
            answer = json.dumps(self._scan(json.loads(body)))
        elif operation == "BatchGetItem":
            tables = json.loads(body)["RequestItems"].items()
            found = {table: asked["Keys"] for table, asked in tables}
            answer = json.dumps({"Responses": found, "UnprocessedKeys": {}})
        elif operation == "DescribeTable":
            rows = self.shipments * per_shipment(json.loads(body)["TableName"])
            table = {"ItemCount": rows, "TableSizeBytes": rows * ROW_BYTES}
            answer = json.dumps({"Table": table})
        else:
            answer = STACK.format(
                "".join(OUTPUT.format(escape(name)) for name in sorted(self.outputs))
            )
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0" if operation else "text/xml")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def _scan(self, request: dict[str, Any]) -> dict[str, Any]:
        segment, segments = request.get("Segment", 0), request.get("TotalSegments", 1)
        updates, limit = per_shipment(request["TableName"]), request.get("Limit", PAGE_ROWS)
        first = int(request.get("ExclusiveStartKey", {"timestamp": {"N": 0}})["timestamp"]["N"])
        end = len(range(segment, self.shipments, segments)) * updates
        last = min(first + min(PAGE_ROWS, limit), end)
        wanted = request.get("ExpressionAttributeNames", {}).values()
        items = []
        for number in range(first, last):
            row = update(segment + number // updates * segments, number % updates)
            items.append({name: row[name] for name in wanted or row})
        answer = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
        return answer if last == end else {**answer, "LastEvaluatedKey": key(last)}

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


def per_shipment(table: str) -> int:
    """Return how many rows a table has of each shipment."""
    return 1 if table == "ShipmentStatusTableName" else UPDATES


def key(number: int) -> dict[str, Any]:
    """Return the key that the next page starts after; its timestamp is a row's number here."""
    return {"shipmentId": {"S": "x"}, "timestamp": {"N": str(number)}}


def update(shipment: int, number: int) -> dict[str, dict[str, str]]:
    """Return a row: an update of a shipment."""
    name, status = f"SHIP-{shipment:08}", ("PRE_TRANSIT", "IN_TRANSIT", "DELAYED")[number]
    moment = 1_790_000_000_000 + shipment * 977 + number * 3_600_000
    time_ = f"2026-09-{shipment % 30 + 1:02}T{number:02}:{shipment % 60:02}:00.000Z"
    location, carrier = f"Hub {shipment % 500}, TN", ("FedEx", "UPS", "DHL")[shipment % 3]
    texts = {
        "shipmentId": name,
        "status": status,
        "location": location,
        "carrier": carrier,
        "eventTime": time_,
        "updateId": f"{shipment * UPDATES + number:032x}",
        "processedAt": time_,
        "since": time_,
        "rawEvent": json.dumps(
            {"shipmentId": name, "status": status, "location": location, "note": "x" * 150}
        ),
    }
    numbers = {"timestamp": moment, "updates": UPDATES}
    return {
        **{name: {"S": text} for name, text in texts.items()},
        **{name: {"N": str(value)} for name, value in numbers.items()},
    }


def measure(command: tuple[str, ...], environment: dict[str, str]) -> tuple[float, float]:
    """Return a command's seconds of processor time and its peak resident memory in MB."""
    with subprocess.Popen(
        [sys.executable, "-m", "shipments", *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with status {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Print a line for each command."""
    Aws.shipments = int(sys.argv[1])
    if "--status" in sys.argv:
        Aws.outputs = stack.OUTPUTS | status_stack.OUTPUTS
    server = ThreadingHTTPServer(("127.0.0.1", 0), Aws)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    environment = {**os.environ, **settings, **keys, "AWS_DEFAULT_REGION": "us-east-1"}
    for command in COMMANDS:
        seconds, megabytes = measure(command, environment)
        print(
            f"{' '.join(command)}: {Aws.shipments:,} shipments take "
            f"{seconds:.1f} s of processor time and {megabytes:.0f} MB of memory"
        )
    server.shutdown()


if __name__ == "__main__":
    main()
