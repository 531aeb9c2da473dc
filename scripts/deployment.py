"""Deploys a template as a CloudFormation stack, and deletes it."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import WaiterError

from shipments.stack import Stack, describe

# On AWS a stack of ours takes two minutes; the waiters' own 30 s steps are for slower ones.
_WAIT = {"Delay": 1, "MaxAttempts": 600}


class StackError(Exception):
    """A stack could not be deployed or deleted; the message has CloudFormation's reasons."""


def deploy(
    client: Callable[[str], Any], name: str, template: str, parameters: Mapping[str, str]
) -> Stack:
    """Create a stack from a template's text and return it complete.

    Raises StackError with the failed resources' reasons if it does not complete.
    """
    cloudformation = client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=template,
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    _wait(cloudformation, "stack_create_complete", name)
    return describe(client, name)


def delete(client: Callable[[str], Any], name: str) -> None:
    """Delete a stack and return when it is gone; raise StackError if a resource stays."""
    cloudformation = client("cloudformation")
    cloudformation.delete_stack(StackName=name)
    _wait(cloudformation, "stack_delete_complete", name)


def _wait(cloudformation: Any, state: str, name: str) -> None:
    try:
        cloudformation.get_waiter(state).wait(StackName=name, WaiterConfig=_WAIT)
    except WaiterError as error:
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
            for event in events
            if event["ResourceStatus"].endswith("FAILED")
        ]
        raise StackError(f"stack {name}: {'; '.join(reasons) or error}") from error
