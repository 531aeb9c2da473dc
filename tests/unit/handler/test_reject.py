"""An update that breaks the contract is kept, and people get a mail."""

import json
import re
import shlex
from typing import Any

import pytest

from tests.unit.handler.account import Account
from tests.unit.handler.updates import ABSENT, EVENT_ID, critical, envelope, update

TEXTS = {"shipmentId": 128, "updateId": 256}
NO_TEXTS = [0, 1, -1.5, 1e999, True, False, [], ["a"], {}, {"S": "a"}]
# The characters that SQS takes in a message.
SENDABLE = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
NO_DETAIL = "detail: must be a JSON object"


def refused(account: Account, event: Any) -> str:
    """Deliver an update, make sure that it became no row, and return the reason."""
    delivery = account.deliver(event)
    assert delivery.calls == ["SendMessage", "Publish"]
    assert account.kept() == [{"reason": delivery.refusal, "envelope": event}]
    return str(delivery.refusal)


@pytest.mark.parametrize(
    "event",
    [None, True, False, 0, 1.5, "", "text", [], [update()], {}, {"detail-type": "Shipment Update"}],
)
def test_what_is_no_envelope_is_refused(account: Account, event: Any) -> None:
    assert refused(account, event) == NO_DETAIL


@pytest.mark.parametrize("detail", [ABSENT, None, True, 0, 1.5, "", "{}", [], [{}]])
def test_a_detail_that_is_no_object_is_refused(account: Account, detail: Any) -> None:
    assert refused(account, envelope(detail)) == NO_DETAIL


@pytest.mark.parametrize("name", [*TEXTS, "status"])
@pytest.mark.parametrize("value", NO_TEXTS)
def test_a_text_of_another_type_is_refused(account: Account, name: str, value: Any) -> None:
    assert refused(account, update(**{name: value})) == f"{name}: must be a string"


@pytest.mark.parametrize("value", NO_TEXTS)
def test_an_event_id_of_another_type_is_refused(account: Account, value: Any) -> None:
    assert refused(account, envelope(update()["detail"], id=value)) == "id: must be a string"


@pytest.mark.parametrize("name", ["shipmentId", "status"])
@pytest.mark.parametrize("value", [ABSENT, None, "", " ", "\u00a0\t\r\n\x1f\u2028"])
def test_an_update_without_shipment_or_status_is_refused(
    account: Account, name: str, value: Any
) -> None:
    assert refused(account, update(**{name: value})) == f"{name}: is required"


@pytest.mark.parametrize("value", [ABSENT, None, "", " "])
def test_an_update_without_any_id_is_refused(account: Account, value: Any) -> None:
    event = envelope(update(updateId=value)["detail"], id=value)
    assert refused(account, event) == "id: is required"


@pytest.mark.parametrize(("name", "limit"), list(TEXTS.items()))
@pytest.mark.parametrize("letter", ["X", "\U0001f69a"])
def test_a_text_over_its_limit_is_refused(
    account: Account, name: str, limit: int, letter: str
) -> None:
    event = update(**{name: letter * (limit + 1)})
    assert refused(account, event) == f"{name}: must have at most {limit} characters"


def test_an_event_id_over_its_limit_is_refused(account: Account) -> None:
    event = envelope(update()["detail"], id="i" * 257)
    assert refused(account, event) == "id: must have at most 256 characters"


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0)])
def test_a_control_character_in_a_shipment_id_is_refused(account: Account, code: int) -> None:
    event = update(shipmentId=f"SHIP{chr(code)}1")
    assert refused(account, event) == "shipmentId: must not contain control characters"


def test_an_escaped_surrogate_counts_as_what_is_stored(account: Account) -> None:
    event = update(shipmentId="\ud83d" * 22)
    assert refused(account, event) == "shipmentId: must have at most 128 characters"


def test_a_refused_update_is_answered_with_the_reason(account: Account) -> None:
    result = account.deliver(update(shipmentId=" SHIP-9 ", status=7)).result
    assert result is not None
    assert set(result) == {"statusCode", "body"}
    assert result["statusCode"] == 400
    assert json.loads(result["body"]) == {
        "message": "status: must be a string",
        "shipmentId": "SHIP-9",
        "status": "7",
    }


def test_a_refused_update_takes_two_calls(account: Account) -> None:
    assert account.deliver(update(status=None)).attempts == ["SendMessage", "Publish"]


def test_a_refused_critical_update_is_published_once(account: Account) -> None:
    account.deliver(critical(eventTime="yesterday"))
    assert len(account.alerts()) == 1


def test_the_mail_of_a_refused_update_says_what_why_and_what_to_do(account: Account) -> None:
    account.deliver(update(shipmentId=" SHIP-9 ", status="Delivered!", eventTime="  yester  day "))
    (alert,) = account.alerts()
    assert alert.subject == "Logistics Processing Error - test"
    assert alert.body.splitlines() == [
        "Error processing shipment update",
        "",
        "Reason: eventTime: must be ISO 8601 with zone, or whole epoch milliseconds",
        "Value: yester day",
        "Shipment ID: SHIP-9",
        "Status: DELIVERED",
        "Carrier: FedEx",
        f"Event ID: {EVENT_ID}",
        "Environment: test",
        "",
        "What to do next:",
        f"shipments failed --id {EVENT_ID} --environment test",
        "https://example.com/runbook#processing-error",
    ]


