"""The same request signed and sent by the standard library alone: what boto3 adds is the rest."""

import hashlib
import hmac
import http.client
import json
import os
import ssl
from datetime import datetime, timezone
from typing import Any

from benchmarks.bench.updates import REGION, put_request

HOST = f"dynamodb.{REGION}.amazonaws.com"
TARGET = "DynamoDB_20120810.PutItem"
SIGNED = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
connection = http.client.HTTPSConnection(
    HOST, context=ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
)


def headers(body: bytes) -> dict[str, str]:
    """Return the headers of a request, with its signature."""
    now = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}"
    named = {
        "content-type": "application/x-amz-json-1.0",
        "host": HOST,
        "x-amz-date": now,
        "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"],
        "x-amz-target": TARGET,
    }
    lines = "".join(f"{name}:{value}\n" for name, value in named.items())
    request = f"POST\n/\n\n{lines}\n{SIGNED}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{now[:8]}/{REGION}/dynamodb/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = b"AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"].encode()
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    credential = f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    signature = f"{credential}, SignedHeaders={SIGNED}, Signature={key.hex()}"
    return {**named, "authorization": signature}


def lambda_handler(event: dict[str, Any], _context: Any) -> None:
    """Store an update."""
    body = json.dumps(put_request(event)).encode()
    connection.request("POST", "/", body, headers(body))
    answer = connection.getresponse()
    json.loads(answer.read())
    if answer.status != http.client.OK:
        raise OSError(answer.status)
