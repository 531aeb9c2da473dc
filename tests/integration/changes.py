"""Changes a deployed stack in place, and tells what CloudFormation did to its resources."""

from typing import Any

from tests.integration.companion import Companion
from tests.integration.pipeline import Pipeline


def change(pipeline: Pipeline | Companion, template: str = "", **parameters: str) -> None:
    """Update a stack, with some of its parameters changed, and wait until that is done.

    template: the text of another one. The parameters that only it has are at their defaults.
    """
    cloudformation, name = pipeline.client("cloudformation"), pipeline.stack.name
    given = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["Parameters"]
    cloudformation.update_stack(
        StackName=name,
        **({"TemplateBody": template} if template else {"UsePreviousTemplate": True}),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": key, "ParameterValue": parameters[key]}
            if (key := parameter["ParameterKey"]) in parameters
            else {"ParameterKey": key, "UsePreviousValue": True}
            for parameter in given
        ],
    )
    waiter = cloudformation.get_waiter("stack_update_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def physical_ids(pipeline: Pipeline | Companion) -> dict[str, str]:
    """Return the physical id of each of a stack's resources by its logical id."""
    found = pipeline.client("cloudformation").describe_stack_resources(
        StackName=pipeline.stack.name
    )
    return {
        each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found["StackResources"]
    }


def reached(cloudformation: Any, stack: str, status: str) -> list[str]:
    """Return the logical ids of a stack's resources that reached a status, the first one first.

    stack: its name, or its id once it is deleted.
    """
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    events = [event for page in pages for event in page["StackEvents"]]
    return [
        event["LogicalResourceId"]
        for event in reversed(events)
        if event["ResourceStatus"] == status
        and event["ResourceType"] != "AWS::CloudFormation::Stack"
    ]
