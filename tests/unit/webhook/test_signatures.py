"""Who may put updates on the bus: only who has the secret."""

import time
import unicodedata

import pytest

from tests.account import Fields
from tests.unit.handler.gate import refusal
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


def test_a_payload_that_easypost_has_signed_is_on_the_bus(account: WebhookAccount) -> None:
    assert status(account.post_signed(tracker())) == 200
    assert [each["shipmentId"] for each in account.details()] == ["EZ1"]


def test_easypost_s_secret_is_normalised_before_it_signs(account: WebhookAccount) -> None:
    composed = "s\u00e9cret\u2460"
    account.rotate(composed)
    decomposed = unicodedata.normalize("NFKD", composed)
    assert decomposed != composed
    assert status(account.post_signed(tracker(), decomposed)) == 200


def test_a_signature_that_openssl_made_is_easypost_s(account: WebhookAccount) -> None:
    # printf {} | openssl dgst -sha256 -hmac "$(printf 'cle\314\201-9')"
    made = "bc2e13dbc3e685cef605fdb6f575efad56fb8502e29027a11c8c7177a816604b"
    account.rotate("cl\u00e9-9")
    assert status(account.post(request(b"{}", x_hmac_signature=f"hmac-sha256-hex={made}"))) == 400


def test_the_raw_body_is_signed_not_what_it_means(account: WebhookAccount) -> None:
    body = to_bytes(tracker())
    spaced = body.replace(b": ", b":  ")
    assert status(account.post(request(spaced, x_hmac_signature=by_easypost(body)))) == 401
    assert status(account.post_signed(spaced)) == 200


