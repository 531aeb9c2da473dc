"""Gives the stacks that a run deploys a key, as templates/DataKey.yml makes it."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from scripts import deployment
from scripts.embed import DATA_KEY
from shipments.stack import Stack, describe

PARAMETER = "KmsKeyArn"
_deploy = deployment.deploy


def key_of(client: Callable[[str], Any]) -> str:
    """Return the ARN of an account's key for tests, made unless there is one."""
    name = "shipments-key-tests"
    try:
        stack = describe(client, name)
    except ClientError:
        template = DATA_KEY.read_text("utf-8")
        stack = _deploy(client, name, template, {"EnvironmentSuffix": "tests"})
    return stack[PARAMETER]


def deploy_with_key(
    client: Callable[[str], Any], name: str, template: str, parameters: Mapping[str, str]
) -> Stack:
    """Deploy a stack with a key, if its template takes one; see deployment.deploy."""
    if f"  {PARAMETER}:" in template:
        parameters = {PARAMETER: key_of(client), **parameters}
    return _deploy(client, name, template, parameters)
