"""Stores each shipment update exactly once and alerts on the critical ones.

An AWS call that fails raises: Lambda tries the event again and then hands it to the
failed-updates queue. An update that breaks the contract is put there at once.
Standard library and boto3 only: this file travels inside the template.
"""

import json
import os
import re
import time
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

TABLE = os.environ["DYNAMODB_TABLE"]
TOPIC_ARN = os.environ["SNS_TOPIC_ARN"]
QUEUE_URL = os.environ["FAILED_UPDATES_QUEUE_URL"]
ENVIRONMENT = os.environ["ENVIRONMENT"]
ROW_RETENTION_SECONDS = int(os.environ["ROW_RETENTION_DAYS"]) * 86_400

# The metric dimension Status is one of these or OTHER: each costs a metric.
KNOWN_STATUSES = (
    "INFO_RECEIVED PRE_TRANSIT TRANSIT IN_TRANSIT OUT_FOR_DELIVERY AVAILABLE_FOR_PICKUP "
    "ATTEMPT_FAIL DELIVERED DELAYED LOST DAMAGED EXCEPTION FAILURE RETURN_TO_SENDER "
    "RETURNED CANCELLED"
).split()

DAY_MS = 86_400_000
# A DynamoDB item has at most 400 KB, ours up to 4,600 bytes besides this (DynamoDB quotas).
RAW_EVENT_LIMIT_BYTES = 405_000
# A call takes 7 s at worst, two attempts of 1 s connect and 2 s read, up to 1 s apart:
# 5 s of probing, put, publish and mark end by 26 of 30 s (one too big may be tried again).
PROBE_SECONDS = 5
TWICE = {"mode": "standard", "total_max_attempts": 2}
# No parameter_validation: what parse has checked need not be checked again.
CALLS = Config(connect_timeout=1, read_timeout=2, retries=TWICE, parameter_validation=False)

Fields = dict[str, Any]


@lru_cache
def client(service: str) -> Any:
    """Return a service's boto3 client, made when first needed."""
    return boto3.client(service, config=CALLS)


dynamodb = client("dynamodb")  # the others would only lengthen a cold start


# ---- parse


class Rejected(Exception):
    """The update breaks the contract; the message names the field and the rule."""


def parse(envelope: Any) -> tuple[Fields, int]:
    """Return the row's attributes (rawEvent unless too big) and event time (epoch ms).

    Raises Rejected if a rule is broken.
    """
    detail = envelope.get("detail") if isinstance(envelope, dict) else None
    if not isinstance(detail, dict):
        raise Rejected("detail: must be a JSON object in an EventBridge envelope")
    shipment_id = text(detail, "shipmentId", 128)
    if re.search(r"[\x00-\x1f\x7f-\x9f]", shipment_id):
        raise Rejected("shipmentId: must not contain control characters")
    status = status_word(text(detail, "status", RAW_EVENT_LIMIT_BYTES))
    if not 1 <= len(status) <= 64:
        raise Rejected("status: must have 1 to 64 characters besides separators")
    event_ms = event_time(detail, envelope)
    update = {
        "shipmentId": shipment_id,
        "status": status,
        "location": text(detail, "location", 256, "Unknown"),
        "carrier": text(detail, "carrier", 256, "Unknown"),
        "eventTime": iso(event_ms),
        "updateId": text(detail, "updateId", 256, "") or text(envelope, "id", 256),
        "rawEvent": to_json(detail),
    }
    if len(update["rawEvent"].encode()) > RAW_EVENT_LIMIT_BYTES:
        del update["rawEvent"]
    return update, event_ms


def text(fields: Fields, name: str, limit: int, default: str | None = None) -> str:
    """Return a string field trimmed, default if it is missing, null or blank.

    Raises Rejected if it is no string, has over limit characters or is required. A lone
    surrogate, which no service stores, becomes its escape.
    """
    value = "" if fields.get(name) is None else fields[name]
    if not isinstance(value, str):
        raise Rejected(f"{name}: must be a string")
    value = value.strip().encode("utf-8", "backslashreplace").decode() or default
    if value is None:
        raise Rejected(f"{name}: is required")
    if len(value) > limit:
        raise Rejected(f"{name}: must have at most {limit} characters")
    return value


CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
SEPARATORS = re.compile(r"[\s_\-\x00-\x1f\x7f-\x9f]+")
PUNCTUATION = re.compile(r"[\W_]")
WORDS = {word.replace("_", ""): word for word in KNOWN_STATUSES}


def status_word(value: str) -> str:
    """Return a status as one upper-case word: ``InTransit`` is ``IN_TRANSIT``.

    A known one is found in any spelling (``dElayed.``), lest a critical one go unalerted.
    """
    known = WORDS.get(PUNCTUATION.sub("", value).upper())
    return known or SEPARATORS.sub("_", CAMEL.sub("_", value)).strip("_").upper()


CRITICAL = {status_word(word) for word in os.environ["CRITICAL_STATUSES"].split(",")}
WORDS.update({PUNCTUATION.sub("", word): word for word in CRITICAL})


def event_time(detail: Fields, envelope: Fields) -> int:
    """Return eventTime, or else the envelope's time (epoch ms); raise Rejected."""
    sent_ms = epoch_ms(envelope, "time")
    value = detail.get("eventTime")
    if value is None or (isinstance(value, str) and not value.strip()):
        return sent_ms
    event_ms = epoch_ms(detail, "eventTime")
    if event_ms > sent_ms + DAY_MS:
        raise Rejected("eventTime: is more than a day ahead of the envelope's time")
    return event_ms


EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
ISO_8601 = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[Tt ]([01]\d|2[0-3]):?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?"
    r"(?:[Zz]|([+-]\d\d)(?::?([0-5]\d))?)",
    re.ASCII,
)


def epoch_ms(fields: Fields, name: str) -> int:
    """Return a time field in epoch ms, its fraction cut; raise Rejected if it is no time."""
    value = fields.get(name)
    try:
        if isinstance(value, str) and (found := ISO_8601.fullmatch(value.strip())):
            year, month, day, hour, minute, second, fraction, ahead, minutes = found.groups("")
            moment = datetime.fromisoformat(  # Python 3.10's takes neither Z nor nine digits
                f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}.{fraction[:3]:0<3}"
                f"{ahead or '+00'}:{minutes or '00'}"
            )
            value = (moment - EPOCH) // timedelta(milliseconds=1)
        # JSON does not tell 1.7e12 from 1700000000000: a float may be a whole number.
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value % 1 == 0:
            iso(int(value))
            return int(value)
    except (ValueError, OverflowError):  # the 30th of February, the year 0 or 10000
        pass
    raise Rejected(f"{name}: must be ISO 8601 with zone, or whole epoch milliseconds")


def iso(milliseconds: int) -> str:
    """Return epoch ms as ISO 8601 in UTC; raise OverflowError outside the years 1 to 9999."""
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
INFINITE = re.compile(r'("(?:[^"\\]|\\.)*")|Infinity')
UNSENDABLE = re.compile(r"[\ud800-\udfff\ufffe\uffff]")  # not in UTF-8, not in SQS


def to_json(value: Any) -> str:
    """Return compact JSON; ``1e999``, which parses to infinity, becomes that again."""
    written = COMPACT(value)
    if "Infinity" in written:
        written = INFINITE.sub(lambda found: found[1] or "1e999", written)
    return UNSENDABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


# ---- store


