"""An update whose attempt fails is tried twice more, and then kept whole."""

import pytest

from scripts.mailbox import Fields
from tests.integration.permissions import without
from tests.integration.pipeline import Pipeline

pytestmark = pytest.mark.own_stack("takes a permission away from the function")


@pytest.fixture
def envelope(pipeline: Pipeline) -> Fields:
    """Return the event of an update that alerts."""
    return pipeline.envelope({"shipmentId": pipeline.shipment(), "status": "LOST", "scan": [1.5]})


def test_an_update_that_fails_at_first_is_stored_by_a_retry(
    pipeline: Pipeline, envelope: Fields
) -> None:
    with without(pipeline, "dynamodb:PutItem"):
        pipeline.invoke_later(envelope)
        pipeline.wait_for_log(envelope["detail"]["shipmentId"])
    (row,) = pipeline.wait_for_rows(envelope["detail"]["shipmentId"])
    assert row["updateId"] == envelope["id"]


def test_an_alert_that_fails_at_first_is_sent_by_a_retry(
    pipeline: Pipeline, envelope: Fields
) -> None:
    with without(pipeline, "sns:Publish"):
        pipeline.invoke_later(envelope)
        pipeline.wait_for_log(envelope["detail"]["shipmentId"])
    assert len(pipeline.wait_for_alerts(envelope["detail"]["shipmentId"])) == 1


def test_a_rejection_that_cannot_be_kept_at_first_is_kept_by_a_retry(pipeline: Pipeline) -> None:
    envelope = pipeline.envelope({"shipmentId": pipeline.shipment()})
    with without(pipeline, "sqs:SendMessage"):
        pipeline.invoke_later(envelope)
        pipeline.wait_for_log(envelope["detail"]["shipmentId"])
    (kept,) = pipeline.wait_for_failed(envelope["id"])
    assert (kept["reason"], kept["envelope"]) == ("status: is required", envelope)


@pytest.fixture(scope="module")
def given_up(pipeline: Pipeline) -> tuple[Fields, Fields]:
    """Have an update fail three times; return its event and what is kept of it."""
    event = pipeline.envelope({"shipmentId": pipeline.shipment(), "status": "LOST", "scan": [1.5]})
    with without(pipeline, "dynamodb:PutItem"):
        pipeline.invoke_later(event)
        (kept,) = pipeline.wait_for_failed(event["id"])
    return event, kept


def test_an_update_that_fails_three_times_is_kept_whole(given_up: tuple[Fields, Fields]) -> None:
    event, kept = given_up
    assert kept["requestPayload"] == event
    assert kept["requestContext"]["condition"] == "RetriesExhausted"
    assert "AccessDenied" in kept["responsePayload"]["errorMessage"]


def test_each_attempt_that_fails_is_a_line_and_a_processing_error(
    pipeline: Pipeline, given_up: tuple[Fields, Fields]
) -> None:
    lines = pipeline.log(given_up[0]["detail"]["shipmentId"])[:3]
    assert [(line["outcome"], line["ProcessingErrors"]) for line in lines] == [("failed", 1)] * 3
    assert {line["error"] for line in lines} == {"ClientError AccessDeniedException"}


def test_an_update_that_failed_three_times_is_stored_when_it_is_sent_again(
    pipeline: Pipeline, given_up: tuple[Fields, Fields]
) -> None:
    event, kept = given_up
    pipeline.invoke_later(kept["requestPayload"])
    (row,) = pipeline.wait_for_rows(event["detail"]["shipmentId"])
    assert row["eventTime"] == event["time"].replace("Z", ".000Z")