SIGNED = by_easypost(to_bytes(tracker()))
FORGED = {
    "none": {},
    "empty": {"x_hmac_signature": ""},
    "of another secret": {"x_hmac_signature": by_easypost(to_bytes(tracker()), "guess")},
    "of a blank secret": {"x_hmac_signature": by_easypost(to_bytes(tracker()), "")},
    "without its scheme": {"x_hmac_signature": SIGNED.partition("=")[2]},
    "cut": {"x_hmac_signature": SIGNED[:-1]},
    "in another header": {"x_webhook_secret": SECRET, "shippo_auth_signature": SIGNED},
    "twice, as a function URL joins headers": {"x_hmac_signature": f"{SIGNED},{SIGNED}"},
    "not ASCII": {"x_hmac_signature": "hmac-sha256-hex=\u00fc\ud800"},
    "long": {"x_hmac_signature": "f" * 100_000},
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_signature_puts_nothing_on_the_bus(account: WebhookAccount, forged: str) -> None:
    found = account.post(request(to_bytes(tracker()), **FORGED[forged]))
    assert status(found) == 401
    is_signed = FORGED[forged].get("x_hmac_signature")
    says = "is not by the secret, or too old" if is_signed else "is required"
    assert message(found) == f"x-hmac-signature: {says}"
    assert account.details() == []


def test_who_does_not_sign_makes_no_call(account: WebhookAccount) -> None:
    assert account.post(request(to_bytes(tracker()))).calls == []


def test_a_signature_is_of_the_bytes_of_a_base64_body(account: WebhookAccount) -> None:
    # A function URL encodes a body whose content type it takes for binary.
    assert status(account.post_signed(tracker(), is_base64=True)) == 200
    assert len(account.details()) == 1


# ---- Shippo


@pytest.fixture
def shippo(account: WebhookAccount) -> WebhookAccount:
    account.start("shippo")
    return account


def signed_by_shippo(seconds: int, payload: Fields | None = None, secret: str = SECRET) -> Fields:
    body = to_bytes(payload or track())
    return request(body, shippo_auth_signature=by_shippo(body, seconds, secret))


@pytest.mark.parametrize(("age", "expected"), [(0, 200), (300, 200), (301, 401), (-300, 200)])
def test_a_replayed_signature_of_shippo_is_refused(
    shippo: WebhookAccount, clock: Clock, age: int, expected: int
) -> None:
    seconds = clock.ms // 1000 - age
    assert status(shippo.post(signed_by_shippo(seconds))) == expected
    assert len(shippo.details()) == (expected == 200)


def test_a_signature_of_shippo_from_the_future_is_refused(
    shippo: WebhookAccount, clock: Clock
) -> None:
    assert status(shippo.post(signed_by_shippo(clock.ms // 1000 + 301))) == 401


def test_the_time_of_a_signature_of_shippo_is_signed_too(
    shippo: WebhookAccount, clock: Clock
) -> None:
    seconds = clock.ms // 1000
    event = signed_by_shippo(seconds - 3600)
    sent = event["headers"]["shippo-auth-signature"]
    event["headers"]["shippo-auth-signature"] = sent.replace(f"{seconds - 3600}", f"{seconds}")
    assert status(shippo.post(event)) == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda sent: f"{sent},{sent}",
        lambda sent: sent.partition(",")[2],
        lambda sent: sent.partition(",")[0],
        lambda sent: f"{sent}0",
        lambda sent: sent.replace("t=", "t=\u0661"),
        lambda sent: sent.replace("t=", "t=" + "0" * 5000),
        lambda sent: sent.upper(),
        lambda _: "t=,v1=",
        lambda _: "x",
    ],
)
def test_a_signature_of_shippo_in_another_form_is_refused(
    shippo: WebhookAccount, clock: Clock, change: object
) -> None:
    event = signed_by_shippo(clock.ms // 1000)
    headers = event["headers"]
    headers["shippo-auth-signature"] = change(headers["shippo-auth-signature"])  # type: ignore[operator]
    assert status(shippo.post(event)) == 401


def test_a_signature_that_openssl_made_is_shippo_s(
    shippo: WebhookAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    # printf '1768478401.{}' | openssl dgst -sha256 -hmac s3cret
    made = "5f32be3fcdcd7937894b12723d5c059165fd665040f8ecfb9bb5ea645d014074"
    monkeypatch.setattr(time, "time_ns", lambda: 1_768_478_401_000_000_000)
    event = request(b"{}", shippo_auth_signature=f"t=1768478401,v1={made}")
    assert status(shippo.post(event)) == 400


# ---- others


@pytest.mark.parametrize(
    ("secret", "expected"), [(SECRET, 200), ("guess", 401), ("", 401), (f"{SECRET},{SECRET}", 401)]
)
def test_who_cannot_sign_sends_the_secret(
    account: WebhookAccount, secret: str, expected: int
) -> None:
    account.start("other")
    assert status(account.post(request(to_bytes(DETAIL), x_webhook_secret=secret))) == expected
    assert account.details() == [DETAIL] * (expected == 200)


# ---- the secret


def test_the_secret_is_read_once(account: WebhookAccount) -> None:
    calls = [call for _ in range(3) for call in account.post_signed(tracker()).calls]
    assert calls.count("GetSecretValue") == 1


def test_a_new_secret_holds_at_once_if_the_old_one_was_read_a_minute_ago(
    account: WebhookAccount, clock: Clock
) -> None:
    account.post_signed(tracker())
    account.rotate("new")
    clock.pass_(59.999)
    assert status(account.post_signed(tracker(), "new")) == 401
    clock.pass_(0.001)
    assert status(account.post_signed(tracker(), "new")) == 200


def test_forged_signatures_read_the_secret_once_a_minute(
    account: WebhookAccount, clock: Clock
) -> None:
    calls = []
    for _ in range(120):
        calls += account.post_signed(tracker(), "guess").calls
        clock.pass_(1)
    assert calls == ["GetSecretValue"] * 2


def test_a_secret_that_is_taken_back_holds_for_five_minutes_at_most(
    account: WebhookAccount, clock: Clock
) -> None:
    account.post_signed(tracker())
    account.rotate("new")
    clock.pass_(299.999)
    assert status(account.post_signed(tracker())) == 200
    clock.pass_(0.001)
    assert status(account.post_signed(tracker())) == 401


def test_two_secrets_hold_while_one_replaces_the_other(account: WebhookAccount) -> None:
    account.rotate("old", " new ", "")
    assert [status(account.post_signed(tracker(), each)) for each in ("old", "new", "")] == [
        *(200, 200, 401)
    ]


def test_a_blank_secret_lets_nobody_in(account: WebhookAccount) -> None:
    account.rotate(" ", "")
    assert status(account.post_signed(tracker(), "")) == 401
    assert status(account.post_signed(tracker(), " ")) == 401


def test_a_secret_that_cannot_be_read_lets_the_carrier_send_again(account: WebhookAccount) -> None:
    account.gate.break_calls("GetSecretValue", refusal(400, "AccessDeniedException"))
    found = account.post_signed(tracker())
    assert status(found) == 500
    assert found.log["error"] == "ClientError AccessDeniedException"
    account.gate.repair()
    assert status(account.post_signed(tracker(tracking_details=scans(2)))) == 200
