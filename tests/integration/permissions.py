"""What the function's role allows: as deployed, as used, and without one of its actions."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import parse_qsl

from scripts.emulator import Emulator
from scripts.mailbox import Fields
from shipments.stack import Clients
from tests.campaigns.faults import proxy
from tests.integration.pipeline import Pipeline

Grant = tuple[str, str]
# Of the request: what names the one resource of a call.
NAMED_BY = {"dynamodb": "TableName", "sns": "TopicArn", "sqs": "QueueUrl"}
# What Lambda and other services do with the role, and the emulator does without it.
NOT_BY_THE_FUNCTION = {
    "logs": "Lambda writes the log",
    "xray": "Lambda sends the traces",
    "kms": "the services that the function calls use the key",
}


def granted(pipeline: Pipeline) -> set[Grant]:
    """Return each action that the deployed role grants the function, with its resource's name."""
    _, _, document = _policy(pipeline)
    return {
        (action, _last(statement["Resource"]))
        for statement in document["Statement"]
        for action in _listed(statement["Action"])
        if action.partition(":")[0] not in NOT_BY_THE_FUNCTION
    }


@contextmanager
def recording(pipeline: Pipeline, emulator: Emulator) -> Iterator[Callable[[], list[Grant]]]:
    """Let the function's calls go through a proxy for the length of a with block.

    Yields a function that returns the calls since it was last asked. Publish is refused for what
    has the word UNPUBLISHED in it.
    """
    client = pipeline.client("lambda")
    name = {"FunctionName": pipeline.stack["ShipmentProcessorFunctionName"]}
    environment = client.get_function_configuration(**name)["Environment"]
    calls: list[Grant] = []

    def note(call: proxy.Call) -> proxy.Fault:
        calls.append((f"{call.service}:{call.operation}", _resource(call)))
        if call.operation == "Publish" and b"UNPUBLISHED" in call.body:
            return proxy.refusal(400, "InvalidParameter")
        return proxy.through

    def taken() -> list[Grant]:
        found = calls.copy()
        calls.clear()
        return found

    with proxy.standing() as between:
        between.join(emulator)
        between.plan = note
        variables = {**environment["Variables"], "AWS_ENDPOINT_URL": between.endpoint}
        client.update_function_configuration(**name, Environment={"Variables": variables})
        try:
            yield taken
        finally:
            client.update_function_configuration(**name, Environment=environment)


@contextmanager
def without(pipeline: Pipeline, action: str) -> Iterator[None]:
    """Take one action away from the function's role for the length of a with block."""
    iam = pipeline.client("iam")
    role, policy, document = _policy(pipeline)
    kept = list(_less(document["Statement"], action))
    assert kept != document["Statement"], f"{action} is not granted"
    _put(iam, role, policy, {**document, "Statement": kept})
    try:
        yield
    finally:
        _put(iam, role, policy, document)


@contextmanager
def user(client: Clients, name: str, *granted: Fields) -> Iterator[Fields]:
    """Make a user with some statements for the length of a with block; yields boto3's options.

    client: of who may make users.
    """
    iam, who = client("iam"), {"UserName": name}
    with ExitStack() as after:
        iam.create_user(**who)
        after.callback(iam.delete_user, **who)
        if granted:
            document = json.dumps({"Version": "2012-10-17", "Statement": granted})
            iam.put_user_policy(**who, PolicyName="p", PolicyDocument=document)
            after.callback(iam.delete_user_policy, **who, PolicyName="p")
        key = iam.create_access_key(**who)["AccessKey"]
        after.callback(iam.delete_access_key, **who, AccessKeyId=key["AccessKeyId"])
        yield {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }


def role_arn(pipeline: Pipeline) -> str:
    """Return the ARN of the function's role."""
    function = pipeline.client("lambda").get_function_configuration(
        FunctionName=pipeline.stack["ShipmentProcessorFunctionName"]
    )
    return str(function["Role"])


def _policy(pipeline: Pipeline) -> tuple[str, str, Fields]:
    """Return the role's name, the name of its one policy, and that policy."""
    iam, role = pipeline.client("iam"), role_arn(pipeline).rsplit("/", 1)[1]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    return role, policy, document


def _resource(call: proxy.Call) -> str:
    """Return the name of the one resource that a call is about."""
    is_json = call.body.startswith(b"{")
    fields = json.loads(call.body) if is_json else dict(parse_qsl(call.body.decode()))
    return _last(fields[NAMED_BY[call.service]])


def _last(arn: str) -> str:
    """Return the last part of an ARN or URL."""
    return re.split("[:/]", arn)[-1]


def _less(statements: list[Fields], action: str) -> Iterator[Fields]:
    for statement in statements:
        actions = _listed(statement["Action"])
        if left := [name for name in actions if name != action]:
            yield {**statement, "Action": left} if action in actions else statement


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


def _put(iam: Any, role: str, policy: str, document: Fields) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
