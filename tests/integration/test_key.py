"""A stack under a customer's key, and what shipments check finds about the key."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from shipments.check.model import PROBLEM
from tests.integration.checking import Account
from tests.integration.data_key import key_of
from tests.integration.pipeline import Pipeline

pytestmark = pytest.mark.own_stack("changes the key of its data")


@pytest.fixture
def key(client: Callable[[str], Any]) -> str:
    return key_of(client)


@pytest.fixture
def keyed(deploy: Callable[..., Pipeline], key: str) -> Pipeline:
    return deploy("keyed", KmsKeyArn=key)


def test_a_usable_key_is_no_finding(account: Account, keyed: Pipeline) -> None:
    assert account.found("--stack-name", keyed.stack.name, check="key") == []


def only(account: Account, pipeline: Pipeline) -> dict[str, Any]:
    (line,) = account.found("--stack-name", pipeline.stack.name, check="key")
    assert line["severity"] == PROBLEM
    return line


def test_a_disabled_key_is_found_with_the_command_that_enables_it(
    account: Account, keyed: Pipeline, key: str
) -> None:
    account.client("kms").disable_key(KeyId=key)
    line = only(account, keyed)
    assert "is Disabled: no update can be stored" in line["found"]
    account.paste(line["remedy"])
    assert account.found("--stack-name", keyed.stack.name, check="key") == []


def test_a_key_that_is_being_deleted_is_found_and_saved_in_two_steps(
    account: Account, keyed: Pipeline, key: str
) -> None:
    account.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    for state in ("PendingDeletion", "Disabled"):
        line = only(account, keyed)
        assert f"is {state}" in line["found"]
        account.paste(line["remedy"])
    assert account.found("--stack-name", keyed.stack.name, check="key") == []


def test_a_key_that_is_gone_is_found(account: Account, keyed: Pipeline) -> None:
    gone = {"Error": {"Code": "NotFoundException", "Message": "no such key"}}
    with account.answers("DescribeKey", gone):
        assert "there is no key" in only(account, keyed)["found"]


@pytest.mark.parametrize(
    ("sid", "words"),
    [("DeadLetters", "cannot deliver are lost"), ("Alarms", "alarms reach nobody")],
)
def test_a_policy_that_keeps_a_service_from_the_key_is_found(
    sid: str, words: str, account: Account, keyed: Pipeline, key: str
) -> None:
    policy = json.loads(account.client("kms").get_key_policy(KeyId=key)["Policy"])
    policy["Statement"] = [each for each in policy["Statement"] if each["Sid"] != sid]
    with account.answers("GetKeyPolicy", {"Policy": json.dumps(policy)}):
        assert words in only(account, keyed)["found"]


def test_a_policy_that_asks_eventbridge_for_a_source_is_found(
    account: Account, keyed: Pipeline, key: str
) -> None:
    # To an encrypted queue it sends none, so the statement would never apply.
    policy = json.loads(account.client("kms").get_key_policy(KeyId=key)["Policy"])
    statement = next(each for each in policy["Statement"] if each["Sid"] == "DeadLetters")
    statement["Condition"] = {"ArnLike": {"aws:SourceArn": "arn:aws:events:*:*:rule/*"}}
    with account.answers("GetKeyPolicy", {"Policy": json.dumps(policy)}):
        assert "let events.amazonaws.com use it" in only(account, keyed)["found"]


@pytest.mark.parametrize("state", ["Disabled", "gone"])
def test_a_key_that_cannot_be_used_is_found_before_a_deployment(
    state: str, account: Account, key: str
) -> None:
    answers = {
        "Disabled": {"KeyMetadata": {"KeyId": "k", "KeyState": "Disabled"}},
        "gone": {"Error": {"Code": "NotFoundException", "Message": "no such key"}},
    }
    arguments = ("--before", "to-come", "--parameter", f"KmsKeyArn={key}")
    assert account.found(*arguments, check="key") == []
    with account.answers("DescribeKey", answers[state]):
        (line,) = account.found(*arguments, check="key")
    assert line["found"].startswith(f"KmsKeyArn: the key {key} is ")
    assert "--template-file templates/DataKey.yml" in line["remedy"]
