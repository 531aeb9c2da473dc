"""The stacks' alarms, on an emulator of their own: any alarm sees the points of all stacks."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import STATUS_TEMPLATE, TEMPLATE
from scripts.mailbox import Fields
from tests.integration.changes import physical_ids
from tests.integration.companion import Companion
from tests.integration.pipeline import EMULATED, Pipeline
from tests.integration.template import template

ALARMS = [
    name
    for path in (TEMPLATE, STATUS_TEMPLATE)
    for name, resource in template(path)["Resources"].items()
    if resource["Type"] == "AWS::CloudWatch::Alarm" and "MetricName" in resource["Properties"]
]
# How long a datum that sets off an alarm stays in the time that the alarm looks at: long enough
# to be put, evaluated and heard of, short enough to wait for its end.
STAYS_SECONDS = 2

Samples = Mapping[float, int]


class Alarms:
    """The alarms of stacks as they are deployed, by logical id, and what their topic carries."""

    def __init__(self, pipeline: Pipeline, *others: Companion) -> None:
        """Take the main stack, whose topic it is, and other stacks that publish on it."""
        self._cloudwatch = pipeline.client("cloudwatch")
        self._mailbox = pipeline.subscribe(topic="AlarmTopicArn")
        self._names = {
            physical: logical
            for stack in (pipeline, *others)
            for logical, physical in physical_ids(stack).items()
        }
        names = [name for name, logical in self._names.items() if logical in ALARMS]
        described = self._cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
        self._alarms = {self._names[alarm["AlarmName"]]: alarm for alarm in described}

    def put(self, alarm: str, samples: Samples) -> None:
        """Put samples of the metric that an alarm watches, which are soon too old for it."""
        watched = self._alarms[alarm]
        seconds = watched["Period"] * watched["EvaluationPeriods"] - STAYS_SECONDS
        datum = {
            "MetricName": watched["MetricName"],
            "Dimensions": watched["Dimensions"],
            "Timestamp": time.time() - seconds,
            "Values": list(samples),
            "Counts": list(samples.values()),
        }
        self._cloudwatch.put_metric_data(Namespace=watched["Namespace"], MetricData=[datum])

    def evaluate(self) -> None:
        """Make the emulator evaluate all alarms, by a metric that none of them watches."""
        datum = {"MetricName": "Unwatched", "Value": 1}
        self._cloudwatch.put_metric_data(Namespace="Nobody", MetricData=[datum])

    def notices(self) -> list[tuple[str, Fields]]:
        """Return the alarm and the body of each notice that has arrived so far, in order."""
        bodies = [json.loads(alert.body) for alert in self._mailbox.alerts()]
        return [(self._names[body["AlarmName"]], body) for body in bodies]

    def heard(self) -> list[tuple[str, str]]:
        """Return the alarm and the state of each notice that has arrived so far, in order."""
        return [(alarm, body["NewStateValue"]) for alarm, body in self.notices()]

    def states(self, alarm: str) -> list[str]:
        """Return the states that an alarm has notified of so far."""
        return [state for name, state in self.heard() if name == alarm]


@contextmanager
def deployed() -> Iterator[Pipeline]:
    """Deploy the stack on an emulator that nobody else uses."""
    with ministack.running() as emulator:
        client = emulator.client
        parameters = {
            **ministack.PARAMETERS,
            "EnvironmentSuffix": "alarms",
            "ExpectUpdatesEveryHours": "1",
        }
        text = TEMPLATE.read_text("utf-8")
        stack = deployment.deploy(client, "alarms", text, parameters)
        yield Pipeline(stack, client, EMULATED)
