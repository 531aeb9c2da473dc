"""Stores each shipment update once, alerts on critical ones, keeps those that break a rule.

If an AWS call fails it raises: Lambda retries twice, then puts the event on the queue of
failed updates. Standard library and boto3 only, because the template carries this file.
"""

import gc
import hashlib
import itertools
import json
import os
import re
import shlex
import time
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

gc.disable()  # init makes no garbage, and looking for some takes a tenth of it

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

TABLE = os.environ["DYNAMODB_TABLE"]
TOPIC_ARN = os.environ["SNS_TOPIC_ARN"]
QUEUE_URL = os.environ["FAILED_UPDATES_QUEUE_URL"]
ENVIRONMENT = os.environ["ENVIRONMENT"]
RUNBOOK_URL = os.environ["RUNBOOK_URL"]
ROW_RETENTION_SECONDS = int(os.environ["ROW_RETENTION_DAYS"]) * 86_400

# The other attributes have up to 4,600 of the 400 KB of an item (DynamoDB quotas).
RAW_EVENT_LIMIT_BYTES = 405_000
YEAR_2000_MS = 946_684_800_000
HOUR_MS = 3_600_000
# A call takes 7 s at worst: two attempts of 1 s connect and 2 s read, up to 1 s apart.
# Probing and three calls end within 26 of the function's 30 s.
PROBE_SECONDS = 5
TWICE = {"mode": "standard", "total_max_attempts": 2}
# parse has checked what is sent, so botocore need not.
CALLS = Config(connect_timeout=1, read_timeout=2, retries=TWICE, parameter_validation=False)

Fields = dict[str, Any]

# Made in init, because an update has a seventh of its processor.
dynamodb, sns, sqs = (boto3.client(name, config=CALLS) for name in ("dynamodb", "sns", "sqs"))
gc.freeze()  # so that no update waits while all this is searched
gc.enable()


class Rejected(Exception):
    """The update breaks a rule. Arguments: a reason that names the field, and the value."""


class Update(NamedTuple):
    """A valid update; raw_event is None if it is too big for a row."""

    shipment_id: str
    status: str
    location: str
    carrier: str
    event_ms: int
    update_id: str
    raw_event: str | None


# ---- handle


def lambda_handler(event: Any, context: Any) -> Fields:
    """Return statusCode 200 (stored) or 400 (rejected and kept); raise if an AWS call fails."""
    now_ms = clock_ms()
    log: Fields = {"outcome": "failed", "ProcessingErrors": 1}
    envelope = event if isinstance(event, dict) else {}
    try:
        if "replay-name" in envelope:
            log["replay"] = re.sub(r"[^\w.-]", "", str(envelope["replay-name"]))[:64]
        try:
            update = parse(envelope, now_ms)
        except Rejected as error:
            return reject(event, envelope, error, log)
        return accept(event, update, log, now_ms)
    except Exception as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        log["error"] = f"{type(error).__name__} {code}".strip()
        log["requestId"] = str(getattr(context, "aws_request_id", ""))
        raise
    finally:
        report(log, now_ms)


def accept(event: Any, update: Update, log: Fields, now_ms: int) -> Fields:
    """Store a valid update, and do what its row still needs."""
    log.update(shipmentId=update.shipment_id, updateId=update.update_id)
    timestamp, existing = store(update, log, now_ms)
    if finish(event, update, timestamp, existing):
        log["CriticalAlerts"] = 1
    log["outcome"] = "duplicate" if existing else "stored"
    del log["ProcessingErrors"]
    if not existing:
        log["Status"] = update.status if update.status in KNOWN_STATUSES else "OTHER"
        log["EndToEndLatency"] = max(0, clock_ms() - update.event_ms)
        log["ShipmentUpdatesProcessed"] = 1
    return answer(200, "Shipment update processed successfully", update.shipment_id, update.status)


def reject(event: Any, envelope: Fields, error: Rejected, log: Fields) -> Fields:
    """Keep an update that breaks a rule, then publish why and how to find it."""
    reason, value = error.args
    detail = envelope.get("detail")
    detail = detail if isinstance(detail, dict) else {}
    status = status_word(as_text(detail.get("status")))
    facts = {
        "Reason": reason,
        "Value": described(value, "none"),
        "Shipment ID": described(detail.get("shipmentId")),
        "Status": described(status),
        "Carrier": described(detail.get("carrier")),
        "Event ID": described(envelope.get("id")),
    }
    for name in ("shipmentId", "status", "carrier"):
        if isinstance(detail.get(name), str):
            log[name] = described(detail[name])
    log["reason"] = reason
    send_to_failed_updates(reason, event)
    urgent = f"CRITICAL STATUS {facts['Status']}: " if is_critical(status) else ""
    publish(
        "PROCESSING_ERROR",
        f"Logistics Processing Error - {ENVIRONMENT}",
        f"{urgent}Error processing shipment update",
        facts,
        f"failed --id {shlex.quote(facts['Event ID'])}",
    )
    log.update(outcome="rejected", RejectedUpdates=1)
    return answer(400, reason, facts["Shipment ID"], facts["Status"])


