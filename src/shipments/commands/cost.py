"""The command cost."""

import re
from collections.abc import Callable, Mapping, Sequence
from math import isnan
from typing import Any

import click
from click.core import ParameterSource

from shipments.cost import model
from shipments.cost.companion import WINDOW_SECONDS, status
from shipments.cost.data import loaded
from shipments.cost.estimate import Estimate, cells, fields, kept, rows
from shipments.cost.model import CHOICES, DAYS, PARAMETERS, Traffic, bill
from shipments.cost.observed import LAST_DAYS, observe
from shipments.cost.quotas import bounds
from shipments.errors import CommandError
from shipments.options import Target, examples, for_stack
from shipments.output import Output, number, table
from shipments.status_stack import companion

CENT = 0.01
NUMBER = re.compile(r"\d{1,4}", re.ASCII)
LINES = ("Service and what it counts", "In a month", "USD", "Plain handler")
QUOTAS = ("Quota of a second", "Limit", "At the peak", "Share", "Up to updates a day")


class Share(click.FloatRange):
    """A share of the updates, from 0 to 1."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the share."""
        share = float(super().convert(value, param, ctx))
        if isnan(share):
            self.fail(f"{value!r} must be a number from 0 to 1, such as 0.01", param, ctx)
        return share


SHARE = Share(0, 1)


