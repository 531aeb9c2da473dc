"""The check of the key that encrypts the data: can it be used, by those who need it."""

from collections.abc import Iterator

from shipments.check.model import Deployed, Finding, aws
from shipments.check.policy import CLOUDWATCH, EVENTS, Request, allows

# What stops working without the key, which the function, its log and its callers use, too.
STOPPED = "no update can be stored, no alert and no alarm published"
REPAIR = {"Disabled": "kms enable-key", "PendingDeletion": "kms cancel-key-deletion"}
# Service, the source that it sends (to a queue EventBridge sends none), and what is lost without.
USERS = (
    (EVENTS, "", "updates that EventBridge cannot deliver are lost"),
    (CLOUDWATCH, "alarm:{}-any", "alarms reach nobody"),
)


def key(d: Deployed) -> Iterator[Finding]:
    """Find that the key that KmsKeyArn names cannot be used, or not by EventBridge or alarms."""
    arn = d.parameters["KmsKeyArn"]
    if not arn:
        return
    found = d.ask("kms", "describe_key", KeyId=arn)
    if found is None:
        look = aws("kms describe-key", key_id=arn)
        yield Finding(f"there is no key {arn} any more: {STOPPED}", look)
        return
    state = found["KeyMetadata"]["KeyState"]
    if state != "Enabled":
        command = REPAIR.get(state, "kms describe-key")
        yield Finding(f"the key {arn} is {state}: {STOPPED}", aws(command, key_id=arn))
    policy = d.get("kms", "get_key_policy", KeyId=arn, PolicyName="default")["Policy"]
    for service, source, loss in USERS:
        source_arn = d.arn("cloudwatch", source.format(d.stack.name)) if source else ""
        actions = ("kms:Decrypt", "kms:GenerateDataKey")
        requests = [Request(service, action, arn, source_arn) for action in actions]
        if not all(allows(policy, request) for request in requests):
            yield Finding(
                f"the key's policy does not let {service} use it: {loss}. Add its statement as "
                "templates/DataKey.yml has it to",
                aws("kms get-key-policy", key_id=arn, output="text"),
            )
