"""shipments check --before: what would make a first deployment fail."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scripts.embed import TEMPLATE
from shipments.check import before
from shipments.check.model import PROBLEM, WARNING
from tests.integration.checking import Account, user
from tests.integration.pipeline import Fields
from tests.rights import documented

pytestmark = pytest.mark.own_stack("makes resources that are in a deployment's way")

SUFFIX = "to-come"
PASSED = ("Name", "Values.member.1")
OURS = ("EnvironmentSuffix", "EventBusName", "AlertEmail", "LambdaRuntime")


@pytest.fixture(autouse=True)
def _long_before_any_end_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(before, "today", lambda: date(2026, 1, 1))


def found(
    account: Account, *arguments: str, subject: str | Path = TEMPLATE, check: str = ""
) -> list[Fields]:
    parameters = ("--parameter", f"EnvironmentSuffix={SUFFIX}")
    return account.found("--before", str(subject), *parameters, *arguments, check=check)


def test_nothing_is_found_where_a_deployment_would_succeed(account: Account) -> None:
    result = account.run("--before", str(TEMPLATE), "--parameter", f"EnvironmentSuffix={SUFFIX}")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (
        0,
        "7 ok, 0 problems, 0 warnings.",
    )


def test_of_a_suffix_all_but_the_template_is_looked_at(account: Account) -> None:
    (line,) = account.found("--before", SUFFIX)
    assert (line["check"], line["severity"]) == ("template", WARNING)


def function(account: Account) -> None:
    """Make a function that has the name, with a role that has any."""
    role = account.client("iam").create_role(
        RoleName="any", AssumeRolePolicyDocument='{"Statement": []}'
    )
    account.client("lambda").create_function(
        FunctionName=f"shipment-processor-{SUFFIX}",
        Role=role["Role"]["Arn"],
        Runtime="python3.13",
        Handler="index.x",
        Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
    )
    account.client("iam").delete_role(RoleName="any")


NAMES: dict[str, Callable[[Account], Any]] = {
    f"the rule shipment-update-rule-{SUFFIX}": lambda a: a.client("events").put_rule(
        Name=f"shipment-update-rule-{SUFFIX}", EventPattern='{"source": ["x"]}'
    ),
    f"the archive shipments-{SUFFIX}": lambda a: a.client("events").create_archive(
        ArchiveName=f"shipments-{SUFFIX}",
        EventSourceArn=a.client("events").describe_event_bus(Name="default")["Arn"],
    ),
    f"the function shipment-processor-{SUFFIX}": function,
    f"the log group /aws/lambda/shipment-processor-{SUFFIX}": lambda a: a.client(
        "logs"
    ).create_log_group(logGroupName=f"/aws/lambda/shipment-processor-{SUFFIX}"),
    f"the queue shipment-failed-updates-{SUFFIX}": lambda a: a.client("sqs").create_queue(
        QueueName=f"shipment-failed-updates-{SUFFIX}"
    ),
    f"the topic shipment-alerts-{SUFFIX}": lambda a: a.client("sns").create_topic(
        Name=f"shipment-alerts-{SUFFIX}"
    ),
    f"the topic shipment-alarms-{SUFFIX}": lambda a: a.client("sns").create_topic(
        Name=f"shipment-alarms-{SUFFIX}"
    ),
    f"the dashboard logistics-processing-{SUFFIX}": lambda a: a.client("cloudwatch").put_dashboard(
        DashboardName=f"logistics-processing-{SUFFIX}", DashboardBody='{"widgets": []}'
    ),
    f"the table shipment-logs-{SUFFIX}": lambda a: a.client("dynamodb").create_table(
        TableName=f"shipment-logs-{SUFFIX}",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    ),
}


def test_each_name_that_is_taken_is_found_with_the_command_that_frees_it(
    account: Account,
) -> None:
    for make in NAMES.values():
        make(account)
    taken = found(account, check="names")
    for line in taken:
        assert line["severity"] == PROBLEM
        if "--queue-url" in line["remedy"]:  # version 1 of the CLI asks AWS itself for queues
            line["remedy"] += f" --endpoint-url {account.session.client('sqs').meta.endpoint_url}"
        account.paste(line["remedy"])
    assert [line["found"].split(" exists already")[0] for line in taken] == list(NAMES)
    assert found(account, check="names") == []


def test_an_archive_that_is_not_wanted_is_in_nobodys_way(account: Account) -> None:
    NAMES[f"the archive shipments-{SUFFIX}"](account)
    lines = found(account, "--parameter", "ArchiveRetentionDays=0", check="names")
    account.client("events").delete_archive(ArchiveName=f"shipments-{SUFFIX}")
    assert lines == []


def test_a_bus_that_is_missing_is_found_with_the_command_that_makes_it(account: Account) -> None:
    (line,) = found(account, "--parameter", "EventBusName=missing", check="bus")
    account.paste(line["remedy"])
    assert found(account, "--parameter", "EventBusName=missing", check="bus") == []
    account.client("events").delete_event_bus(Name="missing")
    assert line["found"] == "there is no bus missing"


def stack(name: str, suffix: str, status: str = "CREATE_COMPLETE") -> Fields:
    """Return CloudFormation's answer of a stack, with the parameters that tell one of ours."""
    parameters = [{"ParameterKey": key, "ParameterValue": suffix} for key in OURS]
    described = {"StackName": name, "StackStatus": status, "Parameters": parameters}
    return {"Stacks": [{"StackName": "another", "StackStatus": "CREATE_COMPLETE"}, described]}


