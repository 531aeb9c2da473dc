"""shipments check --before of ShipmentStatus.yml: what would make it fail, or be of no use."""

from collections.abc import Iterator
from datetime import date

import pytest

from scripts.embed import DATA_KEY, STATUS_TEMPLATE
from shipments.check import before
from shipments.check.model import PROBLEM, WARNING
from tests.integration.beside import MAIN, NAME, SUFFIX, Both, deployed
from tests.integration.checking import Account, user
from tests.integration.data_key import key_of
from tests.integration.pipeline import Fields
from tests.rights import documented

pytestmark = pytest.mark.own_stack("deploys a stack that could have another beside it")


@pytest.fixture(autouse=True)
def _long_before_any_end_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(before, "today", lambda: date(2026, 1, 1))


@pytest.fixture(scope="module")
def both(account: Account) -> Iterator[Both]:
    with deployed(account.client) as both:
        yield both


def found(
    account: Account, both: Both, *parameters: str, check: str = "", suffix: str = SUFFIX
) -> list[Fields]:
    """Return what is found before the status stack is deployed, as if it were not there yet."""
    given = {
        "EnvironmentSuffix": suffix,
        "StreamArn": both.main["ShipmentLogsTableStreamArn"],
        **dict(each.split("=", 1) for each in parameters),
    }
    options = [word for pair in given.items() for word in ("--parameter", "=".join(pair))]
    lines = account.found("--before", str(STATUS_TEMPLATE), *options, check=check)
    # The other stack may have a key, where all do.
    return [line for line in lines if not line["found"].startswith("KmsKeyArn is empty")]


def test_nothing_but_itself_is_in_the_way_of_a_status_stack(account: Account, both: Both) -> None:
    stack, names = found(account, both)
    assert stack["found"].startswith(f"the stack {NAME} has EnvironmentSuffix {SUFFIX} already")
    assert stack["remedy"] == f"shipments check --environment {SUFFIX}"
    assert names["found"] == f"not checked: they belong to the stack {NAME}"


def test_a_status_stack_needs_a_stack_whose_log_it_reads(account: Account, both: Both) -> None:
    (line,) = found(account, both, suffix="lonely")
    assert line["check"] == "log-stack"
    assert "no stack of TapStack.yml has EnvironmentSuffix=lonely" in line["found"]
    assert "--template-file templates/TapStack.yml" in line["remedy"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "StreamArn is not given"),
        ("arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/old", "StreamArn is arn:aws:"),
    ],
)
def test_a_stream_that_is_not_the_table_s_is_found_with_the_one_that_is(
    given: str, words: str, account: Account, both: Both
) -> None:
    (line,) = found(account, both, f"StreamArn={given}", check="log-stack")
    assert (words in line["found"], line["severity"]) == (True, PROBLEM)
    assert line["remedy"].endswith(f"StreamArn={both.main['ShipmentLogsTableStreamArn']}")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"Error": {"Code": "ResourceNotFoundException"}}, "shipment-logs-beside does not exist"),
        ({"Table": {"TableStatus": "ACTIVE"}}, "shipment-logs-beside has no stream"),
    ],
)
def test_a_table_without_a_stream_is_found(
    answer: Fields, words: str, account: Account, both: Both
) -> None:
    with account.answers("DescribeTable", answer):
        (line,) = found(account, both, check="log-stack")
    assert words in line["found"]


def test_statuses_that_only_the_other_stack_calls_critical_are_a_warning(
    account: Account, both: Both
) -> None:
    (line,) = found(account, both, "CriticalStatuses=LATE", check="log-stack")
    assert line["severity"] == WARNING
    assert line["found"].startswith(f"CriticalStatuses is LATE, and in {MAIN} DELAYED,")


def test_a_stack_that_is_not_complete_is_found(account: Account, both: Both) -> None:
    described = both.client("cloudformation").describe_stacks(StackName=MAIN)["Stacks"][0]
    answer = {"Stacks": [{**described, "StackStatus": "UPDATE_IN_PROGRESS"}]}
    with account.answers("DescribeStacks", answer):
        (line,) = found(account, both, check="log-stack")
    assert line["found"] == f"{MAIN} is in UPDATE_IN_PROGRESS"


@pytest.mark.parametrize(("suffix", "is_found"), [("tests", False), ("other", True)])
def test_a_key_that_must_not_encrypt_the_function_s_log_is_found(
    suffix: str,
    is_found: bool,  # noqa: FBT001 - a case
    account: Account,
    both: Both,
) -> None:
    key = key_of(account.client)  # of the suffix tests
    lines = found(account, both, f"KmsKeyArn={key}", check="key", suffix=suffix)
    assert [line["severity"] for line in lines] == ([PROBLEM] if is_found else [])
    if is_found:
        assert "log-group:/aws/lambda/shipment-status-other" in lines[0]["found"]
        assert DATA_KEY.name in lines[0]["found"]


def test_names_that_are_taken_are_found(account: Account, both: Both) -> None:
    both.client("sns").create_topic(Name="shipment-digests-lonely")
    (line,) = found(account, both, check="names", suffix="lonely")
    account.paste(line["remedy"])
    assert line["found"].startswith("the topic shipment-digests-lonely exists already")
    assert found(account, both, check="names", suffix="lonely") == []


def test_it_needs_what_is_documented_and_the_simulation_finds_what_else(
    account: Account, both: Both
) -> None:
    with user(account, *documented("check --before")) as limited:
        lines = found(limited, both, suffix="lonely")
    assert not any("not checked" in line["found"] for line in lines)
    denied = {line["found"].rpartition("which ")[2]: line["found"] for line in lines[1:]}
    mapping = denied["AWS::Lambda::EventSourceMapping needs"]
    assert "lambda:CreateEventSourceMapping, lambda:GetEventSourceMapping" in mapping
    assert "AWS::SQS::Queue needs" not in denied


def test_a_function_s_own_mapping_suffices(account: Account, both: Both) -> None:
    asked = []

    def simulate(body: Fields) -> Fields:  # as AWS does for a policy with lambda:FunctionArn
        key, value = (
            body[f"ContextEntries.member.2.ContextKey{part}"]
            for part in ("Name", "Values.member.1")
        )
        asked.append((key, value))
        return {"EvaluationResults": [{"EvalActionName": "x", "EvalDecision": "allowed"}]}

    identity = {"Arn": "arn:aws:iam::111122223333:user/deployer"}
    with (
        account.answers("GetCallerIdentity", identity),
        account.answers("SimulatePrincipalPolicy", simulate),
    ):
        assert found(account, both, check="permissions") == []
    function = f"arn:aws:lambda:us-east-1:111122223333:function:shipment-status-{SUFFIX}"
    assert set(asked) == {("lambda:FunctionArn", function)}
