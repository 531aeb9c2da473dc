"""shipments check on a stack with a status stack beside it, whole or broken in one place."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from shipments.check import processing
from shipments.check.model import PROBLEM, WARNING
from tests.integration.beside import ADDRESS, FUNCTION, NAME, RULES, Both, deployed, found, only
from tests.integration.checking import Account, Defect

pytestmark = pytest.mark.own_stack("breaks the status stack in each way that is checked")


@pytest.fixture(scope="module")
def both(account: Account) -> Iterator[Both]:
    with deployed(account.client) as both:
        yield both


@pytest.fixture(autouse=True)
def _long_before_any_end_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing, "today", lambda: date(2026, 1, 1))


def test_two_stacks_that_are_whole_have_no_findings(account: Account, both: Both) -> None:
    result = account.run("--stack-name", both.main.name)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (
        0,
        "37 ok, 0 problems, 0 warnings.",
    )


def _lambda(operation: str, **fields: Any) -> Callable[[Both], Any]:
    return lambda b: getattr(b.client("lambda"), operation)(**FUNCTION, **fields)


def _rule(operation: str, name: str, **fields: Any) -> Callable[[Both], Any]:
    return lambda b: getattr(b.client("events"), operation)(**fields, Name=RULES[name])


def _alarm(both: Both) -> str:
    alarms = both.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{NAME}-StatusLagAlarm")
    return str(alarms["MetricAlarms"][0]["AlarmName"])


DEFECTS = {
    "mapping off": Defect(
        "stream", "the mapping is Disabled", lambda b: b.change_mapping(Enabled=False)
    ),
    "mapping without destination": Defect(
        "stream",
        "not as in the template: DestinationConfig",
        lambda b: b.change_mapping(DestinationConfig={}),
    ),
    "mapping whose failures are not told apart": Defect(
        "stream",
        "FunctionResponseTypes, MaximumRetryAttempts",
        lambda b: b.change_mapping(FunctionResponseTypes=[], MaximumRetryAttempts=0),
    ),
    "mapping with another filter": Defect(
        "stream",
        "FilterCriteria",
        lambda b: b.change_mapping(
            FilterCriteria={"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]}
        ),
    ),
    "mapping with another window": Defect(
        "stream",
        "MaximumBatchingWindowInSeconds",
        lambda b: b.change_mapping(MaximumBatchingWindowInSeconds=1),
        severity=WARNING,
    ),
    "no concurrency": Defect(
        "status-runs",
        "never runs",
        _lambda("put_function_concurrency", ReservedConcurrentExecutions=0),
    ),
    "no on-failure destination": Defect(
        "status-keeps",
        "requests that fail are not kept",
        _lambda("delete_function_event_invoke_config", Qualifier="$LATEST"),
    ),
    "subscription to all alerts": Defect(
        "rejections",
        "has another filter",
        lambda b: b.filter_rejections({"alertType": ["CRITICAL_STATUS"]}),
        lambda b: b.filter_rejections({"alertType": ["PROCESSING_ERROR"]}),
    ),
    "topic may not invoke": Defect(
        "rejections",
        "the alert topic may not invoke",
        lambda b: b.remove_permission("sns.amazonaws.com"),
    ),
    "rule disabled": Defect("schedule", "is DISABLED", _rule("disable_rule", "mail")),
    "rule that asks for another thing": Defect(
        "schedule",
        'does not ask the function for {"do": "stuck"}',
        lambda b: b.client("events").put_targets(
            Rule=RULES["stuck"],
            Targets=[
                {
                    "Id": "ShipmentStuckTarget",
                    "Arn": b.mapping()["FunctionArn"],
                    "Input": '{"do": "mail"}',
                }
            ],
        ),
    ),
    "digests unsubscribed": Defect(
        "digest-mail",
        f"{ADDRESS} is not subscribed",
        lambda b: b.unsubscribe(b.status["DigestTopicArn"]),
    ),
    "alarm actions disabled": Defect(
        "status-alarm",
        "StatusLagAlarm: its actions are disabled",
        lambda b: b.client("cloudwatch").disable_alarm_actions(AlarmNames=[_alarm(b)]),
    ),
    "a mail that waits": Defect(
        "unmailed",
        "1 item unmailed for more than 10 minutes",
        lambda b: b.put_due("late", timedelta(minutes=11)),
        lambda b: b.delete_due("late"),
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found_with_the_command_that_repairs_it(
    name: str, account: Account, both: Both
) -> None:
    defect: Defect = DEFECTS[name]
    defect.seed(both)
    line: dict[str, Any] = {}
    try:
        (line,) = found(account)
        assert line["check"] == defect.check
        assert defect.words in line["found"]
        assert line["severity"] == defect.severity
    finally:
        if defect.repair:
            defect.repair(both)
        elif line:
            account.paste(line["remedy"])
    assert found(account, defect.check) == []


def test_a_function_that_gets_no_rejected_updates_is_found_with_the_alerts_that_nobody_gets(
    account: Account, both: Both
) -> None:
    both.unsubscribe(both.main["AlertTopicArn"])
    alert_mail, rejections = found(account)
    account.paste(rejections["remedy"])
    assert found(account) == []
    assert "nobody hears of rejected updates" in rejections["found"]
    assert alert_mail["check"] == "alert-mail"


# ---- a stream that is not the table's


def test_a_table_that_was_made_anew_has_a_stream_that_the_mapping_does_not_read(
    account: Account, both: Both
) -> None:
    table, old = both.main["ShipmentLogsTableName"], both.mapping()["EventSourceArn"]
    dynamodb = both.client("dynamodb")
    for enabled in (False, True):  # as a new table does, this gives the table a new stream
        view = {"StreamViewType": "NEW_AND_OLD_IMAGES"} if enabled else {}
        dynamodb.update_table(
            TableName=table, StreamSpecification={"StreamEnabled": enabled, **view}
        )
        line = only(account, "stream")
        words = f"reads {old}, not the stream" if enabled else f"{table} has no stream"
        assert words in line["found"]
        assert line["severity"] == PROBLEM
    account.paste(line["remedy"])
    assert found(account) == []


@pytest.mark.usefixtures("both")
def test_a_mapping_that_is_gone_is_found(account: Account) -> None:
    with account.answers("ListEventSourceMappings", {"EventSourceMappings": []}):
        line = only(account, "stream")
    assert f"the event source mapping of {NAME} does not exist" in line["found"]


@pytest.mark.parametrize(
    ("result", "is_found"),
    [
        ("PROBLEM: Function call failed", True),
        ("OK", False),
        ("No records processed", False),
        (None, False),
    ],
)
def test_the_mapping_s_last_result_is_found_if_it_is_a_failure(
    result: str | None,
    is_found: bool,  # noqa: FBT001 - a case
    account: Account,
    both: Both,
) -> None:
    mapping = {**both.mapping(), "LastProcessingResult": result}
    del mapping["LastModified"]
    with account.answers("ListEventSourceMappings", {"EventSourceMappings": [mapping]}):
        lines = found(account, "stream")
    assert [line["found"] for line in lines] == (
        [f"the mapping's last result is {result}"] if is_found else []
    )
