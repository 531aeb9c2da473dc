"""A carrier's webhook, posted to over HTTP: a signed payload becomes a row, any other nothing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts import deployment
from scripts.embed import WEBHOOK_TEMPLATE
from scripts.emulator import Emulator
from scripts.mailbox import Fields
from tests.integration.conftest import deploying
from tests.integration.permissions import granted, recording, statements, without
from tests.integration.pipeline import Pipeline
from tests.integration.webhook import SECRET, Webhook, posting
from tests.unit.webhook.account import track, tracker

pytestmark = pytest.mark.own_stack("deploys stacks of its own")

SUFFIX = "hooked"
PUT = ("events:PutEvents", f"bus-{SUFFIX}")


@pytest.fixture(scope="module")
def pipeline(client: Callable[[str], Any]) -> Iterator[Pipeline]:
    """Return a main stack of these tests' own."""
    with deploying(client) as deploy:
        yield deploy(SUFFIX)


@pytest.fixture(scope="module")
def webhook(pipeline: Pipeline, emulator: Emulator) -> Iterator[Webhook]:
    with posting(pipeline, emulator, "easypost") as webhook:
        yield webhook


def test_what_easypost_posts_is_stored(webhook: Webhook) -> None:
    shipment = webhook.pipeline.shipment()
    assert webhook.post(tracker(tracking_code=shipment)) == (200, "1 updates")
    (row,) = webhook.pipeline.wait_for_rows(shipment)
    assert (row["status"], row["carrier"]) == ("IN_TRANSIT", "USPS")
    assert row["eventTime"] == "2026-01-15T10:00:00.000Z"


def test_what_easypost_posts_again_adds_no_row(webhook: Webhook) -> None:
    shipment = webhook.pipeline.shipment()
    for _ in range(2):
        webhook.post(tracker(tracking_code=shipment))
    lines = webhook.pipeline.wait_for_log(shipment, 2)
    assert sorted(line["outcome"] for line in lines) == ["duplicate", "stored"]
    assert len(webhook.pipeline.rows(shipment)) == 1


def test_a_history_of_a_shipment_is_stored_whole(webhook: Webhook) -> None:
    shipment = webhook.pipeline.shipment()
    history = [
        {"status": "in_transit", "datetime": f"2026-01-15T10:{minute:02}:00Z"}
        for minute in range(3)
    ]
    answer = webhook.post(tracker(tracking_code=shipment, tracking_details=history))
    assert answer == (200, "3 updates")
    assert len(webhook.pipeline.wait_for_rows(shipment, 3)) == 3


def test_a_lost_package_is_alerted(webhook: Webhook) -> None:
    shipment = webhook.pipeline.shipment()
    scan = {"status": "error", "status_detail": "lost", "datetime": "2026-01-15T10:00:00Z"}
    webhook.post(tracker(tracking_code=shipment, status="error", tracking_details=[scan]))
    (alert,) = webhook.pipeline.wait_for_alerts(shipment)
    assert alert.subject == f"Logistics Alert: ERROR_LOST - {shipment}"


@pytest.mark.parametrize("secret", ["guess", None])
def test_what_a_stranger_posts_is_not_stored(webhook: Webhook, secret: str | None) -> None:
    shipment = webhook.pipeline.shipment()
    assert webhook.post(tracker(tracking_code=shipment), secret).status == 401
    webhook.post(tracker(tracking_code=f"{shipment}-after"))
    webhook.pipeline.wait_for_rows(f"{shipment}-after")
    assert webhook.pipeline.rows(shipment) == []


def test_a_body_in_a_type_that_the_url_encodes_is_stored(webhook: Webhook) -> None:
    shipment = webhook.pipeline.shipment()
    payload = tracker(tracking_code=shipment)
    answer = webhook.post(payload, **{"Content-Type": "application/octet-stream"})
    assert answer.status == 200
    assert webhook.pipeline.wait_for_rows(shipment)


@pytest.mark.parametrize(
    ("body", "status"), [(b"\xff\xfe\x00", 400), (b"[" * 900_000, 400), (b"x" * 2_000_000, 413)]
)
def test_a_strange_body_is_refused(webhook: Webhook, body: bytes, status: int) -> None:
    types = {"Content-Type": "application/octet-stream"}
    assert webhook.post(body, **types).status == status


