"""The checks of a deployed stack: is it complete, and does anybody get its alerts."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from shipments.check import intake, key, people, processing, resources
from shipments.check.model import Check, Finding, Main, Subject
from shipments.stack import CALLS_AT_ONCE

CHECKS: tuple[Check[Main], ...] = (
    Check("stack", "{it.stack.name} is complete", resources.stack),
    Check("version", "{it.version}, as this command", resources.version),
    Check("rule", "{it.rule} is enabled on the bus {it.bus}", intake.rule),
    Check("target", "invokes the function; retries, then the queue", intake.target),
    Check("bus", "no other rule on {it.bus} gets the same updates", intake.bus),
    Check("permission", "the rule may invoke the function", intake.permission),
    Check(
        "archive",
        "as ArchiveRetentionDays={it.parameters[ArchiveRetentionDays]} says",
        intake.archive,
    ),
    Check("function", "{it.function} is active", processing.function),
    Check("code", "the function has the code that this command has", processing.code),
    Check("runtime", "not deprecated in the next 180 days", processing.runtime),
    Check("concurrency", "not reserved to 0", processing.concurrency),
    Check("destination", "what fails three times goes to the queue", processing.destination),
    Check("queue", "EventBridge may put updates on it", processing.queue),
    Check("failed", "no update waits on the queue", processing.failed),
    Check("table", "active, protected as the parameter says", resources.table),
    Check("recovery", "point-in-time recovery is on", resources.recovery),
    Check("key", "what encrypts the data can be used", key.key),
    Check("resources", "log, dashboard and role exist", resources.resources),
    Check("alert-mail", "as AlertMail={it.parameters[AlertMail]} says", people.alert_mail),
    Check("alarm-mail", "{it.parameters[AlertEmail]} gets the alarms", people.alarm_mail),
    Check("alarm-topic", "alarms may publish", people.alarm_topic),
    Check("alarms", "all exist, with actions; none is in ALARM", people.alarms),
    Check("termination", "as TableDeletionProtection says", resources.termination),
    Check("traffic", "updates were stored in the last 24 hours", processing.traffic),
)


def look(
    subject: Subject, made: Sequence[Check[Subject]]
) -> Iterator[tuple[Check[Subject], list[Finding]]]:
    """Yield each check of a stack with what it finds, in order; several are made at once."""
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        found = pool.map(lambda check: check.findings(subject), made)
        yield from zip(made, found, strict=True)
