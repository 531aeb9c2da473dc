"""What the function's role allows: as deployed, as used, and without one of its actions."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol
from urllib.parse import parse_qsl

from scripts.emulator import Emulator
from scripts.mailbox import Fields
from shipments.stack import Clients
from tests.campaigns.faults import proxy

Grant = tuple[str, str]
# Of the request: what names the one resource of a call. An index has its own name in policies.
NAMED_BY = {
    "dynamodb": ("IndexName", "TableName"),
    "events": ("EventBusName",),
    "secretsmanager": ("SecretId",),
    "sns": ("TopicArn",),
    "sqs": ("QueueUrl",),
}
# What Lambda and other services do with the role, and the emulator does without it: action or
# service, and why the role has it.
NOT_BY_THE_FUNCTION = {
    "logs:": "Lambda writes the log",
    "xray:": "Lambda sends the traces",
    "kms:": "the services that the function calls use the key",
    "dynamodb:DescribeStream": "Lambda reads the stream",
    "dynamodb:GetRecords": "Lambda reads the stream",
    "dynamodb:GetShardIterator": "Lambda reads the stream",
    "dynamodb:ListStreams": "Lambda reads the stream",
}


class Deployed(Protocol):
    """A deployed stack: the clients of its account, and its function's name."""

    client: Callable[[str], Any]

    @property
    def function(self) -> str:
        """The function's name."""


def granted(deployed: Deployed) -> set[Grant]:
    """Return each action that the deployed role grants the function, with its resource's name."""
    _, _, document = _policy(deployed)
    return {
        (action, _last(statement["Resource"]))
        for statement in document["Statement"]
        for action in listed(statement["Action"])
        if not action.startswith(tuple(NOT_BY_THE_FUNCTION))
    }


@contextmanager
def recording(deployed: Deployed, emulator: Emulator) -> Iterator[Callable[[], list[Grant]]]:
    """Let the function's calls go through a proxy for the length of a with block.

    Yields a function that returns the calls since it was last asked. Publish is refused for what
    has the word UNPUBLISHED in it.
    """
    client = deployed.client("lambda")
    name = {"FunctionName": deployed.function}
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
def without(deployed: Deployed, action: str, resource: str = "") -> Iterator[None]:
    """Take one action away from the function's role for the length of a with block.

    resource: the last part of the name of the only resource on which it is taken away.
    """
    iam = deployed.client("iam")
    role, policy, document = _policy(deployed)
    kept = list(_less(document["Statement"], action, resource))
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


def of_function(client: Clients, function: str) -> list[Fields]:
    """Return the statements of a function's own policy."""
    policy = client("lambda").get_policy(FunctionName=function)["Policy"]
    found: list[Fields] = json.loads(policy)["Statement"]
    return found


def add_to_function(client: Clients, function: str, statement: Fields) -> None:
    """Add a statement with one source's ARN, as it was found, to a function's own policy."""
    client("lambda").add_permission(
        FunctionName=function,
        StatementId=statement["Sid"],
        Action=statement["Action"],
        Principal=statement["Principal"]["Service"],
        SourceArn=statement["Condition"]["ArnLike"]["AWS:SourceArn"],
    )


def role_arn(deployed: Deployed) -> str:
    """Return the ARN of the function's role."""
    function = deployed.client("lambda").get_function_configuration(FunctionName=deployed.function)
    return str(function["Role"])


def statements(deployed: Deployed) -> list[Fields]:
    """Return the statements of the role's one policy as it is deployed."""
    _, _, document = _policy(deployed)
    found: list[Fields] = document["Statement"]
    return found


def listed(actions: str | list[str]) -> list[str]:
    """Return a statement's actions, which it has as a list unless there is one."""
    return [actions] if isinstance(actions, str) else actions


def _policy(deployed: Deployed) -> tuple[str, str, Fields]:
    """Return the role's name, the name of its one policy, and that policy."""
    iam, role = deployed.client("iam"), role_arn(deployed).rsplit("/", 1)[1]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    return role, policy, document


def _resource(call: proxy.Call) -> str:
    """Return the name of the one resource that a call is about."""
    is_json = call.body.startswith(b"{")
    fields = json.loads(call.body) if is_json else dict(parse_qsl(call.body.decode()))
    if "RequestItems" in fields:
        (table,) = fields["RequestItems"]
        return str(table)
    fields = fields.get("Entries", [fields])[0]  # of PutEvents, all on one bus
    return _last(next(fields[name] for name in NAMED_BY[call.service] if name in fields))


def _last(arn: str) -> str:
    """Return the last part of an ARN or URL."""
    return re.split("[:/]", arn)[-1]


def _less(statements: list[Fields], action: str, resource: str) -> Iterator[Fields]:
    for statement in statements:
        actions = listed(statement["Action"])
        meant = not resource or _last(statement["Resource"]) == resource
        if left := [name for name in actions if not (meant and name == action)]:
            yield {**statement, "Action": left} if len(left) < len(actions) else statement


def _put(iam: Any, role: str, policy: str, document: Fields) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
