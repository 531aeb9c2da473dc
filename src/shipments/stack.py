"""Finds the deployed stack that a command is for."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from shipments.errors import CommandError, explain, is_denied

# The outputs that the commands use: a stack that has them is one of ours.
OUTPUTS = {
    "ShipmentLogsTableName",
    "ShipmentProcessorFunctionName",
    "ShipmentProcessorLogGroupName",
    "EventBusName",
    "ShipmentUpdateRuleArn",
    "FailedUpdatesQueueUrl",
}
# How many stacks an error lists.
NAMED = 10
CALLS_AT_ONCE = 8
# A call ends after two minutes at worst, far within the time that a message is hidden, and after
# 15 seconds if nothing can be reached.
CALLS = Config(
    connect_timeout=2,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=2 * CALLS_AT_ONCE,
)


class Clients:
    """The boto3 clients of one session, each made when it is first needed and then kept."""

    def __init__(self, session: boto3.Session, **options: Any) -> None:
        self._session = session
        self._options = options
        self._made: dict[tuple[str, str | None, Config | None], Any] = {}
        self._making = threading.Lock()  # a session may not make two clients at once

    def __call__(
        self, service: str, region_name: str | None = None, config: Config | None = None
    ) -> Any:
        """Return the client of a service, the same one each time.

        region_name, config: others than the session's and the usual one.
        """
        key = (service, region_name, config)
        others = {"region_name": region_name, "config": config}
        options = {**self._options, **{name: each for name, each in others.items() if each}}
        with self._making:
            if key not in self._made:
                self._made[key] = self._session.client(service, **options)
            return self._made[key]


@dataclass(frozen=True)
class Stack:
    """A deployed stack: its name, its outputs and parameters by name.

    client: returns the boto3 client of a service, the same one each time.
    """

    name: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    client: Callable[..., Any]

    def __getitem__(self, output: str) -> str:
        """Return an output's value."""
        return self.outputs[output]

    @property
    def suffix(self) -> str:
        """The EnvironmentSuffix, which ends each physical name."""
        return self.parameters.get("EnvironmentSuffix", "")


def describe(client: Callable[[str], Any], name: str) -> Stack:
    """Return a deployed stack; raise ClientError if there is none of that name."""
    return _stack(client, client("cloudformation").describe_stacks(StackName=name)["Stacks"][0])


def having(client: Callable[[str], Any], outputs: set[str]) -> Iterator[Stack]:
    """Yield the stacks of this account and region that have these outputs."""
    for page in client("cloudformation").get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if _outputs(stack).keys() >= outputs:
                yield _stack(client, stack)


def find(session: boto3.Session, name: str | None, environment: str | None) -> Stack:
    """Return the stack of a name, or of an EnvironmentSuffix, or the only one there is.

    Raises CommandError if there is none, or more than one.
    """
    client = Clients(session, config=CALLS)
    here = client("cloudformation").meta.region_name
    if name:
        return _stack(client, _named(client, name, here))
    try:
        found = list(having(client, OUTPUTS))
    except ClientError as error:
        if is_denied(error):  # a policy may allow to describe one stack only
            raise CommandError(f"{explain(error)}, or pass --stack-name") from None
        raise
    if environment:
        matching = [each for each in found if each.suffix == environment]
        others = _first(each.suffix for each in found)
        if not matching:
            raise CommandError(
                f"--environment: no stack with EnvironmentSuffix {environment} in {here} "
                f"(there is: {others})"
            )
        found = matching
    if not found:
        raise CommandError(f"no stack in {here}: deploy one, or pass --region or --profile")
    if len(found) > 1:
        names = _first(each.name for each in found)
        raise CommandError(f"{len(found)} stacks in {here}, choose one by --stack-name: {names}")
    return found[0]


def _named(client: Callable[[str], Any], name: str, here: str) -> Mapping[str, Any]:
    try:
        stack: Mapping[str, Any] = client("cloudformation").describe_stacks(StackName=name)[
            "Stacks"
        ][0]
    except ClientError as error:
        if "does not exist" in str(error):
            raise CommandError(
                f"--stack-name: no stack {name} in {here}{_others(client)}: pass another, "
                "or --region or --profile"
            ) from None
        raise
    if lacking := OUTPUTS - _outputs(stack).keys():
        if stack["StackStatus"].endswith("_IN_PROGRESS"):
            raise CommandError(f"stack {name} is in {stack['StackStatus']}: wait until it is done")
        if stack["StackStatus"].endswith(("ROLLBACK_COMPLETE", "FAILED")):
            raise CommandError(
                f"stack {name} is in {stack['StackStatus']}, its first deployment failed: delete "
                f"it and deploy again: aws cloudformation delete-stack --stack-name {name}"
            )
        raise CommandError(
            f"--stack-name: {name} ({stack['StackStatus']}) is not a stack of TapStack.yml, "
            f"it has no output {min(lacking)}{_others(client)}: pass another"
        )
    return stack


def _others(client: Callable[[str], Any]) -> str:
    """Return which stacks there are, or nothing to whom may only describe one."""
    try:
        names = _first(stack.name for stack in having(client, OUTPUTS))
    except ClientError:
        return ""
    return f" (TapStack stacks there: {names})"


def _first(names: Iterable[str]) -> str:
    """Return the first few names, and how many more there are."""
    ordered = sorted(names)
    more = [f"{len(ordered) - NAMED} more"] if len(ordered) > NAMED else []
    return ", ".join(ordered[:NAMED] + more) or "none"


def _stack(client: Callable[[str], Any], stack: Mapping[str, Any]) -> Stack:
    parameters = {
        each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])
    }
    return Stack(stack["StackName"], _outputs(stack), parameters, client)


def _outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
