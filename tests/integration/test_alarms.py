"""Each alarm tells the topic's subscribers when it goes off and when it is over.

The alarms are driven by metric data, on emulators of this module's own: an alarm of any stack
sees the points of all. What follows is not to be seen there; the tests of the parsed template
assert it (tests/unit/template/test_alarms.py and test_alerts.py):

- dimensions: the emulator merges all points of a namespace and name, whatever they are of;
- missing data: it evaluates alarms when data is put and never without any;
- periods and datapoints to alarm: it takes all points of the whole time as one period;
- the percentile's exactness: it interpolates between all samples, CloudWatch estimates;
- the topic's policy: it hands an alarm's notice to the subscribers and asks no policy.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import pytest

from scripts import emulator as ministack
from scripts import forwarder
from scripts import stack as stacks
from scripts.embed import TEMPLATE
from scripts.mailbox import Fields
from tests.integration.permissions import without
from tests.integration.pipeline import EMULATED, Pipeline, RaisedError
from tests.integration.template import template

pytestmark = pytest.mark.own_stack("sets off alarms that are false")

ALARMS = [
    name
    for name, resource in template()["Resources"].items()
    if resource["Type"] == "AWS::CloudWatch::Alarm"
]
# How long a datum that sets off an alarm stays in the time that the alarm looks at: long enough
# to be put, evaluated and heard of, short enough to wait for its end.
STAYS_SECONDS = 2
# How long to wait for a notice: less than the minute after which any datum is too old.
PATIENCE_SECONDS = 10
# Often enough to see the alarm end, and not a load.
PAUSE_SECONDS = 0.1

# What tells of an update that did not become a row.
NOT_STORED = {"ProcessingErrorsAlarm", "FailedUpdatesAlarm"}

Samples = Mapping[float, int]


@dataclass(frozen=True)
class Data:
    """Samples (value: how many) that an alarm is to bear, and what more is too much."""

    quiet: Samples
    loud: Samples


# Whatever these alarms count, one is too many; there is nothing below none.
COUNTED = Data(quiet={0: 1}, loud={1: 1})
DATA = dict.fromkeys(ALARMS, COUNTED)
# The slowest hundredth counts (ms): at first 24 s, with a single one over it; then over it. The
# average stays below two seconds.
DATA["FunctionDurationAlarm"] = Data(quiet={200: 197, 24_000: 2, 29_000: 1}, loud={24_001: 10})


class Alarms:
    """A stack's alarms as they are deployed, by logical id, and what its subscribers hear."""

    def __init__(self, pipeline: Pipeline) -> None:
        """Ask for the alarms' own words for what they watch."""
        self._pipeline = pipeline
        self._cloudwatch = pipeline.client("cloudwatch")
        stack = {"StackName": pipeline.stack.name}
        found = pipeline.client("cloudformation").describe_stack_resources(**stack)
        names = {
            each["PhysicalResourceId"]: each["LogicalResourceId"]
            for each in found["StackResources"]
        }
        described = self._cloudwatch.describe_alarms(
            AlarmNames=[name for name in names if names[name] in ALARMS]
        )["MetricAlarms"]
        self._names = names
        self._alarms = {names[alarm["AlarmName"]]: alarm for alarm in described}

    def put(self, alarm: str, samples: Samples, *, leaving: bool = False) -> None:
        """Put samples of the metric that an alarm watches; leaving: soon too old for it."""
        watched = self._alarms[alarm]
        seconds = watched["Period"] * watched["EvaluationPeriods"] - STAYS_SECONDS
        datum = {
            "MetricName": watched["MetricName"],
            "Dimensions": watched["Dimensions"],
            "Timestamp": time.time() - (seconds if leaving else 0),
            "Values": list(samples),
            "Counts": list(samples.values()),
        }
        self._cloudwatch.put_metric_data(Namespace=watched["Namespace"], MetricData=[datum])

    def evaluate(self) -> None:
        """Make the emulator evaluate all alarms, by a metric that none of them watches."""
        datum = {"MetricName": "Unwatched", "Value": 1}
        self._cloudwatch.put_metric_data(Namespace="Nobody", MetricData=[datum])

    def notices(self, alarm: str) -> list[Fields]:
        """Return the notices of an alarm that have arrived so far."""
        bodies = (json.loads(alert.body) for alert in self._pipeline.alerts("NewStateValue"))
        return [body for body in bodies if self._names[body["AlarmName"]] == alarm]

    def states(self, alarm: str) -> list[str]:
        """Return the states that an alarm has told of so far."""
        return [notice["NewStateValue"] for notice in self.notices(alarm)]

    def telling(self, state: str) -> set[str]:
        """Return the alarms that have told of a state so far."""
        return {alarm for alarm in ALARMS if state in self.states(alarm)}


