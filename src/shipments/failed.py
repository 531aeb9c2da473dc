"""What is on the failed-updates queue, whichever way it got there."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from shipments.output import iso, number
from shipments.status_tasks import Batch, Task, task_of

REASON_OF_TOO_BIG = "rawEvent: too big"
UNREADABLE_SHOWN = 80
OUTPUT_NESTING = 8
# What Lambda's own messages begin with: no part of the reason, and long enough to hide it.
REQUEST_ID = re.compile(r"^(RequestId: [\da-f-]{36} (Error: )?|\S+Z [\da-f-]{36} )")
BOTOCORE_MESSAGE = re.compile(r"An error occurred \((\w+)\) when calling the (\w+) operation")

VALUES = re.compile(r"""'[^']*'|"[^"]*"|arn:\S+|\S*\d\S*""")


class Where(str, Enum):
    """Where an update failed."""

    REJECTED = "rejected"  # by the handler: it breaks the contract
    FUNCTION = "function"  # the function raised three times, or Lambda could not run it
    DELIVERY = "delivery"  # EventBridge could not invoke the function
    TOO_BIG = "too big"  # stored, but for its text: this is the only whole copy
    STATUS = "status stack"  # no update: what that stack could not do
    UNREADABLE = "unreadable"  # nothing that any of them writes


@dataclass(frozen=True)
class Message:
    """A message of the queue. attributes: its string attributes; sent_at: when it came there."""

    id: str
    receipt: str
    body: str
    attributes: Mapping[str, str]
    sent_at: datetime

    @property
    def saved(self) -> dict[str, Any]:
        """The message as a line of a file that keeps what was taken off the queue."""
        return {"body": self.body, "attributes": dict(self.attributes)}


@dataclass(frozen=True)
class FailedUpdate:
    """An update on the queue, or what is there in place of one.

    envelope: None if it is no update; why: in the words of who gave it up; key: what all copies
    of it have in common; body: the message's whole text, if it is no update; task: what the status
    stack could not do, if it is that.
    """

    envelope: Any
    where: Where
    why: str
    failed_at: datetime
    key: str
    message_id: str = ""
    body: str = ""
    task: Task | None = None

    @property
    def shipment(self) -> str:
        """The shipment's id as it came, or nothing."""
        if self.task:
            return self.task.shipment
        return _text(_detail(self.envelope).get("shipmentId"))

    @property
    def status(self) -> str:
        """The status as it came, or nothing."""
        return _text(_detail(self.envelope).get("status"))

    @property
    def carrier(self) -> str:
        """The carrier as it came, or nothing."""
        return _text(_detail(self.envelope).get("carrier"))

    @property
    def envelope_id(self) -> str:
        """The event's id, or nothing."""
        return _text(_object(self.envelope).get("id"))

    @property
    def fields(self) -> dict[str, Any]:
        """The update as scripts read it."""
        return {
            "shipmentId": self.shipment,
            "status": self.status,
            "carrier": self.carrier,
            "envelopeId": self.envelope_id,
            "messageId": self.message_id,
            "eventTime": _detail(self.envelope).get("eventTime"),
            "time": _object(self.envelope).get("time"),
            "failedAt": iso(self.failed_at),
            "where": self.where.value,
            "why": self.why,
            **({"redrive": self.task.does} if self.task else {}),
            **({"body": self.body} if self.body else {}),
        }

    def in_short(self) -> "FailedUpdate":
        """Return the same with no more of its event than `fields` has."""
        names = ("shipmentId", "status", "carrier", "eventTime")
        detail = {name: _detail(self.envelope).get(name) for name in names}
        time = _object(self.envelope).get("time")
        return replace(self, envelope={"id": self.envelope_id, "time": time, "detail": detail})


