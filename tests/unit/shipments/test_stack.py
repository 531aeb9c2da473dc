"""A command finds its stack, or says in one line why not."""

import pytest

from shipments.stack import OUTPUTS
from tests.unit.shipments.cloud import NAME, Cloud, Fields, refusal, stack

OURS = dict.fromkeys(OUTPUTS, "x")


@pytest.fixture
def others(cloud: Cloud) -> Fields:
    """Add stacks of somebody else; return the one of ours."""
    ours = cloud.stacks[0]
    cloud.stacks += [
        stack("somebody-s", "test", {"BucketName": "b"}),
        stack("bare", "test", {}),
        {"StackName": "without-any", "StackStatus": "REVIEW_IN_PROGRESS"},
    ]
    return ours


def finds(cloud: Cloud, *options: str) -> str:
    """Return what a look at the queue says of the stack, or nothing if it was found."""
    result = cloud.run("failed", *options)
    assert result.exit_code == (2 if result.stderr else 0)
    return result.stderr.rstrip("\n").rpartition("\n")[2].removeprefix("Error: ")


FOUND = [[], ["--stack-name", NAME], ["--environment", "test"]]


@pytest.mark.parametrize("options", FOUND)
def test_a_stack_is_found_among_others(cloud: Cloud, others: Fields, options: list[str]) -> None:
    assert others["StackName"] == NAME
    assert finds(cloud, *options) == ""


MISSING = [
    (["--stack-name", "no\npe\x1b"], "--stack-name: no stack no pe in us-east-1"),
    (
        ["--stack-name", "nope"],
        (
            "--stack-name: no stack nope in us-east-1 (TapStack stacks there: tapstack-test): pass "
            "another, or --region or --profile"
        ),
    ),
    (
        ["--stack-name", "somebody-s"],
        (
            "--stack-name: somebody-s (CREATE_COMPLETE) is not a stack of TapStack.yml, it has no "
            "output EventBusName (TapStack stacks there: tapstack-test): pass another"
        ),
    ),
    (
        ["--stack-name", "without-any"],
        "stack without-any is in REVIEW_IN_PROGRESS: wait until it is done",
    ),
    (
        ["--environment", "prod"],
        "--environment: no stack with EnvironmentSuffix prod in us-east-1 (there is: test)",
    ),
    (
        ["--environment", "test", "--stack-name", "x"],
        "--stack-name and --environment: pass only one of them",
    ),
]


@pytest.mark.parametrize(("options", "message"), MISSING)
def test_a_stack_that_is_not_there_is_named(
    cloud: Cloud, others: Fields, options: list[str], message: str
) -> None:
    assert others
    assert finds(cloud, *options).startswith(message)


def test_of_many_stacks_the_first_ten_are_listed(cloud: Cloud) -> None:
    cloud.stacks = [stack(f"s{number:02}", "test", OURS) for number in range(12)]
    assert "(TapStack stacks there: s00, s01, s02, s03, s04, s05, s06, s07, s08, s09, 2 more)" in (
        finds(cloud, "--stack-name", "nope")
    )


def test_who_may_describe_one_stack_only_gets_no_list(cloud: Cloud) -> None:
    cloud.broken["DescribeStacks"] = lambda request: (
        None if "StackName" in request else refusal("AccessDenied")
    )
    assert finds(cloud, "--stack-name", "nope") == (
        "--stack-name: no stack nope in us-east-1: pass another, or --region or --profile"
    )


@pytest.mark.parametrize("options", [[], ["--environment", "test"]])
def test_who_may_not_list_stacks_may_name_one(cloud: Cloud, options: list[str]) -> None:
    cloud.broken["DescribeStacks"] = lambda _: refusal("AccessDenied")
    assert finds(cloud, *options) == (
        "not allowed: have DescribeStacks granted to the identity in use, or pass --stack-name"
    )


def test_without_a_stack_there_is_nothing_to_do(cloud: Cloud) -> None:
    cloud.stacks.clear()
    assert finds(cloud) == "no stack in us-east-1: deploy one, or pass --region or --profile"


def test_of_several_stacks_one_has_to_be_named(cloud: Cloud) -> None:
    cloud.stacks.append(stack("another", "prod", OURS))
    message = f"2 stacks in us-east-1, choose one by --stack-name: another, {NAME}"
    assert finds(cloud) == message
    assert finds(cloud, "--environment", "test") == ""


def test_the_environment_may_name_the_stack(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAPSTACK_STACK", "nope")
    assert finds(cloud).startswith("--stack-name: no stack nope")
    assert finds(cloud, "--environment", "test") == ""
    assert finds(cloud, "--stack-name", NAME) == ""


def test_a_stack_is_found_on_a_later_page(cloud: Cloud) -> None:
    pages = [{"Stacks": [], "NextToken": "2"}, {"Stacks": cloud.stacks}]
    cloud.broken["DescribeStacks"] = lambda _: pages.pop(0)
    assert finds(cloud) == ""
