"""A stack of the last release, with data in it, updated to today's template while updates come."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import TEMPLATE
from scripts.mailbox import Fields
from tests.integration.changes import change, physical_ids
from tests.integration.companion import Companion, deploy_status
from tests.integration.conftest import deploying
from tests.integration.operations import Shipments
from tests.integration.permissions import without
from tests.integration.pipeline import IN_FLIGHT, Pipeline
from tests.releases import RELEASES

pytestmark = pytest.mark.own_stack("updates a stack of the last release")

*_, RELEASE = RELEASES.values()
# Today's template may be the released one, and CloudFormation refuses an update of nothing.
RUNBOOK = "https://example.com/runbook"
ROUNDS = 5  # before the update, and after it
# An update of each kind: the first three are stored by the three rules of identity (the event's
# id, a fingerprint of the detail, the producer's own), two alert, the last one is rejected.
ROUND: tuple[Fields, ...] = (
    {"status": "IN_TRANSIT", "location": "Memphis, TN"},
    {"status": "LOST", "eventTime": "2026-01-15T12:00:00+01:00", "carrier": {"name": "DHL"}},
    {"status": "Delivery exception", "updateId": "scan 7"},
    {"status": 7},
)
assert len(ROUND) <= IN_FLIGHT
FAILED, REJECTED = "failed-before", "rejected-before"


@dataclass(frozen=True)
class Updated:
    """The stack, its operator's command, its physical ids before and after, and what was sent."""

    pipeline: Pipeline
    shipments: Shipments
    ids: tuple[dict[str, str], dict[str, str]]
    rounds: list[list[Fields]]

    def sent(self, *kinds: int) -> list[Fields]:
        """Return the events of some kinds, by their places in ROUND."""
        return [each[kind] for each in self.rounds for kind in kinds]


def shipment(event: Fields) -> str:
    return str(event["detail"]["shipmentId"])


def send(pipeline: Pipeline) -> list[Fields]:
    """Send an update of each kind; return their events when each is stored or reported.

    They are invoked as EventBridge does it, because the emulator's does not try again.
    """
    events = [pipeline.envelope({"shipmentId": pipeline.shipment(), **each}) for each in ROUND]
    for event in events:
        pipeline.invoke_later(event)
    pipeline.wait_for_rows(shipment(events[0]))
    for event in events[1:]:
        pipeline.wait_for_alerts(shipment(event))
    return events


@contextmanager
def sending(pipeline: Pipeline) -> Iterator[list[list[Fields]]]:
    """Send round after round for the length of a with block, which gets those that are done."""
    rounds: list[list[Fields]] = []
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            rounds.append(send(pipeline))

    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(work)
        try:
            yield rounds
        finally:
            stop.set()
            worker.result()


def leave(pipeline: Pipeline, shipments: Shipments) -> None:
    """Leave an update that fails three times and a rejected one on the queue."""
    with without(pipeline, "dynamodb:PutItem"):
        pipeline.invoke_later(pipeline.envelope({"shipmentId": FAILED, "status": "LOST"}))
        pipeline.until(lambda: shipments.failed(FAILED))
    pipeline.invoke(pipeline.envelope({"shipmentId": REJECTED, "status": None}))


@pytest.fixture(scope="module")
def updated(emulator: ministack.Emulator) -> Iterator[Updated]:
    """Deploy the release, and update it while updates are sent."""
    with deploying(emulator.client) as deploy:
        pipeline = deploy("release", RELEASE)
        shipments = Shipments(pipeline, emulator.environment)
        leave(pipeline, shipments)
        before = physical_ids(pipeline)
        with sending(pipeline) as rounds:
            pipeline.until(lambda: len(rounds) >= ROUNDS)
            change(pipeline, TEMPLATE.read_text("utf-8"), RunbookUrl=RUNBOOK)
            number = len(rounds)
            pipeline.until(lambda: len(rounds) >= number + ROUNDS)
        yield Updated(pipeline, shipments, (before, physical_ids(pipeline)), rounds)


def test_an_update_of_the_stack_takes_effect(updated: Updated) -> None:
    pipeline, name = updated.pipeline, updated.pipeline.shipment()
    before = pipeline.alerts(shipment(updated.sent(1)[0]))
    pipeline.put({"shipmentId": name, "status": "LOST"})
    assert RUNBOOK not in before[0].body
    assert RUNBOOK in pipeline.wait_for_alerts(name)[0].body


