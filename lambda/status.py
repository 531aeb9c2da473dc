"""Keeps each shipment's current status, and mails what people must know, in few messages.

Whatever a stream record says, its shipment is computed anew from all its rows in the log table: a
redelivery, another order or a rebuild changes nothing. What is to be mailed is noted on the items
first and taken off after the mail: a crash repeats a mail but never loses one. Standard library
and boto3 only, because the template carries this file.
"""

import heapq
import json
import os
import re
import shlex
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

LOG_TABLE = os.environ["LOG_TABLE"]
STATUS_TABLE = os.environ["STATUS_TABLE"]
TOPIC_ARN = os.environ["DIGEST_TOPIC_ARN"]
QUEUE_URL = os.environ["FAILED_UPDATES_QUEUE_URL"]
ENVIRONMENT = os.environ["ENVIRONMENT"]
RUNBOOK_URL = os.environ["RUNBOOK_URL"]
FINAL_STATUSES = os.environ["FINAL_STATUSES"].split(",")
STUCK_AFTER_DAYS = int(os.environ["STUCK_AFTER_DAYS"])
WINDOW_MS = int(os.environ["BATCH_WINDOW_SECONDS"]) * 1000

TIMEOUT_MS = 60_000  # of the function
# What is not begun by then is left to Lambda's next attempt: mail and marks need the rest.
RESERVE_MS = 25_000
# Of one shipment's rows: who has so many is put on the queue, so that the others go on.
READ_SECONDS = 10
# A mail is about up to 500 shipments, which 500 calls mark within the reserve, and names 50: SNS
# takes 256 KB, and a shipment's lines have up to 4.2. The next mail goes on with the others.
MAILED, NAMED = 500, 50
DAY_MS = 86_400_000
TWICE = {"mode": "standard", "total_max_attempts": 2}
CALLS = Config(connect_timeout=1, read_timeout=2, retries=TWICE, parameter_validation=False)
# Keys of items that are no shipments: no shipment's id has a control character.
TURN, REJECTED = "\nmail", "\nrejected "
NOTHING_NEW = "9999"  # later than any time

Fields = dict[str, Any]


@lru_cache
def client(service: str) -> Any:
    """Return a service's client, made when first needed."""
    return boto3.client(service, config=CALLS)


dynamodb = client("dynamodb")  # the others would slow each cold start


class Row(NamedTuple):
    """An update in the log; its timestamp (epoch ms) is its key among the shipment's rows."""

    timestamp: int
    status: str
    event_time: str
    location: str
    carrier: str
    processed_at: str

    @property
    def entry(self) -> str:
        """What items keep of the update by which a shipment enters a critical status."""
        return f"{self.timestamp} {self.status}"


# ---- handle


def lambda_handler(event: Fields, context: Any) -> Fields:
    """Do what a stream batch, a rejected update, a rule or the operator's command asks for."""
    start_ms = clock_ms()
    log: Fields = {"requestId": str(getattr(context, "aws_request_id", "")), "DigestMails": 0}
    give_up_ms = start_ms + TIMEOUT_MS - RESERVE_MS
    records = event.get("Records", [])
    try:
        if records and "dynamodb" in records[0]:
            return follow(records, give_up_ms, log)
        if records:
            return keep_rejected(records)
        if event["do"] == "refresh":
            return refresh_all(event["shipments"], event.get("since"), give_up_ms, log)
        return {"mail": mail_each_minute, "stuck": mail_stuck}[event["do"]](log)
    except Exception as error:
        log["error"] = named(error)
        raise
    finally:
        report(log, start_ms)


def follow(records: list[Fields], give_up_ms: int, log: Fields) -> Fields:
    """Refresh the shipments of a stream batch, and mail what is due.

    Returns the first record that was not dealt with, from which Lambda starts again.
    """
    due, failures = [], []
    for shipment_id, (sequence, since) in by_shipment(records, log).items():
        if clock_ms() > give_up_ms:
            failures = [{"itemIdentifier": sequence}]
            break
        try:
            if refresh(shipment_id, since, log):
                due.append(shipment_id)
        except Exception as error:
            log["error"], log["RefreshFailures"] = named(error), log.get("RefreshFailures", 0) + 1
            if is_passing(error) or not keep_failed(shipment_id, since, error):
                failures = [{"itemIdentifier": sequence}]
                break
    if due:
        try_mail(due, log)
    return {"batchItemFailures": failures}


