"""The updates that every contestant gets, and the request that stores one."""

import itertools
import json
import os
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from shipments.events import DETAIL_TYPE, SOURCE

Fields = dict[str, Any]
TABLE = "shipment-logs-bench"
ACCOUNT = "000000000000"
REGION = "us-east-1"
VARIABLES = {
    "DYNAMODB_TABLE": TABLE,
    "IDEMPOTENCY_TABLE": "idempotency-bench",
    "SNS_TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:shipment-alerts-bench",
    "FAILED_UPDATES_QUEUE_URL": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/shipment-failed-bench",
    "ENVIRONMENT": "bench",
    "CRITICAL_STATUSES": "DELAYED,DELAY,LOST,LOSS,DAMAGED,DAMAGE,EXCEPTION",
    "RUNBOOK_URL": "docs/runbook.md",
    "ROW_RETENTION_DAYS": "0",
}
DETAIL_BYTES = 250  # of a usual update
_NUMBERS = itertools.count()


def compact(value: Any) -> str:
    """Return a value as compact JSON."""
    return json.dumps(value, separators=(",", ":"))


def event(event_id: str, size: int = DETAIL_BYTES, **detail: str) -> Fields:
    """Return an event whose detail has so many bytes as compact JSON."""
    found = {**detail, "location": "Memphis, TN", "carrier": "FedEx", "note": ""}
    found["note"] = "x" * (size - len(compact(found)))
    return {
        "version": "0",
        "id": event_id,
        "detail-type": DETAIL_TYPE,
        "source": SOURCE,
        "account": ACCOUNT,
        "time": "2026-01-15T10:00:00Z",
        "region": REGION,
        "resources": [],
        "detail": found,
    }


def _new(**detail: str) -> Fields:
    """Return an update, of now, of a shipment that no process had before."""
    shipment_id = f"SHIP-{os.getpid():07}-{next(_NUMBERS):06}"
    now = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
    return event(str(uuid.uuid4()), shipmentId=shipment_id, eventTime=now, **detail)


def _same() -> Fields:
    """Return the one update that is delivered again and again."""
    detail = {"shipmentId": "SHIP-DUPLICATE-000", "eventTime": "2026-01-15T09:59:59.123Z"}
    return event("11111111-2222-4333-8444-555555555555", **detail, status="IN_TRANSIT")


KINDS: dict[str, Callable[[], Fields]] = {
    "ordinary": lambda: _new(status="IN_TRANSIT"),
    "critical": lambda: _new(status="DELAYED"),
    "redelivered": _same,
    "rejected": _new,  # without a status
}


def put_request(update: Fields) -> Fields:
    """Return the request by which our handler stores an ordinary update, made without its care."""
    detail = update["detail"]
    texts = {
        "shipmentId": detail["shipmentId"],
        "status": detail["status"],
        "location": detail["location"],
        "carrier": detail["carrier"],
        "eventTime": detail["eventTime"],
        "updateId": update["id"].replace("-", ""),  # as long as a fingerprint
        "processedAt": "2026-01-15T10:00:01.000Z",
        "rawEvent": compact(detail),
    }
    item = {name: {"S": text} for name, text in texts.items()}
    return {
        "TableName": TABLE,
        "Item": {**item, "timestamp": {"N": "1768471200000"}},
        "ConditionExpression": "attribute_not_exists(shipmentId)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
