"""What AWS itself writes, as recorded in tests/shapes, is read for what it is."""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from scripts.mailbox import Mailbox
from tests.unit.handler import account
from tests.unit.shipments.cloud import Cloud, Fields

SHAPES = Path(__file__).parents[2] / "shapes"

# By fixture: where the update failed, and what the reason names.
FAILED: dict[str, tuple[str, list[str]]] = {
    "lambda-function-error": (
        "function",
        ["ClientError", "PutItem AccessDeniedException", "RetriesExhausted", "3 attempts"],
    ),
    "lambda-timeout": ("function", ["Sandbox.Timedout: Task timed out after 30.00 seconds"]),
    "lambda-timeout-untyped": ("function", ["Task timed out after 30.00 seconds (", "3 attempts"]),
    "lambda-runtime-exit": ("function", ["Runtime.ExitError: Runtime exited"]),
    "lambda-event-age-exceeded": ("function", ["TimeoutError", "EventAgeExceeded, 1 attempt)"]),
    "lambda-never-invoked": ("function", ["EventAgeExceeded", "0 attempts"]),
    "eventbridge-no-permission": ("delivery", ["NO_PERMISSIONS", "not allowed to invoke"]),
    "eventbridge-retries-exhausted": ("delivery", ["THROTTLING", "MaximumEventAgeInSeconds"]),
}


def shape(name: str) -> Any:
    return json.loads((SHAPES / f"{name}.json").read_text("utf-8"))


def as_received(name: str) -> Fields:
    """Return a message as SQS hands it out: its body is text."""
    message = shape(name)
    return {**message, "Body": json.dumps(message["Body"])}


def on_the_queue(cloud: Cloud, *names: str) -> None:
    """Have ReceiveMessage answer these messages."""
    messages = [as_received(name) for name in names]
    cloud.broken["ReceiveMessage"] = lambda _: {"Messages": messages}
    cloud.broken["ChangeMessageVisibilityBatch"] = lambda _: {"Successful": [], "Failed": []}


@pytest.mark.parametrize("name", FAILED)
def test_a_message_of_aws_says_what_failed_where_and_why(cloud: Cloud, name: str) -> None:
    on_the_queue(cloud, name)
    (line,) = cloud.run("failed", "--json", "--envelopes").stdout.splitlines()
    update = json.loads(line)
    where, named = FAILED[name]
    assert update["where"] == where
    assert [part for part in named if part not in update["why"]] == []
    assert update["envelope"] == shape("eventbridge-event")
    sent_ms = int(shape(name)["Attributes"]["SentTimestamp"])
    failed_at = datetime.fromisoformat(update["failedAt"].replace("Z", "+00:00"))
    assert failed_at == datetime.fromtimestamp(sent_ms / 1000, timezone.utc)


def test_all_messages_about_one_event_are_one_update(cloud: Cloud) -> None:
    on_the_queue(cloud, *FAILED)
    found = map(json.loads, cloud.run("failed", "--json").stdout.splitlines())
    assert sorted(each["copy"] for each in found) == [False] + [True] * (len(FAILED) - 1)


def test_a_replayed_event_adds_nothing_and_is_logged_with_its_replay() -> None:
    with account.opened() as handler:
        stored = handler.deliver(shape("eventbridge-event")).log
        handler.alerts()
        replayed = handler.deliver(shape("eventbridge-replayed-event")).log
        assert (stored["outcome"], replayed["outcome"]) == ("stored", "duplicate")
        assert replayed["replay"] == shape("eventbridge-replayed-event")["replay-name"]
        assert (len(handler.rows()), handler.alerts()) == (1, [])


NOTICES = {
    "sns-alert": ("CRITICAL_STATUS", "Shipment ID: SHIP-70815"),
    "sns-alarm": (None, '"NewStateValue":"ALARM"'),
    "sns-without-subject": (None, "Test"),
}


@pytest.mark.parametrize("name", NOTICES)
def test_a_notification_of_sns_is_read_by_a_queue_that_is_subscribed(
    cloud: Cloud, name: str
) -> None:
    mailbox = Mailbox(cloud.session.client, cloud.topic, "mailbox")
    url = cloud.sqs.get_queue_url(QueueName="mailbox")["QueueUrl"]
    cloud.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(shape(name)))
    (alert,) = mailbox.alerts()
    alert_type, text = NOTICES[name]
    assert alert.attributes.get("alertType") == alert_type
    assert alert.subject == shape(name).get("Subject", "")
    assert text in alert.body
