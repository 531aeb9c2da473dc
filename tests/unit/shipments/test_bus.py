"""A rule of the bus that gets the same updates as the stack's is found, and no other rule."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from shipments.bus import MOST_TESTS, rules_that_match
from shipments.events import DETAIL_TYPE, SOURCE
from shipments.stack import find
from tests.unit.shipments.cloud import Cloud, refusal, rule

SAME = {"source": [SOURCE], "detail-type": [DETAIL_TYPE]}
OTHER = {
    "another source": rule("x", {"source": ["aws.s3"]}),
    "another detail type": rule("x", {**SAME, "detail-type": ["Invoice"]}),
    "disabled": rule("x", SAME, State="DISABLED"),
    "of the archive, which AWS manages": rule("x", SAME, ManagedBy="prod.vhs.events.aws.internal"),
    "the stack's own": rule("shipments", SAME),
}


def found(cloud: Cloud, *rules: Any) -> list[str]:
    cloud.rules = list(rules)
    return rules_that_match(find(cloud.session, None, None))


@pytest.mark.parametrize("kind", OTHER)
def test_a_rule_that_gets_no_update_beside_the_stack_is_not_named(cloud: Cloud, kind: str) -> None:
    assert found(cloud, OTHER[kind]) == []


def test_the_rule_of_another_environment_is_named(cloud: Cloud) -> None:
    assert found(cloud, rule("dev", SAME), rule("all", {"source": [SOURCE, "x"]})) == ["dev", "all"]


def test_a_pattern_with_conditions_is_asked_of_eventbridge(cloud: Cloud) -> None:
    cloud.broken["TestEventPattern"] = lambda call: {"Result": "logistics" in call["EventPattern"]}
    rules = [rule(name, {"source": [{"prefix": name}]}) for name in ("logistics", "aws")]
    assert found(cloud, *rules, rule("late", {**SAME, "time": [{"prefix": "logistics"}]})) == [
        "logistics",
        "late",
    ]


def test_a_bus_with_many_rules_costs_a_bounded_number_of_calls(cloud: Cloud) -> None:
    cloud.broken["TestEventPattern"] = lambda _: {"Result": False}
    assert found(cloud, *(rule(str(n), {"source": [{"prefix": "x"}]}) for n in range(300))) == []
    assert cloud.calls.count("TestEventPattern") == MOST_TESTS


def test_who_may_not_list_rules_is_not_told_that_there_are_none(cloud: Cloud) -> None:
    cloud.broken["ListRules"] = lambda _: refusal("AccessDeniedException")
    with pytest.raises(ClientError):
        found(cloud)
