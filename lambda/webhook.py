"""Puts the updates that a carrier posts on the bus, if the carrier has signed them.

It keeps nothing: the carrier sends again what is not answered with 200. Standard library and boto3
only, because the template carries this file.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import time
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from shipments.carriers import easypost, shippo

CARRIER = os.environ["CARRIER"]
BUS = os.environ["EVENT_BUS_NAME"]
SECRET_ARN = os.environ["SECRET_ARN"]
ENVIRONMENT = os.environ["ENVIRONMENT"]

BODY_BYTES = 1_000_000  # an event has 1 MB at most
BATCH_BYTES, BATCH_ENTRIES = 1_000_000, 10  # of PutEvents
ENTRY_BYTES = 100  # what counts of an entry beside its detail has fewer
TOLERANCE_SECONDS = 300  # between the carrier's clock and this one
# A secret that is taken back is good for so long. One that is new is read when a signature fails,
# but not at each, or anybody could make calls that cost.
REREAD_MS, REREAD_REFUSED_MS = 300_000, 60_000
# A call takes 7 s at worst: two attempts of 1 s connect and 2 s read, up to 1 s apart. One that is
# begun in time ends within 17 of the function's 20 s.
GIVE_UP_MS = 10_000
PAUSE_SECONDS = 0.2
TWICE = {"mode": "standard", "total_max_attempts": 2}
CALLS = Config(connect_timeout=1, read_timeout=2, retries=TWICE)

Fields = dict[str, Any]


@lru_cache
def client(service: str) -> Any:
    """Return a service's client, made when first needed."""
    return boto3.client(service, config=CALLS)


class Refused(Exception):
    """The request is no use, however often it is sent. Arguments: the HTTP status, a reason."""


# ---- handle


def lambda_handler(event: Fields, context: Any) -> Fields:
    """Return 200 if the bus has each update, 4xx if sending again is of no use, otherwise 5xx."""
    now_ms = clock_ms()
    log: Fields = {"requestId": context.aws_request_id}
    try:
        status, message = 200, receive(event, log, now_ms)
    except Refused as error:
        status, message = error.args
        metric = "RejectedSignatures" if status == 401 else "UnusableRequests"
        log.update({"outcome": "refused", "reason": message, metric: 1})
    except Exception as error:  # a traceback might have the secret or the body in it
        status, message = 500, "failed; send it again"
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        cause = f"{type(error).__name__} {code}".strip()
        log.update(outcome="failed", error=cause, FailedRequests=1)
    report({**log, "status": status}, now_ms)
    return {"statusCode": status, "body": json.dumps({"message": message})}


def receive(event: Fields, log: Fields, now_ms: int) -> str:
    """Put the updates of a request on the bus; return what to answer. Raise Refused."""
    body = raw_body(event)
    verify(event.get("headers") or {}, body, now_ms)
    details, entries = parse(body)
    ids = {each["shipmentId"] for each in details if isinstance(each.get("shipmentId"), str)}
    log["shipmentIds"] = sorted(each[:128] for each in ids)[:10]
    for batch in batches(entries):
        put(batch, now_ms + GIVE_UP_MS)
    log.update(outcome="sent" if entries else "ignored", WebhookUpdates=len(entries))
    return f"{len(entries)} updates"


def raw_body(event: Fields) -> bytes:
    """Return the body as the carrier signed it; raise Refused."""
    text = event.get("body") or ""
    is_base64 = event.get("isBase64Encoded")
    body = base64.b64decode(text) if is_base64 else text.encode("utf-8", "replace")
    if len(body) > BODY_BYTES:
        raise Refused(413, "the body has over 1 MB")
    return body


# ---- signatures


def verify(headers: Fields, body: bytes, now_ms: int) -> None:
    """Raise Refused unless the carrier has signed the body with a secret that holds now."""
    header, sign, _ = CARRIERS[CARRIER]
    sent = str(headers.get(header) or "")
    if not sent:
        raise Refused(401, f"{header}: is required")
    signature = sent.encode("utf-8", "replace")

    def is_signed(at_most_ms: int) -> bool:
        expected = [sign(secret, sent, body, now_ms) for secret in secrets(now_ms, at_most_ms)]
        return any(hmac.compare_digest(each.encode(), signature) for each in expected)

    if not is_signed(REREAD_MS) and not is_signed(REREAD_REFUSED_MS):
        raise Refused(401, f"{header}: is not by the secret, or too old")


def of_easypost(secret: str, _sent: str, body: bytes, _now_ms: int) -> str:
    """Return EasyPost's signature of a body."""
    return f"hmac-sha256-hex={digest(unicodedata.normalize('NFKD', secret), body)}"


