"""The status table: one item per shipment, and two indexes that find some of them."""

from tests.unit.template.resolve import Deployment
from tests.unit.template.status_handler import change, deployed

INDEXES = {
    "status-index": {
        "KeySchema": {"HASH": "status", "RANGE": "timestamp"},
        "Projection": {
            "ProjectionType": "INCLUDE",
            # Not what was mailed and what is to be: it grows, and who lists shipments needs it not.
            "NonKeyAttributes": [
                *("since", "eventTime", "location", "carrier", "updates", "alertedAt"),
            ],
        },
    },
    "due-index": {
        "KeySchema": {"HASH": "dueAt"},
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    },
}


def test_an_item_is_found_by_its_shipment(status: Deployment) -> None:
    assert keys(status["ShipmentStatusTable"]["KeySchema"]) == {"HASH": "shipmentId"}


def test_shipments_are_found_by_status_and_those_that_wait_by_what_they_wait_for(
    status: Deployment,
) -> None:
    indexes = status["ShipmentStatusTable"]["GlobalSecondaryIndexes"]
    found = {each.pop("IndexName"): each for each in map(dict, indexes)}
    assert {
        name: {**each, "KeySchema": keys(each["KeySchema"])} for name, each in found.items()
    } == INDEXES


def keys(schema: list[dict[str, str]]) -> dict[str, str]:
    """Return the attributes of a key by their part in it."""
    return {each["KeyType"]: each["AttributeName"] for each in schema}


def test_keys_have_the_types_that_the_handler_writes(status: Deployment, main: Deployment) -> None:
    with deployed(main, status.but(BatchWindowSeconds="3600")) as account:
        account.put_row("S-1")
        account.put_row("S-2")
        account.invoke(change("INSERT", "S-1"))  # takes the turn
        account.invoke(change("INSERT", "S-2"))
        item = account.items()["S-2"]
    table = status["ShipmentStatusTable"]
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    assert types == {name: next(iter(item[name])) for name in types}
    schemas = [table, *table["GlobalSecondaryIndexes"]]
    used = {name for each in schemas for name in keys(each["KeySchema"]).values()}
    assert types.keys() == used


def test_an_item_has_what_the_index_of_statuses_shows(status: Deployment, main: Deployment) -> None:
    with deployed(main, status) as account:
        account.put_row("S-1")
        account.invoke(change("INSERT", "S-1"))
        item = account.items()["S-1"]
    assert item.keys() - {"heard", "status", "timestamp", "shipmentId"} == {
        *INDEXES["status-index"]["Projection"]["NonKeyAttributes"]
    }


def test_the_table_is_paid_per_request(status: Deployment) -> None:
    assert status["ShipmentStatusTable"]["BillingMode"] == "PAY_PER_REQUEST"


def test_the_table_can_be_restored_to_any_second(status: Deployment) -> None:
    recovery = status["ShipmentStatusTable"]["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True}


def test_the_table_s_tags_say_whose_it_is(status: Deployment) -> None:
    assert status["ShipmentStatusTable"]["Tags"] == [
        {"Key": "Environment", "Value": status.suffix},
        {"Key": "Application", "Value": "LogisticsProcessing"},
    ]


def test_the_table_has_no_setting_but_these(status: Deployment) -> None:
    # It has no stream, and nothing in it expires.
    assert status["ShipmentStatusTable"].keys() == {
        *("TableName", "BillingMode", "AttributeDefinitions", "KeySchema"),
        *("GlobalSecondaryIndexes", "PointInTimeRecoverySpecification", "SSESpecification"),
        "Tags",
    }
