"""Measures what `shipments cost` computes with: bytes, AWS calls and processor time of an update.

Run from the repository's folder: PYTHONPATH=.:src .venv/bin/python benchmarks/sizes.py
Writes src/shipments/cost/measured.json. Bytes and calls are those of the handlers in an account in
memory. Processor time is that of a warm handler whose calls another process answers at once.
"""

import io
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import boto3
from moto import mock_aws

from shipments import handler
from tests.account import ENVIRONMENT, REGION, FakeAccount, Fields
from tests.unit.handler.updates import envelope

RESULTS = Path(__file__).parents[1] / "src" / "shipments" / "cost" / "measured.json"
DETAIL_BYTES = 250
CLOCK_MS = 1_795_428_001_623  # the handlers' clock, 1.5 s after the update
DETAIL_SIZES = (150, 250, 500, 1000, 2000, 4000)
ROUNDS, CALLS = 15, 20
HISTORY = 10  # rows of the shipment whose item is measured
# The lines that Lambda adds around an invocation if its log is plain text.
LAMBDA_LINES = (
    "START RequestId: {id} Version: $LATEST\n"
    "END RequestId: {id}\n"
    "REPORT RequestId: {id}\tDuration: 25.51 ms\tBilled Duration: 26 ms\tMemory Size: 256 MB\t"
    "Max Memory Used: 92 MB\t\n"
).format(id="c1d2e3f4-a5b6-4798-8a9b-acbdcedfe0f1")
STUB = """
import http.server, json
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        status, answer, kind = 200, b"{}", "application/x-amz-json-1.0"
        if b"REDELIVERED" in body and b"ConditionExpression" in body:
            status, item = 400, json.loads(body)["Item"]
            name = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
            answer = json.dumps({"__type": name, "Item": item}).encode()
        elif operation == "SendMessage":
            answer = b'{"MessageId": "1", "MD5OfMessageBody": "1"}'
        elif not operation:
            kind = "text/xml"
            answer = b"<PublishResponse><PublishResult></PublishResult></PublishResponse>"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
print(server.server_port, flush=True)
server.serve_forever()
"""


class Handler(NamedTuple):
    """A handler and the clients that it calls AWS by."""

    call: Callable[[Fields], Any]
    clients: list[Any]


def detail(size: int = DETAIL_BYTES, **changes: str) -> Fields:
    """Return a detail of so many bytes as compact JSON."""
    fields = {
        "shipmentId": "SHIP-12345",
        "status": "IN_TRANSIT",
        "location": "Memphis, TN",
        "carrier": "FedEx",
        "eventTime": "2026-11-23T10:00:00.123Z",
        **changes,
        "note": "",
    }
    fields["note"] = "x" * (size - compact(fields))
    return fields


def compact(value: Any) -> int:
    """Return how many bytes of compact JSON a value has."""
    return len(json.dumps(value, separators=(",", ":")).encode())


KINDS = {
    "ordinary": {},
    "critical": {"status": "DELAYED"},
    "redelivered": {"shipmentId": "REDELIVERED"},
    "rejected": {"eventTime": "yesterday"},
}


def events(kind: str) -> list[Fields]:
    """Return the deliveries of an update of a kind; the last one is what is measured."""
    event = envelope(detail(**KINDS[kind]))
    return [event, event] if kind == "redelivered" else [event]


def ours(account: FakeAccount) -> Handler:
    """Return the handler of the template."""
    module = account.start_handler()
    module.clock_ms = lambda: CLOCK_MS
    context = SimpleNamespace(aws_request_id=envelope({})["id"])
    clients = [module.client(name) for name in ("dynamodb", "sns", "sqs")]
    return Handler(lambda event: module.lambda_handler(event, context), clients)


