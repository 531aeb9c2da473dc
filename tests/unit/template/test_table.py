"""The table: one row per update, found by shipment and time."""

from tests.unit.template import handler
from tests.unit.template.resolve import Deployment


def test_a_row_is_found_by_shipment_and_ordered_by_time(stack: Deployment) -> None:
    table = stack["ShipmentLogsTable"]
    key = {each["KeyType"]: each["AttributeName"] for each in table["KeySchema"]}
    assert key == {"HASH": "shipmentId", "RANGE": "timestamp"}
    # Of the types with which the handler writes and marks a row.
    item = handler.invocation("critical").request("dynamodb:PutItem")["Item"]
    types = {name: next(iter(item[name])) for name in key.values()}
    assert types == {
        each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]
    }
    marked = handler.invocation("critical").request("dynamodb:UpdateItem")["Key"]
    assert marked == {name: item[name] for name in key.values()}


def test_the_table_is_paid_per_request(stack: Deployment) -> None:
    assert stack["ShipmentLogsTable"]["BillingMode"] == "PAY_PER_REQUEST"


def test_a_change_is_streamed_with_the_row_before_and_after_it(stack: Deployment) -> None:
    stream = stack["ShipmentLogsTable"]["StreamSpecification"]
    assert stream == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_the_table_can_be_restored_to_any_second(stack: Deployment) -> None:
    recovery = stack["ShipmentLogsTable"]["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True}


def test_a_row_is_deleted_when_its_retention_is_over(stack: Deployment) -> None:
    expiry = stack["ShipmentLogsTable"]["TimeToLiveSpecification"]
    assert expiry["Enabled"] is True
    for days, is_written in (("1", True), ("0", False)):
        found = handler.invoke(handler.UPDATES["ordinary"], ROW_RETENTION_DAYS=days)
        item = found.request("dynamodb:PutItem")["Item"]
        assert (expiry["AttributeName"] in item) is is_written


def test_the_table_refuses_its_deletion_if_asked_to(stack: Deployment) -> None:
    protection = stack["ShipmentLogsTable"]["DeletionProtectionEnabled"]
    assert protection == stack.parameters["TableDeletionProtection"]


def test_the_table_s_tags_say_whose_it_is(stack: Deployment) -> None:
    tags = {each["Key"]: each["Value"] for each in stack["ShipmentLogsTable"]["Tags"]}
    assert tags["Environment"] == stack.suffix
    assert tags["Application"] == "LogisticsProcessing"


def test_the_table_s_tags_name_what_may_be_missing(stack: Deployment) -> None:
    # CloudFormation takes no DependsOn on a resource with a condition, but a reference is one.
    without = stack.but(ArchiveRetentionDays="0", AlertMail="off")
    for deployed, exists in ((stack, True), (without, False)):
        tags = {each["Key"]: each["Value"] for each in deployed["ShipmentLogsTable"]["Tags"]}
        archive = f"shipments-{deployed.suffix}" if exists else "none"
        assert tags["Archive"] == archive
        assert (tags["AlertSubscription"] == "none") is not exists