def of_shippo(secret: str, sent: str, body: bytes, now_ms: int) -> str:
    """Return Shippo's signature of a body at the time that is sent; nothing if that is long ago."""
    found = re.match(r"t=(\d{10})", sent, re.ASCII)
    if not found or abs(now_ms // 1000 - int(found[1])) > TOLERANCE_SECONDS:
        return ""
    return f"t={found[1]},v1={digest(secret, found[1].encode() + b'.' + body)}"


def of_other(secret: str, _sent: str, _body: bytes, _now_ms: int) -> str:
    """Return the secret, which is the signature of who cannot sign."""
    return secret


def digest(secret: str, text: bytes) -> str:
    """Return the HMAC-SHA256 of a text in hex."""
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


held: Fields = {"read_ms": 0}


def secrets(now_ms: int, at_most_ms: int) -> list[str]:
    """Return the secrets, one a line of what is stored, as they were so long ago at most."""
    if now_ms - held["read_ms"] >= at_most_ms:
        stored = client("secretsmanager").get_secret_value(SecretId=SECRET_ARN)["SecretString"]
        lines = [line.strip() for line in stored.splitlines()]
        # Anybody could sign with a blank one.
        held.update(read_ms=now_ms, secrets=[line for line in lines if line])
    found: list[str] = held["secrets"]
    return found


# ---- updates


def parse(body: bytes) -> tuple[list[Fields], list[Fields]]:
    """Return the details in a signed body, and PutEvents' entries of them; raise Refused.

    There is none in a body that is about something else.
    """
    try:
        details = CARRIERS[CARRIER].details(json.loads(body))
        return details, [entry(detail) for detail in details]
    except (ValueError, RecursionError) as error:
        reason = str(error) if type(error) is ValueError else "the body is not JSON"
        raise Refused(400, reason) from None


def our_own(payload: Any) -> list[Fields]:
    """Return the update that somebody else sends, which has our own fields; raise ValueError."""
    if not isinstance(payload, dict):
        raise ValueError("payload: must be an object")  # noqa: TRY004 - as the other mappings
    return [payload]


class Carrier(NamedTuple):
    """The header with a carrier's signature, what is expected in it, and the updates in a body."""

    header: str
    sign: Callable[[str, str, bytes, int], str]
    details: Callable[[Fields], list[Fields]]


CARRIERS = {
    "easypost": Carrier("x-hmac-signature", of_easypost, easypost.details),
    "shippo": Carrier("shippo-auth-signature", of_shippo, shippo.details),
    "other": Carrier("x-webhook-secret", of_other, our_own),
}


# ---- the bus


def entry(detail: Fields) -> Fields:
    """Return a detail as PutEvents takes it; raise ValueError or Refused if it never would."""
    text = json.dumps(detail, separators=(",", ":"), allow_nan=False)
    if len(text) > BATCH_BYTES - ENTRY_BYTES:
        raise Refused(413, "an update has over 1 MB")
    return {
        "Source": "logistics.shipments",
        "DetailType": "Shipment Update",
        "Detail": text,
        "EventBusName": BUS,
    }


def batches(entries: list[Fields]) -> Iterator[list[Fields]]:
    """Yield the entries in lists that PutEvents takes."""
    batch: list[Fields] = []
    for each in entries:
        size = sum(len(other["Detail"]) + ENTRY_BYTES for other in [*batch, each])
        if len(batch) == BATCH_ENTRIES or size > BATCH_BYTES:
            yield batch
            batch = []
        batch.append(each)
    if batch:
        yield batch


def put(batch: list[Fields], give_up_ms: int) -> None:
    """Put entries on the bus, and again those that it does not take; raise TimeoutError."""
    while clock_ms() < give_up_ms:
        results = client("events").put_events(Entries=batch)["Entries"]
        pairs = zip(batch, results, strict=True)
        batch = [each for each, result in pairs if "ErrorCode" in result]
        if not batch:
            return
        time.sleep(PAUSE_SECONDS)
    raise TimeoutError


def clock_ms() -> int:
    """Return the time in epoch ms."""
    return time.time_ns() // 1_000_000


# ---- report


def report(log: Fields, now_ms: int) -> None:
    """Print the request's one line, log and metrics in one (EMF); identifiers only."""
    metrics = [{"Name": name, "Unit": "Count"} for name in log if name[0].isupper()]
    dimensions = [["Environment", "Carrier"]]
    directive = {"Namespace": "LogisticsProcessing", "Dimensions": dimensions, "Metrics": metrics}
    emf = {"Timestamp": now_ms, "CloudWatchMetrics": [directive]}
    names = {"Environment": ENVIRONMENT, "Carrier": CARRIER}
    print(json.dumps({"_aws": emf, **names, **log}, separators=(",", ":")))