def plain(account: FakeAccount) -> Handler:
    """Return a plain handler: it logs the event, puts the row, and calls PutMetricData."""
    table = boto3.resource("dynamodb").Table(account.table)
    sns, cloudwatch = boto3.client("sns"), boto3.client("cloudwatch")

    def count(name: str, **dimensions: str) -> None:
        names = {"Environment": ENVIRONMENT, **dimensions}
        pairs = [{"Name": key, "Value": value} for key, value in names.items()]
        datum = {"MetricName": name, "Value": 1, "Unit": "Count", "Dimensions": pairs}
        cloudwatch.put_metric_data(Namespace="LogisticsProcessing", MetricData=[datum])

    def call(event: Fields) -> Any:
        print(f"Received event: {json.dumps(event)}")
        found, now = event["detail"], event["time"]
        if "T" not in found["eventTime"]:
            print("Error processing shipment update: eventTime")
            sns.publish(TopicArn=account.topic, Subject="Error", Message=json.dumps(event))
            return count("ProcessingErrors")
        names = ("shipmentId", "status", "location", "carrier")
        texts = {name: found[name] for name in names}
        # An odd number has no zero at its end, which would make the row smaller.
        item = {**texts, "timestamp": time.time_ns() // 1_000_000 | 1, "eventTime": now}
        table.put_item(Item={**item, "rawEvent": json.dumps(found)})
        count("ShipmentUpdatesProcessed", Status=found["status"])
        if found["status"] == "DELAYED":
            lines = [f"{name}: {text}" for name, text in texts.items()]
            subject = f"Logistics Alert: {found['status']} - {found['shipmentId']}"
            sns.publish(TopicArn=account.topic, Subject=subject, Message="\n".join(lines))
        return {"statusCode": 200, "body": json.dumps({"shipmentId": found["shipmentId"]})}

    return Handler(call, [table.meta.client, sns, cloudwatch])


HANDLERS = {"ours": ours, "plain": plain}


def item_bytes(item: Fields) -> int:
    """Return the size of an item by DynamoDB's rule: names and values, two digits a byte."""
    size = 0
    for name, typed in item.items():
        ((kind, value),) = typed.items()
        if kind == "S":
            size += len(value.encode())
        elif kind == "N":
            size += (len(value.strip("-0.")) + 1) // 2 + 1
        elif kind in {"SS", "L"}:
            size += sum(len(str(each)) for each in value)
        else:
            size += 1
        size += len(name.encode())
    return size


def sizes(account: FakeAccount, make: Callable[[FakeAccount], Handler]) -> Fields:
    """Return row, log and calls of a handler for each kind of update."""
    found = make(account)
    calls: Counter[str] = Counter()

    def note(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    for client in found.clients:
        client.meta.events.register("before-call", note)
    kinds: Fields = {}
    rows: Fields = {}
    for kind in KINDS:
        for event in events(kind):
            calls.clear()
            with redirect_stdout(io.StringIO()) as printed:
                found.call(event)
        kinds[kind] = {"logBytes": len(printed.getvalue().encode()), "calls": dict(calls)}
        rows[kind] = stored(account)
    by_detail = {}
    for size in DETAIL_SIZES:
        with redirect_stdout(io.StringIO()):
            found.call(envelope(detail(size)))
        by_detail[str(size)] = stored(account)
    beside = [row - int(size) for size, row in by_detail.items()]
    return {
        "rowBytes": by_detail,
        "rowBytesBesideDetail": statistics.median_high(beside),
        "markBytes": rows["critical"] - rows["ordinary"] + len("IN_TRANSIT") - len("DELAYED"),
        "kinds": kinds,
    }


def stored(account: FakeAccount) -> int:
    """Return the size of the one row there is, if there is one, and delete it."""
    items = account.dynamodb.scan(TableName=account.table)["Items"]
    account.delete_rows()
    return item_bytes(items[0]) if items else 0


def status_sizes(account: FakeAccount) -> Fields:
    """Return the size of a shipment's item, and of the status function's log lines."""
    account.make_status_stack()
    module, index = account.start_status(), ours(account)
    module.clock_ms = lambda: CLOCK_MS
    context = SimpleNamespace(aws_request_id=envelope({})["id"])
    with redirect_stdout(io.StringIO()):
        for second in range(HISTORY):
            index.call(envelope(detail(eventTime=f"2026-11-23T10:00:{second:02}.123Z")))
    lines = []
    for event in ({"do": "refresh", "shipments": ["SHIP-12345"]}, {"do": "mail"}):
        with redirect_stdout(io.StringIO()) as printed:
            module.lambda_handler(event, context)
        lines.append(len(printed.getvalue().encode()))
    items = account.dynamodb.scan(TableName=account.status_table)["Items"]
    (item,) = (each for each in items if "status" in each)
    return {"itemBytes": item_bytes(item), "logBytes": lines[0], "minuteLogBytes": lines[1]}


def cpu(handlers: dict[str, Handler]) -> dict[str, dict[str, float]]:
    """Return the processor time of a warm call by handler and kind (median, ms)."""
    took: dict[str, dict[str, list[float]]] = {name: {} for name in handlers}
    for _ in range(ROUNDS):
        for name, each in handlers.items():
            for kind in KINDS:
                seconds = processor_seconds(each, [events(kind)[-1] for _ in range(CALLS)])
                took[name].setdefault(kind, []).append(seconds / CALLS * 1000)
    return {
        name: {kind: round(statistics.median(rounds), 2) for kind, rounds in kinds.items()}
        for name, kinds in took.items()
    }


def processor_seconds(each: Handler, deliveries: Iterable[Fields]) -> float:
    """Return this process's processor time for deliveries."""
    with redirect_stdout(io.StringIO()):
        started = time.process_time()
        for event in deliveries:
            each.call(event)
        return time.process_time() - started


class Nowhere(FakeAccount):
    """Names of an account whose services a stub answers for."""

    def __init__(self) -> None:
        self.table, self.queue = "shipment-logs-test", "https://127.0.0.1/1/failed"
        self.topic = f"arn:aws:sns:{REGION}:123456789012:shipment-alerts-test"


def measure_sizes() -> Fields:
    """Return sizes and calls of both handlers, and sizes of the status stack's."""
    found: Fields = {}
    for name, make in HANDLERS.items():
        with mock_aws():
            boto3.setup_default_session(region_name=REGION)
            found[name] = sizes(FakeAccount(boto3.Session()), make)
    with mock_aws():
        boto3.setup_default_session(region_name=REGION)
        found["status"] = status_sizes(FakeAccount(boto3.Session()))
    return found


def main() -> None:
    """Measure, print, and write the results."""
    os.environ.update(
        AWS_ACCESS_KEY_ID="bench",
        AWS_SECRET_ACCESS_KEY="bench",  # noqa: S106 - opens nothing
        AWS_DEFAULT_REGION=REGION,
    )
    measured: Fields = {
        "python": platform.python_version(),
        "boto3": version("boto3"),
        "handler": handler.digest(),
        "detailBytes": DETAIL_BYTES,
        "envelopeBytesBesideDetail": compact(envelope(detail())) - DETAIL_BYTES,
        "lambdaLinesBytes": len(LAMBDA_LINES),
        **measure_sizes(),
    }
    stub = subprocess.Popen([sys.executable, "-c", STUB], stdout=subprocess.PIPE, text=True)
    try:
        assert stub.stdout is not None  # noqa: S101 - it is a pipe, two lines up
        os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{stub.stdout.readline().strip()}"
        boto3.setup_default_session()
        took = cpu({name: make(Nowhere()) for name, make in HANDLERS.items()})
    finally:
        stub.kill()
        stub.wait()
    for name, kinds in took.items():
        for kind, milliseconds in kinds.items():
            measured[name]["kinds"][kind]["cpuMs"] = milliseconds
    text = json.dumps(measured, indent=2) + "\n"
    RESULTS.write_text(text, "utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
