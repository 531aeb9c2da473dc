"""The rules of the commands are the deployed function's own."""

import os

import boto3
import pytest

from shipments import rules
from tests.account import PARAMETERS
from tests.unit.shipments.cloud import Cloud, envelope


def test_loading_the_rules_leaves_settings_and_clients_as_they_were() -> None:
    before, make_client = dict(os.environ), boto3.client
    rules.handler.cache_clear()
    rules.handler()
    assert dict(os.environ) == before
    assert boto3.client is make_client


@pytest.mark.parametrize("dated", [True, False], ids=["with eventTime", "without"])
def test_an_update_has_the_identity_that_its_row_has(cloud: Cloud, *, dated: bool) -> None:
    time = {"eventTime": "2026-01-01T00:00:00+01:00"} if dated else {}
    event = envelope({"shipmentId": " S-1 ", "status": "de-layed", "carrier": {"id": 7}, **time})
    cloud.invoke(event)
    (row,) = cloud.rows()
    attributes = {name: {"S": row[name]} for name in rules.SAME}
    found = rules.identity(event)
    assert found == rules.Identity("S-1", row["timestamp"], attributes, critical=True)


@pytest.mark.parametrize("field", ["status", "location", "carrier", "eventTime"])
def test_an_update_that_differs_under_one_update_id_has_another_identity(field: str) -> None:
    detail = {"shipmentId": "S-1", "status": "x", "eventTime": 1_700_000_000_000, "updateId": "u"}
    other = {**detail, field: 1_700_000_000_001 if field == "eventTime" else "Other"}
    found = [rules.identity(envelope(each)) for each in (detail, other)]
    assert found[0] != found[1]


def test_a_critical_status_is_one_that_the_stack_has() -> None:
    event = envelope({"shipmentId": "S-1", "status": "STUCK"})
    found = [rules.identity(event, words) for words in ("STUCK,LOST", "LOST")]
    assert [who.critical for who in found if who] == [True, False]


def test_a_rejected_update_has_no_identity() -> None:
    for event in ("text", {}, envelope({"shipmentId": "S-1"})):
        assert rules.identity(event) is None
    assert rules.broken_rule(envelope({"shipmentId": "S-1"})) == "status: is required"


def test_the_critical_statuses_are_the_template_s_by_default() -> None:
    assert PARAMETERS["CriticalStatuses"]["Default"] == rules.CRITICAL
