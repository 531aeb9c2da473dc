"""Answers on loopback as four AWS services do, over TLS, as late as it is asked to.

Run as a process of its own, so that its processor time is nobody else's. It prints its port, then
takes a delay per call (milliseconds) a line, and answers each with the calls since the line before.
"""

import json
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from typing import Any
from urllib.parse import parse_qs

Fields = dict[str, Any]
# What identifies a row, of whatever table.
KEYS = ("shipmentId", "timestamp", "id")
CHECK_FAILED = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
PUBLISHED = (
    b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"
)
# What the services answer that do not speak JSON: the content type, and the body.
OTHERS = {
    "PutMetricData": ("application/cbor\r\nsmithy-protocol: rpc-v2-cbor", b"\xa0"),
    "Publish": ("text/xml", PUBLISHED),
}


class Stub:
    """A listener with rows, a delay and a count of calls."""

    def __init__(self, chain: str) -> None:
        self.delay_ms = 0.0
        self.calls: Counter[str] = Counter()
        self._rows: dict[tuple[str, ...], Fields] = {}
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(chain)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def serve(self) -> None:
        """Accept connections for ever."""
        while True:
            connection, _ = self._listener.accept()
            # Without it an answer can wait 40 ms for the client's acknowledgement.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._connected, args=(connection,), daemon=True).start()

    def _connected(self, connection: socket.socket) -> None:
        try:
            with self._context.wrap_socket(connection, server_side=True) as secured:
                requests = secured.makefile("rb")
                while answer := self._next(requests):
                    secured.sendall(answer)
        except OSError:
            pass  # the client has ended

    def _next(self, requests: Any) -> bytes:
        """Read a request and return its answer; nothing if there is no more."""
        first = requests.readline().decode()
        if not first:
            return b""
        headers: dict[str, str] = {}
        while line := requests.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = requests.read(int(headers.get("content-length", 0)))
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if not operation:
            path = first.split()[1]
            operation = path.rpartition("/")[2] or parse_qs(body.decode())["Action"][0]
        self.calls[operation] += 1
        time.sleep(self.delay_ms / 1000)
        status = 200
        if operation in OTHERS:
            content, answer = OTHERS[operation]
        else:
            content = "application/x-amz-json-1.0"
            failed = self._changed(operation, json.loads(body))
            status, answer = (400 if failed else 200), json.dumps(failed).encode()
        head = f"HTTP/1.1 {status} \r\nContent-Type: {content}\r\nContent-Length: {len(answer)}"
        return f"{head}\r\n\r\n".encode() + answer

    def _changed(self, operation: str, request: Fields) -> Fields:
        """Store or change a row; return the error if one is in the place of a new one."""
        row = request.get("Item") or request.get("Key")
        if not row:
            return {}
        key = request["TableName"], *(str(row[name]) for name in KEYS if name in row)
        if operation == "UpdateItem":
            names, values = (
                request.get("ExpressionAttributeNames", {}),
                request["ExpressionAttributeValues"],
            )
            for change in request["UpdateExpression"].removeprefix("SET ").split(", "):
                name, _, value = change.partition(" = ")
                self._rows[key][names.get(name, name)] = values[value]
        elif "ConditionExpression" in request and key in self._rows:
            error = {"__type": CHECK_FAILED, "message": "The conditional request failed"}
            return {**error, "Item": self._rows[key]}
        else:
            self._rows[key] = row
        return {}


def main() -> None:
    """Serve until standard input ends. Argument: a file with the certificate and its key."""
    stub = Stub(sys.argv[1])
    threading.Thread(target=stub.serve, daemon=True).start()
    print(stub.port, flush=True)
    for line in sys.stdin:
        calls, stub.calls = stub.calls, Counter()
        stub.delay_ms = float(line)
        print(json.dumps(calls), flush=True)


if __name__ == "__main__":
    main()
