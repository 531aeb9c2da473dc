"""What a month costs, as a table for people and as fields for scripts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from shipments.cost.data import loaded
from shipments.cost.model import DAYS, Line, Traffic, amount, total
from shipments.cost.quotas import Bound, plain_bounds

MILLION = 1_000_000


class Estimate(NamedTuple):
    """What a month costs: traffic, what it is from, lines of ours and of a plain handler."""

    traffic: Traffic
    source: str
    lines: list[Line]
    plain: list[Line]
    bounds: list[Bound]


def fields(e: Estimate) -> dict[str, Any]:
    """Return an estimate as a script reads it."""
    dollars, plain = total(e.lines), total(e.plain)
    updates = e.traffic.per_day * DAYS
    return {
        "source": e.source,
        "region": loaded()["region"],
        "pricesAsOf": loaded()["asOf"],
        "assumptions": {_camel(name): value for name, value in e.traffic._asdict().items()},
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


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))


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


def kept(lines: Sequence[Line]) -> float:
    """Return the dollars for what tables keep."""
    return total(line for line in lines if line.use.unit in {"GB in a table", "GB to recover"})


def rows(e: Estimate) -> list[list[str]]:
    """Return a row per service with its sum, then one for each of its uses."""
    found, plain = [], dict(_services(e.plain))
    for service, lines in _services(e.lines):
        others = {line.use.what: line for line in plain.get(service, [])}
        uses = {line.use.what: line for line in lines if line.use.number}
        if uses or others:
            found.append([service, "", _usd(total(lines)), _usd(total(others.values()))])
        for what in [*uses, *(what for what in others if what not in uses)]:
            count = amount(uses[what].use.number) if what in uses else ""
            pair = (_usd(each[what].dollars) if what in each else "" for each in (uses, others))
            found.append([f"- {what}", count, *pair])
    sums = [total(e.lines), total(e.plain)]
    updates = e.traffic.per_day * DAYS
    found.append(["Sum", "", *map(_usd, sums)])
    found.append(["For a million updates", "", *(_usd(each / updates * MILLION) for each in sums)])
    return found


def _usd(dollars: float) -> str:
    return f"{dollars:,.2f}"


def cells(bound: Bound) -> list[str]:
    """Return what people see of a quota."""
    return [
        bound.name,
        f"{bound.quota.limit:,}",
        f"{bound.needed:,.2f}",
        f"{bound.share:.1%}",
        f"{bound.holds_per_day:,.0f}",
    ]
