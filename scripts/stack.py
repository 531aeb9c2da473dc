"""Deploys a template as a CloudFormation stack, reads its outputs, deletes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import WaiterError

# On AWS a stack of ours takes two minutes; the waiters' own 30 s steps are for slower ones.
_WAIT = {"Delay": 1, "MaxAttempts": 600}


class StackError(Exception):
    """A stack could not be deployed or deleted; the message has CloudFormation's reasons."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack: its name and its outputs by name."""

    name: str
    outputs: Mapping[str, str]

    def __getitem__(self, output: str) -> str:
        """Return an output's value."""
        return self.outputs[output]


def deploy(cloudformation: Any, name: str, template: str, parameters: Mapping[str, str]) -> Stack:
    """Create a stack from a template's text and return it complete.

    Raises StackError with the failed resources' reasons if it does not complete.
    """
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=template,
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    _wait(cloudformation, "stack_create_complete", name)
    return describe(cloudformation, name)


def describe(cloudformation: Any, name: str) -> Stack:
    """Return a deployed stack; raise ClientError if there is none of that name."""
    described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    outputs = described.get("Outputs", [])
    return Stack(name, {output["OutputKey"]: output["OutputValue"] for output in outputs})


def delete(cloudformation: Any, name: str) -> None:
    """Delete a stack and return when it is gone; raise StackError if a resource stays."""
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
