"""The command cost."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from shipments.cost import model
from shipments.cost.companion import WINDOW_SECONDS, status
from shipments.cost.data import loaded
from shipments.cost.model import DAYS, PARAMETERS, Line, Traffic, amount, bill, total
from shipments.cost.observed import LAST_DAYS, observe
from shipments.cost.quotas import Bound, bounds, plain_bounds
from shipments.errors import CommandError
from shipments.options import Target, examples, for_stack
from shipments.output import Output, number, table
from shipments.status_stack import companion

MILLION, CENT = 1_000_000, 0.01
LINES = ("Service and what it counts", "In a month", "USD", "Plain handler")
QUOTAS = ("Quota of a second", "Limit", "At the peak", "Share", "Up to updates a day")
SHARE = click.FloatRange(0, 1)
COUNT = click.IntRange(min=1)


class Estimate(NamedTuple):
    """What a month costs: traffic, what it is from, lines of ours and of a plain handler."""

    traffic: Traffic
    source: str
    lines: list[Line]
    plain: list[Line]
    bounds: list[Bound]


@click.command(
    "cost",
    short_help="Show what a stack costs, and which quota binds first.",
    epilog=examples(
        "shipments cost --per-day 1500",
        "shipments cost --per-day 1000000 --parameter TracingMode=PassThrough --with-status",
        "shipments cost --stack-name logistics-processing-prod",
        "shipments cost --per-day 1000000 --no-free --json",
    ),
)
@click.option(
    "--per-day",
    type=click.FloatRange(min=0, min_open=True),
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
@click.option("--critical", type=SHARE, default=0.05, show_default=True, help="Share of updates.")
@click.option("--rejected", type=SHARE, default=0.001, show_default=True, help="Share of updates.")
@click.option(
    "--redelivered", type=SHARE, default=0.001, show_default=True, help="Share of updates."
)
@click.option(
    "--detail", type=COUNT, default=250, show_default=True, metavar="BYTES", help="Of an update."
)
@click.option(
    "--statuses", type=click.IntRange(1, 21), default=21, show_default=True, help="Different ones."
)
@click.option(
    "--per-shipment",
    type=click.IntRange(1, 10_000),
    default=10,
    show_default=True,
    help="Updates of a shipment.",
)
@click.option(
    "--days", type=COUNT, default=DAYS, show_default=True, help="Days that the stack has run."
)
@click.option(
    "--peak",
    type=click.FloatRange(min=1),
    default=10,
    show_default=True,
    help="Busiest second, as a multiple of the mean.",
)
@for_stack
def cost(  # noqa: PLR0913 - an option each
    *,
    target: Target,
    output: Output,
    per_day: float | None,
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
    calls PutMetricData for each. Rows are kept for ever by default: --days says how many days of
    them there are by now.

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
    _record(output, estimate)
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
        if PARAMETERS[name].isdigit() and not value.isdigit():
            raise click.BadParameter(f"{text!r} must be a number", param_hint="--parameter")
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


def _record(output: Output, e: Estimate) -> None:
    dollars, plain = total(e.lines), total(e.plain)
    updates = e.traffic.per_day * DAYS
    output.record(
        {
            "source": e.source,
            "region": loaded()["region"],
            "pricesAsOf": loaded()["asOf"],
            "assumptions": e.traffic._asdict(),
            "dollars": round(dollars, 4),
            "dollarsPerMillion": round(dollars / updates * MILLION, 4),
            "services": {name: round(total(lines), 4) for name, lines in _services(e.lines)},
            "uses": [_fields(line) for line in e.lines],
            "quotas": [_quota(bound) for bound in e.bounds],
            "plain": {
                "dollars": round(plain, 4),
                "dollarsPerMillion": round(plain / updates * MILLION, 4),
                "uses": [_fields(line) for line in e.plain],
                "quotas": [_quota(bound) for bound in plain_bounds(e.traffic)],
            },
        }
    )


def _fields(line: Line) -> dict[str, Any]:
    return {**line.use._asdict(), "dollars": round(line.dollars, 6)}


def _quota(bound: Bound) -> dict[str, Any]:
    return {
        "quota": bound.name,
        "limit": bound.quota.limit,
        "adjustable": bound.quota.is_adjustable,
        "needed": round(bound.needed, 4),
        "share": round(bound.share, 6),
        "holdsPerDay": round(bound.holds_per_day),
    }


def _services(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """Return the lines by their service, in the order of an update's way."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.use.service, []).append(line)
    return list(found.items())


def _show(output: Output, e: Estimate) -> None:
    output.show(table(LINES, _rows(e), 3), "")
    output.show(table(QUOTAS, [_cells(bound) for bound in e.bounds], 4), "")
    first, t = e.bounds[0], e.traffic
    adjusted = "AWS raises it on request" if first.quota.is_adjustable else "AWS does not raise it"
    kept = total(_kept(e.lines))
    if kept >= CENT:
        days = number(t.days, "day")
        output.show(f"${kept:,.2f} of this is for what the tables keep of {days}.")
    output.show(
        f"First to bind: {first.name}, over {first.holds_per_day:,.0f} updates a day; {adjusted}.",
        f"At {t.critical:.2%} critical, {t.rejected:.2%} rejected, {t.redelivered:.2%} "
        f"redelivered, {t.detail:,} bytes of detail, {number(t.statuses, 'status', 'statuses')}, "
        f"a peak of {t.peak:g} times the mean.",
        f"A month of 30 days, {e.source}. Prices of {loaded()['region']}, {loaded()['asOf']}.",
    )


def _kept(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line.use.unit in {"GB in a table", "GB to recover"}]


def _rows(e: Estimate) -> list[list[str]]:
    """Return a row per service with its sum, then one for each of its uses."""
    rows, plain = [], dict(_services(e.plain))
    for service, lines in _services(e.lines):
        others = {line.use.what: line for line in plain.get(service, [])}
        uses = {line.use.what: line for line in lines if line.use.number}
        if uses or others:
            rows.append([service, "", _usd(total(lines)), _usd(total(others.values()))])
        for what in [*uses, *(what for what in others if what not in uses)]:
            count = amount(uses[what].use.number) if what in uses else ""
            pair = (_usd(each[what].dollars) if what in each else "" for each in (uses, others))
            rows.append([f"- {what}", count, *pair])
    sums = [total(e.lines), total(e.plain)]
    updates = e.traffic.per_day * DAYS
    rows.append(["Sum", "", *map(_usd, sums)])
    rows.append(["For a million updates", "", *(_usd(each / updates * MILLION) for each in sums)])
    return rows


def _usd(dollars: float) -> str:
    return f"{dollars:,.2f}"


def _cells(bound: Bound) -> list[str]:
    return [
        bound.name,
        f"{bound.quota.limit:,}",
        f"{bound.needed:,.2f}",
        f"{bound.share:.1%}",
        f"{bound.holds_per_day:,.0f}",
    ]
