"""Each parameter of a deployed status stack, changed and changed back, while its items stay."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from scripts import deployment
from scripts import emulator as ministack
from scripts.embed import STATUS_TEMPLATE
from tests.integration.changes import change, physical_ids
from tests.integration.companion import Companion, deployed
from tests.integration.template import template

pytestmark = pytest.mark.own_stack("changes its parameters")

DEFAULTS = {
    name: str(each["Default"])
    for name, each in template(STATUS_TEMPLATE)["Parameters"].items()
    if "Default" in each
}
# Of each parameter a value that is not its default.
OTHERS = {
    "LambdaRuntime": "python3.12",
    "AlertEmail": "ops@example.com",
    "CriticalStatuses": "LOST,Customs Hold",
    "FinalStatuses": "Archived",
    "StuckAfterDays": "0",
    "BatchWindowSeconds": "2",
    "RunbookUrl": "https://example.com/runbook",
    "LogRetentionDays": "7",
    "KmsKeyArn": f"arn:aws:kms:{ministack.REGION}:{ministack.ACCOUNT}:key/0123-abc",
}
FIXED = {"EnvironmentSuffix"}  # once deployed: it is in names
# They come and go with a parameter's value, and hold no data. People confirm a new address.
CHANGING = {"DigestSubscription", "ShipmentStuckRule", "ShipmentStuckPermission"}
# The first one is mailed by default, the second one with the other values.
STATUSES = ["DELAYED", "CUSTOMS_HOLD"]
# Days without news. The first one is final by default, the second one with the other values.
SILENT = ["DELIVERED", "ARCHIVED"]


def values(companion: Companion) -> dict[str, str]:
    """Return each parameter's value as a resource shows it."""
    client, ids = companion.client, physical_ids(companion)
    function = client("lambda").get_function_configuration(FunctionName=companion.function)
    variables = function["Environment"]["Variables"]
    mapping = client("lambda").get_event_source_mapping(UUID=ids["ShipmentStatusMapping"])
    (address,) = (
        each["Endpoint"]
        for each in client("sns").list_subscriptions_by_topic(TopicArn=ids["DigestTopic"])[
            "Subscriptions"
        ]
        if each["Protocol"] == "email"
    )
    (group,) = client("logs").describe_log_groups(logGroupNamePrefix=ids["ShipmentStatusLogGroup"])[
        "logGroups"
    ]
    assert variables["BATCH_WINDOW_SECONDS"] == str(mapping["MaximumBatchingWindowInSeconds"])
    return {
        "LambdaRuntime": function["Runtime"],
        "AlertEmail": address,
        "CriticalStatuses": variables["CRITICAL_STATUSES"],
        "FinalStatuses": variables["FINAL_STATUSES"],
        "StuckAfterDays": variables["STUCK_AFTER_DAYS"],
        "BatchWindowSeconds": variables["BATCH_WINDOW_SECONDS"],
        "RunbookUrl": variables["RUNBOOK_URL"],
        "LogRetentionDays": str(group["retentionInDays"]),
        "KmsKeyArn": group.get("kmsKeyId", ""),
    }


class Seen(NamedTuple):
    """What was seen with some values.

    values: as deployed; ids: physical ones; rules: with a schedule; mailed: the statuses of the
    shipments that were mailed; shipments: those that there were then.
    """

    values: dict[str, str]
    ids: dict[str, str]
    rules: set[str]
    mailed: list[str]
    shipments: set[str]


def mailed(companion: Companion, kind: str, shipments: dict[str, str]) -> list[str]:
    """Return the statuses of the shipments that mails of a kind name."""
    return [
        status
        for shipment, status in shipments.items()
        if kind in [mail.attributes["alertType"] for mail in companion.mailed(shipment)]
    ]