def answer(code: int, message: str, shipment_id: str, status: str) -> Fields:
    """Return an invocation's result."""
    body = {"message": message, "shipmentId": shipment_id, "status": status}
    return {"statusCode": code, "body": json.dumps(body)}


# ---- parse


def parse(envelope: Fields, now_ms: int) -> Update:
    """Return the update in an envelope; raise Rejected if it breaks a rule."""
    detail = envelope.get("detail")
    if not isinstance(detail, dict):
        raise Rejected("detail: must be a JSON object", detail)
    shipment_id = required(detail, "shipmentId", 128)
    if re.search(r"[\x00-\x1f\x7f-\x9f]", shipment_id):
        raise Rejected("shipmentId: must not contain control characters", shipment_id)
    sent = required(detail, "status", RAW_EVENT_LIMIT_BYTES)
    status = status_word(sent)
    if not 1 <= len(status) <= 64:
        raise Rejected("status: must have 1 to 64 characters once normalised", sent)
    is_dated = as_text(detail.get("eventTime")) != ""
    fields, name = (detail, "eventTime") if is_dated else (envelope, "time")
    event_ms = event_time(name, fields.get(name), now_ms)
    update_id = optional(detail, "updateId", 256)
    if not update_id:
        # Without a time of its own each event reports something new.
        update_id = fingerprint(detail) if is_dated else required(envelope, "id", 256)
    location, carrier = described(detail.get("location")), described(detail.get("carrier"))
    raw = to_json(detail)
    raw_event = raw if len(raw.encode()) <= RAW_EVENT_LIMIT_BYTES else None
    return Update(shipment_id, status, location, carrier, event_ms, update_id, raw_event)


def required(fields: Fields, name: str, limit: int) -> str:
    """Return a string field, trimmed; raise Rejected if it is missing, too."""
    value = optional(fields, name, limit)
    if not value:
        raise Rejected(f"{name}: is required", fields.get(name))
    return value


def optional(fields: Fields, name: str, limit: int) -> str:
    """Return a string field, trimmed; nothing if it is missing, null or blank; raise Rejected."""
    value = fields.get(name)
    if not isinstance(value, (str, type(None))):
        raise Rejected(f"{name}: must be a string", value)
    text = as_text(value)
    if len(text) > limit:
        raise Rejected(f"{name}: must have at most {limit} characters", value)
    return text


def as_text(value: Any) -> str:
    """Return a string trimmed, nothing for null, any other value as compact JSON."""
    text = value if isinstance(value, str) else "" if value is None else to_json(value)
    # No service stores half a surrogate pair.
    return text.strip().encode("utf-8", "backslashreplace").decode()


def described(value: Any, default: str = "Unknown") -> str:
    """Return any value as a text of 1 to 256 characters, default if there is none."""
    text = as_text(value) or default
    return text if len(text) <= 256 else text[:255] + "\u2026"


UNSENDABLE = re.compile(r"[\ud800-\udfff\ufffe\uffff]")  # not in UTF-8, not in SQS


