"""Each action that the function's role is granted is needed, and only where it should be."""

import pytest

from scripts.mailbox import Fields
from tests.integration.permissions import granted, without
from tests.integration.pipeline import Pipeline, RaisedError

pytestmark = pytest.mark.own_stack("takes permissions away from the function")

DETAILS: dict[str, Fields] = {
    "ordinary": {"status": "IN_TRANSIT"},
    "critical": {"status": "LOST"},
    "rejected": {"status": None},
    "oversized": {"status": "IN_TRANSIT", "note": "x" * 410_000},
}

# What fails without an action; all the rest works.
NEEDED_BY = {
    "dynamodb:PutItem": {"ordinary", "critical", "oversized"},
    "dynamodb:UpdateItem": {"critical", "oversized"},
    "sns:Publish": {"critical", "rejected"},
    "sqs:SendMessage": {"rejected", "oversized"},
}


@pytest.mark.parametrize("action", granted())
def test_exactly_what_needs_an_action_is_denied_without_it(pipeline: Pipeline, action: str) -> None:
    with without(pipeline, action):
        denials = {kind: _denial(pipeline, kind) for kind in DETAILS}
    denied = {kind: denial for kind, denial in denials.items() if denial is not None}
    assert denied.keys() == NEEDED_BY[action]
    for denial in denied.values():
        assert f"is not authorized to perform: {action}" in denial
        assert ":assumed-role/" in denial


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
