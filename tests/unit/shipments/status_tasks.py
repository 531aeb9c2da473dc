"""Messages of the status stack on the failed-updates queue."""

from typing import Any

from tests.account import ENVIRONMENT, REGION
from tests.unit.shipments.cloud import Fields

ARN = f"arn:aws:lambda:{REGION}:123456789012:function:shipment-status-{ENVIRONMENT}"
DENIED = "An error occurred (AccessDeniedException) when calling the Query operation: no"


def asked(shipment: Any, since: Any = None) -> Fields:
    """Return what the function puts there: a shipment that it could not refresh."""
    return {"reason": "no room", "refresh": {"shipmentId": shipment, "since": since}}


def given_up(first: Any, last: Any, size: int | None = 12) -> Fields:
    """Return what Lambda puts there: rows of the stream, of which it has only the times."""
    return {
        "requestContext": {
            "requestId": "r",
            "functionArn": ARN,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 11,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "version": "1.0",
        "timestamp": "2026-11-24T12:30:00.000Z",
        "DDBStreamBatchInfo": {
            "shardId": "shardId-1",
            "startSequenceNumber": "1",
            "endSequenceNumber": "2",
            "approximateArrivalOfFirstRecord": first,
            "approximateArrivalOfLastRecord": last,
            "batchSize": size,
            "streamArn": "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/s",
        },
    }


def not_done(payload: Any) -> Fields:
    """Return what Lambda puts there: an asynchronous invocation of the status function."""
    return {
        "version": "1.0",
        "requestContext": {
            "functionArn": f"{ARN}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": payload,
        "responsePayload": {"errorType": "ClientError", "errorMessage": DENIED},
    }


def notice(shipment: str) -> Fields:
    """Return the event by which SNS tells the function of a rejected update."""
    lines = [
        "Error processing shipment update",
        "",
        "Reason: status: is required",
        f"Shipment ID: {shipment}",
        "Event ID: e-1",
    ]
    attributes = {"alertType": "PROCESSING_ERROR", "shipmentId": shipment}
    message = {
        "MessageId": f"of {shipment}",
        "Message": "\n".join(lines),
        "MessageAttributes": {
            name: {"Type": "String", "Value": value} for name, value in attributes.items()
        },
    }
    return {"Records": [{"EventSource": "aws:sns", "Sns": message}]}