def by_shipment(records: list[Fields], log: Fields) -> dict[str, tuple[str, str]]:
    """Return the first sequence number of each shipment, and when its first new row was made."""
    work: dict[str, tuple[str, str]] = {}
    for record in records:
        change = record["dynamodb"]
        shipment_id = change["Keys"]["shipmentId"]["S"]
        since = NOTHING_NEW
        if record["eventName"] == "INSERT":
            since = change["NewImage"].get("processedAt", {}).get("S", "")
        sequence, earlier = work.get(shipment_id, (change["SequenceNumber"], NOTHING_NEW))
        work[shipment_id] = sequence, min(since, earlier)
        with suppress(ValueError, TypeError):  # of a row not ours
            log["StatusLag"] = max(log.get("StatusLag", 0), clock_ms() - epoch_ms(since))
    return work


def refresh_all(shipments: list[str], since: str | None, give_up_ms: int, log: Fields) -> Fields:
    """Refresh shipments for a rebuild or a redrive; return how many, and why others were not."""
    due, failed = [], dict.fromkeys(shipments, "no time left for it: run the command again")
    for shipment_id in shipments:
        if clock_ms() > give_up_ms:
            break
        try:
            if refresh(shipment_id, since, log):
                due.append(shipment_id)
            failed.pop(shipment_id, None)  # it may be asked for twice
        except Exception as error:
            failed[shipment_id] = f"{named(error)}: {error}"
    log["RefreshFailures"] = len(failed)
    if due:
        try_mail(due, log)
    return {"refreshed": len(shipments) - len(failed), "failed": failed}


def is_passing(error: Exception) -> bool:
    """Return whether an error may be gone at the next attempt: any of AWS, but a refused value."""
    if isinstance(error, ClientError):
        return bool(error.response["Error"]["Code"] != "ValidationException")
    return isinstance(error, BotoCoreError)


def keep_failed(shipment_id: str, since: str, error: Exception) -> bool:
    """Put a shipment that cannot be refreshed on the queue; return whether it is there."""
    reason = f"status: {shipment_id} could not be refreshed: {named(error)}: {error}"
    body = {"reason": reason, "refresh": {"shipmentId": shipment_id, "since": since}}
    try:
        client("sqs").send_message(QueueUrl=QUEUE_URL, MessageBody=json.dumps(body))
    except (ClientError, BotoCoreError):
        return False
    return True


def named(error: Exception) -> str:
    """Return an error's name, and AWS's code if it has one."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    return f"{type(error).__name__} {code}".strip()


# ---- status


def refresh(shipment_id: str, since: str | None, log: Fields) -> bool:
    """Compute a shipment's item anew; return whether it waits for a mail.

    since: rows that were made from then on (ISO 8601) may be news; None: only the newest may be.
    Raises ClientError, BotoCoreError, TimeoutError.
    """
    rows = read_rows(shipment_id)
    log["ShipmentsRefreshed"] = log.get("ShipmentsRefreshed", 0) + 1
    if not rows:
        delete(shipment_id)
        return False
    item = write_status(shipment_id, rows)
    entries = unheard_entries(rows, since, item)
    if not entries:
        return "dueAt" in item
    marked, _ = update(
        shipment_id,
        "ADD unheard :entries SET dueAt = if_not_exists(dueAt, :now)",
        "attribute_exists(#status)",
        entries={"SS": entries},
        now={"S": iso(clock_ms())},
    )
    return marked


def read_rows(shipment_id: str) -> list[Row]:
    """Return a shipment's rows in the order of their events; raise TimeoutError, ClientError."""
    give_up = time.monotonic() + READ_SECONDS
    rows: list[Row] = []
    projection = "#timestamp, #status, eventTime, #location, carrier, processedAt"
    pages = dynamodb.get_paginator("query").paginate(
        TableName=LOG_TABLE,
        ConsistentRead=True,
        KeyConditionExpression="shipmentId = :shipment",
        ProjectionExpression=projection,
        ExpressionAttributeNames=names_in(projection),
        ExpressionAttributeValues={":shipment": {"S": shipment_id}},
    )
    texts = ("status", "eventTime", "location", "carrier", "processedAt")
    for page in pages:
        rows += [
            Row(int(row["timestamp"]["N"]), *(row[name]["S"] for name in texts))
            for row in page["Items"]
        ]
        if time.monotonic() > give_up:
            raise TimeoutError(f"its rows could not be read in {READ_SECONDS} s")
    return rows


