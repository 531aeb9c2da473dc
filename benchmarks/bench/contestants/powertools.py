"""A handler of our handler's duties on Powertools for AWS Lambda, as its documentation uses them.

Stores each update once (Idempotency), alerts on critical ones, keeps rejected ones on a queue, and
counts by metrics in the log (Metrics).
"""

import json
import os
from datetime import datetime, timezone
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)

environment = os.environ["ENVIRONMENT"]
topic_arn = os.environ["SNS_TOPIC_ARN"]
queue_url = os.environ["FAILED_UPDATES_QUEUE_URL"]
logger = Logger(service="shipments")
metrics = Metrics(namespace="LogisticsProcessing", service="shipments")
metrics.set_default_dimensions(Environment=environment)
table = boto3.resource("dynamodb").Table(os.environ["DYNAMODB_TABLE"])
sns = boto3.client("sns")
sqs = boto3.client("sqs")
persistence = DynamoDBPersistenceLayer(table_name=os.environ["IDEMPOTENCY_TABLE"])
config = IdempotencyConfig(event_key_jmespath="id")
critical_statuses = set(os.environ["CRITICAL_STATUSES"].split(","))


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Store an update once, and alert if it is critical; keep it if it breaks a rule."""
    config.register_lambda_context(context)
    detail = event["detail"]
    missing = [name for name in ("shipmentId", "status") if not detail.get(name)]
    if missing:
        return reject(event, f"{missing[0]}: is required")
    answer: dict[str, Any] = process(event=event)
    metrics.add_metric(name="ProcessingErrors", unit=MetricUnit.Count, value=0)
    logger.info("done", extra={"shipmentId": detail["shipmentId"], "updateId": event["id"]})
    return answer


@idempotent_function(data_keyword_argument="event", config=config, persistence_store=persistence)
def process(event: dict[str, Any]) -> dict[str, Any]:
    """Store an update, count it, and alert if it is critical."""
    detail = event["detail"]
    event_time = datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
    table.put_item(
        Item={
            "shipmentId": detail["shipmentId"],
            "timestamp": int(event_time.timestamp() * 1000),
            "status": detail["status"],
            "location": detail.get("location", "Unknown"),
            "carrier": detail.get("carrier", "Unknown"),
            "eventTime": event_time.isoformat(),
            "updateId": event["id"],
            "processedAt": datetime.now(timezone.utc).isoformat(),
            "rawEvent": json.dumps(detail),
        }
    )
    if detail["status"] in critical_statuses:
        publish(f"Logistics Alert: {detail['status']} - {detail['shipmentId']}", detail)
        metrics.add_metric(name="CriticalAlerts", unit=MetricUnit.Count, value=1)
    metrics.add_dimension(name="Status", value=detail["status"])
    metrics.add_metric(name="ShipmentUpdatesProcessed", unit=MetricUnit.Count, value=1)
    age_ms = (datetime.now(timezone.utc) - event_time).total_seconds() * 1000
    metrics.add_metric(name="EndToEndLatency", unit=MetricUnit.Milliseconds, value=age_ms)
    return {"statusCode": 200, "body": json.dumps({"shipmentId": detail["shipmentId"]})}


def reject(event: dict[str, Any], reason: str) -> dict[str, Any]:
    """Keep an update that breaks a rule, and publish why."""
    body = json.dumps({"reason": reason, "envelope": event})
    sqs.send_message(QueueUrl=queue_url, MessageBody=body)
    publish(f"Logistics Processing Error - {environment}", {"Reason": reason, **event["detail"]})
    metrics.add_metric(name="RejectedUpdates", unit=MetricUnit.Count, value=1)
    logger.warning("rejected", extra={"reason": reason})
    return {"statusCode": 400, "body": json.dumps({"message": reason})}


def publish(subject: str, facts: dict[str, Any]) -> None:
    """Publish a subject and facts."""
    lines = [subject, "", *(f"{name}: {value}" for name, value in facts.items())]
    sns.publish(TopicArn=topic_arn, Subject=subject, Message="\n".join(lines))
