"""Starts the stub and the contestants, each in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import botocore
import trustme

from benchmarks.bench import server
from benchmarks.bench.updates import REGION
from shipments.handler import PATH

ROOT = Path(__file__).resolve().parents[2]
CONTESTANTS = Path(__file__).with_name("contestants")
# In this order, because a machine's pace changes: ours comes after what its ratios compare it with.
FILES = {
    "plain": CONTESTANTS / "plain.py",
    "powertools": CONTESTANTS / "powertools.py",
    "floor": CONTESTANTS / "floor.py",
    "put": CONTESTANTS / "put.py",
    "ours": PATH,
}
Taken = dict[str, float]


class Stub:
    """The process that answers in the place of AWS."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.port = int(_line(process))

    def calls(self, delay_ms: float = 0) -> dict[str, int]:
        """Return the calls since it was last asked, and answer later ones with a delay."""
        _write(self._process, f"{delay_ms}")
        counted: dict[str, int] = json.loads(_line(self._process))
        return counted


class Worker:
    """A contestant's process. loaded: what loading it took."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.loaded: Taken = json.loads(_line(process))

    def run(self, kind: str, number: int) -> Taken:
        """Process updates, and return what one of them took."""
        _write(self._process, f"{kind} {number}")
        taken: Taken = json.loads(_line(self._process))
        return {
            name: value if name == "memory_kb" else value / number for name, value in taken.items()
        }


def _line(process: "subprocess.Popen[str]") -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise SystemExit(f"{process.args} ended; what it wrote is above")
    return line


def _write(process: "subprocess.Popen[str]", line: str) -> None:
    if process.stdin:
        process.stdin.write(line + "\n")
        process.stdin.flush()


@contextmanager
def started(command: list[str], environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """Run a process whose input and output are lines; it ends when its input does."""
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process


@dataclass(frozen=True)
class Bench:
    """A stub, and how to start contestants that reach nothing else."""

    python: str
    stub: Stub
    environment: dict[str, str]

    @contextmanager
    def worker(self, file: Path) -> Iterator[Worker]:
        """Start a contestant."""
        module = ["-m", "benchmarks.bench.worker", str(file), str(self.stub.port)]
        with started([self.python, *module], self.environment) as process:
            yield Worker(process)


@contextmanager
def opened(python: str) -> Iterator[Bench]:
    """Start the stub, with a certificate that contestants trust beside the usual ones.

    Those are 140, and to read them is a good part of a first call.
    """
    authority = trustme.CA()
    certificate = authority.issue_cert(f"*.{REGION}.amazonaws.com")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
        usual = Path(botocore.__file__).with_name("cacert.pem").read_bytes()
        (folder / "trusted.pem").write_bytes(usual + authority.cert_pem.bytes())
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src"))),
            "AWS_CA_BUNDLE": str(folder / "trusted.pem"),
            "AWS_ACCESS_KEY_ID": "ASIABENCH",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_SESSION_TOKEN": "bench" * 100,  # about as long as a role's
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }
        stub = [sys.executable, server.__file__, str(folder / "server.pem")]
        process = stack.enter_context(started(stub, environment))
        yield Bench(python, Stub(process), environment)
