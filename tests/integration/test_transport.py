"""Topics and queue take no message over plain http."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from scripts import emulator as ministack
from scripts.mailbox import Fields
from tests.integration.permissions import user

pytestmark = pytest.mark.own_stack("makes a user and speaks for a proxy of the emulator's")

CALLS: dict[str, tuple[str, str, Fields]] = {
    "publish": ("sns", "AlertTopicArn", {"TopicArn": "", "Message": "x"}),
    "publish an alarm": ("sns", "AlarmTopicArn", {"TopicArn": "", "Message": "x"}),
    "publish a digest": ("sns", "DigestTopicArn", {"TopicArn": "", "Message": "x"}),
    "send_message": ("sqs", "FailedUpdatesQueueUrl", {"QueueUrl": "", "MessageBody": "x"}),
    "receive_message": ("sqs", "FailedUpdatesQueueUrl", {"QueueUrl": ""}),
    "get_queue_attributes": ("sqs", "FailedUpdatesQueueUrl", {"QueueUrl": ""}),
}


@pytest.fixture(scope="module")
def keys(emulator: ministack.Emulator) -> Iterator[Fields]:
    """Make a user who may do all that an identity policy can allow; return its keys."""
    everything = {"Effect": "Allow", "Action": ["sns:*", "sqs:*"], "Resource": "*"}
    with user(emulator.client, "plain-http", everything) as keys:
        yield keys


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_only_tls_is_taken(
    outputs: Fields, emulator: ministack.Emulator, keys: Fields, call: str, scheme: str
) -> None:
    service, output, parameters = CALLS[call]
    client = emulator.clients(**keys)(service)
    # What a proxy in front of the emulator says of the connection that it was asked on.
    client.meta.events.register(
        "before-send",
        lambda request, **_: request.headers.__setitem__("X-Forwarded-Proto", scheme),
    )
    filled = {name: value or outputs[output] for name, value in parameters.items()}
    outcome = "taken"
    try:
        getattr(client, call.partition(" ")[0])(**filled)
    except ClientError as error:
        outcome = error.response["Error"]["Message"]
    if scheme == "https":
        assert outcome == "taken"
    else:
        assert "explicit deny in a resource-based policy" in outcome
