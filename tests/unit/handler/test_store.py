"""Each update is one row, however often and in whatever order it comes."""

import itertools
import json
import time
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.models import botocore_stubber

from tests.unit.handler import gate
from tests.unit.handler.account import Account
from tests.unit.handler.updates import ABSENT, TIME, TIME_MS, critical, envelope, update


def test_an_ordinary_update_takes_one_call(account: Account) -> None:
    assert account.deliver(update()).attempts == ["PutItem"]


def test_a_critical_update_takes_three_calls(account: Account) -> None:
    assert account.deliver(critical()).attempts == ["PutItem", "Publish", "UpdateItem"]


@pytest.mark.parametrize("event", [update(), critical()])
def test_a_redelivery_takes_one_call(account: Account, event: dict[str, object]) -> None:
    account.deliver(event)
    assert account.deliver(event).attempts == ["PutItem"]


def test_a_number_is_sent_as_dynamodb_takes_it(account: Account) -> None:
    account.restart(ROW_RETENTION_DAYS="7")
    account.deliver(critical())
    put, _, mark = (request["body"] for request in account.gate.requests)
    item, key = json.loads(put)["Item"], json.loads(mark)["Key"]
    # The mocked table takes JSON's numbers too; DynamoDB takes text only.
    assert item["timestamp"] == key["timestamp"] == {"N": str(TIME_MS)}
    assert isinstance(item["expiresAt"]["N"], str)


def test_a_redelivery_leaves_its_row_as_it_was(account: Account) -> None:
    account.deliver(critical(note="first"))
    before = account.row()
    account.deliver(critical(note="again"))
    assert account.row() == before


def test_a_redelivery_is_answered_like_the_first_delivery(account: Account) -> None:
    first = account.deliver(critical()).result
    assert account.deliver(critical()).result == first


def test_a_redelivered_critical_update_alerts_once(account: Account) -> None:
    for _ in range(12):
        account.deliver(critical())
    assert len(account.alerts()) == 1


def test_a_replayed_update_is_a_redelivery(account: Account) -> None:
    event = critical()
    account.deliver(event)
    replayed = account.deliver(envelope(event["detail"], **{"replay-name": "january"}))
    assert replayed.log["outcome"] == "duplicate"
    assert len(account.rows()) == 1


def test_a_producers_repetition_is_a_redelivery_though_its_envelope_is_new(
    account: Account,
) -> None:
    detail = update(updateId="scan-9", eventTime=TIME)["detail"]
    for number in range(3):
        account.deliver(envelope(detail, id=f"event-{number}", time=f"2026-01-15T12:0{number}:00Z"))
    assert account.row()["updateId"] == "scan-9"


@pytest.mark.parametrize(
    "other",
    [
        {"shipmentId": "SHIP-2"},
        {"updateId": "u-2"},
        {"eventTime": "2026-01-15T12:00:00.001Z"},
        {"status": "LOST"},
        {"location": "Nashville, TN"},
        {"location": {"city": "Memphis, TN"}},
        {"carrier": "UPS"},
    ],
)
def test_an_update_that_says_something_else_is_another_row(
    account: Account, other: dict[str, Any]
) -> None:
    for fields in ({}, other, {}, other):
        account.deliver(update(**{"updateId": "u-1", "eventTime": TIME, **fields}))
    assert len(account.rows()) == 2


def test_a_lost_shipment_is_not_hidden_by_its_delay_under_the_same_id(account: Account) -> None:
    for status in ("DELAYED", "LOST", "DELAYED", "LOST"):
        account.deliver(update(updateId="1", eventTime=TIME, status=status))
    assert [row["status"] for row in account.rows()] == ["DELAYED", "LOST"]
    assert [alert.attributes["status"] for alert in account.alerts()] == ["DELAYED", "LOST"]


@pytest.mark.parametrize("fields", [{"updateId": "u-1"}, {"eventTime": TIME}, {}])
@pytest.mark.parametrize("status", ["IN_TRANSIT", "DELAYED"])
def test_a_detail_that_is_put_again_in_a_new_envelope_is_new_only_without_id_and_time(
    account: Account, fields: dict[str, Any], status: str
) -> None:
    detail = update(status=status, **fields)["detail"]
    for number in range(3):
        turned = dict(reversed(detail.items())) if number else detail
        account.deliver(envelope(turned, id=f"event-{number}"))
    times = 1 if fields else 3
    assert len(account.rows()) == times
    assert len(account.alerts()) == times * (status == "DELAYED")


def test_updates_of_one_millisecond_lie_side_by_side(account: Account) -> None:
    for number in range(3):
        account.deliver(update(updateId=f"u-{number}"))
    assert [(row["timestamp"], row["updateId"]) for row in account.rows()] == [
        (TIME_MS, "u-0"),
        (TIME_MS + 1, "u-1"),
        (TIME_MS + 2, "u-2"),
    ]
    assert {row["eventTime"] for row in account.rows()} == {"2026-01-15T12:00:00.000Z"}


def test_25_updates_of_one_millisecond_are_25_rows_also_when_redelivered(
    account: Account,
) -> None:
    events = [update(updateId=f"u-{number}") for number in range(25)]
    for event in events:
        account.deliver(event)
    assert {row["updateId"] for row in account.rows()} == {f"u-{number}" for number in range(25)}
    before = account.rows()
    for event in reversed(events):
        assert account.deliver(event).log["outcome"] == "duplicate"
    assert account.rows() == before


