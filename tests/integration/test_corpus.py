"""Nasty events of each kind become on a deployed stack what they become in memory."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import TEMPLATE
from tests.campaigns.faults.redriving import Operator
from tests.campaigns.hostile.corpus import Entry
from tests.campaigns.hostile.outcome import Collected, Outcome, check_alert, mistaken, sample
from tests.integration.pipeline import EMULATED, Fields, Pipeline

# The emulator reads an event before the function does, with the same Python: what that cannot
# read never gets to the function. Lambda hands it over as it is.
SENT = [(own, entry) for own, entry in sample(at_most=5) if not entry.raised]

pytestmark = pytest.mark.own_stack("reads all that is in the table and on the queue")


@pytest.fixture(scope="module")
def corpus_pipeline(client: Callable[[str], Any]) -> Iterator[Pipeline]:
    """Return a stack that no other test uses, on a bus of its own."""
    events = client("events")
    events.create_event_bus(Name="corpus")
    parameters = {
        **ministack.PARAMETERS,
        "EnvironmentSuffix": "corpus",
        "EventBusName": "corpus",
        "TableDeletionProtection": "false",
    }
    stack = deployment.deploy(client, "corpus", TEMPLATE.read_text("utf-8"), parameters)
    yield Pipeline(stack, client, EMULATED)
    deployment.delete(client, stack.name)
    events.delete_event_bus(Name="corpus")


@pytest.fixture(scope="module")
def statuses(corpus_pipeline: Pipeline) -> dict[str, int]:
    """Return what the function answered to each event, by the event's own name."""

    def answer(named_entry: tuple[str, Entry]) -> tuple[str, int]:
        own, entry = named_entry
        return own, _answer(corpus_pipeline, entry.event(own))

    return dict(corpus_pipeline.each(answer, SENT))


@pytest.fixture(scope="module")
def collected(
    corpus_pipeline: Pipeline, emulator: ministack.Emulator, statuses: dict[str, int]
) -> Collected:
    """Return what came of all the events."""
    assert statuses
    failed = Operator(emulator, corpus_pipeline.stack).failed()
    kept = [{"envelope": each.envelope, "reason": each.why} for each in failed]
    return Collected(_rows(corpus_pipeline), corpus_pipeline.alerts(""), kept)


@pytest.fixture(scope="module")
def outcomes(statuses: dict[str, int], collected: Collected) -> dict[str, Outcome]:
    """Return what came of each event, by its own name."""
    return {own: collected.outcome(entry, own, statuses[own]) for own, entry in SENT}


def test_each_event_becomes_what_the_corpus_says(outcomes: dict[str, Outcome]) -> None:
    assert mistaken(SENT, outcomes) == {}


def test_no_event_of_the_corpus_is_two_rows(collected: Collected) -> None:
    assert len(collected.rows) == sum(entry.row is not None for _, entry in SENT)


def test_every_alert_of_the_corpus_can_be_sent_and_shown(collected: Collected) -> None:
    reported = [entry for _, entry in SENT if entry.alerts or entry.reason]
    assert len(collected.alerts) == len(reported)
    for alert in collected.alerts:
        check_alert(alert)


def _answer(pipeline: Pipeline, text: str) -> int:
    """Return the function's status for an event, or nothing if it fails."""
    answer = pipeline.client("lambda").invoke(
        FunctionName=pipeline.stack["ShipmentProcessorFunctionName"], Payload=text.encode()
    )
    payload = answer["Payload"].read()
    if "FunctionError" in answer:
        return 0
    status: int = json.loads(payload)["statusCode"]
    return status


def _rows(pipeline: Pipeline) -> list[Fields]:
    pages = pipeline.client("dynamodb").get_paginator("scan")
    found = pages.paginate(TableName=pipeline.stack["ShipmentLogsTableName"])
    rows = [item for page in found for item in page["Items"]]
    plain = [{name: next(iter(value.values())) for name, value in row.items()} for row in rows]
    return [{**row, "timestamp": int(row["timestamp"])} for row in plain]
