"""Gives each stack that a run deploys a key of its own, as templates/DataKey.yml makes it."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from scripts import deployment
from scripts.embed import ROOT
from shipments.stack import Stack, describe

DATA_KEY = ROOT / "templates" / "DataKey.yml"
PARAMETER = "KmsKeyArn"
_deploy = deployment.deploy


def key_of(client: Callable[[str], Any], suffix: str) -> str:
    """Return the ARN of the key for a suffix, made unless there is one."""
    name = f"key-{suffix}"
    try:
        stack = describe(client, name)
    except ClientError:
        template = DATA_KEY.read_text("utf-8")
        stack = _deploy(client, name, template, {"EnvironmentSuffix": suffix})
    return stack[PARAMETER]


def deploy_with_key(
    client: Callable[[str], Any], name: str, template: str, parameters: Mapping[str, str]
) -> Stack:
    """Deploy a stack with a key, if its template takes one; see deployment.deploy."""
    if f"  {PARAMETER}:" in template:
        key = key_of(client, parameters["EnvironmentSuffix"])
        parameters = {PARAMETER: key, **parameters}
    return _deploy(client, name, template, parameters)
