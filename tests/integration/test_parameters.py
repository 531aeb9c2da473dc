"""Each parameter of a deployed stack, changed and changed back, while its data stays."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from scripts import emulator as ministack
from tests.integration.changes import change, physical_ids
from tests.integration.conftest import deploying
from tests.integration.pipeline import Pipeline
from tests.integration.template import TABLE, template

pytestmark = pytest.mark.own_stack("changes its parameters")

DEFAULTS = {name: str(each["Default"]) for name, each in template()["Parameters"].items()}
# Of each parameter a value that is not its default.
OTHERS = {
    "LambdaRuntime": "python3.12",
    "TracingMode": "Active",
    "AlertEmail": "ops@example.com",
    "AlertMail": "critical",
    "CriticalStatuses": "LOST,Customs Hold",
    "ExpectUpdatesEveryHours": "2",
    "RunbookUrl": "https://example.com/runbook",
    "RowRetentionDays": "2",
    "LogRetentionDays": "7",
    "KmsKeyArn": f"arn:aws:kms:{ministack.REGION}:{ministack.ACCOUNT}:key/0123-abc",
    "TableDeletionProtection": "false",
}
# The first one alerts by default, the second one with the other values.
STATUSES = ["DELAYED", "CUSTOMS_HOLD"]
FIXED = {"EnvironmentSuffix", "EventBusName"}  # once deployed: they are in names
# What the emulator cannot deploy, tests/unit/template asserts on the template.
NOT_EMULATED = ministack.PARAMETERS.keys()
# They come and go with a parameter's value, and hold no data. People confirm a new address.
CHANGING = {"AlertSubscription", "AlarmSubscription", "NoUpdatesAlarm"}


def deployed(pipeline: Pipeline) -> dict[str, str]:
    """Return each parameter's value as a resource shows it."""
    client, ids = pipeline.client, physical_ids(pipeline)
    function = client("lambda").get_function_configuration(
        FunctionName=ids["ShipmentProcessorFunction"]
    )
    variables = function["Environment"]["Variables"]
    mails = client("sns").get_subscription_attributes(SubscriptionArn=ids["AlertSubscription"])
    (address,) = (
        each["Endpoint"]
        for each in client("sns").list_subscriptions_by_topic(TopicArn=ids["AlarmTopic"])[
            "Subscriptions"
        ]
    )
    (group,) = client("logs").describe_log_groups(
        logGroupNamePrefix=ids["ShipmentProcessorLogGroup"]
    )["logGroups"]
    silence = client("cloudwatch").describe_alarms(AlarmNames=[ids.get("NoUpdatesAlarm", "none")])
    table = client("dynamodb").describe_table(TableName=ids[TABLE])["Table"]
    return {
        "LambdaRuntime": function["Runtime"],
        "TracingMode": function["TracingConfig"]["Mode"],
        "AlertEmail": address,
        "AlertMail": "critical" if "CRITICAL" in mails["Attributes"]["FilterPolicy"] else "each",
        "CriticalStatuses": variables["CRITICAL_STATUSES"],
        "ExpectUpdatesEveryHours": str(
            sum(alarm["EvaluationPeriods"] for alarm in silence["MetricAlarms"])
        ),
        "RunbookUrl": variables["RUNBOOK_URL"],
        "RowRetentionDays": variables["ROW_RETENTION_DAYS"],
        "LogRetentionDays": str(group["retentionInDays"]),
        "KmsKeyArn": group.get("kmsKeyId", ""),
        # MiniStack has the parameter's text.
        "TableDeletionProtection": str(table["DeletionProtectionEnabled"]).lower(),
    }


class Changed(NamedTuple):
    """What was seen with defaults, with the other values, and with defaults again.

    values: as deployed; ids: physical ones; shipments: each with two updates.
    """

    pipeline: Pipeline
    values: list[dict[str, str]]
    ids: list[dict[str, str]]
    shipments: list[str]


@pytest.fixture(scope="module")
def changed(client: Callable[[str], Any]) -> Iterator[Changed]:
    """Deploy a stack, change all of its parameters at once, and change them back."""
    with deploying(client) as deploy:
        defaults = {name: DEFAULTS[name] for name in OTHERS}
        pipeline = deploy("change", **defaults)
        seen = Changed(pipeline, [], [], [])
        for values in ({}, OTHERS, defaults):
            if values:
                change(pipeline, **values)
            seen.values.append(deployed(pipeline))
            seen.ids.append(physical_ids(pipeline))
            shipment = pipeline.shipment()
            pipeline.put(*({"shipmentId": shipment, "status": each} for each in STATUSES))
            pipeline.wait_for_log(shipment, len(STATUSES))
            seen.shipments.append(shipment)
        yield seen


@pytest.mark.parametrize("name", sorted(DEFAULTS.keys() - FIXED - NOT_EMULATED))
def test_a_parameter_takes_effect_and_can_be_taken_back(name: str, changed: Changed) -> None:
    default, other = DEFAULTS[name], OTHERS[name]
    assert default != other
    assert [values[name] for values in changed.values] == [default, other, default]


def test_no_resource_with_data_is_replaced_when_parameters_change(changed: Changed) -> None:
    first, *others = ({each: ids[each] for each in ids.keys() - CHANGING} for ids in changed.ids)
    assert others == [first, first]


def test_an_update_is_processed_by_the_values_of_its_time(changed: Changed) -> None:
    pipeline, (before, between, after) = changed.pipeline, changed.shipments
    alerted = {
        shipment: [alert.attributes["status"] for alert in pipeline.alerts(shipment)]
        for shipment in changed.shipments
    }
    assert alerted == {before: STATUSES[:1], between: STATUSES[1:], after: STATUSES[:1]}


def test_rows_stay_and_only_those_of_a_retention_expire(changed: Changed) -> None:
    rows = [changed.pipeline.rows(shipment) for shipment in changed.shipments]
    assert [["expiresAt" in row for row in each] for each in rows] == [
        [False, False],
        [True, True],
        [False, False],
    ]
