"""Finds the companion stack of templates/ShipmentStatus.yml, where it is deployed."""

from botocore.exceptions import ClientError

from shipments.errors import is_denied
from shipments.stack import Stack, describe, having

# The outputs that the commands use: a stack that has them is one of ours.
OUTPUTS = {"ShipmentStatusTableName", "ShipmentStatusFunctionName"}


def companion(stack: Stack) -> Stack | None:
    """Return the status stack of a stack's environment, or None if there is none.

    It is looked for by its usual name, shipment-status-SUFFIX, then among all stacks. To whom may
    describe the first but not the others, there is none. Raises ClientError if neither is allowed.
    """
    denied = None
    try:
        usual = describe(stack.client, f"shipment-status-{stack.suffix}")
        if _is_of(usual, stack):
            return usual
    except ClientError as error:
        if is_denied(error):
            denied = error
        elif "does not exist" not in str(error):
            raise
    try:
        return next((each for each in having(stack.client, OUTPUTS) if _is_of(each, stack)), None)
    except ClientError as error:
        if denied or not is_denied(error):
            raise
        return None


def _is_of(found: Stack, stack: Stack) -> bool:
    return found.outputs.keys() >= OUTPUTS and found.suffix == stack.suffix