def _assumed(
    name: str, kind: click.ParamType[Any], default: float, metavar: str, text: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return an option that is an assumption."""
    return click.option(
        name, type=kind, default=default, show_default=True, metavar=metavar, help=text
    )


@click.command(
    "cost",
    short_help="Show what a stack costs, and which quota binds first.",
    epilog=examples(
        "shipments cost --per-day 1500",
        "shipments cost --per-day 1000000 --parameter TracingMode=Active --with-status",
        "shipments cost --stack-name logistics-processing-prod",
        "shipments cost --per-day 1000000 --no-free --json",
    ),
)
@click.option(
    "--per-day",
    type=click.IntRange(1, 10**12),
    metavar="N",
    help="Compute for N updates a day, without a stack.",
)
@click.option(
    "--parameter",
    "parameters",
    metavar="NAME=VALUE",
    multiple=True,
    help="With --per-day: a parameter that is not the template's default. Repeatable.",
)
@click.option("--with-status", is_flag=True, help="With --per-day: a status stack beside it, too.")
@click.option("--no-free", is_flag=True, help="Do not subtract what an account has for nothing.")
@_assumed("--critical", SHARE, 0.01, "SHARE", "Of the updates.")
@_assumed("--rejected", SHARE, 0.001, "SHARE", "Of the updates.")
@_assumed("--redelivered", SHARE, 0.001, "SHARE", "Of the updates.")
@_assumed("--detail", click.IntRange(1, 1_000_000), 250, "BYTES", "Of an update.")
@_assumed("--statuses", click.IntRange(1, 21), 21, "N", "Different ones that come.")
@_assumed("--per-shipment", click.IntRange(1, 10_000), 10, "N", "Updates of a shipment.")
@_assumed("--days", click.IntRange(1, 36_500), DAYS, "N", "Age of the stack when the month ends.")
@_assumed("--peak", click.IntRange(1, 86_400), 10, "N", "Busiest second, in times of the mean.")
@for_stack
def cost(  # noqa: PLR0913 - an option each
    *,
    target: Target,
    output: Output,
    per_day: int | None,
    parameters: tuple[str, ...],
    with_status: bool,
    no_free: bool,
    **assumed: Any,
) -> int:
    """Show what a month of 30 days costs in US dollars, and which quota of AWS binds first.

    With --per-day it computes for a stack to come, from prices in us-east-1 and from sizes that
    were measured on the handler, and calls no AWS. Without, it takes the numbers of a deployed
    stack from the last 7 days: what metrics do not say is assumed as the options have it.

    Beside it is what a plain handler would cost for the same updates: it logs the whole event and
    calls PutMetricData for each. Rows are kept for ever by default, so a later month costs more:
    --days says how old the stack is when the month ends.

    It counts no replays, no mails of alarms, no reads by these commands, no cold starts and no
    requests to a key.
    """
    if per_day is None:
        if parameters or with_status:
            raise click.UsageError("--parameter and --with-status: only with --per-day")
        estimate = _deployed(target, Traffic(0, **assumed), free=not no_free)
    else:
        _no_stack_is_named()
        t = Traffic(per_day, **assumed)
        estimate = _computed(t, _parameters(parameters), with_status=with_status, free=not no_free)
    output.record(fields(estimate))
    _show(output, estimate)
    return 0


def _no_stack_is_named() -> None:
    context = click.get_current_context()
    for name, option in (("stack_name", "--stack-name"), ("environment", "--environment")):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option} and --per-day: pass only one of them")


def _parameters(texts: Sequence[str]) -> dict[str, str]:
    """Return the template's parameters with those that are given."""
    found = dict(PARAMETERS)
    for text in texts:
        name, is_pair, value = text.partition("=")
        if not is_pair or name not in PARAMETERS:
            names = ", ".join(PARAMETERS)
            raise click.BadParameter(
                f"{text!r} must be NAME=VALUE, with one of {names}", param_hint="--parameter"
            )
        if PARAMETERS[name].isdigit() and not NUMBER.fullmatch(value):
            raise click.BadParameter(f"{text!r} must be a number", param_hint="--parameter")
        if value not in CHOICES.get(name, (value,)):
            choices = ", ".join(CHOICES[name])
            raise click.BadParameter(f"{text!r} must be one of {choices}", param_hint="--parameter")
        found[name] = value
    return found


def _computed(t: Traffic, p: Mapping[str, str], *, with_status: bool, free: bool) -> Estimate:
    uses = model.ours(t, p) + (status(t) if with_status else [])
    return Estimate(
        t,
        f"computed for {t.per_day:,.10g} updates a day",
        bill(uses, free=free),
        bill(model.plain(t), free=free),
        bounds(t, p, with_status=with_status),
    )


def _deployed(target: Target, assumed: Traffic, *, free: bool) -> Estimate:
    stack = target.find()
    found = observe(stack, assumed)
    if found is None:
        raise CommandError(
            f"stack {stack.name} was not invoked in the last {LAST_DAYS} days, so there are no "
            "numbers of its own: pass --per-day N to compute for N updates a day"
        )
    p = {
        **PARAMETERS,
        **{name: stack.parameters.get(name, PARAMETERS[name]) for name in PARAMETERS},
    }
    uses = [
        use._replace(number=found.numbers.get(use.what, use.number))
        for use in model.ours(found.traffic, p)
    ]
    beside = companion(stack)
    if beside:
        window = int(beside.parameters.get("BatchWindowSeconds", WINDOW_SECONDS))
        uses += status(found.traffic, window)
    return Estimate(
        found.traffic,
        f"{stack.name}, by its last {found.days:.1f} days: "
        f"{found.traffic.per_day:,.0f} updates a day",
        bill(uses, free=free),
        bill(model.plain(found.traffic), free=free),
        bounds(found.traffic, p, with_status=beside is not None),
    )


def _show(output: Output, e: Estimate) -> None:
    output.show(table(LINES, rows(e), 3), "")
    output.show(table(QUOTAS, [cells(bound) for bound in e.bounds], 4), "")
    first, t = e.bounds[0], e.traffic
    adjusted = "AWS raises it on request" if first.quota.is_adjustable else "AWS does not raise it"
    if kept(e.lines) >= CENT:
        output.show(f"${kept(e.lines):,.2f} of this is for what the tables keep.")
    output.show(
        f"First to bind: {first.name}, over {first.holds_per_day:,.0f} updates a day; {adjusted}.",
        f"At {t.critical:.2%} critical, {t.rejected:.2%} rejected, {t.redelivered:.2%} "
        f"redelivered, {t.detail:,} bytes of detail, {number(t.statuses, 'status', 'statuses')}, "
        f"a peak of {t.peak:g} times the mean.",
        f"A month of 30 days, {e.source}. Prices of {loaded()['region']}, {loaded()['asOf']}.",
    )
