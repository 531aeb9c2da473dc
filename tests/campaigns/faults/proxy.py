"""Stands between the deployed function and the emulator, and breaks calls on their way.

The function speaks plain HTTP to it on loopback, it speaks TLS to the emulator: policies see TLS.
"""

import json
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from scripts.emulator import Emulator

# Longer than the function lives: who holds a call waits for the caller to give up.
HOLD_SECONDS = 40
UPSTREAM_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class Call:
    """An AWS call under way: its service and operation, its body, and the means to break it."""

    service: str
    operation: str
    body: bytes
    ask: Callable[[], Answer]
    caller: socket.socket = field(repr=False)

    def hold(self) -> None:
        """Let the caller wait until it gives up."""
        select.select([self.caller], [], [], HOLD_SECONDS)


# What becomes of a call: an answer, or None to break the connection off.
Fault = Callable[[Call], Answer | None]


def through(call: Call) -> Answer:
    """Let the call through."""
    return call.ask()


def refusal(status: int, code: str) -> Fault:
    """Return a fault: the service answers with an error, in JSON or, as SNS does, in XML."""

    def refuse(call: Call) -> Answer:
        body = json.dumps({"__type": code, "message": "broken on purpose"})
        if call.operation == "Publish":
            error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>"
            body = f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"
        return Answer(status, (), body.encode())

    return refuse


def reset(_: Call) -> None:
    """Break the connection off before the service hears of the call."""


def reset_after(call: Call) -> None:
    """Break the connection off once the service has done what was asked."""
    call.ask()


def lost_request(call: Call) -> None:
    """Let the caller wait for an answer to what never arrives."""
    call.hold()


def lost_response(call: Call) -> None:
    """Let the caller wait, though the service does what was asked."""
    call.ask()
    call.hold()


def garbled(call: Call) -> Answer:
    """Answer with garbage, though the service does what was asked."""
    call.ask()
    return Answer(200, (), b"\x00<garbage")


class Proxy:
    """Listens on a port of this machine and asks plan what becomes of each call."""

    def __init__(self) -> None:
        """Listen; nothing gets through before join."""
        self.plan: Callable[[Call], Fault] = lambda _: through
        self._upstream: tuple[str, int] | None = None
        self._trust: ssl.SSLContext | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def join(self, emulator: Emulator) -> None:
        """Pass calls on to an emulator from now on."""
        url = urlsplit(emulator.endpoint)
        assert url.hostname is not None
        assert url.port is not None
        self._trust = ssl.create_default_context(cafile=emulator.environment["AWS_CA_BUNDLE"])
        self._upstream = (url.hostname, url.port)

    def connect(self) -> HTTPSConnection:
        """Return a connection to the emulator."""
        assert self._upstream is not None
        host, port = self._upstream
        return HTTPSConnection(host, port, timeout=UPSTREAM_SECONDS, context=self._trust)

    def serve(self) -> None:
        """Serve until close, in a thread of its own."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Listen no longer."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        return type("Handler", (_Connection,), {"proxy": self})


@contextmanager
def standing() -> Iterator[Proxy]:
    """Run a proxy for the length of a with block."""
    proxy = Proxy()
    proxy.serve()
    try:
        yield proxy
    finally:
        proxy.close()


class _Connection(BaseHTTPRequestHandler):
    """A connection of the function's, and the one to the emulator that belongs to it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: Proxy

    def setup(self) -> None:
        super().setup()
        self._upstream: HTTPSConnection | None = None

    def finish(self) -> None:
        if self._upstream is not None:
            self._upstream.close()
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        # Credential=<key>/<date>/<region>/<service>/aws4_request
        service = self.headers["Authorization"].split("/")[3]
        operation = self._operation(body)
        call = Call(service, operation, body, lambda: self._ask(body), self.connection)
        try:
            answer = self.proxy.plan(call)(call)
        except (HTTPException, OSError):
            answer = None  # the emulator is gone: so is the connection
        if answer is None:
            self._break_off()
        else:
            self._send(answer)

    def _operation(self, body: bytes) -> str:
        target = self.headers.get("X-Amz-Target")
        if target:
            return target.rpartition(".")[2]
        return parse_qs(body.decode())["Action"][0]

    def _ask(self, body: bytes) -> Answer:
        if self._upstream is None:
            self._upstream = self.proxy.connect()
        # Host goes along too: the signature covers it.
        self._upstream.request("POST", self.path, body, dict(self.headers.items()))
        response = self._upstream.getresponse()
        names = ("content-type", "x-amzn-requestid", "x-amz-crc32")
        headers = tuple((name, value) for name in names if (value := response.getheader(name)))
        return Answer(response.status, headers, response.read())

    def _send(self, answer: Answer) -> None:
        lines = [f"HTTP/1.1 {answer.status} -"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        lines += [f"Content-Length: {len(answer.body)}", "", ""]
        try:
            # All at once: two writes would wait for each other's acknowledgement.
            self.connection.sendall("\r\n".join(lines).encode() + answer.body)
        except OSError:
            self.close_connection = True  # the caller has gone

    def _break_off(self) -> None:
        self.close_connection = True
        # Closed without lingering, a socket sends a reset.
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
