"""A handler as it is usually sketched: the resource API, PutMetricData, each event printed.

It neither knows a redelivery nor keeps an update that it rejects.
"""

import json
import os
from datetime import datetime, timezone
from typing import Any

import boto3

table = boto3.resource("dynamodb").Table(os.environ["DYNAMODB_TABLE"])
sns = boto3.client("sns")
cloudwatch = boto3.client("cloudwatch")
topic_arn = os.environ["SNS_TOPIC_ARN"]
environment = os.environ["ENVIRONMENT"]
critical_statuses = ["DELAYED", "LOST", "DAMAGED", "EXCEPTION"]


def lambda_handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Store an update, count it, and alert if it is critical."""
    try:
        print(f"Received event: {json.dumps(event)}")
        detail = event.get("detail", {})
        shipment_id, status = detail.get("shipmentId"), detail.get("status")
        if not shipment_id or not status:
            raise ValueError("Missing required fields: shipmentId or status")  # noqa: TRY301
        store(detail)
        count("ShipmentUpdatesProcessed", Status=status)
        if status in critical_statuses:
            alert(detail)
        return answer(200, message="stored", shipmentId=shipment_id, status=status)
    except Exception as error:  # noqa: BLE001 - it is what such handlers do
        message = f"Error processing shipment update: {error}"
        print(message)
        sns.publish(
            TopicArn=topic_arn,
            Subject=f"Logistics Processing Error - {environment}",
            Message=f"{message}\nEvent: {json.dumps(event)}\nEnvironment: {environment}",
        )
        count("ProcessingErrors")
        return answer(500, message=message)


def store(detail: dict[str, Any]) -> None:
    """Put a row under the time of processing."""
    now = datetime.now(timezone.utc)
    table.put_item(
        Item={
            "shipmentId": detail["shipmentId"],
            "timestamp": int(now.timestamp() * 1000),
            "status": detail["status"],
            "location": detail.get("location", "Unknown"),
            "carrier": detail.get("carrier", "Unknown"),
            "eventTime": now.isoformat(),
            "rawEvent": json.dumps(detail),
        }
    )


def count(metric: str, **more: str) -> None:
    """Add one to a metric."""
    dimensions = {"Environment": environment, **more}
    datum = {
        "MetricName": metric,
        "Value": 1,
        "Unit": "Count",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    cloudwatch.put_metric_data(Namespace="LogisticsProcessing", MetricData=[datum])


def alert(detail: dict[str, Any]) -> None:
    """Publish a critical update."""
    lines = ["ALERT: Critical Shipment Status Detected", ""]
    lines += [f"{name}: {value}" for name, value in detail.items()]
    sns.publish(
        TopicArn=topic_arn,
        Subject=f"Logistics Alert: {detail['status']} - {detail['shipmentId']}",
        Message="\n".join(lines),
    )


def answer(code: int, **body: str) -> dict[str, Any]:
    """Return an invocation's result."""
    return {"statusCode": code, "body": json.dumps(body)}
