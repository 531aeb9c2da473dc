"""tests/services.py: each decision has its source, and dead letters are as AWS writes them."""

import json
from typing import Any

import pytest

from scripts.embed import ROOT
from tests.services import RETRIES, SOURCES, Failure, dead_letter, limit_reached
from tests.unit.test_aws_claims import CLAIMS

SHAPES = ROOT / "tests" / "shapes"
FOLLOWED = {entry for entries in SOURCES.values() for entry in entries}


@pytest.mark.parametrize("decision", SOURCES)
def test_a_decision_follows_entries_that_exist(decision: str) -> None:
    assert set(SOURCES[decision]) <= {claim.heading for claim in CLAIMS}


def test_the_entries_that_name_the_layer_are_those_that_it_follows() -> None:
    named = {
        claim.heading for claim in CLAIMS if "`tests/services.py`" in dict(claim.parts)["Emulator"]
    }
    assert named == FOLLOWED


@pytest.mark.parametrize(
    ("shape", "retries", "end"),
    [
        ("eventbridge-no-permission", 0, ""),
        ("eventbridge-retries-exhausted", 164, "MaximumEventAgeInSeconds"),
    ],
)
def test_a_dead_letter_has_the_attributes_that_aws_writes(
    shape: str, retries: int, end: str
) -> None:
    message: Any = json.loads((SHAPES / f"{shape}.json").read_text("utf-8"))
    attributes = message["MessageAttributes"]
    texts = {name: value["StringValue"] for name, value in attributes.items()}
    failure = Failure(texts["ERROR_CODE"], texts["ERROR_MESSAGE"])
    assert attributes == dead_letter(texts["RULE_ARN"], texts["TARGET_ARN"], failure, retries, end)


@pytest.mark.parametrize(
    ("policy", "retries", "age", "limit"),
    [
        ({}, 185, 86_400, ""),
        ({}, 186, 60, "MaximumRetryAttempts"),
        ({}, 1, 86_401, "MaximumEventAgeInSeconds"),
        ({"MaximumRetryAttempts": 0}, 1, 60, "MaximumRetryAttempts"),
        ({"MaximumEventAgeInSeconds": 60}, 1, 61, "MaximumEventAgeInSeconds"),
        ({"MaximumEventAgeInSeconds": 60}, 1, 60, ""),
        (RETRIES, 186, 86_401, "MaximumRetryAttempts"),
    ],
)
def test_a_retry_is_made_within_both_limits_of_the_policy(
    policy: dict[str, int], retries: int, age: float, limit: str
) -> None:
    assert limit_reached(policy, retries, age) == limit
