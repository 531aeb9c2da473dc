"""Looks before a first deployment for what would make it fail."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from shipments.check.model import (
    PARAMETERS,
    PROBLEM,
    WARNING,
    Check,
    Finding,
    ask,
    aws,
    deploy,
    not_checked,
)
from shipments.check.names import NAMED, Named, Place
from shipments.check.permissions import NEEDS, STACK, denied
from shipments.check.processing import today
from shipments.check.runtimes import LIVES, NOTICE, newest
from shipments.errors import CommandError, code_of

TEMPLATE_BYTES = 51_200  # of a request; a template in a bucket may have 1 MB
SUFFIX = "EnvironmentSuffix"
SUFFIXES = re.compile(r"[a-z0-9-]{1,38}")
FAILED = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}
# A stack of ours that failed has no outputs, but these parameters.
OURS = {SUFFIX, "EventBusName", "AlertEmail", "LambdaRuntime"}


@dataclass(frozen=True)
class Plan:
    """A deployment to come.

    parameters: all of them; types: of the resources; name: of the stack; template: its file.
    """

    client: Callable[..., Any]
    parameters: Mapping[str, str]
    types: set[str]
    name: str
    template: Path | None

    @property
    def suffix(self) -> str:
        """The EnvironmentSuffix."""
        return self.parameters[SUFFIX]

    @property
    def has_archive(self) -> bool:
        """Whether it will have an archive."""
        return self.parameters.get("ArchiveRetentionDays") != "0"


def plan(
    client: Callable[..., Any], subject: str, given: Mapping[str, str], name: str | None
) -> Plan:
    """Return the plan for a template's file or a suffix; raise CommandError if it is neither."""
    path = Path(subject)
    known, types = dict(PARAMETERS), set(NEEDS)
    if path.is_file():
        known, types = _read(client, path)
    else:
        known[SUFFIX] = subject
    if unknown := given.keys() - known.keys():
        raise CommandError(
            f"--parameter: no parameter {min(unknown)}; there are: {', '.join(known)}"
        )
    parameters = {**known, **given}
    if SUFFIX not in parameters:
        raise CommandError(f"--before: {subject} has no parameter {SUFFIX}: is it TapStack.yml?")
    if not SUFFIXES.fullmatch(parameters[SUFFIX]):
        raise CommandError(
            f"--before: {parameters[SUFFIX]} is no file, and no suffix: pass a template, or up to "
            "38 lower-case letters, digits and hyphens"
        )
    stack = name or f"logistics-processing-{parameters[SUFFIX]}"
    return Plan(client, parameters, types, stack, path if path.is_file() else None)


def _read(client: Callable[..., Any], path: Path) -> tuple[dict[str, str], set[str]]:
    """Return a template's parameters with their defaults, and its resources' types.

    A template that is too big for a request is only looked at as if it were the packaged one.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"--before: {error}") from None
    if len(text.encode()) > TEMPLATE_BYTES:
        return dict(PARAMETERS), set(NEEDS)
    try:
        summary = client("cloudformation").get_template_summary(TemplateBody=text)
    except ClientError as error:
        if code_of(error) != "ValidationError":
            raise
        message = error.response["Error"].get("Message")
        raise CommandError(f"--before: {path}: {message}: correct the template") from None
    parameters = {
        each["ParameterKey"]: each.get("DefaultValue", "") for each in summary["Parameters"]
    }
    return parameters, {*summary.get("ResourceTypes", []), STACK}


def template(p: Plan) -> Iterator[Finding]:
    """Find that CloudFormation would not take the template in a request."""
    if p.template is None:
        look = "shipments check --before templates/TapStack.yml"
        yield Finding("not checked: needs the template's file", look, WARNING)
    elif (size := p.template.stat().st_size) > TEMPLATE_BYTES:
        deploy = aws(
            "cloudformation deploy",
            template_file=p.template,
            stack_name=p.name,
            capabilities="CAPABILITY_IAM",
            s3_bucket="YOUR-BUCKET",
        )
        yield Finding(f"the template has {size:,} bytes, a request {TEMPLATE_BYTES:,}", deploy)


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
                f"shipments check --stack-name {name}",
            )


def _stacks(p: Plan) -> Iterator[Mapping[str, Any]]:
    pages = p.client("cloudformation").get_paginator("describe_stacks").paginate()
    for stack in (stack for page in pages for stack in page["Stacks"]):
        is_ours = _parameters(stack).keys() >= OURS
        if stack["StackName"] == p.name or (is_ours and _suffix(stack) == p.suffix):
            yield stack


def _suffix(stack: Mapping[str, Any]) -> str:
    return _parameters(stack).get(SUFFIX, "")


def _parameters(stack: Mapping[str, Any]) -> dict[str, str]:
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}


def bus(p: Plan) -> Iterator[Finding]:
    """Find that there is no such bus."""
    name = p.parameters["EventBusName"]
    if ask(p.client, "events", "describe_event_bus", Name=name) is None:
        yield Finding(f"there is no bus {name}", aws("events create-event-bus", name=name))


def names(p: Plan) -> Iterator[Finding]:
    """Find names that are taken by what belongs to no stack."""
    owners = [each["StackName"] for each in _stacks(p) if _suffix(each) == p.suffix]
    if owners:
        look = aws("cloudformation list-stack-resources", stack_name=owners[0])
        yield Finding(f"not checked: they belong to the stack {owners[0]}", look, WARNING)
        return
    bus_name = p.parameters["EventBusName"]
    place = Place(p.client, p.suffix, bus_name, lambda *resource: _arn(p, *resource))
    for named in NAMED:
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
            deploy(p.name, parameter_overrides=f"LambdaRuntime={newest()}"),
            PROBLEM if today() >= life.no_creation else WARNING,
        )


def permissions(p: Plan) -> Iterator[Finding]:
    """Find what the identity in use may not do, by simulation."""
    bus_name = p.parameters["EventBusName"]
    words = {
        "s": p.suffix,
        "stack": p.name,
        "bus": "" if bus_name == "default" else f"{bus_name}/",
    }
    identity = p.client("sts").get_caller_identity()["Arn"]
    types = p.types if p.has_archive else p.types - {"AWS::Events::Archive"}
    yield from denied(p.client, identity, types, words, _region(p))
    if others := sorted(types - NEEDS.keys()):
        yield Finding(
            f"not checked: what {', '.join(others)} needs",
            aws("cloudformation describe-type", type="RESOURCE", type_name=others[0]),
            WARNING,
        )


def _arn(p: Plan, service: str, resource: str) -> str:
    identity = p.client("sts").get_caller_identity()["Arn"].split(":")
    return f"arn:{identity[1]}:{service}:{_region(p)}:{identity[4]}:{resource}"


def _region(p: Plan) -> str:
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
