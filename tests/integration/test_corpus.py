"""Every nasty event of the corpus becomes on a deployed stack what it becomes in memory."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scripts import emulator as ministack
from scripts import stack as stacks
from scripts.embed import TEMPLATE
from tests.faults.redriving import Operator
from tests.hostile.corpus import Entry
from tests.hostile.outcome import Collected, Outcome, check, check_alert, named
from tests.integration.pipeline import EMULATED, Fields, Pipeline

# The emulator reads an event before the function does, with the same Python: what that cannot
# read never gets to the function. Lambda hands it over as it is.
SENT = [(own, entry) for own, entry in named() if entry.deployed and not entry.raised]

pytestmark = pytest.mark.own_stack("reads all that is in the table and on the queue")


@pytest.fixture(scope="module")
def corpus_pipeline(client: Callable[[str], Any]) -> Iterator[Pipeline]:
    """Return a stack that no other test uses, on a bus of its own."""
    events, cloudformation = client("events"), client("cloudformation")
    events.create_event_bus(Name="corpus")
    parameters = {
        **ministack.PARAMETERS,
        "EnvironmentSuffix": "corpus",
        "EventBusName": "corpus",
        "TableDeletionProtection": "false",
    }
    stack = stacks.deploy(cloudformation, "corpus", TEMPLATE.read_text("utf-8"), parameters)
    yield Pipeline(stack, client, EMULATED)
    stacks.delete(cloudformation, stack.name)
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


@pytest.mark.parametrize(
    ("own", "entry"), [pytest.param(own, entry, id=entry.name) for own, entry in SENT]
)
def test_an_event_becomes_what_the_corpus_says(
    outcomes: dict[str, Outcome], own: str, entry: Entry
) -> None:
    check(entry, own, outcomes[own])


def test_no_event_of_the_corpus_is_two_rows(collected: Collected) -> None:
    assert len(collected.rows) == sum(entry.row is not None for _, entry in SENT)


def test_every_alert_of_the_corpus_can_be_sent_and_shown(collected: Collected) -> None:
    assert len(collected.alerts) > 200
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