@pytest.mark.parametrize(
    ("answer", "words", "remedy"),
    [
        (
            stack("first", SUFFIX, "ROLLBACK_COMPLETE"),
            "first is in ROLLBACK_COMPLETE",
            "aws cloudformation delete-stack --stack-name first",
        ),
        (
            stack("first", SUFFIX, "CREATE_IN_PROGRESS"),
            "first is in CREATE_IN_PROGRESS: wait",
            "aws cloudformation describe-stack-events --stack-name first",
        ),
        (
            stack("first", SUFFIX),
            "has EnvironmentSuffix to-come already",
            "shipments check --stack-name first",
        ),
        (stack("mine", "other"), "another suffix (other)", "aws cloudformation list-stacks"),
    ],
    ids=["failed", "in progress", "deployed", "another's"],
)
def test_a_stack_that_is_in_the_way_is_found(
    answer: Fields, words: str, remedy: str, account: Account
) -> None:
    with account.answers("DescribeStacks", answer):
        (line,) = found(account, "--stack-name", "mine", check="stack")
    assert words in line["found"]
    assert line["remedy"] == remedy


def test_names_that_belong_to_such_a_stack_are_not_called_taken(account: Account) -> None:
    NAMES[f"the topic shipment-alerts-{SUFFIX}"](account)
    with account.answers("DescribeStacks", stack("first", SUFFIX)):
        (line,) = found(account, check="names")
    topic = account.client("sns").create_topic(Name=f"shipment-alerts-{SUFFIX}")["TopicArn"]
    account.client("sns").delete_topic(TopicArn=topic)
    assert line["found"] == "not checked: they belong to the stack first"


@pytest.mark.parametrize(
    ("today", "severity"), [(date(2026, 5, 4), WARNING), (date(2027, 2, 1), PROBLEM)]
)
def test_a_runtime_that_aws_gives_up_is_found(
    today: date, severity: str, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(before, "today", lambda: today)
    (line,) = found(account, "--parameter", "LambdaRuntime=python3.10", check="runtime")
    assert line["severity"] == severity
    assert "new functions from 2027-02-01" in line["found"]


def test_a_template_that_is_too_big_for_a_request_is_found(
    account: Account, tmp_path: Path
) -> None:
    path = tmp_path / "big.yml"
    text = TEMPLATE.read_text("utf-8")
    path.write_text(text + "#" * (51_201 - len(text.encode())), "utf-8")
    (line,) = found(account, subject=path, check="template")
    assert line["found"] == "the template has 51,201 bytes, a request 51,200"
    assert "--s3-bucket" in line["remedy"]


def test_a_resource_that_has_no_list_of_actions_is_named(account: Account, tmp_path: Path) -> None:
    path = tmp_path / "more.yml"
    added = "Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n"
    text = TEMPLATE.read_text("utf-8").replace("\nResources:\n", f"\n{added}")
    # Shorter by some blanks of comments, for there is no room for more in a request.
    path.write_text(text.replace("          # ", "          #"), "utf-8")
    (line,) = found(account, subject=path, check="permissions")
    assert line["found"] == "not checked: what AWS::S3::Bucket needs"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--before", "nofile.yml"), "nofile.yml is no file, and no suffix"),
        (("--before", "PROD"), "lower-case letters"),
        (("--before", "x", "--parameter", "Suffix=y"), "no parameter Suffix; there are: Env"),
        (("--before", "x", "--parameter", "Suffix"), "'Suffix' must be NAME=VALUE"),
        (("--before", "x", "--canary"), "leave out --before"),
        (("--before", "x", "--environment", "y"), "--before has the suffix"),
        (("--parameter", "EnvironmentSuffix=x"), "only with --before"),
        (("--before", "README.md"), "correct the template"),
        (("--before", "picture.png"), "'utf-8' codec"),
    ],
)
def test_a_usage_error_is_one_line_and_says_how_to_correct_it(
    arguments: tuple[str, ...],
    message: str,
    account: Account,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text("{{", "utf-8")
    Path("picture.png").write_bytes(b"\xff")
    result = account.run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr.splitlines()[-1]


def test_a_template_that_is_not_ours_is_a_usage_error(account: Account, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}), "utf-8")
    result = account.run("--before", str(path))
    assert (result.exit_code, "is it TapStack.yml?" in result.stderr) == (2, True)