def to_json(value: Any) -> str:
    """Return compact JSON; only what a service refuses is escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return UNSENDABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def fingerprint(detail: Fields) -> str:
    """Return 32 hex digits of a detail, in whatever order its keys are."""
    canonical = json.dumps(detail, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


# ---- status

HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
SEPARATORS = re.compile(r"[\s_\-\x00-\x1f\x7f-\x9f]+")
NO_LETTER_OR_DIGIT = re.compile(r"[\W_]")
WORD = re.compile(r"[^\W\d_]+|\d+")


def normalised(status: str) -> str:
    """Return a status as one upper-case word: ``heldAt customs`` is ``HELD_AT_CUSTOMS``."""
    return SEPARATORS.sub("_", HUMP.sub("_", status)).strip("_").upper()


# The metric's Status is one of these or OTHER, because each value costs a metric.
KNOWN_STATUSES = (
    "INFO_RECEIVED PRE_TRANSIT TRANSIT IN_TRANSIT OUT_FOR_DELIVERY AVAILABLE_FOR_PICKUP "
    "ATTEMPT_FAIL DELIVERED DELAYED LOST DAMAGED EXCEPTION FAILURE RETURN_TO_SENDER "
    "RETURNED CANCELLED PENDING EXPIRED UNKNOWN ERROR"
).split()
CRITICAL_STATUSES = [normalised(entry) for entry in os.environ["CRITICAL_STATUSES"].split(",")]
CRITICAL_WORDS = [set(WORD.findall(entry)) for entry in CRITICAL_STATUSES]
SPELLINGS = {
    NO_LETTER_OR_DIGIT.sub("", status): status for status in (*KNOWN_STATUSES, *CRITICAL_STATUSES)
}


def status_word(status: str) -> str:
    """Return a status normalised; a known or critical one in any spelling (``dElayed.``)."""
    known = SPELLINGS.get(NO_LETTER_OR_DIGIT.sub("", status).upper())
    return known or normalised(status)


def is_critical(status: str) -> bool:
    """Return whether a normalised status has all the words of an entry of CriticalStatuses."""
    words = set(WORD.findall(status))
    return any(entry <= words for entry in CRITICAL_WORDS)


# ---- time

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
ISO_8601 = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[Tt ]([01]\d|2[0-3]):?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?"
    r"(?:[Zz]|([+-]\d\d)(?::?([0-5]\d))?)",
    re.ASCII,
)


def event_time(name: str, value: Any, now_ms: int) -> int:
    """Return a time in epoch ms, its fraction cut; raise Rejected."""
    try:
        event_ms = epoch_ms(value)
    except ValueError:
        reason = "must be ISO 8601 with zone, or whole epoch milliseconds"
    else:
        if YEAR_2000_MS <= event_ms <= now_ms + HOUR_MS:
            return event_ms
        # Ahead of the envelope's time would not do: the producer can set that, too.
        reason = "is more than an hour ahead of the function's clock"
        if event_ms < YEAR_2000_MS:
            reason = "is before the year 2000; were seconds meant as milliseconds?"
    raise Rejected(f"{name}: {reason}", value)


def epoch_ms(value: Any) -> int:
    """Return ISO 8601 with zone or a whole number as epoch ms; raise ValueError."""
    # JSON does not tell 1.7e12 from 1700000000000.
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value % 1 == 0:
        return int(value)
    found = ISO_8601.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        raise ValueError
    year, month, day, hour, minute, second, fraction, ahead, minutes = found.groups("")
    moment = datetime.fromisoformat(  # Python 3.10 takes neither Z nor nine digits
        f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}.{fraction[:3]:0<3}"
        f"{ahead or '+00'}:{minutes or '00'}"
    )
    return (moment - EPOCH) // timedelta(milliseconds=1)


def iso(milliseconds: int) -> str:
    """Return epoch ms as ISO 8601 in UTC."""
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def clock_ms() -> int:
    """Return the time in epoch ms."""
    return time.time_ns() // 1_000_000


# ---- store


def store(update: Update, log: Fields, now_ms: int) -> tuple[int, Fields]:
    """Put the row in the first free place; raise ClientError, TimeoutError.

    Returns its timestamp (epoch ms) and, for a redelivery, the existing row.
    """
    item = row(update, now_ms)
    same = ("updateId", "eventTime", "status", "location", "carrier")
    free = places(update)
    give_up = time.monotonic() + PROBE_SECONDS
    while time.monotonic() < give_up:
        timestamp = next(free)
        try:
            dynamodb.put_item(
                TableName=TABLE,
                Item={**item, "timestamp": {"N": str(timestamp)}},
                ConditionExpression="attribute_not_exists(shipmentId)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
            return timestamp, {}
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            existing = error.response["Item"]
        if all(existing.get(name) == item[name] for name in same):
            return timestamp, existing
        log["probes"] = log.get("probes", 0) + 1
    raise TimeoutError(f"no free place in {PROBE_SECONDS} s of probing")


def row(update: Update, now_ms: int) -> Fields:
    """Return an update's row as DynamoDB takes it, without its timestamp."""
    item: Fields = {
        "shipmentId": {"S": update.shipment_id},
        "status": {"S": update.status},
        "location": {"S": update.location},
        "carrier": {"S": update.carrier},
        "eventTime": {"S": iso(update.event_ms)},
        "updateId": {"S": update.update_id},
        "processedAt": {"S": iso(now_ms)},
    }
    if update.raw_event is None:
        item["rawEventTruncated"] = {"BOOL": True}
    else:
        item["rawEvent"] = {"S": update.raw_event}
    if ROW_RETENTION_SECONDS:
        item["expiresAt"] = {"N": str(now_ms // 1000 + ROW_RETENTION_SECONDS)}
    return item


def places(update: Update) -> Iterator[int]:
    """Yield the timestamps (epoch ms) to try, in order: 20 side by side, then 101 to 1,000 apart.

    What tells updates apart decides the stride, so that a redelivery meets its row before a free
    place. 50 strides pass a crowd of 5,000.
    """
    yield from range(update.event_ms, update.event_ms + 20)
    stride = 101 + zlib.crc32(repr(update[:-1]).encode()) % 900
    yield from itertools.count(update.event_ms + 19 + stride, stride)


def finish(event: Any, update: Update, timestamp: int, existing: Fields) -> bool:
    """Do what a stored row still needs; return whether it alerted.

    Marks come last: a crash before them repeats a message but never loses one.
    """
    marks: Fields = {}
    if is_critical(update.status) and "alertedAt" not in existing:
        alert(update)
        marks["alertedAt"] = {"S": iso(clock_ms())}
    if update.raw_event is None and "rawEventKeptAt" not in existing:
        send_to_failed_updates("rawEvent: too big for a row, which is stored without it", event)
        marks["rawEventKeptAt"] = {"S": iso(clock_ms())}
    if marks:
        dynamodb.update_item(
            TableName=TABLE,
            Key={"shipmentId": {"S": update.shipment_id}, "timestamp": {"N": str(timestamp)}},
            UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in marks),
            ConditionExpression="attribute_exists(shipmentId)",  # never make a row of marks
            ExpressionAttributeValues={f":{name}": mark for name, mark in marks.items()},
        )
    return "alertedAt" in marks


def send_to_failed_updates(reason: str, event: Any) -> None:
    """Put the whole event and a reason on the failed-updates queue."""
    body = to_json({"reason": reason, "envelope": event})
    sqs.send_message(QueueUrl=QUEUE_URL, MessageBody=body)


# ---- alert


def alert(update: Update) -> None:
    """Publish the alert of a critical update."""
    publish(
        "CRITICAL_STATUS",
        f"Logistics Alert: {update.status} - {update.shipment_id}",
        "ALERT: Critical Shipment Status Detected",
        {
            "Shipment ID": update.shipment_id,
            "Status": update.status,
            "Location": update.location,
            "Carrier": update.carrier,
            "Event time": iso(update.event_ms),
        },
        f"track {shlex.quote(update.shipment_id)}",
    )


def publish(alert_type: str, subject: str, title: str, facts: Fields, command: str) -> None:
    """Publish what happened, the command to type next and the runbook's section."""
    lines = [title, "", *(f"{name}: {value}" for name, value in facts.items())]
    lines += [f"Environment: {ENVIRONMENT}", "", "What to do next:"]
    lines += [f"shipments {command} --environment {ENVIRONMENT}"]
    lines += [f"{RUNBOOK_URL}#{alert_type.lower().replace('_', '-')}"]
    names = {"alertType": alert_type, "shipmentId": facts["Shipment ID"], "status": facts["Status"]}
    names.update(carrier=facts["Carrier"], environment=ENVIRONMENT)
    attributes = {
        name: {"DataType": "String", "StringValue": printable(value)}
        for name, value in names.items()
    }
    subject = printable(subject).encode("ascii", "replace").decode()
    sns.publish(
        TopicArn=TOPIC_ARN,
        # SNS takes 100 printable ASCII characters.
        Subject=subject if len(subject) <= 100 else subject[:97] + "...",
        Message="\n".join(map(printable, lines)),
        MessageAttributes=attributes,
    )


# Not seen, but needed in Persian and emoji.
JOINERS = "\u034f\u17b4\u17b5\u180b-\u180f\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef"
# Runs of what looks blank could push a forged line to the next row.
BLANKS = re.compile(rf"(?![{JOINERS}])[\s\u115f\u1160\u2800\u3164\uffa0{JOINERS}]+")


def printable(value: str) -> str:
    """Return one line that a mail can show: blanks collapsed, ``?`` for what it cannot show."""
    line = BLANKS.sub(" ", value)
    return "".join(char if char.isprintable() or char in JOINERS else "?" for char in line)


# ---- report

# Dimensions, and the counts by them.
METRICS = (
    ([["Environment"]], ("ProcessingErrors", "RejectedUpdates", "CriticalAlerts")),
    ([["Environment", "Status"], ["Environment"]], ("ShipmentUpdatesProcessed",)),
)


def report(log: Fields, now_ms: int) -> None:
    """Print the invocation's one line, log and metrics in one (EMF); identifiers only."""
    directives = []
    for dimensions, names in METRICS:
        if metrics := [{"Name": name, "Unit": "Count"} for name in names if name in log]:
            where = {"Namespace": "LogisticsProcessing", "Dimensions": dimensions}
            directives.append({**where, "Metrics": metrics})
    emf = {"Timestamp": now_ms, "CloudWatchMetrics": directives}
    print(json.dumps({"_aws": emf, "Environment": ENVIRONMENT, **log}, separators=(",", ":")))
