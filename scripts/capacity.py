"""Writes what `shipments cost` computes into pages of docs/, and draws docs/cost.png."""

import re
from collections.abc import Iterator, Sequence

import click
from click.testing import CliRunner

from scripts.drawing.cost import draw
from scripts.drawing.picture import png
from scripts.embed import ROOT
from shipments.cli import main as shipments
from shipments.cost.companion import status
from shipments.cost.model import (
    DAYS,
    PARAMETERS,
    WRITE_BYTES,
    Line,
    Traffic,
    amount,
    bill,
    ours,
    plain,
    row_bytes,
    total,
    units,
)
from shipments.cost.quotas import Bound, bounds, plain_bounds
from shipments.oneline import OneLine

PAGE = ROOT / "docs" / "capacity.md"
PAGES = (PAGE, PAGE.with_name("operating.md"))
PICTURE = ROOT / "docs" / "cost.png"
MILLION = 1_000_000
SEEN = 0.01  # of the sum: what costs less is left out of the picture
NEAR = 0.5  # of a quota
PER_DAY = [10**power for power in range(2, 10)]
# What a million updates a day cost: a name, parameters that are not the default, other traffic.
VARIANTS: list[tuple[str, dict[str, str], dict[str, float]]] = [
    ("default parameters", {}, {}),
    ("`AlertMail=off`", {"AlertMail": "off"}, {}),
    ("`TracingMode=Active`", {"TracingMode": "Active"}, {}),
    ("two updates in a hundred critical", {}, {"critical": 0.02}),
    ("five in a hundred", {}, {"critical": 0.05}),
    ("details of 900 bytes", {}, {"detail": 900}),
    ("after a year", {}, {"days": 365}),
]


def tables() -> dict[str, list[str]]:
    """Return the lines of each table of the page, by its name."""
    return {
        "orders": list(_orders()),
        "quotas": list(_quotas()),
        "variants": list(_variants()),
        "parts": list(_parts()),
        "details": list(_details()),
        "status": list(_status()),
        "example": list(_example()),
    }


def _orders() -> Iterator[str]:
    names = ("updates a day", "USD a month", "a million", "plain handler", "binds first", "over")
    yield from _head(*names)
    for per_day in PER_DAY:
        t = Traffic(per_day)
        lines, first = bill(ours(t)), bounds(t)[0]
        over = [f"{each.name} ({each.share:,.1f} times)" for each in bounds(t) if each.share > 1]
        sums = [f"{_a_million(each, t):,.2f}" for each in (lines, bill(plain(t)))]
        bound = f"{first.name}, {first.share:,.2%}"
        yield _row(f"{per_day:,}", _dollars(lines), *sums, bound, ", ".join(over) or "no quota")


def _quotas() -> Iterator[str]:
    yield from _head("quota of a second", "limit", "raised on request", "holds up to a day")
    t = Traffic(MILLION)
    by_metric = [each for each in plain_bounds(t) if each.name == "PutMetricData requests"]
    for bound in [*bounds(t, with_status=True), *by_metric]:
        raised = "yes" if bound.quota.is_adjustable else "no"
        yield _row(bound.name, f"{bound.quota.limit:,}", raised, f"{bound.holds_per_day:,.0f}")


def _variants() -> Iterator[str]:
    yield from _head(
        "at 1,000,000 a day", "a million", "without what is free", "of the plain handler"
    )
    for name, parameters, traffic in VARIANTS:
        t = Traffic(MILLION)._replace(**traffic)  # type: ignore[arg-type]  # names of its fields
        uses = ours(t, {**PARAMETERS, **parameters})
        lines = bill(uses)
        is_mailed = parameters.get("AlertMail") != "off"
        others = bill(use for use in plain(t) if is_mailed or use.unit != "e-mail")
        listed = f"{_a_million(bill(uses, free=False), t):.2f}"
        share = f"{total(lines) / total(others):.1%}"
        yield _row(name, f"{_a_million(lines, t):.2f}", listed, share)


