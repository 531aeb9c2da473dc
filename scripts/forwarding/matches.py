"""AWS/Events: how often a rule is triggered."""

from collections.abc import Iterator
from typing import Any

from scripts.forwarding.data import Data, Fields, counted, dimensions
from scripts.forwarding.tally import Tally

COUNTED = "counted"


class RuleMatches:
    """A rule's TriggeredRules, by a second rule with a queue that counts.

    The second rule has the first one's pattern and state, also when these change. An archive
    would be less, but misses replayed events, which trigger the rule as well.
    """

    def __init__(self, events: Any, tally: Tally, rule_arn: str, bus: str, name: str) -> None:
        """Make the second rule, named name; its target is the queue that counts."""
        self._events, self._tally, self._name = events, tally, name
        self._rule = {"Name": rule_arn.rpartition("/")[2], "EventBusName": bus}
        # Only a rule on a bus of its own has that dimension (EventBridge User Guide, metrics).
        on_bus = {} if bus == "default" else {"EventBusName": bus}
        self._dimensions = dimensions({**on_bus, "RuleName": self._rule["Name"]})
        self._copied: Fields = {}
        self._copy()
        events.put_targets(
            Rule=name,
            EventBusName=bus,
            Targets=[{"Id": COUNTED, "Arn": tally.arn, "Input": "{}"}],
        )

    def read(self) -> Iterator[Data]:
        """Yield how often the rule was triggered since the last look."""
        self._copy()
        for times in self._tally.drain():
            yield {"AWS/Events": counted("TriggeredRules", self._dimensions, times)}

    def close(self) -> None:
        """Remove the second rule."""
        bus = self._rule["EventBusName"]
        self._events.remove_targets(Rule=self._name, EventBusName=bus, Ids=[COUNTED])
        self._events.delete_rule(Name=self._name, EventBusName=bus)

    def _copy(self) -> None:
        """Make the second rule like the first if it is not."""
        described = self._events.describe_rule(**self._rule)
        rule = {name: described[name] for name in ("EventPattern", "State")}
        if rule != self._copied:
            self._events.put_rule(**{**self._rule, "Name": self._name}, **rule)
            self._copied = rule
