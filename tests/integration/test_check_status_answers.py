"""shipments check on two stacks, where AWS answers what the emulator cannot be brought to."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from typing import Any

import pytest

from shipments.check import processing
from shipments.check.model import PROBLEM, WARNING
from tests.integration import permissions
from tests.integration.beside import ADDRESS, MAIN, NAME, RULES, Both, deployed, found, only
from tests.integration.checking import Account, Session, user
from tests.integration.pipeline import Fields

pytestmark = [
    pytest.mark.own_stack("needs a stack in which nothing is to be found"),
    pytest.mark.usefixtures("both"),
]

GONE = {"Error": {"Code": "ResourceNotFoundException", "Message": "not there"}}


@pytest.fixture(scope="module")
def both(account: Account) -> Iterator[Both]:
    with deployed(account.client) as both:
        yield both


@pytest.fixture(autouse=True)
def _long_before_any_end_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing, "today", lambda: date(2026, 1, 1))


def beside(account: Account, **parameters: str) -> Any:
    """Let CloudFormation describe the two stacks with other parameters, by the parameter's stack.

    A parameter is named as main_AlertMail, or as status_KmsKeyArn.
    """
    describe = account.client("cloudformation").describe_stacks
    described = {name: describe(StackName=name)["Stacks"][0] for name in (MAIN, NAME)}

    def answer(body: Fields) -> Fields:
        name = body["StackName"]
        prefix = "main_" if name == MAIN else "status_"
        pairs = [
            {
                "ParameterKey": each["ParameterKey"],
                "ParameterValue": parameters.get(
                    prefix + each["ParameterKey"], each["ParameterValue"]
                ),
            }
            for each in described[name]["Parameters"]
        ]
        return {"Stacks": [{**described[name], "Parameters": pairs}]}

    return account.answers("DescribeStacks", answer)


@pytest.mark.parametrize(
    ("parameters", "words", "remedy"),
    [
        (
            {"main_CriticalStatuses": "LATE"},
            "CriticalStatuses is DELAYED,",
            "--parameter-overrides CriticalStatuses=LATE",
        ),
        (
            {"status_RunbookUrl": "https://example.com/"},
            f"RunbookUrl is https://example.com/, and in {MAIN} docs/runbook.md",
            "--parameter-overrides RunbookUrl=docs/runbook.md",
        ),
        (
            {"main_AlertMail": "critical"},
            f"AlertMail is critical in {MAIN}: each alert is mailed",
            f"{MAIN} --capabilities CAPABILITY_IAM --parameter-overrides AlertMail=off",
        ),
    ],
    ids=["critical statuses", "runbook", "mails"],
)
def test_two_stacks_that_do_not_agree_are_a_warning(
    parameters: dict[str, str], words: str, remedy: str, account: Account
) -> None:
    with beside(account, **parameters):
        line = only(account, "both-stacks")
    assert (words in line["found"], line["severity"]) == (True, WARNING)
    assert line["remedy"].endswith(remedy)


def test_a_rule_for_shipments_without_news_is_not_asked_for_where_they_are_not_looked_for(
    account: Account,
) -> None:
    with beside(account, status_StuckAfterDays="0"), without_rules(account):
        lines = found(account, "schedule")
    assert [line["found"] for line in lines] == [
        f"the rule {RULES['mail']} does not exist, although it belongs to the stack"
    ]


def without_rules(account: Account) -> Any:
    """Let EventBridge answer that a rule does not exist."""
    return account.answers("DescribeRule", GONE)


def test_a_function_that_is_gone_is_a_problem_and_what_needs_it_a_warning(
    account: Account,
) -> None:
    gone = ("GetFunction", "GetFunctionConcurrency", "GetFunctionConfiguration")
    with ExitStack() as answers:
        for operation in gone:
            answers.enter_context(account.answers(operation, GONE))
        lines = [line for line in found(account) if line["check"].startswith("status-")]
    assert [(line["check"], line["severity"]) for line in lines] == [
        ("status-runs", PROBLEM),
        ("status-code", WARNING),
        ("status-parts", WARNING),
    ]
    assert f"the function {NAME} does not exist" in lines[0]["found"]


def table(both: Both, **fields: Any) -> Fields:
    """Return the status table's description, with other fields."""
    described = both.client("dynamodb").describe_table(TableName=both.table)["Table"]
    answer: Fields = json.loads(json.dumps({"Table": {**described, **fields}}, default=str))
    return answer


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"TableStatus": "ARCHIVED"}, ["is ARCHIVED"]),
        ({"GlobalSecondaryIndexes": []}, ["due-index", "status-index"]),
        (
            {
                "GlobalSecondaryIndexes": [
                    {"IndexName": "due-index", "IndexStatus": "ACTIVE"},
                    {"IndexName": "status-index", "IndexStatus": "CREATING"},
                ]
            },
            ["status-index of the table shipment-status-beside is CREATING"],
        ),
    ],
    ids=["not active", "no index", "index not active"],
)
def test_a_table_that_cannot_be_asked_is_found(
    fields: Fields, words: list[str], account: Account, both: Both
) -> None:
    with account.answers("DescribeTable", table(both, **fields)):
        lines = found(account, "status-table")
    assert [word in line["found"] for word, line in zip(words, lines, strict=True)] == [
        True for _ in words
    ]
    assert {line["severity"] for line in lines} == {PROBLEM}


