"""Looks before a first deployment for what would make it fail."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from shipments.check.model import PROBLEM, WARNING, Check, Finding, ask, aws, deploy, not_checked
from shipments.check.names import Named, Place
from shipments.check.permissions import denied
from shipments.check.plans import MAIN, SUFFIX, TEMPLATE_BYTES, Plan
from shipments.check.processing import today
from shipments.check.runtimes import LIVES, NOTICE, newest

FAILED = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}


def template(p: Plan) -> Iterator[Finding]:
    """Find that CloudFormation would not take the template in a request."""
    if p.template is None:
        look = "shipments check --before templates/TapStack.yml"
        yield Finding("not checked: needs the template's file", look, WARNING)
    elif (size := p.template.stat().st_size) > TEMPLATE_BYTES:
        remedy = deploy(p.name, str(p.template), s3_bucket="YOUR-BUCKET")
        yield Finding(f"the template has {size:,} bytes, a request {TEMPLATE_BYTES:,}", remedy)


def stacks(p: Plan) -> Iterator[Finding]:
    """Find a stack that is in the way: by its name, or because it has the suffix."""
    for found in _stacks(p):
        status, name = found["StackStatus"], found["StackName"]
        if status in FAILED:
            yield Finding(
                f"the stack {name} is in {status}: it takes nothing but its deletion",
                aws("cloudformation delete-stack", stack_name=name),
            )
        elif status.endswith("_IN_PROGRESS"):
            yield Finding(
                f"the stack {name} is in {status}: wait until it is done",
                aws("cloudformation describe-stack-events", stack_name=name),
            )
        elif name == p.name and _suffix(found) != p.suffix:
            yield Finding(
                f"there is a stack {name} with another suffix ({_suffix(found) or 'none'}): "
                "choose another name",
                aws("cloudformation list-stacks"),
            )
        else:
            yield Finding(
                f"the stack {name} has EnvironmentSuffix {p.suffix} already: to deploy again is "
                "an update of it, which this does not look at",
                f"shipments check {_option(p, name)}",
            )


def _option(p: Plan, name: str) -> str:
    """Return the option by which shipments check finds a stack, which is beside a status stack."""
    return f"--stack-name {name}" if p.kind is MAIN else f"--environment {p.suffix}"


def _stacks(p: Plan) -> Iterator[Mapping[str, Any]]:
    pages = p.client("cloudformation").get_paginator("describe_stacks").paginate()
    for stack in (stack for page in pages for stack in page["Stacks"]):
        is_ours = _parameters(stack).keys() >= p.kind.ours
        if stack["StackName"] == p.name or (is_ours and _suffix(stack) == p.suffix):
            yield stack


def _suffix(stack: Mapping[str, Any]) -> str:
    return _parameters(stack).get(SUFFIX, "")


def _parameters(stack: Mapping[str, Any]) -> dict[str, str]:
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}


def bus(p: Plan) -> Iterator[Finding]:
    """Find that there is no such bus."""
    if ask(p.client, "events", "describe_event_bus", Name=p.bus) is None:
        yield Finding(f"there is no bus {p.bus}", aws("events create-event-bus", name=p.bus))


def names(p: Plan) -> Iterator[Finding]:
    """Find names that are taken by what belongs to no stack."""
    owners = [each["StackName"] for each in _stacks(p) if _suffix(each) == p.suffix]
    if owners:
        look = aws("cloudformation list-stack-resources", stack_name=owners[0])
        yield Finding(f"not checked: they belong to the stack {owners[0]}", look, WARNING)
        return
    place = Place(p.client, p.suffix, p.bus, lambda *resource: arn(p, *resource))
    for named in p.kind.named:
        if named.kind != "the archive" or p.has_archive:
            yield from _taken(named, place)


def _taken(named: Named, place: Place) -> Iterator[Finding]:
    """Find that a name is taken, or that this cannot be known."""
    try:
        if named.exists(place):
            yield Finding(
                f"{named.kind} {named.name(place.suffix)} exists already: deploy another suffix "
                "or, if nobody needs what is in it, delete it:",
                named.deletion(place),
            )
    except ClientError as error:
        yield not_checked(error)


def runtime(p: Plan) -> Iterator[Finding]:
    """Find that AWS takes no new functions of the Python version, or not for long."""
    version = p.parameters["LambdaRuntime"]
    life = LIVES.get(version)
    if life and today() >= life.deprecated - NOTICE:
        yield Finding(
            f"{version}: {life}",
            p.deploy(parameter_overrides=f"LambdaRuntime={newest()}"),
            PROBLEM if today() >= life.no_creation else WARNING,
        )


def permissions(p: Plan) -> Iterator[Finding]:
    """Find what the identity in use may not do, by simulation."""
    words = {
        "s": p.suffix,
        "stack": p.name,
        "bus": "" if p.bus == "default" else f"{p.bus}/",
    }
    identity = p.client("sts").get_caller_identity()["Arn"]
    types = p.types if p.has_archive else p.types - {"AWS::Events::Archive"}
    needs = {kind: need for kind, need in p.kind.needs.items() if kind in types}
    yield from denied(p.client, identity, needs, words, region(p))
    if others := sorted(types - p.kind.needs.keys()):
        yield Finding(
            f"not checked: what {', '.join(others)} needs",
            aws("cloudformation describe-type", type="RESOURCE", type_name=others[0]),
            WARNING,
        )


def arn(p: Plan, service: str, resource: str) -> str:
    """Return the ARN of a resource in the account and region of the deployment."""
    identity = p.client("sts").get_caller_identity()["Arn"].split(":")
    return f"arn:{identity[1]}:{service}:{region(p)}:{identity[4]}:{resource}"


def region(p: Plan) -> str:
    """Return the region of the deployment."""
    return str(p.client("cloudformation").meta.region_name)


def key(p: Plan) -> Iterator[Finding]:
    """Find that the key cannot be used, which is not seen before half of the stack is there."""
    arn = p.parameters.get("KmsKeyArn")
    if not arn:
        return
    found = ask(p.client, "kms", "describe_key", KeyId=arn)
    state = found["KeyMetadata"]["KeyState"] if found else "not in this account and region"
    if state != "Enabled":
        yield Finding(
            f"KmsKeyArn: the key {arn} is {state}. To make one:",
            aws(
                "cloudformation deploy",
                template_file="templates/DataKey.yml",
                stack_name=f"shipments-key-{p.suffix}",
                parameter_overrides=f"EnvironmentSuffix={p.suffix}",
            ),
        )


QUESTIONS: tuple[Check[Plan], ...] = (
    Check("template", "CloudFormation takes it in a request", template),
    Check("stack", "no stack {it.name}, and none with suffix {it.suffix}", stacks),
    Check("bus", "{it.parameters[EventBusName]} exists", bus),
    Check("names", "all names with {it.suffix} are free", names),
    Check(
        "runtime", "{it.parameters[LambdaRuntime]} is not deprecated in the next 180 days", runtime
    ),
    Check("key", "usable, if KmsKeyArn names one", key),
    Check("permissions", "the simulation denies nothing", permissions),
)
