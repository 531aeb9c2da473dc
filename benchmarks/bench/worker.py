"""A contestant in a process of its own: loads it, then processes as many updates as it is asked.

Standard input has a kind and a number a line. Each is answered by a line of JSON on standard
output, and the first of them, unasked, is about loading. The contestant's own output is counted.
"""

import io
import json
import os
import re
import resource
import socket
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.bench.updates import KINDS, VARIABLES
from shipments.handler import load

CONTEXT = SimpleNamespace(
    aws_request_id="c1d2e3f4-a5b6-4798-8a9b-acbdcedfe0f1",
    function_name="shipment-processor-bench",
    function_version="$LATEST",
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:shipment-processor-bench",
    memory_limit_in_mb=256,
    get_remaining_time_in_millis=lambda: 30_000,
)


class Log(io.TextIOBase):
    """Standard output of a contestant, of which only the size is kept."""

    size = 0

    def write(self, text: str) -> int:
        """Count a text."""
        self.size += len(text.encode())
        return len(text)


def to_loopback(port: int) -> None:
    """Make every host name lead to a port on loopback, so that clients use AWS's own names."""
    resolve = socket.getaddrinfo

    def resolved(_host: Any, _port: Any, *args: Any, **options: Any) -> Any:
        return resolve("127.0.0.1", port, *args, **options)

    socket.getaddrinfo = resolved


def peak_memory_kb() -> int:
    """Return the most that this process had in memory (KB)."""
    status = Path("/proc/self/status")
    if not status.exists():  # macOS, which counts bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    # On Linux rusage's maximum has the parent's in it.
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text("utf-8"))[0])


def main() -> None:
    """Answer until standard input ends. Arguments: the contestant's file, the stub's port."""
    to_loopback(int(sys.argv[2]))
    answers, log = os.fdopen(os.dup(1), "w"), Log()
    sys.stdout = log

    def answer(cpu: float, wall: float, log_bytes: int) -> None:
        taken = {"cpu_ms": 1000 * (time.process_time() - cpu)}
        taken["wall_ms"] = 1000 * (time.perf_counter() - wall)
        taken |= {"log_bytes": log.size - log_bytes, "memory_kb": peak_memory_kb()}
        print(json.dumps(taken), file=answers, flush=True)

    clocks = time.process_time(), time.perf_counter()
    # Rows of another shape would be in the way of ours.
    table = {"DYNAMODB_TABLE": f"shipment-logs-{Path(sys.argv[1]).stem}"}
    handler = load({**VARIABLES, **table}, Path(sys.argv[1])).lambda_handler
    answer(*clocks, log.size)
    for line in sys.stdin:
        kind, number = line.split()
        updates = [KINDS[kind]() for _ in range(int(number))]
        log_bytes = log.size
        clocks = time.process_time(), time.perf_counter()
        for update in updates:
            handler(update, CONTEXT)
        answer(*clocks, log_bytes)


if __name__ == "__main__":
    main()