def write_status(shipment_id: str, rows: list[Row]) -> Fields:
    """Write what the newest row says, unless the item knows a newer one; return the item."""
    newest = rows[-1]
    *_, run = (list(group) for _, group in groupby(rows, key=lambda row: row.status))
    values = {
        "status": {"S": newest.status},
        "since": {"S": run[0].event_time},
        "timestamp": {"N": str(newest.timestamp)},
        "eventTime": {"S": newest.event_time},
        "location": {"S": newest.location},
        "carrier": {"S": newest.carrier},
        "updates": {"N": str(len(rows))},
    }
    _, item = update(
        shipment_id,
        "SET " + ", ".join(f"#{name} = :{name}" for name in values),
        "attribute_not_exists(#timestamp) OR #timestamp < :timestamp"
        " OR (#timestamp = :timestamp AND #updates <= :updates)",
        **values,
    )
    return item


def unheard_entries(rows: list[Row], since: str | None, item: Fields) -> list[str]:
    """Return the entries into a critical status that are news and that are in no mail.

    A run is all the rows of one status that follow each other. A late row can split one, so that
    the rows beside a new one are news, too.
    """
    news = {len(rows) - 1}
    if since is not None:
        new = [index for index, row in enumerate(rows) if row.processed_at >= since]
        news = {beside for index in new for beside in (index - 1, index, index + 1)}
    known = {text for name in ("heard", "unheard") for text in item.get(name, {}).get("SS", ())}
    found = []
    for status, group in groupby(enumerate(rows), key=lambda each: each[1].status):
        run = dict(group)
        texts = [row.entry for row in run.values()]
        if is_critical(status) and not news.isdisjoint(run) and known.isdisjoint(texts):
            found.append(texts[0])
    return found


