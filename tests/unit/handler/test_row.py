"""What of an update its row has."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.handler.account import Account, is_iso
from tests.unit.handler.updates import ABSENT, EVENT_ID, TIME, TIME_MS, critical, envelope, update

PAYLOADS = Path(__file__).parent / "payloads"
NOTHING = (ABSENT, None, "", " \t\n")


def test_an_update_becomes_a_row(account: Account) -> None:
    event = update()
    account.deliver(event)
    row = account.row()
    processed_at = row.pop("processedAt")
    assert is_iso(processed_at)
    assert row == {
        "shipmentId": "SHIP-12345",
        "timestamp": TIME_MS,
        "status": "IN_TRANSIT",
        "location": "Memphis, TN",
        "carrier": "FedEx",
        "eventTime": "2026-01-15T12:00:00.000Z",
        "updateId": EVENT_ID,
        "rawEvent": json.dumps(event["detail"], separators=(",", ":")),
    }


def test_a_row_tells_when_it_was_written(account: Account, now_ms: int) -> None:
    account.deliver(update())
    assert account.row()["processedAt"] == "2026-01-15T12:00:01.234Z"
    assert now_ms == TIME_MS + 1_234


def test_a_critical_updates_row_tells_when_it_was_alerted(account: Account, now_ms: int) -> None:
    account.deliver(critical())
    assert now_ms == TIME_MS + 1_234
    assert account.row()["alertedAt"] == "2026-01-15T12:00:01.234Z"


@pytest.mark.usefixtures("now_ms")
@pytest.mark.parametrize(("days", "seconds"), [(1, 86_400), (3653, 315_619_200)])
def test_a_row_expires_when_its_retention_is_over(
    account: Account, days: int, seconds: int
) -> None:
    account.restart(ROW_RETENTION_DAYS=str(days))
    account.deliver(update())
    assert account.row()["expiresAt"] == TIME_MS // 1000 + 1 + seconds


@pytest.mark.parametrize("name", ["location", "carrier"])
@pytest.mark.parametrize("value", NOTHING)
def test_a_missing_place_or_carrier_is_unknown(account: Account, name: str, value: Any) -> None:
    account.deliver(update(**{name: value}))
    assert account.row()[name] == "Unknown"


@pytest.mark.parametrize("value", NOTHING)
def test_an_update_without_an_id_of_its_own_has_the_envelopes(account: Account, value: Any) -> None:
    account.deliver(update(updateId=value))
    assert account.row()["updateId"] == EVENT_ID


@pytest.mark.parametrize("value", NOTHING)
def test_an_update_with_an_id_of_its_own_needs_no_other(account: Account, value: Any) -> None:
    account.deliver(envelope(update(updateId="scan-77")["detail"], id=value))
    assert account.row()["updateId"] == "scan-77"


@pytest.mark.parametrize("name", ["shipmentId", "status", "location", "carrier", "updateId"])
def test_a_text_is_trimmed(account: Account, name: str) -> None:
    account.deliver(update(**{name: " \t\u00a0X 1\r\n"}))
    assert account.row()[name] == ("X_1" if name == "status" else "X 1")


@pytest.mark.parametrize(
    ("name", "length"),
    [("shipmentId", 128), ("location", 256), ("carrier", 256), ("updateId", 256), ("status", 64)],
)
@pytest.mark.parametrize("letter", ["X", "\u0416", "\U0001f69a"])
def test_a_text_may_be_as_long_as_its_limit(
    account: Account, name: str, length: int, letter: str
) -> None:
    account.deliver(update(**{name: f" {letter * length} "}))
    assert account.row()[name] == letter * length


@pytest.mark.parametrize("name", ["location", "carrier"])
@pytest.mark.parametrize("letter", ["X", "\U0001f69a"])
def test_a_longer_place_or_carrier_is_cut_and_says_so(
    account: Account, name: str, letter: str
) -> None:
    event = update(**{name: letter * 257})
    account.deliver(event)
    row = account.row()
    assert row[name] == letter * 255 + "\u2026"
    assert json.loads(row["rawEvent"]) == event["detail"]


@pytest.mark.parametrize("name", ["location", "carrier"])
@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ({"city": "K\u00f8ge", "country": "DK"}, '{"city":"K\u00f8ge","country":"DK"}'),
        (["Memphis", None], '["Memphis",null]'),
        (7, "7"),
        (1.5, "1.5"),
        (0, "0"),
        (False, "false"),
        ({}, "{}"),
        ({"note": "\ud83d"}, '{"note":"\\ud83d"}'),
        (["x" * 300], '["' + "x" * 253 + "\u2026"),
    ],
)
def test_a_place_or_carrier_of_any_type_is_stored_as_json(
    account: Account, name: str, value: Any, stored: str
) -> None:
    event = update(**{name: value})
    account.deliver(event)
    row = account.row()
    assert row[name] == stored
    assert json.loads(row["rawEvent"]) == event["detail"]


def test_an_update_with_a_time_but_no_id_is_known_by_its_content(account: Account) -> None:
    event = update(eventTime=TIME, note="K\u00f8ge")
    canonical = (
        '{"carrier":"FedEx","eventTime":"2026-01-15T12:00:00Z","location":"Memphis, TN",'
        '"note":"K\\u00f8ge","shipmentId":"SHIP-12345","status":"IN_TRANSIT"}'
    )
    account.deliver(event)
    assert account.row()["updateId"] == hashlib.sha256(canonical.encode()).hexdigest()[:32]


@pytest.mark.parametrize("value", NOTHING)
def test_an_update_with_a_time_needs_no_event_id(account: Account, value: Any) -> None:
    account.deliver(envelope(update(eventTime=TIME)["detail"], id=value))
    assert len(account.row()["updateId"]) == 32


def test_an_event_id_may_be_as_long_as_its_limit(account: Account) -> None:
    account.deliver(envelope(update()["detail"], id="i" * 256))
    assert account.row()["updateId"] == "i" * 256


@pytest.mark.parametrize("name", ["location", "carrier", "updateId"])
def test_any_character_may_be_in_a_text(account: Account, name: str) -> None:
    value = "a\x00b\x1f\x7f\x9f\u2028\u200f\uffff\U0010ffff\"\\'\x0az"
    account.deliver(update(**{name: value}))
    assert account.row()[name] == value


@pytest.mark.parametrize("name", ["shipmentId", "location", "carrier", "updateId"])
def test_half_a_surrogate_pair_is_stored_as_its_escape(account: Account, name: str) -> None:
    account.deliver(update(**{name: "a\ud83d"}))
    assert account.row()[name] == "a\\ud83d"


def test_half_a_surrogate_pair_in_a_status_is_stored_as_its_escape(account: Account) -> None:
    account.deliver(update(status="a\ud83d"))
    assert account.row()["status"] == "A\\UD83D"


@pytest.mark.parametrize(
    "extra",
    [
        {"weight": 12.5, "declaredValue": 1e-7, "pieces": 3},
        {"events": [{"at": None, "ok": True}, [], {}], "": ""},
        {"note": 'Sm\u00f8rrebr\u00f8d \U0001f69a \u2028 \uffff \x00 " \\ </script>'},
        {"note": "\ud83d", "\udc00": 1},
        {"big": 123456789012345678901234567890},
    ],
)
def test_what_the_contract_does_not_name_is_kept_in_the_raw_event(
    account: Account, extra: dict[str, Any]
) -> None:
    event = update(**extra)
    account.deliver(event)
    assert json.loads(account.row()["rawEvent"]) == event["detail"]


def test_a_raw_event_takes_no_more_room_than_was_sent(account: Account) -> None:
    event = update(note="Sm\u00f8rrebr\u00f8d \U0001f69a", extra=[1, {"a": 2}])
    account.deliver(event)
    compact = json.dumps(event["detail"], ensure_ascii=False, separators=(",", ":"))
    assert account.row()["rawEvent"] == compact


@pytest.mark.parametrize("code", [0xD800, 0xD83D, 0xDFFF])
def test_half_a_surrogate_pair_in_a_raw_event_is_escaped(account: Account, code: int) -> None:
    account.deliver(update(note=f"a{chr(code)}b"))
    assert f'"note":"a\\u{code:04x}b"' in account.row()["rawEvent"]


def test_keys_that_nobody_knows_change_nothing(account: Account) -> None:
    account.deliver(envelope(update()["detail"], **{"replay-name": "again", "x": [1]}))
    row = account.row()
    assert (row["shipmentId"], row["timestamp"], row["updateId"]) == (
        "SHIP-12345",
        TIME_MS,
        EVENT_ID,
    )


@pytest.mark.parametrize(
    ("payload", "status", "event_time"),
    [
        ("easypost-tracker", "OUT_FOR_DELIVERY", "2026-01-15T09:41:07.000Z"),
        ("shippo-track", "RETURNED", "2026-01-14T22:05:30.120Z"),
        ("aftership-tracking", "ATTEMPT_FAIL", "2026-01-15T08:12:00.000Z"),
    ],
)
def test_a_carriers_own_words_are_understood(
    account: Account, payload: str, status: str, event_time: str
) -> None:
    event = json.loads((PAYLOADS / f"{payload}.json").read_text("utf-8"))
    account.deliver(event)
    row = account.row()
    assert (row["status"], row["eventTime"]) == (status, event_time)
    assert json.loads(row["rawEvent"]) == event["detail"]


def test_the_answer_names_the_shipment_and_its_status(account: Account) -> None:
    result = account.deliver(update(shipmentId=" SHIP-1 ", status="in transit")).result
    assert result is not None
    assert set(result) == {"statusCode", "body"}
    assert result["statusCode"] == 200
    assert json.loads(result["body"]) == {
        "message": "Shipment update processed successfully",
        "shipmentId": "SHIP-1",
        "status": "IN_TRANSIT",
    }


def test_the_time_of_the_envelope_is_used_as_sent(account: Account) -> None:
    account.deliver(envelope(update()["detail"], time=TIME))
    assert account.row()["eventTime"] == "2026-01-15T12:00:00.000Z"
