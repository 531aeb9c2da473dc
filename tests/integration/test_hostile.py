"""Whatever JSON comes becomes a row or a kept rejection: nothing is lost, nothing crashes."""

import json
from typing import Any

import pytest

from tests.integration.pipeline import Pipeline

NULL, NEWLINE, ESCAPE = "\x00", "\n", "\x1b[31m"
# All over 400 KB as a row and under 1 MB as an event: how a letter is escaped must not matter.
TOO_BIG = {"letters": "x" * 410_000, "accents": "é" * 410_000, "escapes": NULL * 160_000}

STORED: dict[str, dict[str, Any]] = {
    "control characters": {"location": f"a{NULL}b{NEWLINE}c{ESCAPE}", "carrier": "\u2028\x85"},
    "any script": {"location": "北京 🚚 \u202eمحمد", "carrier": "é" * 256},
    "an unknown status": {"status": "gestrandet!"},
    "blank optional fields": {"location": "  ", "carrier": None, "eventTime": ""},
    "descriptions of any type": {"location": [{}], "carrier": 1e308},
    "a long carrier": {"carrier": "x" * 257},
    "every type of JSON": {"extra": [None, True, 1, -0.5, 1e308, "", [], {}, {"": [[]]}]},
    "an injection for each service": {"location": "'); DROP TABLE", "carrier": "${jndi:ldap://x}"},
    "names of ours": {"timestamp": 1, "alertedAt": "x", "rawEvent": "x", "expiresAt": 1},
    "nearly too big for a row": {"note": "x" * 390_000},
}

# Valid JSON that a producer's own client may refuse to send.
ODDER: dict[str, str] = {
    "lone surrogates": r'"location": "\ud800", "carrier": "x\udfff", "note": "\udead"',
    "deep nesting": f'"extra": {"[" * 200 + "]" * 200}',
    "a very long number": f'"weight": 1{"0" * 4000}',
    "a number beyond every float": '"weight": 1e999, "height": -1e999, "note": "Infinity"',
    "a name twice": '"location": "Memphis", "location": "Dallas"',
}

REJECTED: dict[str, tuple[dict[str, Any], str]] = {
    "a missing status": ({"status": None}, "status: is required"),
    "a list as status": ({"status": ["LOST"]}, "status: must be a string"),
    "a long updateId": ({"updateId": "x" * 257}, "updateId: must have at most 256 characters"),
    "a time without zone": ({"eventTime": "2025-03-01T12:00:00"}, "eventTime: must be ISO 8601"),
    "the 30th of February": ({"eventTime": "2025-02-30T12:00:00Z"}, "eventTime: must be ISO 8601"),
    "a fraction of a millisecond": ({"eventTime": 1.5}, "eventTime: must be ISO 8601"),
    "the year 9999": ({"eventTime": "9999-12-31T23:59:59Z"}, "eventTime: is more than an hour"),
}


@pytest.mark.parametrize("kind", STORED)
def test_an_odd_but_valid_update_is_stored(pipeline: Pipeline, kind: str) -> None:
    detail = {"shipmentId": pipeline.shipment(), "status": "IN_TRANSIT", **STORED[kind]}
    pipeline.put(detail)
    (row,) = pipeline.wait_for_rows(detail["shipmentId"])
    assert json.loads(row["rawEvent"]) == detail


@pytest.mark.parametrize("kind", ODDER)
def test_an_update_that_hardly_is_json_is_stored_as_it_came(pipeline: Pipeline, kind: str) -> None:
    shipment = pipeline.shipment()
    detail = f'{{"shipmentId": "{shipment}", "status": "IN_TRANSIT", {ODDER[kind]}}}'
    envelope = json.dumps(pipeline.envelope({"shipmentId": shipment}))
    payload = envelope.replace(json.dumps({"shipmentId": shipment}), detail)
    assert pipeline.invoke(payload.encode())["statusCode"] == 200
    (row,) = pipeline.wait_for_rows(shipment)
    assert json.loads(row["rawEvent"]) == json.loads(detail)


@pytest.mark.parametrize("kind", REJECTED)
def test_an_update_that_breaks_a_rule_is_kept_with_the_reason(
    pipeline: Pipeline, kind: str
) -> None:
    fields, reason = REJECTED[kind]
    envelope = pipeline.envelope(
        {"shipmentId": pipeline.shipment(), "status": "IN_TRANSIT", **fields}
    )
    assert pipeline.invoke(envelope)["statusCode"] == 400
    (kept,) = pipeline.wait_for_failed(envelope["id"])
    assert kept["reason"].startswith(reason)


@pytest.mark.parametrize("kind", ["null", "true", "17", '"text"', "[]", "[{}]", "{}"])
def test_a_detail_of_any_other_type_is_kept(pipeline: Pipeline, kind: str) -> None:
    envelope = pipeline.envelope(json.loads(kind))
    assert pipeline.invoke(envelope)["statusCode"] == 400
    (kept,) = pipeline.wait_for_failed(envelope["id"])
    assert kept["envelope"] == envelope


@pytest.mark.parametrize("kind", ['"{}"', '["{}"]', '[["{}"], -1]', '{{"id": "{}"}}'])
def test_what_is_no_event_at_all_is_kept(pipeline: Pipeline, kind: str) -> None:
    word = pipeline.shipment()
    payload = kind.format(word)
    assert pipeline.invoke(payload.encode())["statusCode"] == 400
    (kept,) = pipeline.wait_for_failed(word)
    assert kept["envelope"] == json.loads(payload)


@pytest.fixture(params=TOO_BIG)
def oversized(pipeline: Pipeline, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the detail of a critical update, just put, whose event is too big for a row."""
    detail = {"shipmentId": pipeline.shipment(), "status": "LOST", "note": TOO_BIG[request.param]}
    pipeline.put(detail)
    return detail


def test_an_update_too_big_for_a_row_is_stored_without_its_text(
    pipeline: Pipeline, oversized: dict[str, Any]
) -> None:
    (row,) = pipeline.wait_for_rows(oversized["shipmentId"])
    assert (row["rawEventTruncated"], "rawEvent" in row) == (True, False)


def test_an_update_too_big_for_a_row_is_kept_whole(
    pipeline: Pipeline, oversized: dict[str, Any]
) -> None:
    (kept,) = pipeline.wait_for_failed(oversized["shipmentId"])
    assert kept["envelope"]["detail"] == oversized


def test_an_update_too_big_for_a_row_alerts_like_any_other(
    pipeline: Pipeline, oversized: dict[str, Any]
) -> None:
    assert len(pipeline.wait_for_alerts(oversized["shipmentId"])) == 1
