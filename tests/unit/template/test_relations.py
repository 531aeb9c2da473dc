"""Constants of the handler, the template and AWS that must fit together."""

import json
from typing import Any

import pytest

from tests.unit.handler.updates import critical, update
from tests.unit.template import handler
from tests.unit.template.handler import Fields, Invocation
from tests.unit.template.resolve import Deployment

# AWS's limits: items (DynamoDB quotas), Publish, SendMessage, environments (Lambda quotas).
ITEM_BYTES = 400 * 1024
NOTIFICATION_BYTES = 256 * 1024
SUBJECT_CHARACTERS = 100
QUEUE_BYTES = 1024 * 1024
ENVIRONMENT_BYTES = 4 * 1024
PAUSE_SECONDS = 1  # at most, before botocore's second attempt in standard mode

# Fields of as many bytes as the contract takes. In UTF-8 a character has 4 bytes at most.
WIDE = "\U00010400"
LONGEST = {
    "shipmentId": WIDE * 128,
    "status": WIDE * 64,
    "updateId": WIDE * 256,
    "location": WIDE * 256,
    "carrier": WIDE * 256,
}
HUGE = WIDE * 200_000
REJECTED = {
    "status": HUGE,
    "eventTime": "1999-12-31T23:59:59Z",
    "location": HUGE,
    "carrier": HUGE,
    "shipmentId": WIDE * 128,
}


@pytest.fixture(scope="module")
def longest(template: Fields, longest_values: dict[str, str]) -> Deployment:
    return Deployment(template, longest_values)


def run(stack: Deployment, event: Fields, **changes: str) -> Invocation:
    """Run the handler on an event with the settings of a deployment."""
    variables = stack["ShipmentProcessorFunction"]["Environment"]["Variables"]
    return handler.invoke(event, **{**variables, **changes})


def size(attributes: dict[str, dict[str, Any]]) -> int:
    """Return an item's size as DynamoDB counts it (bytes); a number counts as its digits."""
    values = (str(next(iter(typed.values()))) for typed in attributes.values())
    return sum(len(text.encode()) for text in (*attributes, *values))


def test_the_function_is_given_what_the_handler_reads(stack: Deployment) -> None:
    variables = stack["ShipmentProcessorFunction"]["Environment"]["Variables"]
    assert variables.keys() == handler.environment_variables()


def test_the_longest_settings_fit_into_an_environment(longest: Deployment) -> None:
    variables = longest["ShipmentProcessorFunction"]["Environment"]["Variables"]
    assert sum(len(f"{name}{value}".encode()) for name, value in variables.items()) <= (
        ENVIRONMENT_BYTES
    )


@pytest.mark.parametrize("kind", handler.UPDATES)
def test_the_slowest_invocation_ends_within_its_timeout(stack: Deployment, kind: str) -> None:
    found = handler.invocation(kind)
    config = found.module.CALLS
    attempts = config.retries["total_max_attempts"]
    attempt_seconds = config.connect_timeout + config.read_timeout
    call_seconds = attempts * attempt_seconds + (attempts - 1) * PAUSE_SECONDS
    # The fourth call for an update that is critical and too big only marks its row. It may come
    # too late: then the retry repeats the alert.
    calls = found.actions[:3]
    assert found.actions[3:] in ([], ["dynamodb:UpdateItem"])
    seconds = found.module.PROBE_SECONDS + len(calls) * call_seconds
    assert seconds < stack["ShipmentProcessorFunction"]["Timeout"]


def test_the_largest_row_fits_into_an_item(longest: Deployment) -> None:
    limit = run(longest, update()).module.RAW_EVENT_LIMIT_BYTES
    settings = {"CRITICAL_STATUSES": LONGEST["status"]}
    event = critical(**LONGEST, note="")
    event["detail"]["note"] = "x" * (limit - _raw_bytes(run(longest, event, **settings)))
    found = run(longest, event, **settings)
    assert _raw_bytes(found) == limit
    marks = found.request("dynamodb:UpdateItem")["ExpressionAttributeValues"]
    item = found.request("dynamodb:PutItem")["Item"]
    assert {"expiresAt", "updateId", *LONGEST} <= item.keys()
    assert size(item) + size(marks) <= ITEM_BYTES
    # One byte more, and the row is stored without it.
    event["detail"]["note"] += "x"
    assert "rawEvent" not in run(longest, event, **settings).request("dynamodb:PutItem")["Item"]


def _raw_bytes(found: Invocation) -> int:
    return len(found.request("dynamodb:PutItem")["Item"]["rawEvent"]["S"].encode())


@pytest.mark.parametrize("event", [critical(**LONGEST), update(**REJECTED)])
def test_the_longest_mail_fits_into_a_notification(longest: Deployment, event: Fields) -> None:
    found = run(longest, event, CRITICAL_STATUSES=LONGEST["status"])
    request = found.request("sns:Publish")
    assert len(request["Subject"]) <= SUBJECT_CHARACTERS
    assert request["Subject"].isascii()
    assert request["Subject"].isprintable()
    message = [request["Message"], json.dumps(request["MessageAttributes"], ensure_ascii=False)]
    assert len("".join(message).encode()) <= NOTIFICATION_BYTES


@pytest.mark.parametrize(
    "event", [update(note=handler.TOO_BIG), update(**REJECTED), update(eventTime=1)]
)
def test_a_failed_update_of_almost_any_size_fits_into_the_queue(
    stack: Deployment, event: Fields
) -> None:
    # An event may have 1 MB, too. Only in the last 256 bytes has its reason no room.
    found = run(stack, event)
    body = found.request("sqs:SendMessage")["MessageBody"]
    assert stack["FailedUpdatesQueue"]["MaximumMessageSize"] == QUEUE_BYTES
    assert len(body.encode()) - len(found.module.to_json(event).encode()) <= 256


def test_each_critical_status_of_the_default_alerts(template: Fields) -> None:
    stack = Deployment(template)
    statuses = stack.parameters["CriticalStatuses"].split(",")
    assert {"DELAYED", "LOST", "DAMAGED", "EXCEPTION"} <= set(statuses)  # the spec's
    for status in statuses:
        found = run(stack, update(status=status.lower().title()))
        published = found.request("sns:Publish")["MessageAttributes"]
        assert published["alertType"]["StringValue"] == "CRITICAL_STATUS"
        assert published["status"]["StringValue"] == status
