"""Finds the deployed stack that a command is for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from scripts.operations.errors import WrongUse

# The outputs that the commands use: a stack that has them is one of ours.
OUTPUTS = {
    "ShipmentLogsTableName",
    "ShipmentProcessorFunctionName",
    "ShipmentProcessorLogGroupName",
    "EventBusName",
    "ShipmentUpdateRuleArn",
    "FailedUpdatesQueueUrl",
}
CALLS_AT_ONCE = 8
# A call ends after three minutes at worst, far within the time that a message is hidden.
CALLS = Config(
    connect_timeout=5,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=2 * CALLS_AT_ONCE,
)


@dataclass(frozen=True)
class Deployed:
    """A deployed stack: name, outputs and parameters by name, and the session to reach it by."""

    name: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    session: boto3.Session
    _clients: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, output: str) -> str:
        """Return an output's value."""
        return self.outputs[output]

    def client(self, service: str) -> Any:
        """Return the client of a service, the same one each time."""
        if service not in self._clients:
            self._clients[service] = self.session.client(service, config=CALLS)
        return self._clients[service]


def find(session: boto3.Session, name: str | None, environment: str | None) -> Deployed:
    """Return the stack of a name, or of an EnvironmentSuffix, or the only one there is.

    Raises WrongUse if there is none, or more than one.
    """
    cloudformation = session.client("cloudformation", config=CALLS)
    here = cloudformation.meta.region_name
    if name:
        return _ours(session, _named(cloudformation, name, here))
    found = [_ours(session, stack) for stack in _all(cloudformation)]
    if environment:
        matching = [each for each in found if _suffix(each) == environment]
        others = ", ".join(sorted(map(_suffix, found))) or "none"
        if not matching:
            raise WrongUse(
                f"--environment: no stack with EnvironmentSuffix {environment} in {here} "
                f"(there is: {others})"
            )
        found = matching
    if not found:
        raise WrongUse(f"no stack in {here}: deploy one, or say --region or --profile")
    if len(found) > 1:
        names = ", ".join(sorted(each.name for each in found))
        raise WrongUse(f"{len(found)} stacks in {here}, say which by --stack-name: {names}")
    return found[0]


def _named(cloudformation: Any, name: str, here: str) -> Mapping[str, Any]:
    try:
        stack: Mapping[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            raise WrongUse(
                f"--stack-name: no stack {name} in {here}: say another, or --region or --profile"
            ) from None
        raise
    if lacking := OUTPUTS - _outputs(stack).keys():
        if stack["StackStatus"].endswith("_IN_PROGRESS"):
            raise WrongUse(f"stack {name} is in {stack['StackStatus']}: wait until it is done")
        raise WrongUse(
            f"--stack-name: {name} ({stack['StackStatus']}) is not of TapStack.yml: "
            f"it has no output {min(lacking)}"
        )
    return stack


def _all(cloudformation: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the stacks of ours in this account and region."""
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        yield from (stack for stack in page["Stacks"] if _outputs(stack).keys() >= OUTPUTS)


def _ours(session: boto3.Session, stack: Mapping[str, Any]) -> Deployed:
    parameters = {
        each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])
    }
    return Deployed(stack["StackName"], _outputs(stack), parameters, session)


def _outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def _suffix(stack: Deployed) -> str:
    return stack.parameters.get("EnvironmentSuffix", "")
