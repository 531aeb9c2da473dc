"""Measures the handler's processor time against what it cannot be cheaper than.

Run from the repository's folder: make bench. Every figure is a ratio of two things measured in
the same run, in turns; the database answers from a process of its own, on this machine.
"""

import contextlib
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from operator import truediv
from pathlib import Path
from typing import Any

from shipments.events import DETAIL_TYPE, SOURCE

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "handler.json"
ROUNDS = 40
CALLS = 50
COLD_ROUNDS = 15
DETAIL = {
    "shipmentId": "SHIP-12345",
    "status": "IN_TRANSIT",
    "location": "Memphis, TN",
    "carrier": "FedEx",
}
BASELINE = "import boto3; boto3.client('dynamodb')"
SERVER = """
from shipments.events import DETAIL_TYPE, SOURCE
import http.server, json, sys
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.rfile.read(length)
        xml = "json" not in self.headers.get("Content-Type", "")
        body = b"<PutMetricDataResponse/>" if xml else b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "text/xml" if xml else "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
print(server.server_port, flush=True)
server.serve_forever()
"""


def envelope() -> dict[str, Any]:
    """Return an ordinary update as EventBridge hands it over."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": DETAIL_TYPE,
        "source": SOURCE,
        "account": "000000000000",
        "time": "2026-11-23T10:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": DETAIL,
    }


class Context:
    """What Lambda gives a handler beside the event, as far as ours looks at it."""

    aws_request_id = str(uuid.uuid4())


def ordinary_handler(clients: Any) -> Callable[[dict[str, Any]], object]:
    """Return what a handler usually does: a resource-level put, PutMetricData, the event logged."""
    table = clients.resource("dynamodb").Table("shipment-logs-bench")
    cloudwatch = clients.client("cloudwatch")

    def handle(event: dict[str, Any]) -> dict[str, Any]:
        print("Received event:", json.dumps(event))
        detail = event["detail"]
        now = datetime.now(timezone.utc)
        item = {
            "shipmentId": detail["shipmentId"],
            "timestamp": int(now.timestamp() * 1000),
            "status": detail["status"],
            "location": detail.get("location", "Unknown"),
            "carrier": detail.get("carrier", "Unknown"),
            "eventTime": now.isoformat(),
            "rawEvent": json.dumps(detail),
        }
        table.put_item(Item=item)
        names = {"Environment": "bench", "Status": detail["status"]}
        dimensions = [{"Name": name, "Value": value} for name, value in names.items()]
        datum = {"MetricName": "ShipmentUpdatesProcessed", "Value": 1, "Unit": "Count"}
        cloudwatch.put_metric_data(
            Namespace="LogisticsProcessing", MetricData=[{**datum, "Dimensions": dimensions}]
        )
        return {"statusCode": 200, "body": json.dumps({"shipmentId": detail["shipmentId"]})}

    return handle


def processor_seconds(call: Callable[[], object]) -> float:
    """Return this process's processor time for CALLS calls (seconds)."""
    started = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        for _ in range(CALLS):
            call()
    return time.process_time() - started


def warm() -> dict[str, float]:
    """Return the warm handler's median ratios to a bare put and to an ordinary handler.

    And, for it is at hand, the size of its log line in bytes.
    """
    sys.path.insert(0, str(ROOT / "lambda"))
    import boto3  # noqa: PLC0415 - only once the environment names the server
    import index  # type: ignore[import-not-found]  # noqa: PLC0415 - as above

    captured: list[dict[str, Any]] = []
    index.dynamodb.meta.events.register_first(
        "provide-client-params.dynamodb.PutItem", lambda params, **_: captured.append(params)
    )
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        index.lambda_handler(envelope(), Context())
    put, ordinary = captured[0], ordinary_handler(boto3)
    contestants: dict[str, Callable[[], object]] = {
        "handler": lambda: index.lambda_handler(envelope(), Context()),
        "put": lambda: index.dynamodb.put_item(**put),
        "ordinary": lambda: ordinary(envelope()),
    }
    took: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, call in contestants.items():
            took[name].append(processor_seconds(call))
    ratios = {
        "warm_handler_to_bare_put": "put",
        "warm_handler_to_ordinary_handler": "ordinary",
    }
    return {
        "log_line_bytes": len(printed.getvalue().encode()),
        **{
            ratio: statistics.median(map(truediv, took["handler"], took[other]))
            for ratio, other in ratios.items()
        },
    }


def cold() -> dict[str, float]:
    """Return the median ratio of importing the handler to importing boto3 with one client."""

    def seconds(code: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT / "lambda")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    pairs = [(seconds("import index"), seconds(BASELINE)) for _ in range(COLD_ROUNDS)]
    return {"cold_handler_to_boto3_client": statistics.median(a / b for a, b in pairs)}


def main() -> None:
    """Measure, print, and write the results."""
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None  # noqa: S101 - it is a pipe, three lines up
        port = int(server.stdout.readline())
        os.environ.update(
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
            AWS_ACCESS_KEY_ID="bench",
            AWS_SECRET_ACCESS_KEY="bench",  # noqa: S106 - opens nothing
            AWS_DEFAULT_REGION="us-east-1",
            DYNAMODB_TABLE="shipment-logs-bench",
            SNS_TOPIC_ARN="arn:aws:sns:us-east-1:000000000000:shipment-alerts-bench",
            FAILED_UPDATES_QUEUE_URL="https://127.0.0.1/000000000000/shipment-failed-updates-bench",
            ENVIRONMENT="bench",
            CRITICAL_STATUSES="DELAYED,DELAY,LOST,LOSS,DAMAGED,DAMAGE,EXCEPTION",
            RUNBOOK_URL="docs/runbook.md",
            ROW_RETENTION_DAYS="0",
        )
        ratios = {**warm(), **cold()}
    finally:
        server.kill()
        server.wait()
    results = {"python": sys.version.split()[0], **{k: round(v, 3) for k, v in ratios.items()}}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
