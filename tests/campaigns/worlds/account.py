"""An account as one value: what its services keep, and how they answer a request.

A value, so that two schedules that lead to the same account are seen to do so. It knows only what
the handler asks for, and refuses all else; a test compares it with moto's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.unit.handler import gate

Fields = dict[str, Any]
# A row's place: its shipment, and its timestamp (epoch ms).
Place = tuple[str, int]


@dataclass(frozen=True)
class Request:
    """A request to AWS: its operation, and its parameters as text and as they are."""

    operation: str
    text: str
    params: Mapping[str, Any] = field(compare=False, repr=False)

    @classmethod
    def of(cls, operation: str, params: Mapping[str, Any]) -> "Request":
        """Return the request that boto3 makes of these parameters."""
        return cls(operation, json.dumps(params, sort_keys=True), params)


class Answer(NamedTuple):
    """What the function hears of a request: its status, an error's code, a body in JSON or XML.

    Status 0: nothing, in time.
    """

    status: int
    code: str = ""
    body: str = "{}"

    def respond(self, request: AWSPreparedRequest) -> AWSResponse:
        """Return it as botocore gets it; raise ReadTimeoutError."""
        if not self.status:
            return gate.lost_request(request)
        if self.code:
            return gate.refusal(self.status, self.code, json.loads(self.body))(request)
        return gate.answer(self.body)(request)


DONE = Answer(200)
PUBLISHED = Answer(200, body="<PublishResponse><PublishResult/></PublishResponse>")
CONFLICT = Answer(400, "ConditionalCheckFailedException")


class Account(NamedTuple):
    """What there is: rows, messages by what they are about, and what is kept on the queue.

    rows: each place with its attributes; published: each alert type with its status, once for
    each message; kept: reason and event of each message that the handler put on the queue.
    """

    rows: frozenset[tuple[Place, frozenset[tuple[str, str]]]] = frozenset()
    published: tuple[tuple[str, str], ...] = ()
    kept: tuple[tuple[str, str], ...] = ()

    def items(self) -> list[tuple[Place, Fields]]:
        """Return the rows by place, attributes as plain values."""
        return sorted((place, dict(attributes)) for place, attributes in self.rows)


@cache
def carry_out(account: Account, request: Request) -> tuple[Account, Answer]:
    """Return the account after a request, and its answer; raise ValueError if it is not known."""
    return _OPERATIONS[request.operation](account, request.params)


def _put_item(account: Account, params: Mapping[str, Any]) -> tuple[Account, Answer]:
    item = params["Item"]
    place = item["shipmentId"]["S"], int(item["timestamp"]["N"])
    existing = dict(account.rows).get(place)
    condition = params.get("ConditionExpression")
    if condition not in {None, "attribute_not_exists(shipmentId)"}:
        raise ValueError(condition)
    if existing is not None and condition:
        members = {}
        if params.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
            members["Item"] = {name: json.loads(value) for name, value in sorted(existing)}
        return account, CONFLICT._replace(body=json.dumps(members))
    return _with_row(account, place, item), DONE


def _update_item(account: Account, params: Mapping[str, Any]) -> tuple[Account, Answer]:
    key = params["Key"]
    place = key["shipmentId"]["S"], int(key["timestamp"]["N"])
    existing = dict(account.rows).get(place)
    if params.get("ConditionExpression") not in {None, "attribute_exists(shipmentId)"}:
        raise ValueError(params["ConditionExpression"])
    if existing is None and "ConditionExpression" in params:
        return account, CONFLICT
    item = {name: json.loads(value) for name, value in existing or ()} or dict(key)
    verb, _, sets = params["UpdateExpression"].partition(" ")
    if verb != "SET":
        raise ValueError(params["UpdateExpression"])
    for name, value in (each.split(" = ") for each in sets.split(", ")):
        item[name] = params["ExpressionAttributeValues"][value]
    return _with_row(account, place, item), DONE


def _with_row(account: Account, place: Place, item: Mapping[str, Any]) -> Account:
    rows = dict(account.rows)
    rows[place] = frozenset((name, json.dumps(value)) for name, value in item.items())
    return account._replace(rows=frozenset(rows.items()))


def _publish(account: Account, params: Mapping[str, Any]) -> tuple[Account, Answer]:
    attributes = params["MessageAttributes"]
    about = attributes["alertType"]["StringValue"], attributes["status"]["StringValue"]
    return account._replace(published=tuple(sorted((*account.published, about)))), PUBLISHED


def _send_message(account: Account, params: Mapping[str, Any]) -> tuple[Account, Answer]:
    message = json.loads(params["MessageBody"])
    about = message["reason"], message["envelope"]["id"]
    return account._replace(kept=tuple(sorted((*account.kept, about)))), DONE


_OPERATIONS = {
    "PutItem": _put_item,
    "UpdateItem": _update_item,
    "Publish": _publish,
    "SendMessage": _send_message,
}