@contextmanager
def deployed() -> Iterator[Pipeline]:
    """Deploy the stack on an emulator that nobody else uses."""
    with ministack.running() as emulator:
        client = cache(emulator.client)
        parameters = {**ministack.PARAMETERS, "EnvironmentSuffix": "alarms"}
        text = TEMPLATE.read_text("utf-8")
        stack = stacks.deploy(client("cloudformation"), "alarms", text, parameters)
        yield Pipeline(stack, client, EMULATED)


@dataclass(frozen=True)
class Story:
    """What each alarm told of: after data at its threshold, and after more over it and its end."""

    quiet: Mapping[str, list[str]]
    whole: Mapping[str, list[str]]
    notices: Mapping[str, list[Fields]]


@pytest.fixture(scope="module")
def story() -> Story:
    """Drive all the alarms at once, and return what was heard."""
    with deployed() as pipeline:
        alarms = Alarms(pipeline)

        def quiet(alarm: str) -> None:
            alarms.put(alarm, DATA[alarm].quiet)

        def loud(alarm: str) -> None:
            alarms.put(alarm, DATA[alarm].loud, leaving=True)

        before = _drive(alarms, 1, quiet, PAUSE_SECONDS)
        # Never twice in the time that an alarm looks at: a sum of two is over one, too.
        _drive(alarms, 2, loud, 2 * STAYS_SECONDS)
        whole = _drive(alarms, 3, quiet, PAUSE_SECONDS)
        return Story(before, whole, {alarm: alarms.notices(alarm) for alarm in ALARMS})


def _drive(
    alarms: Alarms, notices: int, put: Callable[[str], None], every: float
) -> dict[str, list[str]]:
    """Put data every so many seconds until each alarm has told of so many states; return them.

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
    told = [notice["AlarmDescription"] for notice in story.notices[alarm]]
    assert told
    assert all("docs/runbook.md#" in text for text in told)


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    """Return a stack of the test's own, none of whose alarms has seen any data."""
    with deployed() as pipeline:
        yield pipeline


def test_a_function_that_fails_sets_off_its_alarm(pipeline: Pipeline) -> None:
    # The emulator itself counts the errors of invocations that are waited for.
    alarms, envelope = Alarms(pipeline), _ordinary(pipeline)
    pipeline.invoke(envelope)
    pipeline.until(lambda: alarms.evaluate() or alarms.states("FunctionErrorsAlarm"))
    with without(pipeline, "dynamodb:PutItem"), pytest.raises(RaisedError):
        pipeline.invoke(envelope)
    pipeline.until(lambda: alarms.evaluate() or alarms.telling("ALARM"))
    assert alarms.states("FunctionErrorsAlarm") == ["OK", "ALARM"]
    assert alarms.telling("ALARM") == {"FunctionErrorsAlarm"}


def test_an_update_that_is_rejected_sets_off_two_alarms(pipeline: Pipeline) -> None:
    alarms = Alarms(pipeline)
    with forwarder.running(pipeline.client, pipeline.stack, seconds=0.2):
        pipeline.put({"shipmentId": pipeline.shipment()})
        pipeline.until(lambda: alarms.telling("ALARM") >= NOT_STORED)
    assert alarms.telling("ALARM") == NOT_STORED


def test_an_update_that_fails_for_good_sets_off_three_alarms(pipeline: Pipeline) -> None:
    alarms, expected = Alarms(pipeline), {*NOT_STORED, "FunctionErrorsAlarm"}
    with (
        forwarder.running(pipeline.client, pipeline.stack, seconds=0.2),
        without(pipeline, "dynamodb:PutItem"),
    ):
        pipeline.invoke_later(_ordinary(pipeline))
        pipeline.until(lambda: alarms.telling("ALARM") >= expected)
    assert alarms.telling("ALARM") == expected


def test_an_update_that_is_stored_sets_off_no_alarm(pipeline: Pipeline) -> None:
    alarms, watching = Alarms(pipeline), {*NOT_STORED, "FunctionErrorsAlarm"}
    with forwarder.running(pipeline.client, pipeline.stack, seconds=0.2):
        pipeline.put({"shipmentId": pipeline.shipment(), "status": "LOST"})
        pipeline.until(lambda: alarms.telling("OK") >= watching)
    assert alarms.telling("ALARM") == set()


def _ordinary(pipeline: Pipeline) -> Fields:
    """Return the event of an update that alerts nobody."""
    return pipeline.envelope({"shipmentId": pipeline.shipment(), "status": "IN_TRANSIT"})