def update(
    shipment_id: str, expression: str, condition: str, **values: Fields
) -> tuple[bool, Fields]:
    """Change an item if a condition holds; return whether it did, and the item as it is then."""
    try:
        answer = dynamodb.update_item(
            TableName=STATUS_TABLE,
            Key={"shipmentId": {"S": shipment_id}},
            UpdateExpression=expression,
            ConditionExpression=condition,
            ExpressionAttributeNames=names_in(expression + condition),
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False, error.response.get("Item", {})
    return True, answer["Attributes"]


def names_in(expression: str) -> dict[str, str]:
    """Return the names that an expression has with a #: some are words of DynamoDB's own."""
    return {name: name[1:] for name in re.findall(r"#\w+", expression)}


def delete(shipment_id: str) -> None:
    """Delete an item, if it is there."""
    dynamodb.delete_item(TableName=STATUS_TABLE, Key={"shipmentId": {"S": shipment_id}})


# ---- the same code as in the handler that stores updates: a test compares them

HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
SEPARATORS = re.compile(r"[\s_\-\x00-\x1f\x7f-\x9f]+")
WORD = re.compile(r"[^\W\d_]+|\d+")


def normalised(status: str) -> str:
    """Return a status as one upper-case word: ``heldAt customs`` is ``HELD_AT_CUSTOMS``."""
    return SEPARATORS.sub("_", HUMP.sub("_", status)).strip("_").upper()


CRITICAL_STATUSES = [normalised(entry) for entry in os.environ["CRITICAL_STATUSES"].split(",")]
CRITICAL_WORDS = [set(WORD.findall(entry)) for entry in CRITICAL_STATUSES]


def is_critical(status: str) -> bool:
    """Return whether a normalised status has all the words of an entry of CriticalStatuses."""
    words = set(WORD.findall(status))
    return any(entry <= words for entry in CRITICAL_WORDS)


EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def iso(milliseconds: int) -> str:
    """Return epoch ms as ISO 8601 in UTC."""
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def clock_ms() -> int:
    """Return the time in epoch ms."""
    return time.time_ns() // 1_000_000


# Not seen, but needed in Persian and emoji.
JOINERS = "\u034f\u17b4\u17b5\u180b-\u180f\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef"
# Runs of what looks blank could push a forged line to the next row.
BLANKS = re.compile(rf"(?![{JOINERS}])[\s\u115f\u1160\u2800\u3164\uffa0{JOINERS}]+")


def printable(value: str) -> str:
    """Return one line that a mail can show: blanks collapsed, ``?`` for what it cannot show."""
    line = BLANKS.sub(" ", value)
    return "".join(char if char.isprintable() or char in JOINERS else "?" for char in line)


# ---- mail


def keep_rejected(records: list[Fields]) -> Fields:
    """Note rejected updates, which the main stack's topic reports, for the next mail."""
    for record in records:
        message = record["Sns"]
        lines = (line.partition(": ") for line in message["Message"].splitlines()[1:])
        reported = {name: value for name, _, value in lines}
        names = ("Reason", "Carrier", "Shipment ID", "Event ID")
        reason, carrier, shipment_id, event_id = (reported.get(name, "Unknown") for name in names)
        # Its line with the status is cut.
        urgent = "CRITICAL STATUS, " if message["Message"].startswith("CRITICAL") else ""
        command = f"shipments failed --id {shlex.quote(event_id)}"
        item = {
            "shipmentId": REJECTED + message["MessageId"],
            "reason": f"{urgent}{reason} ({carrier})",
            "example": f"{shipment_id}: {command} --environment {ENVIRONMENT}",
            "dueAt": iso(clock_ms()),
        }
        typed = {name: {"S": value} for name, value in item.items()}
        dynamodb.put_item(TableName=STATUS_TABLE, Item=typed)
    return {}


def mail_each_minute(log: Fields) -> Fields:
    """Mail what found no turn before, and report how long it waits: an alarm watches that."""
    try:
        due = due_items()
        oldest = min(due.values(), default=iso(clock_ms()))
        log["OldestUnmailedAge"] = max(0, clock_ms() - epoch_ms(oldest))
    except Exception as error:
        log["error"] = named(error)  # not raised: the next run is in a minute
        return {"mailed": 0}
    return {"mailed": try_mail(due, log) if due else 0}


def due_items() -> dict[str, str]:
    """Return the keys of items that wait for a mail, and since when; of very many some."""
    answer = dynamodb.scan(TableName=STATUS_TABLE, IndexName="due-index", Limit=2 * MAILED)
    return {item["shipmentId"]["S"]: item["dueAt"]["S"] for item in answer["Items"]}


def try_mail(due: Iterable[str], log: Fields) -> int:
    """Mail if this is a turn; what fails stays due, and an alarm watches its age."""
    try:
        return mail(due, log)
    except Exception as error:
        log["error"] = named(error)
        return 0


def mail(due: Iterable[str], log: Fields) -> int:
    """Mail about items that are due, these first; return how many there were.

    Only who has the turn mails, once per window, however many shards and rules call this. It is
    over after the function's timeout, if the function does not end it.
    """
    now_ms = clock_ms()
    until, now = {"N": str(now_ms + TIMEOUT_MS)}, {"N": str(now_ms)}
    free = "attribute_not_exists(#turnAt) OR #turnAt <= :now"
    if not update(TURN, "SET #turnAt = :until", free, until=until, now=now)[0]:
        return 0
    try:
        # What is written this moment is not in the index yet.
        keys = list(dict.fromkeys([*due, *due_items()]))[:MAILED]
        items = [item for item in read_items(keys) if "dueAt" in item]
        shipments = [item for item in items if "unheard" in item]
        rejected = [item for item in items if "reason" in item]
        if shipments:
            publish_shipments(shipments, log)
            log["ShipmentsMailed"] = len(shipments)
        for item in shipments:
            mark_heard(item)
        if rejected:
            publish_rejected(rejected, log)
            log["RejectionsMailed"] = len(rejected)
        for item in rejected:
            delete(item["shipmentId"]["S"])
        return len(items)
    finally:
        end = {"N": str(now_ms + WINDOW_MS)}
        update(TURN, "SET #turnAt = :end", "#turnAt = :until", end=end, until=until)


def read_items(keys: list[str]) -> list[Fields]:
    """Return items as they are now, a hundred a call; what is not given now stays due."""
    items: list[Fields] = []
    for start in range(0, len(keys), 100):
        some = [{"shipmentId": {"S": key}} for key in keys[start : start + 100]]
        request = {STATUS_TABLE: {"Keys": some, "ConsistentRead": True}}
        answer = dynamodb.batch_get_item(RequestItems=request)
        items += answer["Responses"].get(STATUS_TABLE, [])
    return sorted(items, key=lambda item: item["shipmentId"]["S"])


def mark_heard(item: Fields) -> None:
    """Note that a mail named an item's entries; one that was added meanwhile stays due."""
    shipment_id, mailed = item["shipmentId"]["S"], item["unheard"]
    change = "ADD heard :mailed DELETE #unheard :mailed SET alertedAt = :now"
    values = {"mailed": mailed, "now": {"S": iso(clock_ms())}}
    if not update(shipment_id, f"{change} REMOVE dueAt", "#unheard = :mailed", **values)[0]:
        update(shipment_id, change, "attribute_exists(#unheard)", **values)


def publish_shipments(items: list[Fields], log: Fields) -> None:
    """Publish which shipments entered a critical status."""
    statuses = Counter(entries_of(item)[-1][1] for item in items)
    by_status = ", ".join(f"{count} {status}" for status, count in statuses.most_common())
    subject, command = f"{len(items)} shipments ({by_status}) - {ENVIRONMENT}", "list --critical"
    attributes = {}
    if len(items) == 1:
        shipment_id, status = items[0]["shipmentId"]["S"], next(iter(statuses))
        subject, command = f"{status} - {shipment_id}", f"track {shlex.quote(shipment_id)}"
        attributes = {"shipmentId": shipment_id, "status": status}
    lines = ["ALERT: Critical Shipment Status Detected", ""]
    for item in items[:NAMED]:
        current = item["status"]["S"]
        for timestamp, status in entries_of(item)[-2:]:
            now = "" if current == status else f", now {current}"
            lines.append(f"{item['shipmentId']['S']}: {status} since {iso(timestamp)}{now}")
        lines.append(f" {item['location']['S']}, {item['carrier']['S']}")
    lines += more(len(items))
    subject = f"Logistics Alert: {subject}"
    publish("CRITICAL_STATUS", subject, lines, command, log, **attributes)


def entries_of(item: Fields) -> list[tuple[int, str]]:
    """Return when (epoch ms) and into which status a shipment went unheard, in order."""
    pairs = (entry.split(" ", 1) for entry in item["unheard"]["SS"])
    return sorted((int(timestamp), status) for timestamp, status in pairs)


def publish_rejected(items: list[Fields], log: Fields) -> None:
    """Publish which updates were rejected, by reason and carrier, with an example of each."""
    reasons = Counter(item["reason"]["S"] for item in items)
    examples = {item["reason"]["S"]: item["example"]["S"] for item in items}
    lines = ["Updates that were rejected and are on the failed-updates queue:", ""]
    for reason, number in reasons.most_common(NAMED):
        lines += [f"{number} x {reason}", f" such as {examples[reason]}"]
    lines += more(len(reasons))
    count = f": {len(items)} updates" if len(items) > 1 else ""
    subject = f"Logistics Processing Error{count} - {ENVIRONMENT}"
    publish("PROCESSING_ERROR", subject, lines, "failed", log)


def mail_stuck(log: Fields) -> Fields:
    """Mail the shipments without news, the longest silent first, each once per silence."""
    items = heapq.nsmallest(MAILED, silent_items(), key=lambda item: int(item["timestamp"]["N"]))
    if items:
        publish_stuck(items, log)
    log["StuckShipmentsMailed"] = len(items)
    for item in items:
        timestamp = item["timestamp"]
        unchanged = "#timestamp = :timestamp"  # news since then begins another silence
        change = "SET silenceMailed = :timestamp"
        update(item["shipmentId"]["S"], change, unchanged, timestamp=timestamp)
    return {"mailed": len(items)}


def silent_items() -> Iterator[Fields]:
    """Yield items that are not final, had no update for so long, and were not mailed for it."""
    values = {
        f":final{number}": {"S": normalised(status)} for number, status in enumerate(FINAL_STATUSES)
    }
    cutoff = {":cutoff": {"N": str(clock_ms() - STUCK_AFTER_DAYS * DAY_MS)}}
    condition = (
        f"#timestamp < :cutoff AND NOT #status IN ({', '.join(values)})"
        " AND (attribute_not_exists(silenceMailed) OR silenceMailed <> #timestamp)"
    )
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=STATUS_TABLE,
        FilterExpression=condition,
        ExpressionAttributeNames=names_in(condition),
        ExpressionAttributeValues={**cutoff, **values},
    )
    return (item for page in pages for item in page["Items"])