def look(companion: Companion) -> Seen:
    """Put updates, and have the shipments without news mailed; return what is seen."""
    companion.end_turn(0)
    old = (datetime.now(timezone.utc) - timedelta(days=10)).isoformat(timespec="milliseconds")
    shipments = {companion.put(status): status for status in STATUSES}
    companion.settle()
    silent = {companion.put(status, eventTime=old): status for status in SILENT}
    companion.catch_up()
    companion.do({"do": "stuck"})
    found = mailed(companion, "CRITICAL_STATUS", shipments)
    found += mailed(companion, "STUCK_SHIPMENTS", silent)
    listed = companion.client("events").list_rules(NamePrefix="shipment-")["Rules"]
    ours = {each["Name"] for each in listed if each["Name"].endswith("-changed")}
    return Seen(
        values(companion),
        physical_ids(companion),
        {name.removesuffix("-changed") for name in ours} - {"shipment-update-rule"},
        found,
        {item["shipmentId"] for item in companion.items() if "status" in item},
    )


@pytest.fixture(scope="module")
def changed(client: Callable[[str], Any]) -> Iterator[list[Seen]]:
    """Deploy a stack, change all of its parameters at once, and change them back."""
    defaults = {name: DEFAULTS[name] for name in OTHERS}
    with deployed(client, "changed", **defaults) as companion:
        seen = [look(companion)]
        for each in (OTHERS, defaults):
            change(companion, **each)
            seen.append(look(companion))
        yield seen


@pytest.mark.parametrize("name", sorted(DEFAULTS.keys() - FIXED))
def test_a_parameter_takes_effect_and_can_be_taken_back(name: str, changed: list[Seen]) -> None:
    default, other = DEFAULTS[name], OTHERS[name]
    assert default != other
    assert [seen.values[name] for seen in changed] == [default, other, default]


def test_shipments_are_mailed_by_the_values_of_their_time(changed: list[Seen]) -> None:
    by_default, by_others = ["DELAYED", "ARCHIVED"], ["CUSTOMS_HOLD", "DELIVERED"]
    assert [seen.mailed for seen in changed] == [by_default, by_others, by_default]


def test_without_days_no_rule_looks_for_shipments_without_news(changed: list[Seen]) -> None:
    both, one = {"shipment-mail-rule", "shipment-stuck-rule"}, {"shipment-mail-rule"}
    assert [seen.rules for seen in changed] == [both, one, both]


def test_no_resource_with_data_is_replaced_and_every_item_stays(changed: list[Seen]) -> None:
    first, *others = (
        {each: seen.ids[each] for each in seen.ids.keys() - CHANGING} for seen in changed
    )
    assert others == [first, first]
    before, between, after = (seen.shipments for seen in changed)
    assert before < between < after


# A wrong parameter, and what CloudFormation's refusal says that is allowed.
WRONG = [
    ("EnvironmentSuffix", "Prod!", "must match pattern"),
    ("EnvironmentSuffix", "x" * 39, "38"),
    ("StreamArn", "arn:aws:dynamodb:us-east-1:000000000000:table/orders", "must match pattern"),
    ("LambdaRuntime", "python2.7", "python3.14"),
    ("AlertEmail", "your-email.example.com", "must match pattern"),
    ("CriticalStatuses", "LOST,,DAMAGED", "must match pattern"),
    ("FinalStatuses", "", "must match pattern"),
    ("StuckAfterDays", "366", "not greater than 365"),
    ("BatchWindowSeconds", "0", "not less than 1"),
    ("BatchWindowSeconds", "121", "not greater than 120"),
    ("RunbookUrl", "two words", "must match pattern"),
    ("LogRetentionDays", "31", "3653"),
    ("KmsKeyArn", "alias/shipments", "must match pattern"),
]


@pytest.mark.parametrize(("parameter", "value", "allowed"), WRONG)
def test_a_wrong_parameter_is_refused_by_what_is_allowed(
    client: Callable[[str], Any], parameter: str, value: str, allowed: str
) -> None:
    stream = "arn:aws:dynamodb:us-east-1:000000000000:table/shipment-logs-dev/stream/2026"
    parameters = {"StreamArn": stream, parameter: value}
    with pytest.raises(ClientError) as refusal:
        deployment.deploy(client, "wrong", STATUS_TEMPLATE.read_text("utf-8"), parameters)
    assert parameter in str(refusal.value)
    assert allowed in str(refusal.value)
