"""Each alarm publishes on a topic of its own when it fires and when it is over.

Those of the status stack publish on the main stack's. They are driven by metric data, on emulators
of this module's own: an alarm of any stack sees the points of all. What follows cannot be seen
there; the tests of the parsed template assert it (tests/unit/template/test_alarms.py and
test_channels.py):

- dimensions: the emulator merges all points of a namespace and name, whatever they are of (but see
  test_unkept.py);
- missing data: it evaluates alarms when data is put and never without any;
- periods and datapoints to alarm: it takes all points of the whole time as one period;
- the percentile's exactness: it interpolates between all samples, CloudWatch estimates;
- metric math: it refuses UnheardAlertsAlarm.

It asks no policy of the topic either: test_unkept.py does.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from scripts.mailbox import Fields
from tests.integration.alarms import ALARMS, STAYS_SECONDS, Alarms, Samples, deployed
from tests.integration.companion import deploy_status

pytestmark = [pytest.mark.own_emulator, pytest.mark.own_stack("sets off alarms that are false")]

# How long to wait for a notice: less than the minute after which any datum is too old.
PATIENCE_SECONDS = 10
# Often enough to see the alarm end, and not a load.
PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Data:
    """Samples (value: how many) that an alarm is to bear, and what is too much or too little."""

    quiet: Samples
    loud: Samples


# Whatever these alarms count, one is too many; there is nothing below none.
COUNTED = Data(quiet={0: 1}, loud={1: 1})
DATA = dict.fromkeys(ALARMS, COUNTED)
# The slowest hundredth counts (ms): at first 24 s, with a single one over it; then over it. The
# average stays below two seconds.
DATA["FunctionDurationAlarm"] = Data(quiet={200: 197, 24_000: 2, 29_000: 1}, loud={24_001: 10})
DATA["NoUpdatesAlarm"] = Data(quiet={1: 1}, loud={0: 1})
# Five minutes (ms): the maximum counts.
for _late in ("StatusLagAlarm", "UnmailedAlarm"):
    DATA[_late] = Data(quiet={1_000: 9, 300_000: 1}, loud={1_000: 9, 300_001: 1})


@dataclass(frozen=True)
class Story:
    """The states that each alarm reported after data at its threshold, and after more over it."""

    quiet: Mapping[str, list[str]]
    whole: Mapping[str, list[str]]
    notices: list[tuple[str, Fields]]


@pytest.fixture(scope="module")
def story() -> Story:
    """Drive all the alarms at once, and return what was heard."""
    with deployed() as pipeline:
        alarms = Alarms(pipeline, deploy_status(pipeline))

        def quiet(alarm: str) -> None:
            alarms.put(alarm, DATA[alarm].quiet)

        def loud(alarm: str) -> None:
            alarms.put(alarm, DATA[alarm].loud)

        before = _drive(alarms, 1, quiet, PAUSE_SECONDS)
        # Never twice in the time that an alarm looks at: a sum of two is over one, too.
        _drive(alarms, 2, loud, 2 * STAYS_SECONDS)
        whole = _drive(alarms, 3, quiet, PAUSE_SECONDS)
        return Story(before, whole, alarms.notices())


def _drive(
    alarms: Alarms, notices: int, put: Callable[[str], None], every: float
) -> dict[str, list[str]]:
    """Put data every so many seconds until each alarm has reported so many states; return them.

    Return them as they are if patience ends before.
    """
    now = put_at = time.monotonic()
    give_up = now + PATIENCE_SECONDS
    while True:
        told = {alarm: alarms.states(alarm) for alarm in ALARMS}
        missing = [alarm for alarm in ALARMS if len(told[alarm]) < notices]
        now = time.monotonic()
        if not missing or now > give_up:
            return told
        if now >= put_at:
            put_at = now + every
            for alarm in missing:
                put(alarm)
        time.sleep(PAUSE_SECONDS)


@pytest.mark.parametrize("alarm", ALARMS)
def test_data_at_the_threshold_sets_off_no_alarm(story: Story, alarm: str) -> None:
    assert story.quiet[alarm] == ["OK"]


@pytest.mark.parametrize("alarm", ALARMS)
def test_data_over_the_threshold_reaches_the_topic(story: Story, alarm: str) -> None:
    assert story.whole[alarm][1:2] == ["ALARM"]


@pytest.mark.parametrize("alarm", ALARMS)
def test_the_end_of_an_alarm_reaches_the_topic(story: Story, alarm: str) -> None:
    assert story.whole[alarm][2:] == ["OK"]


@pytest.mark.parametrize("alarm", ALARMS)
def test_each_notice_tells_where_to_read_on(story: Story, alarm: str) -> None:
    descriptions = {body["AlarmDescription"] for name, body in story.notices if name == alarm}
    (description,) = descriptions
    assert " docs/runbook.md#" in description
