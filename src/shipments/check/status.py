"""Checks of the companion stack, templates/ShipmentStatus.yml: is each status kept and mailed."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone

from botocore.exceptions import ClientError

from shipments.check import feeds, people, processing, resources
from shipments.check.companion import Companion
from shipments.check.model import WARNING, Check, Finding, Main, aws
from shipments.check.names import STATUS_NAMED
from shipments.errors import code_of
from shipments.output import number

# What both stacks have, and must have alike.
SHARED = ("CriticalStatuses", "KmsKeyArn", "RunbookUrl")
DESTINATION = {"MaximumRetryAttempts": 2}
INDEXES = {"status-index", "due-index"}
PATIENCE = timedelta(minutes=10)


def alike(c: Companion) -> Iterator[Finding]:
    """Find that the two stacks do not agree, or that both mail the alerts."""
    yield from differences(c.parameters, c.main, c.deploy)
    if (mail := c.main.parameters["AlertMail"]) != "off":
        yield Finding(
            f"AlertMail is {mail} in {c.main.stack.name}: each alert is mailed, and digests, too",
            c.main.deploy(parameter_overrides="AlertMail=off"),
            WARNING,
        )


def differences(
    parameters: Mapping[str, str], main: Main, deploy: Callable[..., str]
) -> Iterator[Finding]:
    """Find parameters that are not as in the main stack; deploy returns the command for them."""
    for name in SHARED:
        own, wanted = parameters[name], main.parameters[name]
        if own != wanted:
            yield Finding(
                f"{name} is {own or 'empty'}, and in {main.stack.name} {wanted or 'empty'}",
                deploy(parameter_overrides=f"{name}={wanted}"),
                WARNING,
            )


def runs(c: Companion) -> Iterator[Finding]:
    """Find that the function cannot run, or not for long."""
    found = list(processing.function(c))
    yield from found
    if not found:
        yield from processing.concurrency(c)
        yield from processing.runtime(c)


def kept(c: Companion) -> Iterator[Finding]:
    """Find that a rejected update or a request of a rule that fails for good is lost."""
    return processing.destination(c, "requests that fail", DESTINATION)


def table(c: Companion) -> Iterator[Finding]:
    """Find that the table takes no items, or lacks an index."""
    found = list(resources.table(c))
    yield from found
    answer = c.ask("dynamodb", "describe_table", TableName=c.table)
    if answer is None:
        return
    listed = answer["Table"].get("GlobalSecondaryIndexes", [])
    states = {each["IndexName"]: each.get("IndexStatus") for each in listed}
    for name in sorted(INDEXES):
        if name not in states:
            yield c.missing(f"the index {name} of the table {c.table}")
        elif states[name] not in {None, "ACTIVE", "UPDATING"}:
            yield Finding(
                f"the index {name} of the table {c.table} is {states[name]}",
                aws("dynamodb describe-table", table_name=c.table),
            )


def unmailed(c: Companion) -> Iterator[Finding]:
    """Find that something waits for its mail, which the function tries to send each minute."""
    late = (datetime.now(timezone.utc) - PATIENCE).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    pages = c.stack.client("dynamodb").get_paginator("scan")
    try:
        counts = [
            page["Count"]
            for page in pages.paginate(
                TableName=c.table,
                IndexName="due-index",
                Select="COUNT",
                FilterExpression="dueAt < :late",
                ExpressionAttributeValues={":late": {"S": late}},
            )
        ]
    except ClientError as error:
        if code_of(error) != "ValidationException":
            raise
        yield Finding("not checked: no index due-index", "first fix what does not exist", WARNING)
        return
    if waiting := sum(counts):
        minutes = round(PATIENCE.total_seconds() / 60)
        yield Finding(
            f"{number(waiting, 'item')} unmailed for more than {minutes} minutes", c.failures()
        )


def digest_mail(c: Companion) -> Iterator[Finding]:
    """Find that nobody gets the digests."""
    return people.mailed(c, c.digest_topic, {})


def alarms(c: Companion) -> Iterator[Finding]:
    """Find alarms that reach nobody, are gone, or are firing."""
    if not people.may_alarm(c):
        yield Finding(
            f"the alarm topic of {c.main.stack.name} takes that stack's own alarms only, as an "
            "earlier version of its template has it",
            c.main.deploy(),
        )
    yield from people.alarms(c)


def parts(c: Companion) -> Iterator[Finding]:
    """Find that a resource does not exist that nothing else asks for."""
    return resources.exist(c, STATUS_NAMED)


CHECKS: tuple[Check[Companion], ...] = (
    Check("status", "{it.stack.name} is complete", resources.stack),
    Check("both-stacks", f"the same {', '.join(SHARED)}; digests only are mailed", alike),
    Check("stream", "rows of {it.main.table} come to the function", feeds.stream),
    Check("status-runs", "{it.function} is active", runs),
    Check("status-code", "the function has the code that this command has", processing.code),
    Check("status-keeps", "what fails for good goes to the queue", kept),
    Check("rejections", "rejected updates come from the alert topic", feeds.rejections),
    Check("schedule", "its rules are enabled and invoke the function", feeds.schedule),
    Check("status-table", "active, with its indexes", table),
    Check("unmailed", "nothing waits for a mail for more than 10 minutes", unmailed),
    Check("digest-mail", "{it.parameters[AlertEmail]} gets the digests", digest_mail),
    Check("status-alarm", "all exist, with actions; none is in ALARM", alarms),
    Check("status-parts", "log, dashboard and role exist", parts),
)
