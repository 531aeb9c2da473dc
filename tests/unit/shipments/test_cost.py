"""What a month costs is computed from traffic and parameters, or from a stack's own numbers."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from shipments.cost import observed
from shipments.cost.data import prices
from shipments.cost.model import Traffic, Use, bill, measured, ours, plain, total, traces
from shipments.cost.quotas import bounds, plain_bounds
from shipments.options import Target
from tests.unit.shipments.cloud import NAME, Cloud, Fields, refusal

DAYS = 4  # since the stack's first invocation
A_DAY = {  # what the metrics have
    "Invocations": 10_000,
    "Duration": 10_000 * 40.0,
    "ConsumedWriteCapacityUnits": 11_000,
    "IncomingBytes": 7_000_000,
    "NumberOfMessagesPublished": 300,
    "NumberOfNotificationsDelivered": 290,
    "CriticalAlerts": 200,
    "RejectedUpdates": 100,
}


def cost(cloud: Cloud, *options: str) -> Fields:
    """Return the line of JSON."""
    result = cloud.run("cost", *options, "--json")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    found: Fields = json.loads(line)
    return found


def used(found: Fields) -> dict[str, float]:
    """Return the quantities of the stack's uses, by service and what."""
    return {f"{each['service']}: {each['what']}": each["number"] for each in found["uses"]}


def number(uses: list[Use], what: str) -> float:
    (use,) = (use for use in uses if use.what == what)
    return use.number


@pytest.fixture
def metrics(cloud: Cloud) -> None:
    """Have CloudWatch answer for DAYS days, a point an hour."""
    now = datetime.now(timezone.utc)
    moments = [now - timedelta(hours=hour) for hour in range(1, DAYS * 24 + 1)]
    stack = Target(NAME, None, None, None, cloud.session).find()
    names = [each["MetricStat"]["Metric"]["MetricName"] for each in observed.queries(stack)]
    results = [
        {"Id": f"m{at}", "Timestamps": moments, "Values": [A_DAY[name] / 24] * len(moments)}
        for at, name in enumerate(names)
    ]
    cloud.broken["GetMetricData"] = lambda _: {"MetricDataResults": results}
    size = {"TableSizeBytes": 1_000_000_000, "ItemCount": 1_000_000}
    cloud.broken["DescribeTable"] = lambda _: {"Table": size}


# ---- computed


def test_a_table_has_each_service_the_sum_and_the_plain_handler_beside_it(cloud: Cloud) -> None:
    options = ("--per-day", "1000000", "--parameter", "TracingMode=Active")
    lines = cloud.run("cost", *options).stdout.splitlines()
    assert lines[0].split() == [
        *("Service", "and", "what", "it", "counts", "In", "a", "month", "USD", "Plain", "handler")
    ]
    found = cost(cloud, *options)
    services = [name for name, dollars in found["services"].items() if dollars]
    assert (
        services
        == [*("EventBridge", "Lambda", "DynamoDB", "CloudWatch", "X-Ray", "SNS", "SQS")][
            : len(services)
        ]
    )
    sums = next(line.split() for line in lines if line.startswith("Sum"))
    assert sums == ["Sum", f"{found['dollars']:.2f}", f"{found['plain']['dollars']:.2f}"]
    requests = next(line.split() for line in lines if line.startswith("- PutMetricData"))
    assert float(requests[-1]) > found["dollars"]


def test_nothing_is_asked_of_aws_without_a_stack(cloud: Cloud) -> None:
    cost(cloud, "--per-day", "1500")
    assert cloud.calls == []


def test_the_sum_is_that_of_the_services_and_of_their_uses(cloud: Cloud) -> None:
    found = cost(cloud, "--per-day", "1000000", "--with-status")
    assert sum(found["services"].values()) == pytest.approx(found["dollars"])
    assert sum(each["dollars"] for each in found["uses"]) == pytest.approx(found["dollars"])
    assert found["dollarsPerMillion"] == pytest.approx(found["dollars"] / 30, abs=1e-4)
    assert "Status stack" in found["services"]


def test_the_first_quota_is_the_one_that_holds_for_the_fewest_updates(cloud: Cloud) -> None:
    found = cost(cloud, "--per-day", "10000000", "--peak", "20")
    first, *others = found["quotas"]
    assert first["quota"] == "mails to one address"
    assert first["share"] > 1
    assert first["share"] == pytest.approx(10_000_000 / first["holdsPerDay"], rel=1e-4)
    assert all(each["holdsPerDay"] >= first["holdsPerDay"] for each in others)
    output = cloud.run("cost", "--per-day", "10000000", "--peak", "20").stdout
    assert f"First to bind: mails to one address, over {first['holdsPerDay']:,} updates" in output