def test_what_the_simulation_denies_is_found_by_type(account: Account) -> None:
    with user(account, *documented("check --before"), "dynamodb:*") as limited:
        lines = found(limited)
    denied = {line["found"].rpartition("which ")[2]: line["found"] for line in lines}
    assert "AWS::DynamoDB::Table needs" not in denied
    assert "user/checker may not do sqs:CreateQueue" in denied["AWS::SQS::Queue needs"]
    assert f":shipment-failed-updates-{SUFFIX}" in denied["AWS::SQS::Queue needs"]


def test_a_simulation_that_is_not_allowed_is_a_warning(account: Account) -> None:
    actions = documented("check --before") - {"iam:SimulatePrincipalPolicy"}
    with user(account, *actions) as limited:
        (line,) = found(limited)
    assert line["found"] == "not checked: needs iam:SimulatePrincipalPolicy"
    assert line["severity"] == WARNING


def test_a_question_that_may_not_be_asked_is_a_warning(account: Account) -> None:
    with account.answers("DescribeEventBus", {"Error": {"Code": "AccessDeniedException"}}):
        (line,) = found(account, check="bus")
    assert line["found"] == "not checked: needs DescribeEventBus"


def test_a_template_that_may_not_be_read_is_one_line(account: Account) -> None:
    with account.answers("GetTemplateSummary", {"Error": {"Code": "AccessDenied"}}):
        result = account.run("--before", str(TEMPLATE))
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "not allowed: have GetTemplateSummary granted" in result.stderr


def test_a_name_that_may_not_be_looked_up_is_a_warning(account: Account) -> None:
    denied = {"Error": {"Code": "AccessDenied", "Message": "no"}}
    with account.answers("GetQueueUrl", denied):
        (line,) = found(account, check="names")
    assert line["found"] == "not checked: needs GetQueueUrl"


@pytest.mark.parametrize("has_path", [True, False])
def test_an_assumed_role_is_simulated_as_the_role_with_its_path(
    has_path: bool,  # noqa: FBT001 - a case
    account: Account,
) -> None:
    asked = []

    def simulate(body: Fields) -> Fields:
        asked.append(body["PolicySourceArn"])
        return {"EvaluationResults": [{"EvalActionName": "x", "EvalDecision": "allowed"}]}

    identity = {"Arn": "arn:aws:sts::111122223333:assumed-role/Deployer/somebody"}
    role = "arn:aws:iam::111122223333:role/teams/Deployer"
    answer = {"Role": {"Arn": role}} if has_path else {"Error": {"Code": "AccessDenied"}}
    with (
        account.answers("GetCallerIdentity", identity),
        account.answers("GetRole", answer),
        account.answers("SimulatePrincipalPolicy", simulate),
    ):
        assert found(account, check="permissions") == []
    assert set(asked) == {role if has_path else role.replace("teams/", "")}


def test_a_role_that_may_be_passed_to_lambda_only_suffices(account: Account) -> None:
    def simulate(body: Fields) -> Fields:  # as AWS does for a policy with iam:PassedToService
        key, value = (body[f"ContextEntries.member.1.ContextKey{part}"] for part in PASSED)
        is_met = (key, value) == ("iam:PassedToService", "lambda.amazonaws.com")
        decision = "allowed" if is_met else "implicitDeny"
        return {"EvaluationResults": [{"EvalActionName": "x", "EvalDecision": decision}]}

    identity = {"Arn": "arn:aws:iam::111122223333:user/deployer"}
    with (
        account.answers("GetCallerIdentity", identity),
        account.answers("SimulatePrincipalPolicy", simulate),
    ):
        assert found(account, check="permissions") == []
