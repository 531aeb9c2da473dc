"""Measures `shipments failed` on a long queue of the emulator: time, rate and peak memory.

The emulator goes through its whole queue for each message, so the rate is that of the emulator;
the command's own limit is its processor time.

Run from the repository's folder: PYTHONPATH=.:src .venv/bin/python benchmarks/failed.py [MESSAGES]
"""

import json
import os
import subprocess
import sys
import time
import uuid
from typing import Any

from scripts import deployment, emulator
from scripts.embed import TEMPLATE
from shipments.events import DETAIL_TYPE, SOURCE

NAME = "tapstack-bench"
TEN = 10
REASON = "eventTime: must be ISO 8601 with zone, or whole epoch milliseconds"


def body(number: int, note: str) -> str:
    """Return a rejected update as the handler puts it on the queue."""
    carrier = "FedEx" if number % 3 else "UPS"
    detail = {"shipmentId": f"SHIP-{number}", "status": "LOST", "carrier": carrier, "note": note}
    envelope = {
        "id": str(uuid.uuid4()),
        "source": SOURCE,
        "detail-type": DETAIL_TYPE,
        "detail": {**detail, "eventTime": "noon"},
    }
    return json.dumps({"reason": REASON, "envelope": envelope})


def fill(sqs: Any, url: str, messages: int, note: str) -> None:
    """Put failed updates on the queue."""
    for start in range(0, messages, TEN):
        entries = [
            {"Id": str(number), "MessageBody": body(number, note)}
            for number in range(start, start + TEN)
        ]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)


def measure(environment: dict[str, str], *arguments: str) -> tuple[float, float, float]:
    """Run the command; return its time and its processor time in seconds, its peak memory in MB."""
    command = [sys.executable, "-m", "shipments", *arguments]
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {process.returncode}")
    seconds = time.monotonic() - started
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Print a line for each number of messages and each size."""
    most = int(sys.argv[1]) if sys.argv[1:] else 10_000
    with emulator.running() as local:
        environment = {**os.environ, **local.environment}
        template = TEMPLATE.read_text("utf-8")
        stack = deployment.deploy(
            local.client, NAME, template, {**emulator.PARAMETERS, "EnvironmentSuffix": "bench"}
        )
        sqs, url = local.client("sqs"), stack["FailedUpdatesQueueUrl"]
        for messages, size in ((TEN, 200), (most, 200), (most, 10_000)):
            sqs.purge_queue(QueueUrl=url)
            fill(sqs, url, messages, "x" * size)
            for form in ([], ["--json"]):
                seconds, processor, megabytes = measure(
                    environment, "failed", "--stack-name", NAME, *form
                )
                print(
                    f"{messages:,} messages with {size:,} bytes more, {' '.join(form) or 'lines'}: "
                    f"{seconds:.1f} s, {messages / seconds:,.0f} a second, {processor:.1f} s of "
                    f"processor time, {megabytes:.0f} MB",
                    flush=True,
                )


if __name__ == "__main__":
    main()