def read(message: Message) -> FailedUpdate:
    """Return the update in a message; what is none or cannot be read is one too, and no error."""
    try:
        body = json.loads(message.body)
        if task := task_of(_object(body)):
            return FailedUpdate(
                None,
                Where.STATUS,
                _reason_of_task(task, body),
                message.sent_at,
                message.id,
                message.id,
                message.body,
                task,
            )
        envelope, where, why = _recognize(body, message)
        return FailedUpdate(
            envelope, where, why, message.sent_at, key_of(envelope), message_id=message.id
        )
    except (ValueError, RecursionError):
        why = f"not a failed update: {message.body[:UNREADABLE_SHOWN]}"
        return FailedUpdate(
            None, Where.UNREADABLE, why, message.sent_at, message.id, message.id, message.body
        )


def key_of(envelope: Any) -> str:
    """Return what two copies of one update have in common, and two updates do not.

    The rest of an envelope does not count: a replay adds its name.
    """
    known = _object(envelope)
    same = [known["id"], known.get("detail")] if known.get("id") else [envelope]
    # Nested deeper than any output will be, so that none of them is too deep for Python.
    for _ in range(OUTPUT_NESTING):
        same = [same]
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()


def kind_of(why: str) -> str:
    """Return a reason without its values: quoted texts, ARNs, and what has a digit."""
    return VALUES.sub("*", why)


def error_of(answer: Any) -> str:
    """Return the error in what a function answered, its type and message, or nothing."""
    answer = _object(answer)
    message = REQUEST_ID.sub("", _text(answer.get("errorMessage")))
    error = ": ".join(filter(None, (_text(answer.get("errorType")), message)))
    return BOTOCORE_MESSAGE.sub(r"\2 \1", error)


def _recognize(body: Any, message: Message) -> tuple[Any, Where, str]:
    """Return the envelope in a message's body, where it failed, and why; raise ValueError."""
    fields = _object(body)
    if fields.keys() == {"reason", "envelope"}:
        reason = _text(fields["reason"])
        too_big = reason.startswith(REASON_OF_TOO_BIG)
        return fields["envelope"], Where.TOO_BIG if too_big else Where.REJECTED, reason
    if "requestPayload" in fields and "requestContext" in fields:
        return fields["requestPayload"], Where.FUNCTION, _reason_of_lambda(fields)
    if "detail" in fields or (fields and "ERROR_CODE" in message.attributes):
        return body, Where.DELIVERY, _reason_of_rule(message.attributes)
    raise ValueError(message.id)


def _reason_of_lambda(record: Mapping[str, Any]) -> str:
    """Return why Lambda gave up, from its record of an asynchronous invocation."""
    return f"{error_of(record.get('responsePayload')) or 'no error reported'}{_end(record)}"


def _reason_of_task(task: Task, body: Mapping[str, Any]) -> str:
    """Return why the status stack could not do it."""
    if isinstance(task, Batch):
        size = body["DDBStreamBatchInfo"].get("batchSize")
        rows = number(size, "row") if isinstance(size, int) else "rows"
        return f"{rows} of the table's stream were given up{_end(body)}"
    return _text(body["reason"]) if "reason" in body else _reason_of_lambda(body)


def _end(record: Mapping[str, Any]) -> str:
    """Return after what Lambda gave up, from its record."""
    context = _object(record.get("requestContext"))
    count = context.get("approximateInvokeCount")
    attempts = number(count, "attempt") if isinstance(count, int) else ""
    end = ", ".join(filter(None, [_text(context.get("condition")), attempts]))
    return f" ({end})" if end else ""


def _reason_of_rule(attributes: Mapping[str, str]) -> str:
    """Return why EventBridge gave up, from the attributes of its dead letter."""
    parts = [
        attributes.get("ERROR_CODE", ""),
        attributes.get("ERROR_MESSAGE", ""),
        attributes.get("EXHAUSTED_RETRY_CONDITION", ""),
    ]
    return ": ".join(filter(None, parts)) or "EventBridge gave no reason"


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _detail(envelope: Any) -> Mapping[str, Any]:
    return _object(_object(envelope).get("detail"))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
