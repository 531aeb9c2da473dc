"""The table: a row an update, found by shipment and time."""

from tests.unit.template.resolve import Deployment


def test_a_row_is_found_by_shipment_and_ordered_by_time(stack: Deployment) -> None:
    assert stack["ShipmentLogsTable"]["KeySchema"] == [
        {"AttributeName": "shipmentId", "KeyType": "HASH"},
        {"AttributeName": "timestamp", "KeyType": "RANGE"},
    ]


def test_a_shipment_is_text_and_a_time_is_a_number(stack: Deployment) -> None:
    assert stack["ShipmentLogsTable"]["AttributeDefinitions"] == [
        {"AttributeName": "shipmentId", "AttributeType": "S"},
        {"AttributeName": "timestamp", "AttributeType": "N"},
    ]


def test_the_table_is_paid_by_the_request(stack: Deployment) -> None:
    assert stack["ShipmentLogsTable"]["BillingMode"] == "PAY_PER_REQUEST"


def test_a_change_is_streamed_as_it_was_and_as_it_is(stack: Deployment) -> None:
    stream = stack["ShipmentLogsTable"]["StreamSpecification"]
    assert stream == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_the_table_can_be_restored_to_any_second(stack: Deployment) -> None:
    recovery = stack["ShipmentLogsTable"]["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True}


def test_a_row_leaves_when_its_retention_is_over(stack: Deployment) -> None:
    # The handler writes expiresAt only where rows are not kept for ever.
    expiry = stack["ShipmentLogsTable"]["TimeToLiveSpecification"]
    assert expiry == {"AttributeName": "expiresAt", "Enabled": True}


def test_the_table_refuses_to_be_deleted_as_was_asked_for(stack: Deployment) -> None:
    protection = stack["ShipmentLogsTable"]["DeletionProtectionEnabled"]
    assert protection == stack.parameters["TableDeletionProtection"]


def test_the_table_tells_its_environment_and_application(stack: Deployment) -> None:
    assert stack["ShipmentLogsTable"]["Tags"] == [
        {"Key": "Environment", "Value": stack.suffix},
        {"Key": "Application", "Value": "LogisticsProcessing"},
    ]
