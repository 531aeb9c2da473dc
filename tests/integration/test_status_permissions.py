"""The status function's role grants the calls that the function makes, each needed, and no others.

The emulator asks the role for what the function calls, and for nothing that Lambda and the
services do with it: that is asserted on the policy as it is deployed.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from botocore.exceptions import ClientError

from scripts.emulator import ACCOUNT, REGION, Emulator
from scripts.mailbox import Fields
from tests.integration.companion import ROW, Companion
from tests.integration.permissions import (
    NOT_BY_THE_FUNCTION,
    Grant,
    granted,
    listed,
    recording,
    role_arn,
    statements,
    without,
)
from tests.integration.pipeline import RaisedError

pytestmark = pytest.mark.own_stack("takes permissions away from the function")

SUFFIX, DENIED = "statuses", "is not authorized to perform"
LOG, STATUS, DUE = f"shipment-logs-{SUFFIX}", f"shipment-status-{SUFFIX}", "due-index"
QUERY, UPDATE = ("dynamodb:Query", LOG), ("dynamodb:UpdateItem", STATUS)
PUT, DELETE = ("dynamodb:PutItem", STATUS), ("dynamodb:DeleteItem", STATUS)
FIND_SILENT, FIND_DUE = ("dynamodb:Scan", STATUS), ("dynamodb:Scan", DUE)
READ = ("dynamodb:BatchGetItem", STATUS)
TOPIC = f"shipment-digests-{SUFFIX}"
PUBLISH = [("sns:ListSubscriptionsByTopic", TOPIC), ("sns:Publish", TOPIC)]
SEND = ("sqs:SendMessage", f"shipment-failed-updates-{SUFFIX}")
TURN = [UPDATE, FIND_DUE, READ]  # take the turn, and see what is due


class Case(NamedTuple):
    """A kind of request: what makes one about a shipment, and the calls that it needs, in order."""

    prepare: Callable[[Companion, str], Fields]
    calls: list[Grant]


# ---- requests


def batch(companion: Companion, shipment: str) -> Fields:
    """Return a batch with the last record that the stream has of a shipment."""
    return {"Records": companion.pipeline.records(shipment)[-1:]}


def ordinary(companion: Companion, shipment: str) -> Fields:
    companion.put_row(shipment, status="IN_TRANSIT", **ROW)
    return batch(companion, shipment)


def critical(companion: Companion, shipment: str) -> Fields:
    companion.put_row(shipment, status="LOST", **ROW)
    return batch(companion, shipment)


def deleted(companion: Companion, shipment: str) -> Fields:
    companion.put_row(shipment, status="IN_TRANSIT", **ROW)
    companion.delete_row(shipment, 0)
    return batch(companion, shipment)


def unreadable(companion: Companion, shipment: str) -> Fields:
    companion.put_row(shipment, **ROW)
    return batch(companion, shipment)


def refreshed(companion: Companion, shipment: str) -> Fields:
    companion.put_row(shipment, status="IN_TRANSIT", **ROW)
    return {"do": "refresh", "shipments": [shipment]}


def rejected(_: Companion, shipment: str) -> Fields:
    message = {"MessageId": shipment, "Message": "rejected\nReason: status: is required"}
    return {"Records": [{"Sns": message}]}


def reported(companion: Companion, shipment: str) -> Fields:
    companion.do(rejected(companion, shipment))
    return {"do": "mail"}


def nothing_due(_: Companion, __: str) -> Fields:
    return {"do": "mail"}


def silent(companion: Companion, shipment: str) -> Fields:
    companion.do(refreshed(companion, shipment))
    return {"do": "stuck"}


CASES = {
    "ordinary": Case(ordinary, [QUERY, UPDATE]),
    "critical": Case(critical, [QUERY, UPDATE, UPDATE, *TURN, *PUBLISH, UPDATE, UPDATE]),
    "deleted": Case(deleted, [QUERY, DELETE]),
    "unreadable": Case(unreadable, [QUERY, SEND]),
    "refreshed": Case(refreshed, [QUERY, UPDATE]),
    "rejected": Case(rejected, [PUT]),
    "reported": Case(reported, [FIND_DUE, *TURN, *PUBLISH, DELETE, UPDATE]),
    "nothing due": Case(nothing_due, [FIND_DUE]),
    "silent": Case(silent, [FIND_SILENT, *PUBLISH, UPDATE]),
}
NEEDED = [(kind, *call) for kind, case in CASES.items() for call in sorted(set(case.calls))]


@pytest.fixture(scope="module")
def alone(companion: Companion) -> Iterator[Companion]:
    """Return the stack, whose mapping and rule do not invoke the function meanwhile."""
    rule = {"Name": f"shipment-mail-rule-{SUFFIX}"}
    companion.catch_up()
    companion.client("events").disable_rule(**rule)
    with companion.paused():
        yield companion
        companion.clear()
    companion.client("events").enable_rule(**rule)


def prepared(companion: Companion, kind: str) -> Fields:
    """Return a request of a kind. Nobody has had the turn, and nothing else waits."""
    companion.clear()
    return CASES[kind].prepare(companion, companion.pipeline.shipment())


# ---- what the function calls


@pytest.fixture(scope="module")
def seen(alone: Companion, emulator: Emulator) -> dict[str, list[Grant]]:
    """Return the calls that the function made for each kind of request."""
    found = {}
    with recording(alone, emulator) as calls:
        for kind in CASES:
            request = prepared(alone, kind)
            calls()  # of what was prepared
            alone.do(request)
            found[kind] = calls()
    return found


@pytest.mark.parametrize("kind", CASES)
def test_a_request_makes_these_calls_and_no_others(seen: dict[str, list[Grant]], kind: str) -> None:
    assert seen[kind] == CASES[kind].calls


def test_the_role_grants_what_the_function_was_seen_to_call_and_nothing_else(
    alone: Companion, seen: dict[str, list[Grant]]
) -> None:
    assert granted(alone) == {call for calls in seen.values() for call in calls}


@pytest.mark.parametrize(("kind", "action", "resource"), NEEDED)
def test_a_request_is_not_done_without_a_permission_that_it_needs(
    alone: Companion, kind: str, action: str, resource: str
) -> None:
    request = prepared(alone, kind)
    with without(alone, action, resource):
        assert is_denied(alone, request)


def is_denied(companion: Companion, request: Fields) -> bool:
    """Return whether a request fails for a permission: it raises or says so, or is given back."""
    try:
        answer, line = companion.do(request)
    except RaisedError as error:
        return DENIED in str(error)
    return bool(
        answer.get("batchItemFailures")
        or DENIED in str(answer)
        or re.search("AccessDenied|AuthorizationError", line.get("error", ""))
    )


def test_not_even_the_root_user_takes_the_role(companion: Companion) -> None:
    with pytest.raises(ClientError) as refused:
        companion.client("sts").assume_role(RoleArn=role_arn(companion), RoleSessionName="somebody")
    assert "AccessDenied" in str(refused.value)


# ---- what the emulator does not ask for


def test_beside_that_the_role_lets_lambda_read_the_stream_and_write_log_and_traces(
    companion: Companion,
) -> None:
    stream = companion.stack.parameters["StreamArn"]
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/shipment-status-{SUFFIX}:*"
    key = companion.stack.parameters.get("KmsKeyArn")
    assert not_asked_for(companion) == {
        **dict.fromkeys(
            ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"), stream
        ),
        "dynamodb:ListStreams": re.sub("/stream/.*", "/stream/*", stream),
        **dict.fromkeys(("logs:CreateLogStream", "logs:PutLogEvents"), group),
        **dict.fromkeys(("xray:PutTraceSegments", "xray:PutTelemetryRecords"), "*"),
        **(dict.fromkeys(("kms:Decrypt", "kms:GenerateDataKey"), key) if key else {}),
    }


def not_asked_for(companion: Companion) -> dict[str, str]:
    """Return the actions that others do with the role, and on which resource."""
    return {
        action: statement["Resource"]
        for statement in statements(companion)
        for action in listed(statement["Action"])
        if action.startswith(tuple(NOT_BY_THE_FUNCTION))
    }