def publish_stuck(items: list[Fields], log: Fields) -> None:
    """Publish which shipments have no news, by carrier."""
    carriers: dict[str, list[Fields]] = {}
    for item in items[:NAMED]:
        carriers.setdefault(item["carrier"]["S"], []).append(item)
    lines = [f"No update for {STUCK_AFTER_DAYS} days:"]
    for carrier, members in carriers.items():
        lines += ["", carrier]
        for item in members:
            event_time, shipment_id, status, location = (
                item[name]["S"] for name in ("eventTime", "shipmentId", "status", "location")
            )
            lines.append(f" {event_time} {shipment_id}: {status}, {location}")
    lines += more(len(items))
    subject = f"Shipments without news: {len(items)} - {ENVIRONMENT}"
    publish("STUCK_SHIPMENTS", subject, lines, f"list --stale {STUCK_AFTER_DAYS}d", log)


def more(count: int) -> list[str]:
    """Return a line about what a mail does not name, if there is any."""
    return [f"and {count - NAMED} more"] if count > NAMED else []


def publish(
    alert_type: str, subject: str, lines: list[str], command: str, log: Fields, **attributes: str
) -> None:
    """Publish a mail with the command to type next and the runbook's section.

    Raises ClientError, and LookupError if nobody would get it.
    """
    lines = [*lines, "", f"Environment: {ENVIRONMENT}", "", "What to do next:"]
    lines += [f"shipments {command} --environment {ENVIRONMENT}"]
    lines += [f"{RUNBOOK_URL}#{alert_type.lower().replace('_', '-')}"]
    names = {"alertType": alert_type, "environment": ENVIRONMENT, **attributes}
    subject = printable(subject).encode("ascii", "replace").decode()
    subscribed = client("sns").list_subscriptions_by_topic(TopicArn=TOPIC_ARN)["Subscriptions"]
    if not any(each["SubscriptionArn"].startswith("arn:") for each in subscribed):
        raise LookupError("nobody has confirmed a subscription to the digests")
    client("sns").publish(
        TopicArn=TOPIC_ARN,
        # SNS takes 100 printable ASCII characters.
        Subject=subject if len(subject) <= 100 else subject[:97] + "...",
        Message="\n".join(map(printable, lines)),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": printable(value)}
            for name, value in names.items()
        },
    )
    log["DigestMails"] += 1


# ---- report


def epoch_ms(text: str) -> int:
    """Return ISO 8601 in UTC, as ``iso`` writes it, in epoch ms; raise ValueError."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.10 takes no Z
    return (moment - EPOCH) // timedelta(milliseconds=1)


def report(log: Fields, now_ms: int) -> None:
    """Print the invocation's one line, log and metrics in one (EMF); no shipment's data."""
    units = dict.fromkeys(("StatusLag", "OldestUnmailedAge"), "Milliseconds")
    metrics = [
        {"Name": name, "Unit": units.get(name, "Count")} for name in log if name[0].isupper()
    ]
    dimensions = [["Environment"]]
    directive = {"Namespace": "LogisticsProcessing", "Dimensions": dimensions, "Metrics": metrics}
    emf = {"Timestamp": now_ms, "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": emf, "Environment": ENVIRONMENT, **log}, separators=(",", ":")))
