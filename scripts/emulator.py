"""Runs MiniStack, an emulator of AWS, on a free port of this machine, with TLS and IAM enforced."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import trustme
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectionError,  # noqa: A004 - botocore's own, which Python's does not catch
)

from shipments.stack import Clients

REGION = "us-east-1"
ACCOUNT = "000000000000"
# With this key MiniStack treats a caller as the root user of the account.
ROOT_KEY = "test"
# MiniStack's CloudFormation has no event archives and refuses alarms with metric math.
PARAMETERS = {"ArchiveRetentionDays": "0", "UnheardAlertsAlarmEnabled": "false"}
START_SECONDS = 30
STOP_SECONDS = 10
HANDSHAKE_SECONDS = 2
PORT_IS_TAKEN = "already in use"
# What a client raises once the emulator has stopped.
GONE = (ConnectionError, ConnectionClosedError)


class EmulatorError(Exception):
    """MiniStack did not start; the message says what it printed."""


@dataclass(frozen=True)
class Emulator:
    """A running MiniStack: where it listens, its process, and the folder of its files."""

    endpoint: str
    pid: int
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None  # where this process is its parent

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which boto3, the AWS CLI and our scripts reach this emulator."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CA_BUNDLE": str(self.folder / "certificate.pem"),
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            "AWS_DEFAULT_REGION": REGION,
        }

    @cached_property
    def client(self) -> Clients:
        """A function that returns a service's boto3 client, as the account's root user."""
        return self.clients()

    def clients(self, **options: Any) -> Clients:
        """Return boto3 clients made with other options, such as another user's key."""
        keys = {"aws_access_key_id": ROOT_KEY, "aws_secret_access_key": ROOT_KEY}
        settings = {"verify": self.environment["AWS_CA_BUNDLE"], "endpoint_url": self.endpoint}
        return Clients(boto3.Session(region_name=REGION), **{**keys, **settings, **options})

    def log(self) -> str:
        """Return what MiniStack has printed so far."""
        return (self.folder / "log.txt").read_text("utf-8", "replace")


def start(folder: Path, extra: Mapping[str, str] | None = None) -> Emulator:
    """Start MiniStack with its files in folder and return once it answers.

    extra: environment variables for it, over ours. Raises EmulatorError if it ends, or does
    not answer within START_SECONDS.
    """
    _make_certificate(folder)
    give_up = time.monotonic() + START_SECONDS
    while True:
        emulator = _launch(folder, extra or {})
        while emulator.process is not None and emulator.process.poll() is None:
            if answers(emulator):
                return emulator
            if time.monotonic() > give_up:
                break
            time.sleep(0.05)
        stop(emulator)
        # Between the choice of a port and its use another process may have taken it.
        if PORT_IS_TAKEN not in emulator.log() or time.monotonic() > give_up:
            raise EmulatorError(f"MiniStack did not start:\n{emulator.log()[-2000:]}")


def _launch(folder: Path, extra: Mapping[str, str]) -> Emulator:
    """Start MiniStack's process on a port that is free now."""
    port = _free_port()
    endpoint = f"https://127.0.0.1:{port}"
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env={**_environment(folder, port, endpoint), **extra},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return Emulator(endpoint, process.pid, folder, process)


def stop(emulator: Emulator) -> None:
    """End MiniStack and the workers it started; return when they are gone.

    By SIGKILL, because its state is not needed and it would take ten seconds to end by itself.
    """
    give_up = time.monotonic() + STOP_SECONDS
    while _kill_group(emulator.pid) and time.monotonic() < give_up:
        if emulator.process:
            emulator.process.poll()  # until somebody asks, an ended child is a zombie
        time.sleep(0.02)


def answers(emulator: Emulator) -> bool:
    """Return whether this emulator answers, which only it can do with its certificate."""
    trust = ssl.create_default_context(cafile=str(emulator.folder / "certificate.pem"))
    port = int(emulator.endpoint.rsplit(":", 1)[1])
    try:
        with (
            socket.create_connection(("127.0.0.1", port), HANDSHAKE_SECONDS) as connection,
            trust.wrap_socket(connection, server_hostname="127.0.0.1"),
        ):
            return True
    except OSError:  # TLS errors, too
        return False


@contextmanager
def running(extra: Mapping[str, str] | None = None) -> Iterator[Emulator]:
    """Run MiniStack for the length of a with block, leaving neither process nor file behind.

    A SIGTERM ends the block like Ctrl-C does, so MiniStack is stopped then, too.
    """
    previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with tempfile.TemporaryDirectory(prefix="tapstack-", ignore_cleanup_errors=True) as folder:
            emulator = start(Path(folder), extra)
            try:
                yield emulator
            finally:
                stop(emulator)
    finally:
        signal.signal(signal.SIGTERM, previous)


def complete(client: Clients, table: str) -> None:
    """Do for a stack's table what MiniStack's CloudFormation leaves out of the template."""
    client("dynamodb").update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )


def _environment(folder: Path, port: int, endpoint: str) -> dict[str, str]:
    """Return MiniStack's environment: ours without any AWS setting, plus its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    certificate = str(folder / "certificate.pem")
    return {
        **inherited,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": certificate,
        "MINISTACK_SSL_KEY": str(folder / "key.pem"),
        "AUTH": "true",
        # These two services, which the stack does not use, would listen on fixed ports.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # AWS waits one and then two minutes between the attempts; here it is tenths of a second.
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(folder),
        "S3_DATA_DIR": str(folder / "s3"),
        "STATE_DIR": str(folder / "state"),
        # For the function's workers: where MiniStack is, and the certificate to trust.
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CA_BUNDLE": certificate,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _make_certificate(folder: Path) -> None:
    """Write a certificate for this machine, and its key, that only MiniStack's clients trust."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    with (folder / "certificate.pem").open("wb") as chain:
        for part in (*certificate.cert_chain_pems, authority.cert_pem):
            chain.write(part.bytes())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _kill_group(pid: int) -> bool:
    """Kill the process group that pid leads; return whether there was one."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
