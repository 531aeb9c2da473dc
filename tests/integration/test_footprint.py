"""A run leaves a deployed stack as it found it."""

from typing import Any

import pytest

from tests.integration.pipeline import EMULATED, Pipeline

pytestmark = pytest.mark.own_stack("counts what lies in the stack, which others use too")


def test_a_run_removes_its_rows_and_nobody_else_s(pipeline: Pipeline) -> None:
    shipment = pipeline.shipment()
    pipeline.invoke(pipeline.envelope({"shipmentId": shipment, "status": "IN_TRANSIT"}))
    before = _rows(pipeline)
    _run(pipeline)
    assert shipment in str(before)
    assert _rows(pipeline) == before


def test_a_run_removes_its_failed_updates_and_nobody_else_s(pipeline: Pipeline) -> None:
    envelope = pipeline.envelope({"shipmentId": pipeline.shipment()})
    pipeline.invoke(envelope)
    before = _failed_updates(pipeline)
    _run(pipeline)
    assert _failed_updates(pipeline) == before
    (kept,) = pipeline.wait_for_failed(envelope["id"])
    assert kept["envelope"] == envelope


def test_a_run_removes_its_queues_and_subscriptions(pipeline: Pipeline) -> None:
    before = _subscriptions(pipeline)
    _run(pipeline)
    assert _subscriptions(pipeline) == before


def _run(pipeline: Pipeline) -> None:
    """Send every kind of update in a run of its own and end it."""
    run = Pipeline(pipeline.stack, pipeline.client, EMULATED)
    for detail in ({"status": "IN_TRANSIT"}, {"status": "LOST"}, {"status": None}):
        shipment = run.shipment()
        run.put({"shipmentId": shipment, **detail})
        run.wait_for_log(shipment)
    run.close()


def _rows(pipeline: Pipeline) -> list[Any]:
    pages = pipeline.client("dynamodb").get_paginator("scan")
    found = pages.paginate(TableName=pipeline.stack["ShipmentLogsTableName"])
    return [item for page in found for item in page["Items"]]


def _failed_updates(pipeline: Pipeline) -> str:
    names = ["ApproximateNumberOfMessages"]
    described = pipeline.client("sqs").get_queue_attributes(
        QueueUrl=pipeline.stack["FailedUpdatesQueueUrl"], AttributeNames=names
    )
    number: str = described["Attributes"][names[0]]
    return number


def _subscriptions(pipeline: Pipeline) -> list[Any]:
    topic = pipeline.stack["AlertTopicArn"]
    listed = pipeline.client("sns").list_subscriptions_by_topic(TopicArn=topic)
    return [listed["Subscriptions"], pipeline.client("sqs").list_queues()["QueueUrls"]]
