"""Writes figures into docs/benchmarks.md, each block between the comments that name it."""

import json
import re
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.bench.processes import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / "benchmarks" / "results" / "handler.json"
CONTESTANTS = {
    "floor": "signed by hand",
    "put": "bare put",
    "plain": "plain",
    "powertools": "Powertools",
    "ours": "ours",
}
ROWS = {
    "init_ms": "loading, CPU ms",
    "cold_ms": "loading and first update, CPU ms",
    "first_ms": "first update, CPU ms",
    "second_ms": "second update, CPU ms",
    "cpu_ms": "warm update, CPU ms",
    "wall_1_ms": "from begin to end, ms, if a call takes 1 ms",
    "wall_5_ms": "the same if a call takes 5 ms",
    "wall_20_ms": "the same if a call takes 20 ms",
    "calls": "AWS calls",
    "log_bytes": "log, bytes",
    "memory_mb": "peak memory, MB",
}
TITLES = {
    "start": "Start",
    "ordinary": "Ordinary updates",
    "critical": "Critical updates",
    "redelivered": "Redelivered updates",
    "rejected": "Rejected updates",
}
EXACT = ("calls", "log_bytes", "memory_mb")  # hardly differ from run to run: no spread is printed
HANDLERS = ("plain", "powertools")  # what ours is compared to
TIE = 1.05
DIGITS = 3
TARGETS = {
    "warm": ("a warm ordinary update, to the bare put", 1.15),
    "init": ("loading, to the bare put's", 1.05),
    "cold": ("loading and the first ordinary update, to the bare put's", 1.05),
}
Fields = dict[str, Any]


def number(value: float) -> str:
    """Return a figure as people read it."""
    rounded = f"{value:,.0f}"
    return rounded if value % 1 == 0 or len(rounded) >= DIGITS else f"{value:.{DIGITS}g}"


def verdict(ours: list[float], other: list[float]) -> str:
    """Return whether ours is better or worse than another's, or tied with it (see docs)."""
    (median, low, high), (other_median, other_low, other_high) = ours, other
    if other_median * TIE < median and other_high < low:
        return "worse"
    is_better = median * TIE < other_median and high < other_low
    return "better" if is_better else "tied"


def verdicts(figures: Fields) -> list[str]:
    """Return how often ours is better than another handler or tied, and each row in which not."""
    count: Counter[str] = Counter()
    worse = []
    for kind, rows in figures.items():
        for (figure, cells), name in product(rows.items(), HANDLERS):
            if name in cells:
                found = verdict(cells["ours"], cells[name])
                count[found] += 1
                if found == "worse":
                    ours, other = number(cells["ours"][0]), number(cells[name][0])
                    row = f"{TITLES[kind].lower()}: {ROWS[figure]}"
                    worse.append(f"- {row}: {ours}, {CONTESTANTS[name]} {other}")
    sums = ", ".join(f"{verdict} in {count[verdict]}" for verdict in ("better", "tied", "worse"))
    return [f"Ours is {sums} of {count.total()} comparisons. Worse:", "", *(worse or ["- none"])]


def table(rows: Fields, names: list[str]) -> list[str]:
    """Return a table of figures: medians, and where the middle half of the samples lies."""
    lines = [f"| | {' | '.join(CONTESTANTS[name] for name in names)} |"]
    lines.append("| --- |" + " ---: |" * len(names))
    for figure, title in ROWS.items():
        if figure in rows:
            cells = [cell(figure, rows[figure][name]) for name in names if name in rows[figure]]
            lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


def cell(figure: str, spread: list[float]) -> str:
    """Return a figure, with its spread if it has one worth printing."""
    median, low, high = map(number, spread)
    return median if figure in EXACT else f"{median} ({low} to {high})"


def provenance(results: Fields) -> str:
    """Return with what results were taken."""
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return f"{versions}; {results['rounds']} rounds."


def comparison(results: Fields) -> str:
    """Return the block about the contestants."""
    lines = [provenance(results), ""]
    lines += ["| ratio | | target |", "| --- | ---: | ---: |"]
    for name, (title, target) in TARGETS.items():
        median, low, high = (f"{value:.2f}" for value in results["ratios"][name])
        lines.append(f"| {title} | {median} ({low} to {high}) | {target} |")
    for kind, rows in results["figures"].items():
        names = [name for name in CONTESTANTS if name in next(iter(rows.values()))]
        lines += ["", f"### {TITLES[kind]}", "", *table(rows, names)]
    lines += ["", "### The sum", "", *verdicts(results["figures"])]
    return "\n".join(lines)


def replaced(page: str, name: str, block: str) -> str:
    """Return a page with a block in the place of the one of its name; raise ValueError."""
    marks = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- end of {name} -->)", re.DOTALL)
    if len(marks.findall(page)) != 1:
        raise ValueError(f"{name}: the page must have one such block")
    return marks.sub(lambda mark: f"{mark[1]}\n{block}\n{mark[2]}", page)


def write(name: str, results: Fields, file: Path, block: str) -> None:
    """Write results into a file and a block of the page."""
    lines = json.dumps(results, indent=1)
    rows = re.sub(r"\[[^][]+\]", lambda spread: " ".join(spread[0].split()), lines)
    file.write_text(rows + "\n", "utf-8")
    PAGE.write_text(replaced(PAGE.read_text("utf-8"), name, block), "utf-8")