def test_an_update_of_the_stack_replaces_and_deletes_no_resource(updated: Updated) -> None:
    before, after = updated.ids
    assert before.items() <= after.items()


def test_each_update_that_comes_meanwhile_is_stored_once(updated: Updated) -> None:
    rows = [len(updated.pipeline.rows(shipment(event))) for event in updated.sent(0, 1, 2)]
    assert rows == [1] * len(rows) != []


def test_each_critical_update_that_comes_meanwhile_alerts_once(updated: Updated) -> None:
    pipeline, stopped = updated.pipeline, 0
    for name in map(shipment, updated.sent(1, 2)):
        alerts = len(pipeline.alerts(name))
        # MiniStack stops the invocations of a function that it updates. If one had published and
        # not yet marked, the retry publishes again.
        if "stored" not in [line["outcome"] for line in pipeline.log(name)]:
            stopped += 1
            assert alerts in {1, 2}
        else:
            assert alerts == 1
    assert stopped <= len(ROUND)


def test_each_rejected_update_that_comes_meanwhile_is_kept(updated: Updated) -> None:
    kept = {each["shipmentId"] for each in updated.shipments.failed()}
    assert kept >= set(map(shipment, updated.sent(3)))


def test_a_redelivery_after_the_update_neither_stores_nor_alerts_again(updated: Updated) -> None:
    pipeline, events = updated.pipeline, updated.sent(0, 1, 2)

    def seen() -> list[tuple[int, int]]:
        names = map(shipment, events)
        return [(len(pipeline.rows(name)), len(pipeline.alerts(name))) for name in names]

    before = seen()
    codes = [answer["statusCode"] for answer in pipeline.each(pipeline.invoke, events)]
    assert codes == [200] * len(events)
    assert seen() == before


@pytest.mark.parametrize(("name", "fix"), [(FAILED, []), (REJECTED, ["--fix", "status=LOST"])])
def test_what_the_release_kept_on_the_queue_is_redriven(
    name: str, fix: list[str], updated: Updated
) -> None:
    (kept,) = updated.shipments.failed(name)
    updated.shipments.redrive([name], *fix)
    assert updated.shipments.failed(name) == []
    (row,) = updated.pipeline.rows(name)
    assert (row["status"], row["updateId"]) == ("LOST", kept["envelopeId"])


def test_a_row_that_the_release_stored_is_tracked(updated: Updated) -> None:
    (row,) = updated.shipments.told("track", shipment(updated.sent(1)[0]))
    assert (row["status"], row["eventTime"]) == ("LOST", "2026-01-15T11:00:00.000Z")


# ---- a status stack beside the updated one


@pytest.fixture(scope="module")
def companion(updated: Updated) -> Iterator[Companion]:
    """Deploy a status stack beside the updated one, in whose stream all the updates still are."""
    change(updated.pipeline, AlertMail="off")
    companion = deploy_status(updated.pipeline)
    companion.settle()
    yield companion
    deployment.delete(companion.client, companion.stack.name)


def test_a_status_stack_knows_each_shipment_that_was_stored_before_it(
    updated: Updated, companion: Companion
) -> None:
    for event in updated.sent(0, 1, 2):
        newest = updated.pipeline.rows(shipment(event))[-1]
        item = companion.wait_for_item(shipment(event))
        names = ("shipmentId", "status", "timestamp", "eventTime", "location", "carrier")
        assert [item[name] for name in names] == [newest[name] for name in names]


def test_a_status_stack_mails_what_became_critical_before_it_in_few_mails(
    updated: Updated, companion: Companion
) -> None:
    critical = updated.sent(1, 2)
    items = [companion.wait_for_item(shipment(event)) for event in critical]
    assert [len(item["heard"]) for item in items] == [1] * len(items)
    assert 1 <= len(companion.mails("ALERT")) < len(items)


def test_a_status_stack_changes_nothing_of_the_stack_beside_it(
    updated: Updated, companion: Companion
) -> None:
    ids = physical_ids(updated.pipeline)
    assert ids.items() <= updated.ids[1].items()
    name = companion.put("LOST")
    assert len(updated.pipeline.wait_for_alerts(name)) == 1
    assert len(companion.wait_for_mails(name)) == 1