def test_what_waits_in_an_index_that_is_gone_is_not_called_mailed(account: Account) -> None:
    refused = {"Error": {"Code": "ValidationException", "Message": "no index"}}
    with account.answers("Scan", refused):
        line = only(account, "unmailed")
    assert (line["found"], line["severity"]) == ("not checked: no index due-index", WARNING)


def test_a_mail_that_waits_for_its_turn_is_no_finding(account: Account, both: Both) -> None:
    both.put_due("soon", timedelta(minutes=9))
    lines = found(account, "unmailed")
    both.delete_due("soon")
    assert lines == []


def test_an_address_that_has_not_confirmed_gets_no_digests(account: Account) -> None:
    pending = {"SubscriptionArn": "PendingConfirmation", "Protocol": "email", "Endpoint": ADDRESS}
    with account.answers("ListSubscriptionsByTopic", {"Subscriptions": [pending]}):
        line = only(account, "digest-mail")
    assert f"{ADDRESS} has not confirmed" in line["found"]


def test_an_alarm_topic_of_an_earlier_template_takes_no_alarms_of_the_status_stack(
    account: Account,
) -> None:
    alarms = f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:{MAIN}-*"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Condition": {"ArnLike": {"aws:SourceArn": alarms}},
    }
    policy = json.dumps({"Statement": [statement]})
    with account.answers("GetTopicAttributes", {"Attributes": {"Policy": policy}}):
        line = only(account, "status-alarm")
    assert f"the alarm topic of {MAIN} takes that stack's own alarms only" in line["found"]
    assert f"templates/TapStack.yml --stack-name {MAIN}" in line["remedy"]


def test_alarms_that_are_gone_are_named(account: Account) -> None:
    with account.answers("DescribeAlarms", {"MetricAlarms": []}):
        line = only(account, "status-alarm")
    assert line["found"].startswith(
        "FailedDigestsAlarm, StatusErrorsAlarm, StatusLagAlarm, StatusLostAlarm, UnmailedAlarm do"
    )


def test_what_may_not_be_looked_at_is_a_warning_for_each_check(
    account: Account, both: Both
) -> None:
    with user(account, "cloudformation:DescribeStacks") as checker:
        lines = checker.found("--stack-name", both.main.name)
    needs = {line["check"]: line["found"] for line in lines if line["severity"] == WARNING}
    assert needs["unmailed"] == "not checked: needs dynamodb:Scan"
    assert needs["status-alarm"] == "not checked: needs sns:GetTopicAttributes"
    has_key = both.main.parameters["KmsKeyArn"] != ""
    # All but the two stacks, the first one's termination protection, its archive and no key.
    assert len(needs) == len(lines) == 19 + has_key + 11


def test_whether_there_is_a_status_stack_may_not_be_known(both: Both) -> None:
    stack = f"arn:aws:cloudformation:us-east-1:000000000000:stack/{MAIN}/*"
    granted = {"Effect": "Allow", "Action": "cloudformation:DescribeStacks", "Resource": stack}
    with permissions.user(both.client, "checker", granted) as keys:
        checker = Account(both.client, Session(*keys.values()))
        lines = checker.found("--stack-name", both.main.name)
    assert lines[-1]["check"] == "status"
    assert lines[-1]["found"] == "not checked: needs cloudformation:DescribeStacks"


STRANGE: dict[str, Fields] = {
    "ListEventSourceMappings": {"EventSourceMappings": [{"UUID": "1"}]},
    "DescribeTable": {"Table": {"TableStatus": "ACTIVE"}},
    "GetSubscriptionAttributes": {"Attributes": {"FilterPolicy": "{"}},
    "ListTargetsByRule": {"Targets": []},
    "GetPolicy": {"Policy": "{}"},
    "DescribeAlarms": {"MetricAlarms": []},
    "ListSubscriptionsByTopic": {"Subscriptions": []},
    "GetFunctionEventInvokeConfig": {},
    "DescribeLogGroups": {"logGroups": []},
}


@pytest.mark.parametrize("operation", STRANGE)
def test_an_answer_with_little_in_it_is_a_finding(
    operation: str, account: Account, both: Both
) -> None:
    with account.answers(operation, STRANGE[operation]):
        result = account.run("--stack-name", both.main.name)
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1
