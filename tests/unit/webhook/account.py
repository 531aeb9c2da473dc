"""The account with the webhook's handler in it: what a carrier posts, and what is on the bus."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any

import boto3
import cfn_flip

from scripts.embed import WEBHOOK_HANDLER, WEBHOOK_TEMPLATE
from shipments import handler
from tests.account import ENVIRONMENT, REGION, Fields
from tests.unit.handler.account import Account, Delivery, opened
from tests.unit.handler.gate import Gate

BUS, SECRET = "carriers", "s3cret"
HEADERS = {
    "easypost": "x-hmac-signature",
    "shippo": "shippo-auth-signature",
    "other": "x-webhook-secret",
}
# Of each entry of PutEvents, without its detail.
ENTRY = {
    "Source": "logistics.shipments",
    "DetailType": "Shipment Update",
    "EventBusName": BUS,
    "Detail": "",
}
DETAIL = {"shipmentId": "S-1", "status": "LOST", "eventTime": "2026-01-15T12:00:00Z"}


def tracker(**fields: Any) -> Fields:
    """Return an EasyPost event about a tracker that has been scanned once."""
    scan = {"status": "in_transit", "datetime": "2026-01-15T10:00:00Z"}
    result = {
        "object": "Tracker",
        "tracking_code": "EZ1",
        "status": "in_transit",
        "carrier": "USPS",
        "updated_at": "2026-01-15T10:05:00Z",
        "tracking_details": [scan],
        **fields,
    }
    return {"id": "evt_1", "description": "tracker.updated", "result": result}


def scans(number: int) -> list[Fields]:
    """Return so many scans of a tracker."""
    return [
        {"status": "in_transit", "datetime": f"2026-01-15T10:{each:02}:00Z"}
        for each in range(number)
    ]


def track(**fields: Any) -> Fields:
    """Return a Shippo webhook about a shipment."""
    status = {"status": "TRANSIT", "status_date": "2026-01-15T10:00:00Z"}
    data = {"tracking_number": "SH1", "carrier": "usps", "tracking_status": status, **fields}
    return {"event": "track_updated", "data": data}


def to_bytes(payload: Any) -> bytes:
    """Return what a carrier posts of a payload."""
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


def by_easypost(body: bytes, secret: str = SECRET) -> str:
    """Return EasyPost's signature, whose secret is normalised already."""
    return f"hmac-sha256-hex={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def by_shippo(body: bytes, seconds: int, secret: str = SECRET) -> str:
    """Return Shippo's signature of a body at a time."""
    text = f"{seconds}.".encode() + body
    return f"t={seconds},v1={hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()}"


def request(body: bytes, *, is_base64: bool = False, **headers: str) -> Fields:
    """Return the event that a function URL makes of a request; a header's _ is a hyphen."""
    text = base64.b64encode(body).decode() if is_base64 else body.decode("utf-8", "replace")
    return {
        "version": "2.0",
        "rawPath": "/",
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {"http": {"method": "POST", "path": "/"}},
        "body": text,
        "isBase64Encoded": is_base64,
    }


class WebhookAccount(Account):
    """The account, with a secret and a bus.

    sent: the details that came on the bus, one list per call.
    """

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate)
        self.secrets, self.events = _clients()
        secret = self.secrets.create_secret(Name="carrier", SecretString=SECRET)
        self.secret: str = secret["ARN"]
        self.events.create_event_bus(Name=BUS)
        self.sent: list[list[Fields]] = []

    def empty(self) -> None:
        """Make all as it was in the beginning, but for the handler."""
        super().empty()
        self.rotate(SECRET)
        self.sent = []
        self.gate.after("PutEvents", self._note)

    def _note(self) -> None:
        entries = json.loads(self.gate.requests[-1]["body"])["Entries"]
        assert [{**each, "Detail": ""} for each in entries] == [ENTRY] * len(entries)
        self.sent.append([json.loads(each["Detail"]) for each in entries])

    def start(self, carrier: str = "easypost") -> ModuleType:
        """Start the handler as Lambda does, and return it. What is posted is then posted to it."""
        values = {
            "CARRIER": carrier,
            "SECRET_ARN": self.secret,
            "EVENT_BUS_NAME": BUS,
            "ENVIRONMENT": ENVIRONMENT,
        }
        variables = {name: values[name] for name in _variables()}
        self.webhook = handler.load(variables, WEBHOOK_HANDLER)
        return self.webhook

    def rotate(self, *secrets: str) -> None:
        """Store other secrets."""
        self.secrets.put_secret_value(SecretId=self.secret, SecretString="\n".join(secrets))

    def post(self, event: Fields) -> Delivery:
        """Let the handler answer a request, which never makes it raise."""
        delivery = self.invoke(self.webhook, event)
        assert delivery.error is None
        return delivery

    def post_signed(self, payload: Any, secret: str = SECRET, **options: Any) -> Delivery:
        """Post a payload (or its bytes) with EasyPost's signature."""
        body = to_bytes(payload)
        return self.post(request(body, x_hmac_signature=by_easypost(body, secret), **options))

    def details(self) -> list[Fields]:
        """Return the details that came on the bus."""
        return [detail for batch in self.sent for detail in batch]


def status(delivery: Delivery) -> int:
    """Return the HTTP status of an answer."""
    assert delivery.result is not None
    code: int = delivery.result["statusCode"]
    return code


def message(delivery: Delivery) -> str:
    """Return what an answer says."""
    assert delivery.result is not None
    text: str = json.loads(delivery.result["body"])["message"]
    return text


@contextmanager
def opened_with_webhook() -> Iterator[WebhookAccount]:
    """Open an account with a webhook for the length of a with block."""
    with opened(WebhookAccount) as account:
        yield account


@cache
def _variables() -> list[str]:
    resources = cfn_flip.load_yaml(WEBHOOK_TEMPLATE.read_text("utf-8"))["Resources"]
    return list(resources["WebhookFunction"]["Properties"]["Environment"]["Variables"])


@cache
def _clients() -> list[Any]:
    session = boto3.Session(region_name=REGION)
    return [session.client(service) for service in ("secretsmanager", "events")]