@pytest.mark.parametrize(
    ("parameter", "what"),
    [
        ("TracingMode=PassThrough", "X-Ray: traces"),
        ("AlertMail=off", "SNS: mails"),
        ("ArchiveRetentionDays=0", "EventBridge: GB archived"),
        ("ArchiveRetentionDays=0", "EventBridge: GB kept in the archive"),
    ],
)
def test_a_parameter_that_switches_a_part_off_costs_nothing(
    cloud: Cloud, parameter: str, what: str
) -> None:
    traced = ("--parameter", "TracingMode=Active")
    before = used(cost(cloud, "--per-day", "1000000", *traced))
    after = used(cost(cloud, "--per-day", "1000000", "--parameter", parameter))
    assert (before[what] > 0, after[what]) == (True, 0)


def test_a_key_of_one_s_own_is_paid_by_the_month(cloud: Cloud) -> None:
    found = cost(cloud, "--per-day", "1", "--parameter", "KmsKeyArn=arn:aws:kms:x")
    assert found["services"]["KMS"] == 1


def test_without_mails_of_rejected_updates_only_critical_ones_are_mailed(cloud: Cloud) -> None:
    found = cost(cloud, "--per-day", "1000", "--parameter", "AlertMail=critical")
    assert used(found)["SNS: mails"] == pytest.approx(30_000 * 0.999 * 0.01)


