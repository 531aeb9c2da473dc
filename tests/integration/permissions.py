"""What the function's role allows, taken away one action at a time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scripts.mailbox import Fields
from tests.integration.pipeline import Pipeline
from tests.integration.template import template

# The emulator writes the log and samples no traces: it never uses the role for these.
NOT_USED_HERE = ("logs:", "xray:")


def granted() -> list[str]:
    """Return the actions that the template grants the function and that the emulator checks."""
    role = template()["Resources"]["LambdaExecutionRole"]
    actions = [
        action
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "Action" in statement  # the key's is conditional, and the emulator does not check it
        for action in _listed(statement["Action"])
    ]
    return [action for action in actions if not action.startswith(NOT_USED_HERE)]


@contextmanager
def without(pipeline: Pipeline, action: str) -> Iterator[None]:
    """Take one action away from the function's role for the length of a with block."""
    iam = pipeline.client("iam")
    function = pipeline.client("lambda").get_function_configuration(
        FunctionName=pipeline.stack["ShipmentProcessorFunctionName"]
    )
    role = function["Role"].rsplit("/", 1)[1]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    assert action in granted(), f"{action} is not granted"
    _put(iam, role, policy, {**document, "Statement": list(_less(document["Statement"], action))})
    try:
        yield
    finally:
        _put(iam, role, policy, document)


def _less(statements: list[Fields], action: str) -> Iterator[Fields]:
    for statement in statements:
        if actions := [name for name in _listed(statement["Action"]) if name != action]:
            yield {**statement, "Action": actions}


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


def _put(iam: Any, role: str, policy: str, document: Fields) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
