"""What becomes of a signed payload, however strange, and what is said of it."""

import json
from typing import Any

import pytest

from tests.account import ENVIRONMENT
from tests.unit.handler.account import REQUEST_ID
from tests.unit.webhook.account import (
    DETAIL,
    SECRET,
    WebhookAccount,
    by_easypost,
    by_shippo,
    message,
    request,
    scans,
    status,
    to_bytes,
    track,
    tracker,
)
from tests.unit.webhook.conftest import Clock

DEEP = b'{"a":' * 100_000
# What a signed body is answered, by what is wrong with it.
UNUSABLE: dict[str, tuple[Any, str]] = {
    "empty": (b"", "the body is not JSON"),
    "no JSON": (b"a=1&b=2", "the body is not JSON"),
    "cut": (to_bytes(tracker())[:-1], "the body is not JSON"),
    "nested too deep": (DEEP, "the body is not JSON"),
    "a number of 5,000 digits": (b"9" * 5_000, "Exceeds the limit"),
    "a list": ([tracker()], "payload: must be an object"),
    "no event": ({}, "result: must be an object"),
    "no tracking code": (tracker(tracking_code=None), "result.tracking_code: must be a string"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_signed_payload_that_is_no_update_is_refused_and_says_why(
    account: WebhookAccount, case: str
) -> None:
    payload, reason = UNUSABLE[case]
    found = account.post_signed(payload)
    assert status(found) == 400
    assert message(found).startswith(reason)
    assert account.sent == []


def test_a_body_that_is_not_utf_8_is_refused(account: WebhookAccount) -> None:
    # In base64 it is as it was sent; as text it is not, and no signature fits.
    body = b'{"id": "\xff"}'
    assert message(account.post_signed(body, is_base64=True)) == "the body is not JSON"
    assert status(account.post_signed(body)) == 401


def test_an_event_about_something_else_is_answered_and_ignored(account: WebhookAccount) -> None:
    # EasyPost sends all its events, and would send these again or stop the webhook.
    found = account.post_signed({"id": "evt_1", "result": {"object": "Batch"}})
    assert (status(found), message(found)) == (200, "0 updates")
    assert found.log["outcome"] == "ignored"
    assert "PutEvents" not in found.calls


def test_a_webhook_of_shippo_about_something_else_is_answered_and_ignored(
    account: WebhookAccount, clock: Clock
) -> None:
    account.start("shippo")
    body = to_bytes({"event": "transaction_created", "data": {}})
    sent = by_shippo(body, clock.ms // 1000)
    assert status(account.post(request(body, shippo_auth_signature=sent))) == 200


def test_a_track_of_shippo_is_on_the_bus(account: WebhookAccount, clock: Clock) -> None:
    account.start("shippo")
    body = to_bytes(track())
    sent = by_shippo(body, clock.ms // 1000)
    assert status(account.post(request(body, shippo_auth_signature=sent))) == 200
    (detail,) = account.details()
    assert (detail["shipmentId"], detail["status"]) == ("SH1", "TRANSIT")


def post_other(account: WebhookAccount, payload: Any) -> Any:
    account.start("other")
    return account.post(request(to_bytes(payload), x_webhook_secret=SECRET))


def test_the_body_of_others_is_the_update_as_it_is(account: WebhookAccount) -> None:
    detail = {**DETAIL, "location": {"city": "Z\u00fcrich \U0001f69a"}, "note": None}
    assert status(post_other(account, detail)) == 200
    assert account.details() == [detail]


@pytest.mark.parametrize("body", [b'{"a": NaN}', b'{"a": 1e999}', b'{"a": -Infinity}'])
def test_what_eventbridge_never_takes_is_refused(account: WebhookAccount, body: bytes) -> None:
    assert status(post_other(account, body)) == 400
    assert account.sent == []


def test_half_a_surrogate_pair_is_passed_on(account: WebhookAccount) -> None:
    assert status(post_other(account, rb'{"a": "\ud800"}')) == 200


@pytest.mark.parametrize("payload", [[DETAIL], "text", 1, None])
def test_a_body_of_others_that_is_no_object_is_refused(
    account: WebhookAccount, payload: Any
) -> None:
    found = post_other(account, payload)
    assert (status(found), message(found)) == (400, "payload: must be an object")


def padded(size: int) -> bytes:
    """Return an update of so many bytes."""
    empty = json.dumps({**DETAIL, "note": ""}, separators=(",", ":"))
    return json.dumps({**DETAIL, "note": "x" * (size - len(empty))}, separators=(",", ":")).encode()


@pytest.mark.parametrize(("size", "expected"), [(999_900, 200), (999_901, 413), (1_000_000, 413)])
def test_an_update_that_is_too_big_for_the_bus_is_refused(
    account: WebhookAccount, size: int, expected: int
) -> None:
    found = post_other(account, padded(size))
    assert status(found) == expected
    assert message(found) == ("1 updates" if expected == 200 else "an update has over 1 MB")


@pytest.mark.parametrize("is_base64", [False, True])
@pytest.mark.parametrize("size", [1_000_001, 6_000_000])
def test_a_giant_body_is_refused_before_anything_is_made_of_it(
    account: WebhookAccount, size: int, *, is_base64: bool
) -> None:
    found = account.post_signed(b"x" * size, is_base64=is_base64)
    assert (status(found), message(found)) == (413, "the body has over 1 MB")
    assert found.calls == []


def test_a_base64_body_of_1_mb_is_not_too_big(account: WebhookAccount) -> None:
    assert status(account.post_signed(b"x" * 1_000_000, is_base64=True)) == 400


@pytest.mark.parametrize(
    "event", [{}, {"body": None, "headers": None}, {"headers": {}}, {"Records": []}]
)
def test_an_invocation_that_is_no_request_is_refused(
    account: WebhookAccount, event: dict[str, Any]
) -> None:
    assert status(account.post(event)) == 401


def test_a_text_that_no_carrier_could_have_signed_is_refused(account: WebhookAccount) -> None:
    event = request(b"", x_hmac_signature=by_easypost(b""))
    assert status(account.post({**event, "body": "\ud800"})) == 401


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "\ud800", ""])
def test_the_content_type_does_not_matter(account: WebhookAccount, kind: str) -> None:
    body = to_bytes(tracker())
    event = request(body, x_hmac_signature=by_easypost(body), content_type=kind)
    assert status(account.post(event)) == 200


# ---- the line


def test_the_line_of_a_request_names_shipments_and_counts_updates(
    account: WebhookAccount, clock: Clock
) -> None:
    found = account.post_signed(tracker(tracking_details=scans(3)))
    line = found.log
    assert found.printed == json.dumps(line, separators=(",", ":")) + "\n"
    emf = line.pop("_aws")
    assert line == {
        "Environment": ENVIRONMENT,
        "Carrier": "easypost",
        "requestId": REQUEST_ID,
        "shipmentIds": ["EZ1"],
        "outcome": "sent",
        "WebhookUpdates": 3,
        "status": 200,
    }
    assert emf["Timestamp"] == clock.ms
    assert emf["CloudWatchMetrics"] == [
        {
            "Namespace": "LogisticsProcessing",
            "Dimensions": [["Environment", "Carrier"]],
            "Metrics": [{"Name": "WebhookUpdates", "Unit": "Count"}],
        }
    ]


def metrics(line: dict[str, Any]) -> dict[str, int]:
    """Return the metrics in a line, with their values."""
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    return {each["Name"]: line[each["Name"]] for each in directive["Metrics"]}


def test_a_refused_request_is_counted_by_what_is_wrong_with_it(account: WebhookAccount) -> None:
    forged = account.post_signed(tracker(), "guess").log
    assert metrics(forged) == {"RejectedSignatures": 1}
    unusable = account.post_signed({}).log
    assert metrics(unusable) == {"UnusableRequests": 1}
    assert {each["outcome"] for each in (forged, unusable)} == {"refused"}
    assert unusable["reason"] == "result: must be an object"


def test_at_most_ten_shipments_of_a_request_are_named_and_cut(account: WebhookAccount) -> None:
    module = account.start("other")
    details = [{"shipmentId": f"{number:02}" * 100} for number in range(12)]
    entry = module.CARRIERS["other"]._replace(details=lambda payload: payload["many"])
    module.CARRIERS["other"] = entry
    found = account.post(request(to_bytes({"many": details}), x_webhook_secret=SECRET))
    assert found.log["shipmentIds"] == [f"{number:02}" * 64 for number in range(10)]


PRIVATE = "jane.doe@example.com"


@pytest.mark.parametrize("secret", [SECRET, "guess"])
def test_neither_secret_nor_signature_nor_body_is_printed_or_answered(
    account: WebhookAccount, secret: str
) -> None:
    payload = tracker(signed_by=PRIVATE, status=PRIVATE)
    found = account.post_signed(payload, secret)
    told = found.printed + json.dumps(found.result)
    sent = by_easypost(to_bytes(payload), secret).partition("=")[2]
    assert [each for each in (SECRET, "guess", sent, PRIVATE) if each in told] == []


def test_a_shipment_id_that_is_no_text_is_not_printed(account: WebhookAccount) -> None:
    assert post_other(account, {"shipmentId": {"name": PRIVATE}}).log["shipmentIds"] == []