def test_a_redelivered_critical_update_is_found_behind_others(account: Account) -> None:
    for number in range(5):
        account.deliver(critical(updateId=f"u-{number}"))
    again = account.deliver(critical(updateId="u-4"))
    assert again.attempts == ["PutItem"] * 5
    assert len(account.alerts()) == 5
    assert [row["updateId"] for row in account.rows() if "alertedAt" in row] == [
        f"u-{number}" for number in range(5)
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_updates_of_neighbouring_milliseconds_are_stored_in_any_order(
    account: Account, order: tuple[int, ...]
) -> None:
    events = [
        update(updateId=f"u-{number}", eventTime=TIME_MS + ahead)
        for number, ahead in enumerate([0, 0, 1, 1])
    ]
    for _ in range(2):
        for index in order:
            account.deliver(events[index])
    assert sorted(row["updateId"] for row in account.rows()) == ["u-0", "u-1", "u-2", "u-3"]


def test_an_id_that_is_used_again_at_another_time_is_another_update(account: Account) -> None:
    account.deliver(update(updateId="1", eventTime=TIME_MS + 1))
    account.deliver(update(updateId="2", eventTime=TIME_MS))
    account.deliver(update(updateId="1", eventTime=TIME_MS))
    assert sorted((row["eventTime"], row["updateId"]) for row in account.rows()) == [
        ("2026-01-15T12:00:00.000Z", "1"),
        ("2026-01-15T12:00:00.000Z", "2"),
        ("2026-01-15T12:00:00.001Z", "1"),
    ]


def test_a_row_that_was_put_by_others_is_passed(account: Account) -> None:
    account.put_row(shipmentId="SHIP-12345", timestamp=TIME_MS, status="DELIVERED")
    account.deliver(update())
    assert [row.get("updateId", ABSENT) is ABSENT for row in account.rows()] == [True, False]


STRIDE = 710


def places(account: Account, **fields: Any) -> list[int]:
    """Return the first 100 places that an update tries, in ms after its event time."""
    parsed = account.handler.parse(update(eventTime=TIME, **fields), TIME_MS)
    return [place - TIME_MS for place in itertools.islice(account.handler.places(parsed), 100)]


def test_the_first_twenty_places_lie_side_by_side_and_the_others_apart(account: Account) -> None:
    found = [places(account, updateId=str(number)) for number in range(300)]
    strides = {way[20] - way[19] for way in found}
    for way in found:
        assert way[:20] == list(range(20))
        assert len({later - earlier for earlier, later in itertools.pairwise(way[19:])}) == 1
    assert min(strides) >= 101
    assert max(strides) <= 1_000
    assert len(strides) > 200  # or a crowd would meet itself again


@pytest.mark.parametrize("other", [{"status": "LOST"}, {"location": "x"}, {"carrier": "y"}])
def test_updates_of_one_id_that_say_different_things_go_different_ways(
    account: Account, other: dict[str, str]
) -> None:
    ways = [places(account, updateId="1", **fields) for fields in ({}, other)]
    assert ways[0][20] != ways[1][20]


def test_an_update_goes_the_same_way_for_ever(account: Account) -> None:
    # Another stride in a later version would make a second row of a redelivery behind 20 others.
    assert places(account, updateId="u-1")[20:22] == [STRIDE + 19, 2 * STRIDE + 19]


def test_a_redelivery_goes_the_same_way_whatever_else_its_detail_says(account: Account) -> None:
    assert places(account, updateId="1", note="a") == places(account, updateId="1", note="b")


def test_an_update_behind_five_thousand_others_is_stored_and_found_again(account: Account) -> None:
    there = {"Item": {"updateId": {"S": "another"}}}

    def crowd(request: AWSPreparedRequest) -> AWSResponse:
        timestamp = int(json.loads(request.body)["Item"]["timestamp"]["N"])
        if timestamp < TIME_MS + 5_000:
            return gate.refusal(400, "ConditionalCheckFailedException", there)(request)
        return botocore_stubber("before-send", request)

    account.gate.break_calls("PutItem", crowd)
    first = account.deliver(critical(updateId="late", eventTime=TIME))
    assert len(first.attempts) <= 20 + 50 + 2
    assert first.log["probes"] == first.calls.count("PutItem") - 1
    again = account.deliver(critical(updateId="late", eventTime=TIME))
    assert again.log["outcome"] == "duplicate"
    assert again.log["probes"] == first.log["probes"]
    assert len(account.alerts()) == 1


def test_probing_ends_after_five_seconds(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        account.deliver(update(updateId=f"u-{number}"))
    # A clock on which each put takes a second.
    monkeypatch.setattr(time, "monotonic", lambda: 100.0 + account.gate.attempts.count("PutItem"))
    late = account.attempt(update(updateId="late"))
    assert isinstance(late.error, TimeoutError)
    assert str(late.error) == "no free place in 5 s of probing"
    assert late.calls == ["PutItem"] * 5
    assert (late.log["outcome"], late.log["probes"]) == ("failed", 5)
    assert len(account.rows()) == 9


def test_a_put_whose_response_was_lost_is_not_repeated(account: Account) -> None:
    account.gate.break_calls("PutItem", gate.lost_response, times=1)
    delivery = account.deliver(critical())
    assert delivery.attempts == ["PutItem", "PutItem", "Publish", "UpdateItem"]
    assert "alertedAt" in account.row()
    assert len(account.alerts()) == 1


def test_a_row_without_retention_never_expires(account: Account) -> None:
    account.deliver(update())
    assert "expiresAt" not in account.row()