def test_a_line_of_the_log_has_neither_secret_nor_body(webhook: Webhook) -> None:
    shipment = webhook.pipeline.shipment()
    webhook.post(tracker(tracking_code=shipment, signed_by="Jane Doe"))
    (line,) = [line for line in webhook.lines() if shipment in line.get("shipmentIds", [])]
    assert (line["outcome"], line["status"]) == ("sent", 200)
    assert [word for word in (SECRET, "Jane Doe", "hmac") if word in str(line)] == []


OTHERS: dict[str, Callable[[str], Fields]] = {
    "shippo": lambda shipment: track(tracking_number=shipment),
    "other": lambda shipment: {"shipmentId": shipment, "status": "TRANSIT"},
}


@pytest.mark.parametrize("carrier", OTHERS)
def test_another_carrier_has_a_webhook_beside_it(
    pipeline: Pipeline, emulator: Emulator, webhook: Webhook, carrier: str
) -> None:
    shipment = pipeline.shipment()
    with posting(pipeline, emulator, carrier) as other:
        assert other.stack["WebhookFunctionName"] != webhook.stack["WebhookFunctionName"]
        assert other.post(OTHERS[carrier](shipment), "guess").status == 401
        assert other.post(OTHERS[carrier](shipment)).status == 200
        (row,) = pipeline.wait_for_rows(shipment)
    assert row["status"] == "TRANSIT"


def test_a_webhook_that_is_deleted_leaves_nothing_behind(
    pipeline: Pipeline, emulator: Emulator
) -> None:
    with posting(pipeline, emulator, "other", ReservedConcurrency="0") as webhook:
        pass
    client = pipeline.client
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client("lambda").get_function(FunctionName=webhook.function)
    group = {"logGroupNamePrefix": webhook.stack["WebhookLogGroupName"]}
    assert client("logs").describe_log_groups(**group)["logGroups"] == []


@pytest.mark.parametrize(
    ("name", "value"), [("Carrier", "EasyPost"), ("SecretArn", "s3cret"), ("AlarmTopicArn", "mine")]
)
def test_a_wrong_parameter_is_refused_and_named(
    pipeline: Pipeline, webhook: Webhook, name: str, value: str
) -> None:
    parameters = {**webhook.stack.parameters, "EnvironmentSuffix": "wrong", name: value}
    with pytest.raises((ClientError, deployment.StackError), match=name):
        deployment.deploy(
            pipeline.client, "wrong-webhook", WEBHOOK_TEMPLATE.read_text("utf-8"), parameters
        )


# ---- what it may do


def test_the_role_grants_what_the_function_was_seen_to_call_and_nothing_else(
    webhook: Webhook, emulator: Emulator
) -> None:
    secret = webhook.stack.parameters["SecretArn"].rpartition(":")[2]
    with recording(webhook, emulator) as calls:
        assert webhook.post(tracker()).status == 200
        seen = calls()
    assert seen == [("secretsmanager:GetSecretValue", secret), PUT]
    assert granted(webhook) == set(seen)


@pytest.mark.parametrize("action", ["events:PutEvents", "secretsmanager:GetSecretValue"])
def test_a_payload_is_answered_5xx_without_a_permission_that_it_needs(
    webhook: Webhook, emulator: Emulator, action: str
) -> None:
    # Its settings change in between, so that it starts anew and reads the secret.
    with recording(webhook, emulator), without(webhook, action):
        assert webhook.post(tracker()) == (500, "failed; send it again")
    assert "AccessDenied" in webhook.lines()[-1]["error"]
    assert webhook.post(tracker()).status == 200


def test_beside_that_the_role_lets_lambda_write_log_and_traces(webhook: Webhook) -> None:
    others = [each for each in statements(webhook) if "logs:" in str(each) or "xray" in str(each)]
    assert [each["Action"] for each in others] == [
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
    ]
    assert others[0]["Resource"].endswith(f":log-group:{webhook.stack['WebhookLogGroupName']}:*")
