"""How many notices an update causes on the two channels, from the bus to the subscribers."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from scripts import forwarder
from scripts.mailbox import Fields
from tests.integration.alarms import STAYS_SECONDS, Alarms, deployed
from tests.integration.permissions import without
from tests.integration.pipeline import Pipeline, RaisedError

pytestmark = [
    pytest.mark.own_emulator,
    pytest.mark.own_stack("puts metrics, which AWS makes itself"),
]

FORWARD_SECONDS = 0.1
# What a queue's samples are older than they are told: soon too old for an alarm of a minute.
PAST_MS = (60 - STAYS_SECONDS) * 1000
# The alarms that watch what is measured of any update.
WATCHING = (
    "FailedUpdatesAlarm",
    "FunctionDurationAlarm",
    "FunctionErrorsAlarm",
    "FunctionThrottlesAlarm",
    "NoUpdatesAlarm",
)

Heard = list[tuple[str, str]]


@dataclass(frozen=True)
class Notices:
    """What one update caused: (alarm, state) on the alarms' topic, types on the alerts'."""

    alarms: Heard
    alerts: list[str]


class Channels:
    """A stack's two topics, and what they have carried since the last look."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._alarms = Alarms(pipeline)
        self._seen = (0, 0)

    def wait(self, alarm: str, state: str) -> None:
        """Return once an alarm's last notice is of a state."""
        self._pipeline.until(
            lambda: self._alarms.evaluate() or self._alarms.states(alarm)[-1:] == [state]
        )

    def new(self) -> Notices:
        """Return what is new."""
        alarms = self._alarms.heard()
        alerts = [alert.attributes["alertType"] for alert in self._pipeline.alerts("")]
        before, self._seen = self._seen, (len(alarms), len(alerts))
        return Notices(alarms[before[0] :], alerts[before[1] :])


@pytest.fixture(scope="module")
def day() -> Iterator[dict[str, Notices]]:
    """Send updates that are stored, rejected, stored by a retry, and not stored at all."""
    with pytest.MonkeyPatch.context() as patch, deployed() as pipeline:
        now = forwarder.clock_ms
        patch.setattr(forwarder, "clock_ms", lambda: now() - PAST_MS)
        with forwarder.running(pipeline.client, pipeline.stack, FORWARD_SECONDS):
            channels = Channels(pipeline)
            found = {}
            for send in (stored, rejected, failed_once, failed):
                send(pipeline, channels)
                found[send.__name__] = channels.new()
            yield found


def stored(pipeline: Pipeline, channels: Channels) -> None:
    pipeline.put(update(pipeline, status="LOST"))
    for alarm in WATCHING:
        channels.wait(alarm, "OK")


def rejected(pipeline: Pipeline, channels: Channels) -> None:
    """Have an update rejected, and then take it off the queue."""
    detail = update(pipeline, status=None)
    pipeline.put(detail)
    channels.wait("FailedUpdatesAlarm", "ALARM")
    time.sleep(STAYS_SECONDS)  # the sample that set off the alarm is too old then
    pipeline.wait_for_failed(detail["shipmentId"])
    channels.wait("FailedUpdatesAlarm", "OK")


def failed_once(pipeline: Pipeline, channels: Channels) -> None:
    event = pipeline.envelope(update(pipeline))
    with without(pipeline, "dynamodb:PutItem"), pytest.raises(RaisedError):
        pipeline.invoke(event)
    pipeline.invoke(event)
    channels.wait("FunctionErrorsAlarm", "ALARM")


def failed(pipeline: Pipeline, channels: Channels) -> None:
    with without(pipeline, "dynamodb:PutItem"):
        pipeline.invoke_later(pipeline.envelope(update(pipeline)))
        channels.wait("FailedUpdatesAlarm", "ALARM")


def update(pipeline: Pipeline, **fields: str | None) -> Fields:
    return {"shipmentId": pipeline.shipment(), "status": "IN_TRANSIT", **fields}


def test_an_update_that_is_stored_sets_off_no_alarm(day: dict[str, Notices]) -> None:
    notices = day["stored"]
    # The first data make each alarm say that all is well.
    assert sorted(notices.alarms) == [(alarm, "OK") for alarm in WATCHING]
    assert notices.alerts == ["CRITICAL_STATUS"]


def test_a_rejected_update_is_one_mail_and_one_alarm_with_its_end(day: dict[str, Notices]) -> None:
    notices = day["rejected"]
    assert notices.alarms == [("FailedUpdatesAlarm", "ALARM"), ("FailedUpdatesAlarm", "OK")]
    assert notices.alerts == ["PROCESSING_ERROR"]


def test_an_update_that_a_retry_stores_is_one_alarm(day: dict[str, Notices]) -> None:
    assert day["failed_once"] == Notices([("FunctionErrorsAlarm", "ALARM")], [])


def test_an_update_that_fails_for_good_is_one_alarm_more(day: dict[str, Notices]) -> None:
    assert day["failed"] == Notices([("FailedUpdatesAlarm", "ALARM")], [])
