"""Looks before a deployment of ShipmentStatus.yml for what would make it fail, or be of no use."""

from collections.abc import Iterator

from shipments.check import before
from shipments.check.model import TEMPLATE, Check, Finding, Main, ask, aws, deploy
from shipments.check.plans import Plan
from shipments.check.policy import Request, allows
from shipments.check.resources import COMPLETE
from shipments.check.status import differences
from shipments.stack import OUTPUTS, having

# How CloudWatch Logs says to the key which log group it encrypts.
CONTEXT = "kms:EncryptionContext:aws:logs:arn"


def log_stack(p: Plan) -> Iterator[Finding]:
    """Find that there is no stack whose log it could read, or that the two do not fit."""
    stack = next((each for each in having(p.client, OUTPUTS) if each.suffix == p.suffix), None)
    if stack is None:
        suffix = f"EnvironmentSuffix={p.suffix}"
        yield Finding(
            f"no stack of TapStack.yml has {suffix}: deploy it first",
            deploy(f"logistics-processing-{p.suffix}", TEMPLATE, parameter_overrides=suffix),
        )
        return
    main = Main(stack)
    status = main.get("cloudformation", "describe_stacks", StackName=stack.name)["Stacks"][0]
    if status["StackStatus"] not in COMPLETE:
        yield Finding(
            f"{stack.name} is in {status['StackStatus']}",
            aws("cloudformation describe-stack-events", stack_name=stack.name),
        )
    yield from _stream(p, main)
    yield from differences(p.parameters, main, p.deploy)


def _stream(p: Plan, main: Main) -> Iterator[Finding]:
    """Find that the table has no stream, or another one than the one that will be read."""
    found = main.ask("dynamodb", "describe_table", TableName=main.table)
    if found is None:
        yield main.missing(f"the table {main.table}")
    elif not (stream := found["Table"].get("LatestStreamArn")):
        yield Finding(f"the table {main.table} has no stream", main.restore())
    elif p.parameters["StreamArn"] != stream:
        yield Finding(
            f"StreamArn is {p.parameters['StreamArn'] or 'not given'}, and the stream of "
            f"{main.table} another one",
            p.deploy(parameter_overrides=[f"EnvironmentSuffix={p.suffix}", f"StreamArn={stream}"]),
        )


def key(p: Plan) -> Iterator[Finding]:
    """Find that the key cannot be used, or not for the function's log."""
    found = list(before.key(p))
    yield from found
    arn = p.parameters["KmsKeyArn"]
    if found or not arn:
        return
    answer = ask(p.client, "kms", "get_key_policy", KeyId=arn, PolicyName="default")
    service = f"logs.{before.region(p)}.amazonaws.com"
    group = before.arn(p, "logs", f"log-group:/aws/lambda/shipment-status-{p.suffix}")
    request = Request(service, "kms:Encrypt", arn, others={CONTEXT: group})
    if not allows(answer and answer["Policy"], request):
        yield Finding(
            f"KmsKeyArn: the key's policy does not let CloudWatch Logs encrypt {group}, as its "
            "statement Log in templates/DataKey.yml does",
            aws("kms get-key-policy", key_id=arn, output="text"),
        )


_SHARED = {each.name: each for each in before.QUESTIONS}
QUESTIONS: tuple[Check[Plan], ...] = (
    _SHARED["template"],
    _SHARED["stack"],
    Check("log-stack", "complete, with the stream that StreamArn names", log_stack),
    _SHARED["names"],
    _SHARED["runtime"],
    Check("key", "usable, also for the log, if KmsKeyArn names one", key),
    _SHARED["permissions"],
)
