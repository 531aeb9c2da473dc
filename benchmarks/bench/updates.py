"""The updates that every contestant gets, and the request that stores one."""

import itertools
import json
import os
import uuid
from collections.abc import Callable
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
_NUMBERS = itertools.count()


def _event(shipment_id: str, event_id: str, **detail: str) -> Fields:
    return {
        "version": "0",
        "id": event_id,
        "detail-type": DETAIL_TYPE,
        "source": SOURCE,
        "account": ACCOUNT,
        "time": "2026-01-15T10:00:00Z",
        "region": REGION,
        "resources": [],
        "detail": {
            "shipmentId": shipment_id,
            **detail,
            "location": "Memphis, TN",
            "carrier": "FedEx",
        },
    }


def _new(**detail: str) -> Fields:
    """Return an update of a shipment that no process had before."""
    shipment_id = f"SHIP-{os.getpid():07}-{next(_NUMBERS):06}"
    return _event(shipment_id, str(uuid.uuid4()), **detail)


def _same() -> Fields:
    """Return the one update that is delivered again and again."""
    return _event("SHIP-DUPLICATE-000", "11111111-2222-4333-8444-555555555555", status="IN_TRANSIT")


KINDS: dict[str, Callable[[], Fields]] = {
    "ordinary": lambda: _new(status="IN_TRANSIT"),
    "critical": lambda: _new(status="DELAYED"),
    "duplicate": _same,
    "rejected": _new,  # without a status
}


def put_request(event: Fields) -> Fields:
    """Return the request by which our handler stores an ordinary update, made without its care."""
    detail = event["detail"]
    texts = {
        "shipmentId": detail["shipmentId"],
        "status": detail["status"],
        "location": detail["location"],
        "carrier": detail["carrier"],
        "eventTime": "2026-01-15T10:00:00.000Z",
        "updateId": event["id"],
        "processedAt": "2026-01-15T10:00:01.000Z",
        "rawEvent": json.dumps(detail, separators=(",", ":")),
    }
    item = {name: {"S": text} for name, text in texts.items()}
    return {
        "TableName": TABLE,
        "Item": {**item, "timestamp": {"N": "1768471200000"}},
        "ConditionExpression": "attribute_not_exists(shipmentId)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
