"""The companion stack of an environment is found, or is not there."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shipments.stack import Stack, find
from shipments.status_stack import OUTPUTS, companion
from tests.unit.shipments.cloud import Cloud, Fields, refusal, stack

USUAL = "shipment-status-test"
THEIRS = dict.fromkeys(OUTPUTS, "x")


def found(cloud: Cloud) -> str | None:
    """Return the name of the status stack of the account's stack."""
    status = companion(find(cloud.session, None, "test"))
    return status.name if status else None


def denied(*names: str | None) -> Callable[[Fields], Any]:
    """Return what answers to whom may not describe these stacks; None: all at once."""
    return lambda asked: refusal("AccessDenied") if asked.get("StackName") in names else None


@pytest.mark.parametrize("name", [USUAL, "any-name"])
def test_it_is_found_by_its_suffix_whatever_its_name(cloud: Cloud, name: str) -> None:
    cloud.stacks += [stack("other", "prod", THEIRS), stack(name, "test", THEIRS)]
    assert found(cloud) == name


def test_its_outputs_are_read_as_those_of_any_stack(cloud: Cloud) -> None:
    cloud.stacks.append(stack(USUAL, "test", {**THEIRS, "ShipmentStatusTableName": "t"}))
    status = companion(find(cloud.session, None, "test"))
    assert isinstance(status, Stack)
    assert status["ShipmentStatusTableName"] == "t"


@pytest.mark.parametrize(
    "other",
    [
        stack(USUAL, "prod", THEIRS),
        stack(USUAL, "test", {"BucketName": "b"}),
        stack("any-name", "prod", THEIRS),
        {"StackName": USUAL, "StackStatus": "REVIEW_IN_PROGRESS"},
    ],
    ids=["of another environment", "another stack of its name", "another name", "not there yet"],
)
def test_another_stack_is_not_taken_for_it(cloud: Cloud, other: Fields) -> None:
    cloud.stacks.append(other)
    assert found(cloud) is None


def test_who_may_describe_its_usual_name_only_finds_it(cloud: Cloud) -> None:
    main = find(cloud.session, None, "test")
    cloud.broken["DescribeStacks"] = denied(None)
    assert companion(main) is None
    cloud.stacks.append(stack(USUAL, "test", THEIRS))
    assert companion(main) is not None


def test_who_may_describe_all_stacks_but_not_that_name_finds_it(cloud: Cloud) -> None:
    cloud.stacks.append(stack("any-name", "test", THEIRS))
    cloud.broken["DescribeStacks"] = denied(USUAL)
    assert found(cloud) == "any-name"


def test_who_may_not_look_is_not_told_that_there_is_none(cloud: Cloud) -> None:
    main = find(cloud.session, None, "test")
    cloud.broken["DescribeStacks"] = denied(None, USUAL)
    with pytest.raises(ClientError, match="AccessDenied"):
        companion(main)


def test_what_the_service_refuses_for_another_reason_is_raised(cloud: Cloud) -> None:
    main = find(cloud.session, None, "test")
    cloud.broken["DescribeStacks"] = lambda _: refusal("Throttling")
    with pytest.raises(ClientError, match="Throttling"):
        companion(main)
