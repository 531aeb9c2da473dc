"""Topic and queue take no message over plain http."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts import emulator as ministack
from scripts.mailbox import Fields
from tests.integration.pipeline import Pipeline

pytestmark = pytest.mark.own_stack("makes a user and speaks for a proxy of the emulator's")

CALLS: dict[str, tuple[str, str, Fields]] = {
    "publish": ("sns", "AlertTopicArn", {"TopicArn": "", "Message": "x"}),
    "send_message": ("sqs", "FailedUpdatesQueueUrl", {"QueueUrl": "", "MessageBody": "x"}),
    "receive_message": ("sqs", "FailedUpdatesQueueUrl", {"QueueUrl": ""}),
    "get_queue_attributes": ("sqs", "FailedUpdatesQueueUrl", {"QueueUrl": ""}),
}


@pytest.fixture(scope="module")
def user(client: Callable[[str], Any]) -> Iterator[Fields]:
    """Make a user who may do all that an identity policy can allow; return its keys."""
    iam, name = client("iam"), "plain-http"
    iam.create_user(UserName=name)
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["sns:*", "sqs:*"], "Resource": "*"}],
    }
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    yield {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName=name, PolicyName="all")
    iam.delete_user(UserName=name)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_only_tls_is_taken(
    pipeline: Pipeline, emulator: ministack.Emulator, user: Fields, call: str, scheme: str
) -> None:
    service, output, parameters = CALLS[call]
    client = emulator.clients(**user)(service)
    # What a proxy in front of the emulator says of the connection that it was asked on.
    client.meta.events.register(
        "before-send",
        lambda request, **_: request.headers.__setitem__("X-Forwarded-Proto", scheme),
    )
    filled = {name: value or pipeline.stack[output] for name, value in parameters.items()}
    outcome = "taken"
    try:
        getattr(client, call)(**filled)
    except ClientError as error:
        outcome = error.response["Error"]["Message"]
    if scheme == "https":
        assert outcome == "taken"
    else:
        assert "explicit deny in a resource-based policy" in outcome