@pytest.mark.parametrize(
    ("status", "first"),
    [
        ("lost", "CRITICAL STATUS LOST: "),
        ("Delivery exception", "CRITICAL STATUS DELIVERY_EXCEPTION: "),
        ("dElayed.", "CRITICAL STATUS DELAYED: "),
        ({"code": "LOST"}, 'CRITICAL STATUS {"CODE":"LOST"}: '),
        ("x" * 300 + " lost", "CRITICAL STATUS " + "X" * 255 + "\u2026: "),
        ("DELIVERED", ""),
        ({"code": "UNDAMAGED"}, ""),
        (None, ""),
    ],
)
def test_the_mail_of_a_refused_update_says_first_if_its_status_is_critical(
    account: Account, status: Any, first: str
) -> None:
    account.deliver(update(status=status, shipmentId=None))
    (alert,) = account.alerts()
    assert alert.body.splitlines()[0] == f"{first}Error processing shipment update"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"status": None}, "Value: none"),
        ({"shipmentId": "   "}, "Value: none"),
        ({"updateId": {"n": 1}}, 'Value: {"n":1}'),
        ({"eventTime": 1_768_478_283}, "Value: 1768478283"),
        ({"shipmentId": "S" * 300}, "Value: " + "S" * 255 + "\u2026"),
        ({"status": "X" * 65}, "Value: " + "X" * 65),
    ],
)
def test_the_mail_of_a_refused_update_shows_the_value_that_broke_the_rule(
    account: Account, change: dict[str, Any], line: str
) -> None:
    account.deliver(update(**change))
    (alert,) = account.alerts()
    assert alert.body.splitlines()[3] == line


def test_a_refused_updates_alert_can_be_filtered_by(account: Account) -> None:
    account.deliver(critical(eventTime="yesterday"))
    (alert,) = account.alerts()
    assert alert.attributes == {
        "alertType": "PROCESSING_ERROR",
        "shipmentId": "SHIP-12345",
        "status": "DELAYED",
        "carrier": "FedEx",
        "environment": "test",
    }


@pytest.mark.parametrize("value", [ABSENT, None, "", " \n"])
def test_a_refused_update_without_shipment_is_published_too(account: Account, value: Any) -> None:
    account.deliver(update(shipmentId=value))
    (alert,) = account.alerts()
    assert "Shipment ID: Unknown" in alert.body.splitlines()
    assert alert.attributes["shipmentId"] == "Unknown"


@pytest.mark.parametrize("event", [None, [], "text", 7, {}, {"detail": []}, {"detail": "x"}])
def test_what_is_no_update_is_published_too(account: Account, event: Any) -> None:
    result = account.deliver(event).result
    assert result is not None
    unknown = {"shipmentId": "Unknown", "status": "Unknown"}
    assert json.loads(result["body"]) == {"message": NO_DETAIL, **unknown}
    (alert,) = account.alerts()
    lines = alert.body.splitlines()
    assert lines[2] == f"Reason: {NO_DETAIL}"
    assert lines[4:8] == [
        "Shipment ID: Unknown",
        "Status: Unknown",
        "Carrier: Unknown",
        "Event ID: Unknown",
    ]


def test_a_command_in_a_mail_is_safe_to_paste(account: Account) -> None:
    account.deliver(envelope(update(status=None)["detail"], id="1; rm -rf ~ '"))
    (alert,) = account.alerts()
    command = alert.body.splitlines()[-2]
    assert shlex.split(command)[:4] == ["shipments", "failed", "--id", "1; rm -rf ~ '"]


def test_half_a_surrogate_pair_in_a_refused_shipment_id_is_shown(account: Account) -> None:
    account.deliver(update(shipmentId="SHIP-\ud83d", status=None))
    (alert,) = account.alerts()
    assert alert.attributes["shipmentId"] == "SHIP-\\ud83d"


@pytest.mark.parametrize(
    "value",
    [
        "Sm\u00f8rrebr\u00f8d \U0001f69a\U0010ffff",
        "\x00\x1b\x7f\x9f\u2028",
        "\ufffd\ufffe\uffff",
        "\ud7ff\ud800",
        "\udfff\ue000",
        1e-9,
    ],
)
def test_a_refused_update_is_kept_as_it_was_sent(account: Account, value: Any) -> None:
    event = envelope({"anything": value}, **{"key-\u00f8": [value]})
    account.deliver(event)
    (text,) = account.kept_texts()
    assert SENDABLE.fullmatch(text)
    assert json.loads(text)["envelope"] == event


def test_a_refused_update_is_kept_again_when_it_comes_again(account: Account) -> None:
    for _ in range(2):
        account.deliver(update(status=None))
    assert len(account.kept()) == 2
