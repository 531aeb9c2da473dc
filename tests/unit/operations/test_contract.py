"""The rules of the commands are the deployed function's own."""

import os

import boto3

from scripts.operations import contract
from tests.unit.operations.cloud import PARAMETERS, envelope


def test_loading_the_rules_leaves_settings_and_clients_as_they_were() -> None:
    before, make_client = dict(os.environ), boto3.client
    contract.handler.cache_clear()
    contract.handler()
    assert dict(os.environ) == before
    assert boto3.client is make_client


def test_an_update_has_the_identity_that_its_row_has() -> None:
    detail = {"shipmentId": " S-1 ", "status": "de-layed", "eventTime": "2026-01-01T00:00:00+01:00"}
    found = contract.identity(envelope(detail, id="e-1"))
    assert found == contract.Identity("S-1", 1_767_222_000_000, "e-1", critical=True)


def test_a_critical_status_is_one_that_the_stack_has() -> None:
    event = envelope({"shipmentId": "S-1", "status": "STUCK"})
    found = [contract.identity(event, words) for words in ("STUCK,LOST", "LOST")]
    assert [who.critical for who in found if who] == [True, False]


def test_a_rejected_update_has_no_identity() -> None:
    assert contract.identity(envelope({"shipmentId": "S-1"})) is None
    assert contract.broken_rule(envelope({"shipmentId": "S-1"})) == "status: is required"


def test_the_critical_statuses_are_the_template_s_by_default() -> None:
    assert PARAMETERS["CriticalStatuses"]["Default"] == contract.CRITICAL