def store(update: Fields, event_ms: int, now_ms: int) -> tuple[int, Fields | None]:
    """Put the row at the first free millisecond from its event time on.

    Returns its timestamp and, for a redelivery, the row that was there: it is met before a
    free place, as probes go the same way each time. Raises ClientError, TimeoutError.
    """
    item: Fields = {name: {"S": value} for name, value in update.items()}
    item["processedAt"] = {"S": iso(now_ms)}
    if "rawEvent" not in update:
        item["rawEventTruncated"] = {"BOOL": True}
    if ROW_RETENTION_SECONDS:
        item["expiresAt"] = {"N": str(now_ms // 1000 + ROW_RETENTION_SECONDS)}
    timestamp = event_ms
    give_up = time.monotonic() + PROBE_SECONDS
    while time.monotonic() < give_up:
        item["timestamp"] = {"N": str(timestamp)}
        try:
            dynamodb.put_item(
                TableName=TABLE,
                Item=item,
                ConditionExpression="attribute_not_exists(shipmentId)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
            return timestamp, None
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            there = error.response["Item"]
        if all(there.get(name) == item[name] for name in ("updateId", "eventTime")):
            return timestamp, there
        timestamp += 1
    raise TimeoutError(f"no free millisecond in {PROBE_SECONDS} s of probing")


# ---- settle


def settle(update: Fields, timestamp: int, there: Fields, event: Any) -> Fields:
    """Alert if critical, keep the whole event if its row could not; mark the row, return marks.

    Marks come last: a crash before them repeats a message, but never loses one.
    """
    marks: Fields = {}
    if update["status"] in CRITICAL and "alertedAt" not in there:
        alert(update)
        marks["alertedAt"] = {"S": iso(clock_ms())}
    if "rawEvent" not in update and "rawEventKeptAt" not in there:
        keep("rawEvent: too big for a row, which is stored without it", event)
        marks["rawEventKeptAt"] = {"S": iso(clock_ms())}
    if marks:
        dynamodb.update_item(
            TableName=TABLE,
            Key={"shipmentId": {"S": update["shipmentId"]}, "timestamp": {"N": str(timestamp)}},
            UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in marks),
            ConditionExpression="attribute_exists(shipmentId)",  # never make a row of marks
            ExpressionAttributeValues={f":{name}": mark for name, mark in marks.items()},
        )
    return marks


def keep(reason: str, event: Any) -> str:
    """Put the whole event on the failed-updates queue; return the message's id."""
    body = to_json({"reason": reason, "envelope": event})
    return str(client("sqs").send_message(QueueUrl=QUEUE_URL, MessageBody=body)["MessageId"])


# ---- tell


def alert(update: Fields) -> None:
    """Publish the alert of a critical update."""
    facts = {
        "Shipment ID": update["shipmentId"],
        "Status": update["status"],
        "Location": update["location"],
        "Carrier": update["carrier"],
        "Event time": update["eventTime"],
    }
    subject = f"Logistics Alert: {update['status']} - {update['shipmentId']}"
    names = {name: update[name] for name in ("shipmentId", "status")}
    names["alertType"] = "CRITICAL_STATUS"
    publish(subject, "ALERT: Critical Shipment Status Detected", facts, names)


def publish(subject: str, title: str, facts: Fields, names: Fields) -> None:
    """Publish a title and facts, a line each, and names to filter by.

    SNS (Publish) takes subjects of 100 printable ASCII characters and no empty attribute.
    """
    subject = subject.encode("ascii", "replace").decode()
    facts = {**facts, "Environment": ENVIRONMENT}
    names = {**names, "environment": ENVIRONMENT}
    client("sns").publish(
        TopicArn=TOPIC_ARN,
        Subject=subject if len(subject) <= 100 else subject[:97] + "...",
        Message="\n".join([title, "", *(f"{key}: {printable(facts[key])}" for key in facts)]),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": printable(names[name])}
            for name in names
            if names[name]
        },
    )


def printable(value: str) -> str:
    """Return value with a ``?`` for each character that a mail cannot show."""
    return "".join(char if char.isprintable() else "?" for char in value)


# ---- report

METRICS = {
    **dict.fromkeys(("ProcessingErrors", "RejectedUpdates", "CriticalAlerts"), "Count"),
    "EndToEndLatency": "Milliseconds",
    "ShipmentUpdatesProcessed": "Count",  # the last one: the only one by status too
}


def report(log: Fields, now_ms: int) -> None:
    """Print the invocation's one line, log and metrics in one (EMF); identifiers only."""
    metrics = [{"Name": name, "Unit": METRICS[name]} for name in METRICS if name in log]
    sets = [(metrics, [["Environment"]])]
    if "Status" in log:
        sets.append(([metrics.pop()], [["Environment", "Status"], ["Environment"]]))
    directives = [
        {"Namespace": "LogisticsProcessing", "Dimensions": names, "Metrics": members}
        for members, names in sets
    ]
    emf = {"Timestamp": now_ms, "CloudWatchMetrics": directives}
    line = {"_aws": emf, "Environment": ENVIRONMENT, **log}
    print(json.dumps(line, separators=(",", ":"), default=str))


def clock_ms() -> int:
    """Return the time in epoch ms."""
    return time.time_ns() // 1_000_000


# ---- handle


def lambda_handler(event: Any, context: Any) -> Fields:
    """Handle one EventBridge envelope and report it in one line, whatever happens.

    Returns statusCode 200 (stored) or 400 (rejected and kept); raises if an AWS call fails.
    """
    now_ms = clock_ms()
    log: Fields = {"outcome": "failed", "ProcessingErrors": 1}
    log["requestId"] = getattr(context, "aws_request_id", "")
    try:
        if isinstance(event, dict) and "replay-name" in event:
            log["replay"] = re.sub(r"[^\w.-]", "", str(event["replay-name"]))[:64]
        try:
            update, event_ms = parse(event)
        except Rejected as why:
            return reject(str(why), event, log)
        return accept(update, event_ms, event, log, now_ms)
    except Exception as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        log["error"] = f"{type(error).__name__} {code}".strip()
        raise
    finally:
        report(log, now_ms)


def accept(update: Fields, event_ms: int, event: Any, log: Fields, now_ms: int) -> Fields:
    """Store a valid update, settle what its row asks for, and log it."""
    log.update(shipmentId=update["shipmentId"], updateId=update["updateId"])
    timestamp, there = store(update, event_ms, now_ms)
    if timestamp > event_ms:
        log["probes"] = timestamp - event_ms
    if "alertedAt" in settle(update, timestamp, there or {}, event):
        log["CriticalAlerts"] = 1
    log.update(outcome="duplicate", ProcessingErrors=0)
    if there is None:
        log["outcome"] = "stored"
        log["Status"] = update["status"] if update["status"] in KNOWN_STATUSES else "OTHER"
        log["EndToEndLatency"] = max(0, clock_ms() - event_ms)
        log["ShipmentUpdatesProcessed"] = 1
    return answer(200, "Shipment update processed successfully", update)


def reject(reason: str, event: Any, log: Fields) -> Fields:
    """Keep an update that breaks the contract, tell where it is now, and log it."""
    detail = event.get("detail") if isinstance(event, dict) else None
    fields = {
        name: value.strip()[:128]
        for name, value in (detail.items() if isinstance(detail, dict) else ())
        if name in {"shipmentId", "status", "carrier"} and isinstance(value, str)
    }
    log.update(fields, reason=reason)
    kept = {"Kept whole on": QUEUE_URL, "Message": keep(reason, event)}
    shipment_id = fields.get("shipmentId")
    subject = f"Logistics Processing Error - {ENVIRONMENT}"
    facts = {"Reason": reason, "Shipment ID": shipment_id or "Unknown", **kept}
    names = {"alertType": "PROCESSING_ERROR", "shipmentId": shipment_id}
    publish(subject, "Error processing shipment update", facts, names)
    log.update(outcome="rejected", RejectedUpdates=1)
    return answer(400, reason, fields)


def answer(code: int, message: str, fields: Fields) -> Fields:
    """Return an invocation's result: statusCode, and a JSON body."""
    body = {"message": message, **{name: fields.get(name) for name in ("shipmentId", "status")}}
    return {"statusCode": code, "body": json.dumps(body)}
