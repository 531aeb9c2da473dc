"""The function's role grants the calls that the function makes, each needed, and no others."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from botocore.exceptions import ClientError

from scripts.emulator import Emulator
from scripts.mailbox import Fields
from tests.integration.permissions import Grant, granted, recording, role_arn, without
from tests.integration.pipeline import Pipeline, RaisedError

pytestmark = pytest.mark.own_stack("takes permissions away from the function")

DETAILS: dict[str, Fields] = {
    "ordinary": {"status": "IN_TRANSIT"},
    "critical": {"status": "LOST"},
    "rejected": {"status": None},
    "oversized": {"status": "IN_TRANSIT", "note": "x" * 410_000},
    "raising": {"status": "LOST", "location": "UNPUBLISHED"},
}
TABLE, TOPIC, QUEUE = "shipment-logs", "shipment-alerts", "shipment-failed-updates"
PUT, UPDATE = ("dynamodb:PutItem", TABLE), ("dynamodb:UpdateItem", TABLE)
PUBLISH, SEND = ("sns:Publish", TOPIC), ("sqs:SendMessage", QUEUE)
# What each kind of update needs, in order.
CALLS = {
    "ordinary": [PUT],
    "critical": [PUT, PUBLISH, UPDATE],
    "rejected": [SEND, PUBLISH],
    "oversized": [PUT, SEND, UPDATE],
    "raising": [PUT, PUBLISH],
    # Twice: the row that is there needs nothing more.
    "ordinary, redelivered": [PUT, PUT],
    "critical, redelivered": [PUT, PUBLISH, UPDATE, PUT],
    "oversized, redelivered": [PUT, SEND, UPDATE, PUT],
}
ACTIONS = {action for calls in CALLS.values() for action, _ in calls}


@pytest.fixture(scope="module")
def seen(pipeline: Pipeline, emulator: Emulator) -> Iterator[dict[str, list[Grant]]]:
    """Return the calls that the function made for each kind of update."""
    with recording(pipeline, emulator) as calls:
        yield {kind: _send(pipeline, kind) or calls() for kind in CALLS}


def _send(pipeline: Pipeline, kind: str) -> None:
    detail = {"shipmentId": pipeline.shipment(), **DETAILS[kind.partition(",")[0]]}
    envelope = pipeline.envelope(detail)
    for _ in range(2 if "redelivered" in kind else 1):
        with pytest.raises(RaisedError) if kind == "raising" else nullcontext():
            pipeline.invoke(envelope)


@pytest.mark.parametrize("kind", CALLS)
def test_an_update_makes_these_calls_and_no_others(seen: dict[str, list[Grant]], kind: str) -> None:
    assert seen[kind] == [(action, f"{name}-test") for action, name in CALLS[kind]]


def test_the_role_grants_what_the_function_was_seen_to_call_and_nothing_else(
    pipeline: Pipeline, seen: dict[str, list[Grant]]
) -> None:
    assert granted(pipeline) == {call for calls in seen.values() for call in calls}


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_exactly_what_needs_an_action_is_denied_without_it(pipeline: Pipeline, action: str) -> None:
    kinds = DETAILS.keys() - {"raising"}
    with without(pipeline, action):
        denials = {kind: _denial(pipeline, kind) for kind in kinds}
    denied = {kind: denial for kind, denial in denials.items() if denial is not None}
    assert denied.keys() == {kind for kind in kinds if action in dict(CALLS[kind])}
    for denial in denied.values():
        assert f"is not authorized to perform: {action}" in denial
        assert ":assumed-role/" in denial


def test_not_even_the_root_user_takes_the_role(pipeline: Pipeline) -> None:
    with pytest.raises(ClientError) as refused:
        pipeline.client("sts").assume_role(RoleArn=role_arn(pipeline), RoleSessionName="somebody")
    assert "AccessDenied" in str(refused.value)


def test_without_put_item_nothing_is_stored_and_nobody_alerted(pipeline: Pipeline) -> None:
    shipment = pipeline.shipment()
    with without(pipeline, "dynamodb:PutItem"), pytest.raises(RaisedError):
        pipeline.invoke(pipeline.envelope({"shipmentId": shipment, "status": "LOST"}))
    assert (pipeline.rows(shipment), pipeline.alerts(shipment)) == ([], [])


def test_without_update_item_a_critical_update_alerts_before_it_fails(pipeline: Pipeline) -> None:
    shipment = pipeline.shipment()
    with without(pipeline, "dynamodb:UpdateItem"), pytest.raises(RaisedError):
        pipeline.invoke(pipeline.envelope({"shipmentId": shipment, "status": "LOST"}))
    assert len(pipeline.wait_for_alerts(shipment)) == 1
    assert "alertedAt" not in pipeline.rows(shipment)[0]


def test_without_publish_a_critical_update_is_stored_and_not_marked(pipeline: Pipeline) -> None:
    shipment = pipeline.shipment()
    with without(pipeline, "sns:Publish"), pytest.raises(RaisedError):
        pipeline.invoke(pipeline.envelope({"shipmentId": shipment, "status": "LOST"}))
    assert ["alertedAt" in row for row in pipeline.rows(shipment)] == [False]


def test_without_send_message_a_rejection_is_not_reported_as_kept(pipeline: Pipeline) -> None:
    shipment = pipeline.shipment()
    with without(pipeline, "sqs:SendMessage"), pytest.raises(RaisedError):
        pipeline.invoke(pipeline.envelope({"shipmentId": shipment}))
    assert pipeline.alerts(shipment) == []


def _denial(pipeline: Pipeline, kind: str) -> str | None:
    """Return what an update of a kind raises, if it does."""
    detail = {"shipmentId": pipeline.shipment(), **DETAILS[kind]}
    try:
        pipeline.invoke(pipeline.envelope(detail))
    except RaisedError as error:
        return str(error)
    return None