def test_rows_that_expire_are_kept_no_longer(cloud: Cloud) -> None:
    options = ("--per-day", "1000", "--days", "365")  # 350 on average in the month before
    for_ever = used(cost(cloud, *options))["DynamoDB: GB of rows"]
    month = used(cost(cloud, *options, "--parameter", "RowRetentionDays=30"))
    assert month["DynamoDB: GB of rows"] == pytest.approx(for_ever * 30 / 350)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--parameter", "AlertMial=off"], "must be NAME=VALUE, with one of TracingMode, "),
        (["--parameter", "AlertMail"], "must be NAME=VALUE, with one of TracingMode, "),
        (["--parameter", "AlertMail=never"], "must be one of each, critical, off"),
        (["--parameter", "LogRetentionDays=\u00b2"], "must be a number"),
        (["--parameter", "LogRetentionDays=month"], "'LogRetentionDays=month' must be a number"),
        (["--stack-name", "x"], "--stack-name and --per-day: pass only one of them"),
        (["--environment", "x"], "--environment and --per-day: pass only one of them"),
        (["--critical", "5"], "--critical"),
        (["--critical", "nan"], "'nan' must be a number from 0 to 1, such as 0.01"),
        (["--peak", "inf"], "--peak"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_option(
    cloud: Cloud, options: list[str], message: str
) -> None:
    result = cloud.run("cost", "--per-day", "1500", *options)
    assert result.exit_code == 2
    assert message in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("option", ["--with-status", "--parameter=AlertMail=off"])
def test_what_a_deployed_stack_has_is_not_an_option(cloud: Cloud, option: str) -> None:
    result = cloud.run("cost", option)
    assert result.exit_code == 2
    assert result.stderr.endswith("--parameter and --with-status: only with --per-day\n")


def test_no_update_at_all_is_a_mistake(cloud: Cloud) -> None:
    result = cloud.run("cost", "--per-day", "0")
    assert (result.exit_code, "--per-day" in result.stderr) == (2, True)


# ---- the model


def test_what_is_free_is_subtracted_once_for_all_uses_of_a_unit() -> None:
    use = Use("Lambda", "requests", "request", 600_000)
    lines = bill([use, use])
    assert [line.dollars for line in lines] == [0, pytest.approx(0.04)]
    assert total(bill([use, use], free=False)) == pytest.approx(0.24)


def test_a_tier_costs_what_is_in_it() -> None:
    log = prices()["GB of log"]
    assert log.dollars(10_000) == 5_000
    assert log.dollars(40_000) == 5_000 + 5_000 + 1_000
    uses = [Use("a", "log", "GB of log", 9_005), Use("b", "log", "GB of log", 2_000)]
    assert [line.dollars for line in bill(uses)] == [4_500, 500 + 250]


def test_a_row_of_up_to_1024_bytes_is_one_write_unit() -> None:
    most = 1024 - measured()["ours"]["rowBytesBesideDetail"]
    none = Traffic(1000, critical=0, rejected=0, redelivered=0)
    writes = [
        number(ours(none._replace(detail=detail)), "write units for rows")
        for detail in (most, most + 1)
    ]
    assert writes == [30_000, 60_000]


def test_a_redelivery_is_a_write_and_a_request_and_no_event() -> None:
    uses = ours(Traffic(1000, redelivered=0.5))
    assert number(uses, "custom events") == 30_000
    assert number(uses, "requests") == 45_000
    assert number(uses, "write units for redelivered") == 15_000


def test_a_plain_handler_stores_a_redelivery_again_and_calls_put_metric_data() -> None:
    uses = plain(Traffic(1000, rejected=0, redelivered=0.5))
    assert number(uses, "write units for rows") == 45_000
    assert number(uses, "PutMetricData requests") == 45_000


def test_tracing_takes_all_of_few_invocations_and_a_twentieth_of_many() -> None:
    few, many = 1_000.0, 1_000_000_000.0
    assert traces({"ordinary": few}) == pytest.approx(few, rel=0.01)
    assert traces({"ordinary": many}) == pytest.approx(many / 20, rel=0.05)


def test_a_quota_that_is_not_needed_binds_nothing() -> None:
    t = Traffic(1000, critical=0, rejected=0)
    assert "mails to one address" not in {bound.name for bound in bounds(t)}


def test_a_plain_handler_is_bound_by_put_metric_data_too() -> None:
    assert "PutMetricData requests" in {bound.name for bound in plain_bounds(Traffic(1000))}


# ---- of a deployed stack


@pytest.mark.usefixtures("metrics")
def test_a_stack_s_own_numbers_are_those_of_its_days(cloud: Cloud) -> None:
    found = cost(cloud, "--stack-name", NAME)
    numbers = used(found)
    assert found["source"] == f"{NAME}, by its last 4.0 days: 10,000 updates a day"
    month = {
        "Lambda: requests": 300_000,
        "Lambda: GB-seconds": 300_000 * 0.040 / 4,
        "DynamoDB: write units for rows": 330_000,
        "DynamoDB: write units for alert marks": 0,
        "DynamoDB: GB of rows": 1.1,
        "CloudWatch: GB of log": 0.21,
        "SNS: messages": 9_000,
        "SNS: mails": 8_700,
    }
    assert {name: numbers[name] for name in month} == pytest.approx(month, rel=0.001)


@pytest.mark.usefixtures("metrics")
def test_shares_and_size_are_those_of_the_stack(cloud: Cloud) -> None:
    assumed = cost(cloud)["assumptions"]
    assert assumed["critical"] == pytest.approx(0.02)
    assert assumed["rejected"] == pytest.approx(0.01)
    assert assumed["detail"] == 1000 - measured()["ours"]["rowBytesBesideDetail"]


@pytest.mark.usefixtures("metrics")
def test_the_stack_s_parameters_decide_what_is_paid(cloud: Cloud) -> None:
    (stack,) = cloud.stacks
    stack["Parameters"].append({"ParameterKey": "TracingMode", "ParameterValue": "Active"})
    assert used(cost(cloud))["X-Ray: traces"] > 0


@pytest.mark.usefixtures("metrics")
def test_a_status_stack_is_counted_where_it_is_deployed(cloud: Cloud) -> None:
    assert "Status stack" not in cost(cloud)["services"]
    cloud.deploy_status()
    assert cost(cloud)["services"]["Status stack"] > 0


def test_a_stack_that_was_not_invoked_is_one_line(cloud: Cloud) -> None:
    cloud.broken["GetMetricData"] = lambda _: {"MetricDataResults": []}
    result = cloud.run("cost", "--stack-name", NAME)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: stack {NAME} was not invoked in the last 7 days, so there are no numbers of its "
        "own: pass --per-day N to compute for N updates a day\n"
    )


def test_metrics_that_may_not_be_read_are_one_line(cloud: Cloud) -> None:
    why = "User: x is not authorized to perform: cloudwatch:GetMetricData because of no policy"
    cloud.broken["GetMetricData"] = lambda _: refusal("AccessDenied", why)
    result = cloud.run("cost")
    assert result.exit_code == 2
    assert "have cloudwatch:GetMetricData" in result.stderr


def test_metrics_are_asked_for_seven_days_of_this_stack(cloud: Cloud) -> None:
    requests: list[Any] = []
    cloud.broken["GetMetricData"] = lambda asked: (
        requests.append(asked) or {"MetricDataResults": []}
    )
    cloud.run("cost")
    text = json.dumps(requests, default=str)
    for name in ("shipment-logs-test", "shipment-alerts-test", "/aws/lambda/test"):
        assert name in text
