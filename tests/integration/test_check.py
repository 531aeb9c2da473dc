"""shipments check on a deployed stack that is whole, or broken in one place at a time."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import Any

import pytest
import yaml

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import ROOT, TEMPLATE
from shipments.check import canary, processing
from shipments.check.model import PROBLEM, WARNING
from tests.integration.checking import Account, Breakable, Defect, user
from tests.integration.pipeline import Fields

pytestmark = pytest.mark.own_stack("breaks the stack in each way that is checked")

SUFFIX, STACK, BUS = "checked", "stack-checked", "bus-checked"
ADDRESS = "alerts@example.com"
METRIC: Fields = {
    "MetricName": "ShipmentUpdatesProcessed",
    "Dimensions": [{"Name": "Environment", "Value": SUFFIX}],
    "Value": 1,
}
GONE = {"Error": {"Code": "ResourceNotFoundException", "Message": "not there"}}


@pytest.fixture(scope="module")
def broken(account: Account) -> Iterator[Breakable]:
    """Deploy a stack in which nothing is to be found, until a test breaks it."""
    client = account.client
    client("events").create_event_bus(Name=BUS)
    parameters = {
        **ministack.PARAMETERS,
        "EnvironmentSuffix": SUFFIX,
        "EventBusName": BUS,
        "AlertEmail": ADDRESS,
    }
    stack = deployment.deploy(client, STACK, TEMPLATE.read_text("utf-8"), parameters)
    ministack.complete(client, stack["ShipmentLogsTableName"])
    client("cloudwatch").put_metric_data(Namespace="LogisticsProcessing", MetricData=[METRIC])
    breakable = Breakable(stack, client)
    breakable.protect(table=True, stack=True)
    yield breakable
    breakable.protect(table=False, stack=False)
    deployment.delete(client, STACK)
    client("events").delete_event_bus(Name=BUS)


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(processing, "today", lambda: date(2026, 1, 1))


def only(account: Account, check: str, *arguments: str) -> Fields:
    """Return the one thing that a check finds; the others are not made."""
    (line,) = account.found(*arguments, check=check)
    return line


def test_a_stack_that_is_whole_has_no_findings(account: Account, broken: Breakable) -> None:
    result = account.run("--stack-name", broken.stack.name)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (
        0,
        "24 ok, 0 problems, 0 warnings.",
    )


def test_the_workflow_of_a_release_updates_a_stack_and_checks_it_with_a_canary(
    emulator: ministack.Emulator, broken: Breakable
) -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    job = yaml.safe_load(text)["jobs"]["integration"]
    steps = [step["run"] for step in job["steps"] if "run" in step]
    installs, deploys, tests, checks = steps
    assert installs == "make setup"
    assert tests.startswith(".venv/bin/python -m pytest tests/integration ")
    assert job["env"].keys() == {"STACK"}
    environment = {**os.environ, **emulator.environment, "STACK": broken.stack.name}
    for step in (deploys, checks):
        bash = ["/bin/bash", "-e", "-c", step]
        done = subprocess.run(
            bash, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "came through" in done.stdout


def _lambda(operation: str, **fields: Any) -> Callable[[Breakable], Any]:
    return lambda b: getattr(b.client("lambda"), operation)(FunctionName=b.function, **fields)


def _alarm_state(state: str) -> Callable[[Breakable], Any]:
    return lambda b: b.client("cloudwatch").set_alarm_state(
        AlarmName=b.alarm()["AlarmName"], StateValue=state, StateReason="5 errors"
    )


DEFECTS = {
    "rule disabled": Defect(
        "rule",
        "is DISABLED: updates reach nobody",
        lambda b: b.client("events").disable_rule(Name=b.rule, EventBusName=b.bus),
    ),
    "rule with another pattern": Defect(
        "rule",
        "pattern is not the one",
        lambda b: b.put_rule(EventPattern='{"source": ["other"]}'),
    ),
    "no target": Defect("target", "does not invoke", lambda b: b.remove_targets()),
    "target without dead-letter queue": Defect(
        "target", "not kept on the queue", lambda b: b.change_target(DeadLetterConfig=None)
    ),
    "target without retries": Defect(
        "target",
        "not retried for 24 hours",
        lambda b: b.change_target(
            RetryPolicy={"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
        ),
    ),
    "another environment's rule on the bus": Defect(
        "bus",
        "other-environment",
        lambda b: b.put_rule("other-environment"),
        lambda b: b.client("events").delete_rule(Name="other-environment", EventBusName=b.bus),
        WARNING,
    ),
    "no invoke permission": Defect("permission", "may not invoke", lambda b: b.remove_permission()),
    "other code": Defect(
        "code",
        "has other code",
        lambda b: b.put_code("\n# changed by hand\n"),
        lambda b: b.put_code(),
        WARNING,
    ),
    "no concurrency": Defect(
        "concurrency",
        "never runs",
        _lambda("put_function_concurrency", ReservedConcurrentExecutions=0),
    ),
    "no on-failure destination": Defect(
        "destination",
        "are not kept",
        _lambda("delete_function_event_invoke_config", Qualifier="$LATEST"),
    ),
    "no retries of the function": Defect(
        "destination",
        "are not retried",
        lambda b: b.put_invoke_config(MaximumRetryAttempts=0),
    ),
    "table that can be deleted": Defect(
        "table", "can be deleted", lambda b: b.protect(table=False, stack=True)
    ),
    "no point-in-time recovery": Defect(
        "recovery", "recovery is off", lambda b: b.set_recovery(on=False)
    ),
    "no termination protection": Defect(
        "termination",
        "protection is off",
        lambda b: b.protect(table=True, stack=False),
        None,
        WARNING,
    ),
    "alerts unsubscribed": Defect(
        "alert-mail", f"{ADDRESS} is not subscribed", lambda b: b.unsubscribe(b.alerts)
    ),
    "alarms unsubscribed": Defect(
        "alarm-mail", f"{ADDRESS} is not subscribed", lambda b: b.unsubscribe(b.alarms)
    ),
    "alarm actions disabled": Defect(
        "alarms",
        "FunctionErrorsAlarm: its actions are disabled",
        lambda b: b.client("cloudwatch").disable_alarm_actions(AlarmNames=[b.alarm()["AlarmName"]]),
    ),
    "alarm in ALARM": Defect(
        "alarms", "is in ALARM: 5 errors", _alarm_state("ALARM"), _alarm_state("OK")
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found_with_the_command_that_repairs_it(
    name: str, account: Account, broken: Breakable
) -> None:
    defect = DEFECTS[name]
    defect.seed(broken)
    line: Fields = {}
    try:
        (line,) = account.found()
        assert line["check"] == defect.check
        assert defect.words in line["found"]
        assert line["severity"] == defect.severity
    finally:
        if defect.repair:
            defect.repair(broken)
        elif line:
            account.paste(line["remedy"])
    assert account.found(check=defect.check) == []


@contextmanager
def _queue_policy(b: Breakable) -> Iterator[None]:
    policy = b.queue_policy()
    b.set_queue_policy("")
    yield
    b.set_queue_policy(policy)


@contextmanager
def _denied_queue(b: Breakable) -> Iterator[None]:
    before = b.queue_policy()
    policy = json.loads(before)
    policy["Statement"].append(
        {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    )
    b.set_queue_policy(json.dumps(policy))
    yield
    b.set_queue_policy(before)


@contextmanager
def _topic_policy(b: Breakable) -> Iterator[None]:
    policy = b.topic_policy()
    b.set_topic_policy('{"Version": "2012-10-17", "Statement": []}')
    yield
    b.set_topic_policy(policy)


@contextmanager
def _alarm_gone(b: Breakable) -> Iterator[None]:
    alarm = b.alarm()
    b.client("cloudwatch").delete_alarms(AlarmNames=[alarm["AlarmName"]])
    yield
    b.put_alarm(alarm)


@contextmanager
def _alarm_to_nobody(b: Breakable) -> Iterator[None]:
    alarm = b.alarm()
    b.put_alarm(alarm, AlarmActions=[])
    yield
    b.put_alarm(alarm)


@contextmanager
def _rule_gone(b: Breakable) -> Iterator[None]:
    targets = b.targets()
    b.remove_targets()
    b.client("events").delete_rule(Name=b.rule, EventBusName=b.bus)
    yield
    b.put_rule()
    b.client("events").put_targets(Rule=b.rule, EventBusName=b.bus, Targets=targets)


@contextmanager
def _log_gone(b: Breakable) -> Iterator[None]:
    name = b.stack["ShipmentProcessorLogGroupName"]
    b.client("logs").delete_log_group(logGroupName=name)
    yield
    b.client("logs").create_log_group(logGroupName=name)


@contextmanager
def _dashboard_gone(b: Breakable) -> Iterator[None]:
    name, cloudwatch = b.stack["DashboardName"], b.client("cloudwatch")
    body = cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]
    cloudwatch.delete_dashboards(DashboardNames=[name])
    yield
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body)


DELETED = {
    "queue policy": (_queue_policy, {"queue": "does not let the rule"}),
    "queue policy that denies": (_denied_queue, {"queue": "does not let the rule"}),
    "alarm topic's policy": (_topic_policy, {"alarm-topic": "does not let alarms publish"}),
    "alarm": (_alarm_gone, {"alarms": "FunctionErrorsAlarm does not exist"}),
    "alarm's action": (_alarm_to_nobody, {"alarms": "does not publish to the alarm topic"}),
    "rule": (_rule_gone, {"rule": "does not exist", "target": "does not invoke"}),
    "log group": (_log_gone, {"resources": "log group /aws/lambda/"}),
    "dashboard": (_dashboard_gone, {"resources": "logistics-processing-checked does not exist"}),
}


@pytest.mark.parametrize("name", DELETED)
def test_what_only_a_restored_stack_has_again_is_found(
    name: str, account: Account, broken: Breakable
) -> None:
    breaking, expected = DELETED[name]
    with breaking(broken):
        found = account.found()
    assert [line["check"] for line in found] == list(expected)
    assert all(words in line["found"] for line, words in zip(found, expected.values(), strict=True))
    assert "REVERT_DRIFT" in found[0]["remedy"]


@pytest.mark.parametrize(
    ("operation", "check", "words"),
    [
        ("GetFunctionConfiguration", "function", "the function shipment-processor-checked"),
        ("DescribeTable", "table", "the table shipment-logs-checked"),
    ],
)
def test_a_resource_that_only_cloudformation_still_lists_is_found(
    operation: str, check: str, words: str, account: Account, broken: Breakable
) -> None:
    del broken
    with account.answers(operation, GONE):
        line = only(account, check)
    assert f"{words} does not exist, although it belongs to the stack" in line["found"]


@pytest.mark.parametrize("code", ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"])
def test_a_queue_that_is_gone_is_found(code: str, account: Account, broken: Breakable) -> None:
    del broken
    with account.answers("GetQueueAttributes", {"Error": {"Code": code, "Message": "no"}}):
        line = only(account, "queue")
    assert "does not exist" in line["found"]


def test_topics_that_are_gone_are_found(account: Account, broken: Breakable) -> None:
    del broken
    with account.answers("ListSubscriptionsByTopic", {"Error": {"Code": "NotFound"}}):
        found = account.found()
    assert [line["check"] for line in found] == ["alert-mail", "alarm-mail"]
    assert "shipment-alerts-checked does not exist" in found[0]["found"]


def test_an_alert_topic_that_is_gone_is_found_where_nothing_is_mailed(
    account: Account, broken: Breakable
) -> None:
    del broken
    gone = account.answers("ListSubscriptionsByTopic", {"Error": {"Code": "NotFound"}})
    with _stack_as(account, AlertMail="off"), gone:
        line = only(account, "alert-mail")
    assert "shipment-alerts-checked does not exist" in line["found"]


@pytest.mark.parametrize(
    ("word", "says"),
    [("PendingConfirmation", "has not confirmed"), ("Deleted", "is not subscribed")],
)
def test_an_address_that_has_not_confirmed_is_named_with_what_to_do(
    word: str, says: str, account: Account, broken: Breakable
) -> None:
    subscription = {"SubscriptionArn": word, "Protocol": "email", "Endpoint": ADDRESS}
    with account.answers("ListSubscriptionsByTopic", {"Subscriptions": [subscription]}):
        alerts, alarms = account.found()
    assert f"{ADDRESS} {says}" in alerts["found"]
    assert "48 hours" in alarms["found"]
    assert f"--topic-arn {broken.alarms} --protocol email" in alarms["remedy"]


def test_subscriptions_are_read_to_the_last_page(account: Account, broken: Breakable) -> None:
    del broken
    confirmed = {"SubscriptionArn": "arn:x", "Protocol": "email", "Endpoint": ADDRESS.upper()}
    first, last = {"Subscriptions": [], "NextToken": "2"}, {"Subscriptions": [confirmed]}
    page = {True: last, False: first}
    with account.answers("ListSubscriptionsByTopic", lambda body: page["NextToken" in body]):
        assert account.found(check="alert-mail") == []


def _stack_as(account: Account, status: str = "CREATE_COMPLETE", **parameters: str) -> Any:
    """Let CloudFormation describe the stack with another status and other parameters."""
    described = account.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    known = {each["ParameterKey"]: each["ParameterValue"] for each in described["Parameters"]}
    pairs = [
        {"ParameterKey": key, "ParameterValue": value}
        for key, value in {**known, **parameters}.items()
        if value != "-"
    ]
    stack = {**described, "StackStatus": status, "Parameters": pairs}
    return account.answers("DescribeStacks", {"Stacks": [stack]})


@pytest.mark.parametrize(
    ("status", "severity", "remedy"),
    [
        ("UPDATE_ROLLBACK_COMPLETE", WARNING, "describe-stack-events"),
        ("UPDATE_ROLLBACK_FAILED", PROBLEM, "continue-update-rollback"),
        ("UPDATE_IN_PROGRESS", PROBLEM, "describe-stack-events"),
        ("DELETE_FAILED", PROBLEM, "describe-stack-events"),
    ],
)
def test_a_stack_whose_last_operation_has_not_succeeded_is_found(
    status: str, severity: str, remedy: str, account: Account, broken: Breakable
) -> None:
    del broken
    with _stack_as(account, status):
        line = only(account, "stack")
    assert line["severity"] == severity
    assert f"aws cloudformation {remedy} --stack-name {STACK}" in line["remedy"]


def test_a_stack_of_another_version_of_the_template_is_found(
    account: Account, broken: Breakable
) -> None:
    del broken
    with _stack_as(account, AlertMail="-"):
        line = only(account, "stack")
    assert (line["found"][-17:], line["severity"]) == ("without AlertMail", WARNING)


def test_the_archive_is_as_its_parameter_says(account: Account, broken: Breakable) -> None:
    events = broken.client("events")
    with _stack_as(account, ArchiveRetentionDays="30"):
        gone = only(account, "archive")
        assert "the archive shipments-checked does not exist" in gone["found"]
        arn = events.describe_event_bus(Name=BUS)["Arn"]
        events.create_archive(ArchiveName="shipments-checked", EventSourceArn=arn, RetentionDays=7)
        try:
            short = only(account, "archive")
            assert "for 7 days, ArchiveRetentionDays is 30" in short["found"]
            account.paste(short["remedy"])
            assert account.found(check="archive") == []
            with account.answers("DescribeArchive", {"State": "DISABLED", "RetentionDays": 30}):
                assert "is DISABLED" in only(account, "archive")["found"]
        finally:
            events.delete_archive(ArchiveName="shipments-checked")


@pytest.mark.parametrize("mail", ["off", "critical"])
def test_alert_mail_says_who_is_expected_to_be_subscribed(
    mail: str, account: Account, broken: Breakable
) -> None:
    subscription = {"SubscriptionArn": "Deleted", "Protocol": "email", "Endpoint": ADDRESS}
    answer = {"Subscriptions": [subscription]}
    with _stack_as(account, AlertMail=mail), account.answers("ListSubscriptionsByTopic", answer):
        alerts, _ = account.found()
    del broken
    if mail == "off":
        assert "nobody gets the alerts" in alerts["found"]
        assert alerts["severity"] == WARNING
    else:
        assert r'"alertType\": [\"CRITICAL_STATUS' in alerts["remedy"]


def test_termination_protection_is_not_asked_for_where_the_table_is_unprotected(
    account: Account, broken: Breakable
) -> None:
    broken.protect(table=False, stack=False)
    with _stack_as(account, TableDeletionProtection="false"):
        found = account.found()
    broken.protect(table=True, stack=True)
    assert found == []


@pytest.mark.parametrize(
    ("today", "severity"),
    [(date(2026, 5, 3), None), (date(2026, 5, 4), WARNING), (date(2026, 10, 31), PROBLEM)],
)
def test_a_runtime_is_found_half_a_year_before_its_end_of_life(
    today: date,
    severity: str | None,
    account: Account,
    broken: Breakable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processing, "today", lambda: today)
    described = {**broken.configuration(), "Runtime": "python3.10"}
    with account.answers("GetFunctionConfiguration", described):
        found = account.found(check="runtime")
    assert [line["severity"] for line in found] == ([severity] if severity else [])
    if found:
        assert "updates from 2027-03-03" in found[0]["found"]
        assert "LambdaRuntime=python3.13" in found[0]["remedy"]


@pytest.mark.parametrize(
    ("field", "value"), [("State", "Failed"), ("LastUpdateStatus", "InProgress")]
)
def test_a_function_that_is_not_active_is_found(
    field: str, value: str, account: Account, broken: Breakable
) -> None:
    described = {**broken.configuration(), field: value, f"{field}Reason": "why"}
    with account.answers("GetFunctionConfiguration", described):
        line = only(account, "function")
    assert line["found"] == f"the function's {field} is {value}: why"


def test_a_role_that_is_gone_is_found(account: Account, broken: Breakable) -> None:
    configuration = broken.configuration()
    described = {**configuration, "Role": f"{configuration['Role']}-gone"}
    with account.answers("GetFunctionConfiguration", described):
        line = only(account, "resources")
    assert line["found"].startswith(f"the function's role {STACK}-LambdaExecutionRole-")
    assert "-gone does not exist" in line["found"]


def test_a_table_that_is_not_active_is_found(account: Account, broken: Breakable) -> None:
    described = broken.client("dynamodb").describe_table(TableName=broken.table)["Table"]
    answer = {"Table": {**described, "TableStatus": "INACCESSIBLE_ENCRYPTION_CREDENTIALS"}}
    answer["Table"] = json.loads(json.dumps(answer["Table"], default=str))
    with account.answers("DescribeTable", answer):
        line = only(account, "table")
    assert "is INACCESSIBLE" in line["found"]


def test_failed_updates_that_wait_are_found(account: Account, broken: Breakable) -> None:
    sqs = broken.client("sqs")
    for _ in range(2):
        sqs.send_message(QueueUrl=broken.queue, MessageBody="{}")
    sqs.receive_message(QueueUrl=broken.queue, VisibilityTimeout=60)  # one of them is hidden
    line = only(account, "failed")
    sqs.purge_queue(QueueUrl=broken.queue)
    assert line["found"] == "2 messages on the failed-updates queue"
    assert line["remedy"] == f"shipments failed --stack-name {STACK}"


def test_a_day_without_updates_is_found(account: Account, broken: Breakable) -> None:
    del broken
    with account.answers("GetMetricStatistics", {"Datapoints": []}):
        line = only(account, "traffic")
    assert line["severity"] == WARNING
    assert "--canary" in line["remedy"]


def test_a_problem_makes_the_exit_status_1_and_a_warning_0(
    account: Account, broken: Breakable
) -> None:
    del broken
    with account.answers("GetMetricStatistics", {"Datapoints": []}):
        assert account.run().exit_code == 0
    with account.answers("DescribeTable", GONE):
        assert account.run().exit_code == 1


def test_people_get_a_line_for_each_check_and_the_command_below(
    account: Account, broken: Breakable
) -> None:
    del broken
    with account.answers("GetMetricStatistics", {"Datapoints": []}):
        *_, found, remedy, summary = account.run("--region", "us-east-1").stdout.splitlines()
    assert found == "warning  traffic      no update was stored in the last 24 hours"
    assert remedy.strip() == (f"shipments check --canary --stack-name {STACK} --region us-east-1")
    assert summary == "23 ok, 0 problems, 1 warning."


# ---- what may not be looked at


def test_what_may_not_be_checked_is_a_warning_that_names_the_action(
    account: Account, broken: Breakable
) -> None:
    has_key = broken.stack.parameters["KmsKeyArn"] != ""
    with user(account, "cloudformation:DescribeStacks") as checker:
        found = checker.found()
    needs = {line["check"]: line["found"] for line in found if line["severity"] == WARNING}
    assert needs["alert-mail"] == "not checked: needs sns:ListSubscriptionsByTopic"
    # All but the stack, its termination protection, and what it does not have: archive and key.
    assert len(needs) == len(found) == 19 + has_key


def test_an_endpoint_without_an_operation_is_a_warning(account: Account, broken: Breakable) -> None:
    del broken
    with account.answers("DescribeContinuousBackups", {"Error": {"Code": "InvalidAction"}}):
        line = only(account, "recovery")
    assert "not checked: needs DescribeContinuousBackups" in line["found"]
    assert line["severity"] == WARNING


def test_what_needs_a_resource_that_is_gone_is_a_warning_beside_that_problem(
    account: Account, broken: Breakable
) -> None:
    del broken
    gone = ("GetFunction", "GetFunctionConcurrency", "GetFunctionConfiguration")
    with ExitStack() as answers:
        for operation in gone:
            answers.enter_context(account.answers(operation, GONE))
        function, *others = account.found()
    assert (function["check"], function["severity"]) == ("function", PROBLEM)
    checks = [line["check"] for line in others]
    assert checks == ["code", "runtime", "concurrency", "resources"]
    assert {(line["found"], line["severity"]) for line in others} == {
        ("not checked: not there", WARNING)
    }


def test_code_that_cannot_be_downloaded_is_a_warning(account: Account, broken: Breakable) -> None:
    del broken
    answer = {"Code": {"Location": "https://127.0.0.1:1/"}}
    with account.answers("GetFunction", answer):
        line = only(account, "code")
    assert line["found"].startswith("not checked: ")


# ---- the canary


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary, "PATIENCE_SECONDS", 0.5)


def test_a_canary_goes_the_whole_way_and_leaves_no_row(account: Account, broken: Breakable) -> None:
    lines = account.run("--canary", "--json").stdout.splitlines()
    found = json.loads(lines[-1])
    assert [step["step"] for step in found["steps"]] == [
        "accepted by the bus",
        "row stored",
        "line in the function's log",
        "row removed",
    ]
    scanned = broken.client("dynamodb").scan(TableName=broken.table)
    assert scanned["Items"] == []


@pytest.mark.usefixtures("_impatient")
def test_a_canary_that_does_not_arrive_is_a_problem(account: Account, broken: Breakable) -> None:
    broken.client("events").disable_rule(Name=broken.rule, EventBusName=broken.bus)
    _, line = account.found("--canary")
    broken.client("events").enable_rule(Name=broken.rule, EventBusName=broken.bus)
    assert "the update did not reach the function" in line["found"]
    assert [step["step"] for step in line["steps"]] == ["accepted by the bus"]


@pytest.mark.usefixtures("_impatient")
def test_a_canary_that_the_function_fails_on_says_what_the_log_says(
    account: Account, broken: Breakable
) -> None:
    line = {"_aws": {}, "outcome": "failed", "error": "ClientError AccessDeniedException"}
    answer = {"events": [{"message": json.dumps(line)}]}
    denied: Fields = {"Items": []}
    with account.answers("FilterLogEvents", answer), account.answers("Query", denied):
        (found,) = account.found("--canary")
    _clean(broken)
    assert "the function's log says failed: ClientError AccessDenied" in found["found"]


@pytest.mark.parametrize(
    ("operation", "answer", "words"),
    [
        ("DeleteItem", {"Error": {"Code": "AccessDeniedException"}}, "its row was not removed"),
        ("FilterLogEvents", {"events": []}, "but the log has no line of it"),
        ("FilterLogEvents", GONE, "but the log has no line of it"),
        ("Query", {"Error": {"Code": "AccessDeniedException"}}, "not checked: needs Query"),
        (
            "PutEvents",
            {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "Throttled"}]},
            "the bus did not take the update: Throttled",
        ),
    ],
    ids=["not removed", "no line", "no log", "not allowed", "not taken"],
)
@pytest.mark.usefixtures("_impatient")
def test_a_step_of_the_canary_that_fails_is_named(
    operation: str, answer: Fields, words: str, account: Account, broken: Breakable
) -> None:
    with account.answers(operation, answer):
        line = only(account, "canary", "--canary")
    _clean(broken)
    assert words in line["found"]


def _clean(broken: Breakable) -> None:
    """Remove the rows that a canary has left."""
    dynamodb = broken.client("dynamodb")
    for row in dynamodb.scan(TableName=broken.table)["Items"]:
        key = {name: row[name] for name in ("shipmentId", "timestamp")}
        dynamodb.delete_item(TableName=broken.table, Key=key)


def test_a_canary_never_alerts(account: Account, broken: Breakable) -> None:
    del broken
    with _stack_as(account, CriticalStatuses="TRANSIT"):
        result = account.run("--canary")
    assert result.exit_code == 2
    assert "it would alert people" in result.stderr