def _parts() -> Iterator[str]:
    yield from _head("a million updates, at 1,000,000 a day", "USD", "plain handler")
    t = Traffic(MILLION)
    both = [
        {
            (line.use.service, line.use.what): _a_million([line], t)
            for line in bill(uses, free=False)
        }
        for uses in (ours(t), plain(t))
    ]
    for service, what in dict.fromkeys([*both[0], *both[1]]):
        found = [each.get((service, what), 0) for each in both]
        if max(found) >= 0.005:  # noqa: PLR2004 - half a cent, which is shown as one
            yield _row(f"{service}: {what}", *(f"{each:.2f}" if each else "" for each in found))
    yield _row("sum", *(f"{sum(each.values()):.2f}" for each in both))


def _details() -> Iterator[str]:
    yield from _head("detail, bytes", "row, bytes", "write units")
    most = WRITE_BYTES - row_bytes(Traffic(MILLION, detail=0))  # of one write unit
    for detail in (150, 250, 500, most, most + 1, most + WRITE_BYTES, most + WRITE_BYTES + 1, 4000):
        row = row_bytes(Traffic(MILLION, detail=detail))
        yield _row(f"{detail:,}", f"{row:,}", str(units(row)))


def _status() -> Iterator[str]:
    yield from _head("status stack, at 1,000,000 a day", "in a month", "USD a month")
    lines = bill(status(Traffic(MILLION)), free=False)
    for line in lines:
        yield _row(line.use.what, amount(line.use.number), f"{line.dollars:,.2f}")
    yield _row("sum", "", _dollars(lines))


def _example() -> Iterator[str]:
    arguments = "cost --per-day 1500"
    printed = CliRunner().invoke(shipments, arguments.split(), catch_exceptions=False).stdout
    yield from ("```console", f"$ shipments {arguments}")
    yield from (line.rstrip() for line in printed.splitlines())
    yield "```"


def _head(*names: str) -> list[str]:
    return [_row(*names), _row("---", *["---:"] * (len(names) - 1))]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _dollars(lines: Sequence[Line]) -> str:
    return f"{total(lines):,.2f}"


def _a_million(lines: Sequence[Line], t: Traffic) -> float:
    return total(lines) / t.per_day / DAYS * MILLION


def page(text: str) -> str:
    """Return the page's text with its tables as they are computed now."""
    for name, lines in tables().items():
        marks = f"<!-- {name}: scripts/capacity -->", "<!-- end -->"
        pattern = re.escape(marks[0]) + ".*?" + re.escape(marks[1])
        block = "\n".join([marks[0], *lines, marks[1]])
        text = re.sub(pattern, block, text, flags=re.DOTALL)
    return text


def curves() -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return the picture's dollars a month by service and shares by quota, a point per order."""
    dollars: dict[str, list[float]] = {"all": [], "plain handler": []}
    shares: dict[str, list[float]] = {}
    for per_day in PER_DAY:
        t = Traffic(per_day)
        lines = bill(ours(t))
        dollars["all"].append(total(lines))
        dollars["plain handler"].append(total(bill(plain(t))))
        for service in dict.fromkeys(line.use.service for line in lines):
            mine = [line for line in lines if line.use.service == service]
            dollars.setdefault(service, []).append(total(mine))
        found: list[Bound] = bounds(t, with_status=True)
        for bound in found:
            shares.setdefault(bound.name, []).append(bound.share)
    seen = {name: each for name, each in dollars.items() if each[-1] > dollars["all"][-1] * SEEN}
    # A quota that no order of magnitude comes near would only take another's colour.
    return seen, {name: each for name, each in shares.items() if each[-1] > NEAR}


@click.command(cls=OneLine, epilog="Example: scripts/capacity")
def main() -> int:
    """Write tables, example and picture, after a change of prices, sizes or the model."""
    for path in PAGES:
        path.write_text(page(path.read_text("utf-8")), "utf-8")
    PICTURE.write_bytes(png(draw(PER_DAY, *curves())))
    for path in (*PAGES, PICTURE):
        click.echo(f"Wrote {path.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    main(prog_name="scripts/capacity")
