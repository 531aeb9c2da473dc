"""Prints whether a deployment is complete, and whether anybody gets its alerts."""

import re
import shlex
from collections import Counter
from collections.abc import Sequence
from typing import Any

import boto3
import click
from botocore.exceptions import ClientError
from click.core import ParameterSource

from shipments import check as checks
from shipments.check import before, before_status, canary, status
from shipments.check.companion import Companion
from shipments.check.model import OK, PROBLEM, WARNING, Check, Finding, Main, Subject, not_checked
from shipments.check.plans import STATUS
from shipments.check.plans import plan as plan_of
from shipments.errors import one_line
from shipments.oneline import OneLine
from shipments.options import Target, examples, for_stack
from shipments.output import Output, number
from shipments.stack import CALLS, Clients
from shipments.status_stack import companion

COUNTED = ((OK, "ok"), (PROBLEM, "problem"), (WARNING, "warning"))


@click.command(
    "check",
    cls=OneLine,
    epilog=examples(
        "shipments check --environment prod",
        "shipments check --canary",
        "shipments check --before prod --parameter EventBusName=shipments-prod",
        "shipments check --before templates/TapStack.yml",
        "shipments check --before templates/ShipmentStatus.yml",
    ),
)
@click.option("--canary", "with_canary", is_flag=True, help="Send one update, then remove its row.")
@click.option(
    "--before",
    "subject",
    metavar="TEMPLATE|SUFFIX",
    help="Look before a first deployment for what would make it fail.",
)
@click.option(
    "--parameter",
    "parameters",
    metavar="NAME=VALUE",
    multiple=True,
    help="With --before: a parameter of the deployment to come; may be repeated.",
)
@for_stack
def check(
    *,
    target: Target,
    output: Output,
    with_canary: bool,
    subject: str | None,
    parameters: tuple[str, ...],
) -> int:
    """Look whether a deployment is complete, and whether anybody gets its alerts.

    A status stack of the same suffix is looked at, too.

    Each line is a question: ok, or what was found with the command that fixes it. A problem means
    that updates or alerts are lost, now or after the next failure, or that something waits for a
    person. A warning is worth knowing, such as a check that you are not allowed to make.

    --canary changes nothing that stays but one update more in the metrics, the log and the
    archive; it alerts nobody.

    Exit status: 0 if there is no problem, 1 if there is one, 2 for a usage error.
    """
    report = Report(output, target)
    if subject is None:
        if parameters:
            raise click.UsageError("--parameter: only with --before")
        return _deployed(target, report, with_canary=with_canary)
    if with_canary:
        raise click.UsageError("--canary needs a stack: leave out --before")
    if target.environment:
        raise click.UsageError("--environment: leave it out, --before has the suffix")
    session = target.session or boto3.Session(
        region_name=target.region, profile_name=target.profile
    )
    source = click.get_current_context().get_parameter_source("stack_name")
    name = target.name if source is ParameterSource.COMMANDLINE else None
    plan = plan_of(Clients(session, config=CALLS), subject, _pairs(parameters), name)
    questions = before_status.QUESTIONS if plan.kind is STATUS else before.QUESTIONS
    for question in questions:
        report.add(question.name, question.good.format(it=plan), question.findings(plan))
    return report.end()


def _deployed(target: Target, report: "Report", *, with_canary: bool) -> int:
    """Make the checks of a deployed stack; return the exit status."""
    deployed = Main(target.find())
    report.look(deployed, checks.CHECKS)
    beside = None
    try:
        beside = companion(deployed.stack)
    except ClientError as error:
        report.add("status", "", [not_checked(error)])
    if beside:
        report.look(Companion(beside, deployed), status.CHECKS)
    if with_canary:
        sent = canary.send(deployed)
        steps = [{"step": step, "ms": ms} for step, ms in sent.steps]
        good = f"{sent.shipment} came through"
        report.add("canary", good, sent.findings, shipmentId=sent.shipment, steps=steps)
        for step, ms in sent.steps:
            report.note(f"{ms:>6,} ms  {step}")
    return report.end()


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, is_pair, value = text.partition("=")
        if not (name and is_pair):
            raise click.BadParameter(f"{text!r} must be NAME=VALUE", param_hint="--parameter")
        pairs[name] = value
    return pairs


class Report:
    """Prints what the checks find, and counts it."""

    def __init__(self, output: Output, target: Target) -> None:
        self._output = output
        self._counts: Counter[str] = Counter()
        given = {"--region": target.region, "--profile": target.profile}
        self._options = "".join(
            f" {option} {shlex.quote(value)}" for option, value in given.items() if value
        )

    def look(self, subject: Subject, made: Sequence[Check[Subject]]) -> None:
        """Make checks of a stack, and print what they find."""
        for check, findings in checks.look(subject, made):
            self.add(check.name, check.good.format(it=subject), findings)

    def add(self, name: str, good: str, findings: list[Finding], **fields: Any) -> None:
        """Print a check's line, or a line and a remedy for each finding; fields: for JSON."""
        for finding in findings or [Finding(good, "", OK)]:
            self._counts[finding.severity] += 1
            found, remedy = finding.what, self._complete(finding.remedy)
            is_ok = finding.severity == OK
            self._output.record(
                {
                    "check": name,
                    "ok": is_ok,
                    "severity": finding.severity,
                    "found": None if is_ok else found,
                    "remedy": remedy or None,
                    **fields,
                }
            )
            self._output.show(f"{finding.severity:<9}{name:<13}{one_line(found)}")
            if remedy:
                self.note(remedy)

    def note(self, text: str) -> None:
        """Print a line that belongs to the one before."""
        self._output.show(f"{'':22}{text}")

    def end(self) -> int:
        """Print the counts; return the exit status."""
        ok, problems, warnings = (
            number(self._counts[severity], noun, "ok" if severity == OK else "")
            for severity, noun in COUNTED
        )
        self._output.show(f"{ok}, {problems}, {warnings}.")
        return 1 if self._counts[PROBLEM] else 0

    def _complete(self, remedy: str) -> str:
        """Return a command with the region and the profile that this one was run with."""
        is_command = re.match(r"(aws|shipments) ", remedy)
        return f"{remedy}{self._options}" if is_command else remedy
