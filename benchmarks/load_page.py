"""Writes docs/load.md and docs/growth.png from what growth.py and load.py have measured.

Run from the repository's folder: make load. By itself it only writes the page anew:
PYTHONPATH=.:src .venv/bin/python -m benchmarks.load_page
"""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import growth, load
from benchmarks.answered import MIX
from benchmarks.growth_picture import picture
from scripts.embed import ROOT

PAGE, PICTURE = ROOT / "docs" / "load.md", ROOT / "docs" / "growth.png"
Fields = dict[str, Any]

TEXT = Path(__file__).with_suffix(".md")  # with the names of values in braces


def render(grown: Fields, loaded: Fields) -> str:
    """Return the page. grown, loaded: the results of benchmarks/growth.py and load.py."""
    return TEXT.read_text("utf-8").format(**of_growth(grown), **of_load(loaded))


def of_growth(grown: Fields) -> Fields:
    """Return the values of the page's first half, by their names in TEXT."""
    histories, crowds = grown["histories"], grown["crowds"]
    most = max(crowds[-1][way][2] for way in ("block", "same"))
    return {
        "growth_machine": machine(grown["machine"]),
        "mix": ", ".join(f"{share} % {kind}" for kind, share in MIX.items()),
        "batch": growth.BATCH,
        "first": grown["updates"][0]["size"],
        "rounds": growth.ROUNDS,
        "updates": updates_table(grown["updates"]),
        "histories": table(
            ("rows", "AWS calls", "processor time"),
            [(f"{at['size']:,}", at["calls"], around(at["cpu"])) for at in histories],
        ),
        "newcomers": growth.NEWCOMERS,
        "crowds": table(
            ("occupied", "side by side", "of one time", "one by one"),
            [
                (f"{at['size']:,}", ranged(at["block"]), ranged(at["same"]), f"{at['size'] + 1:,}")
                for at in crowds
            ],
        ),
        "probe": grown["probe_seconds"],
        "largest": f"{crowds[-1]['size']:,}",
        "most": most,
        "call_ms": 1000 * grown["probe_seconds"] // most,
    }


def of_load(loaded: Fields) -> Fields:
    """Return the values of the page's second half, by their names in TEXT."""
    levels, minute = loaded["sustained"], loaded["minute"]
    first, last = levels[0], levels[-1]
    rate = load.DAY / 60
    return {
        "load_machine": machine(loaded["machine"]),
        "load_rounds": load.ROUNDS,
        "load_updates": load.UPDATES,
        "pause": f"{1000 * load.PAUSE_SECONDS:g}",
        "sustained": table(
            ("in flight", "updates a second", "p50", "p99", "sent", "lost"),
            [
                (at["in_flight"], ranged(at["per_second"]), *latency(at), at["sent"], at["lost"])
                for at in levels
            ],
        ),
        "day": f"{load.DAY:,}",
        "day_seconds": load.DAY_SECONDS,
        "at_most": last["in_flight"],
        "minute": minute_table(minute),
        "processors": loaded["machine"]["processors"],
        "speedup": f"{last['per_second'][1] / first['per_second'][1]:.1f}",
        "wait": f"{last['p50'] / first['p50']:.1f}",
        "rate": rate,
        "batched": math.ceil(rate / 10),
        "slow": 30 * rate,
        "writes": (load.DAY + minute["critical"]) / 60,
        "mails": minute["critical"] / load.DAY_SECONDS,
    }


def machine(on: Fields) -> str:
    """Return what a measurement ran on, as words."""
    versions = ", ".join(f"{name} {version}" for name, version in on["versions"].items())
    return f"{versions}; {on['processors']} processors, load average {on['busy']} before it began"


def updates_table(updates: Sequence[Fields]) -> str:
    """Return the table of growth by updates."""
    kinds = list(updates[0]["cpu"])
    heads = [f"{kind}: calls, processor time" for kind in kinds]
    rows = [
        [f"{at['size']:,}"]
        + [f"{at['calls'][kind]:g}, {around(at['cpu'][kind])}" for kind in kinds]
        + [f"{at['memory']:.2f}", f"{at['blocks']:.3f}"]
        for at in updates
    ]
    return table(("updates before", *heads, "peak memory", "blocks"), rows)


def minute_table(minute: Fields) -> str:
    """Return the table of the busy minute."""
    p50, p99 = latency(minute)
    rows = {
        "put": f"{minute['sent']:,} within {minute['put']:.1f} s",
        "rows": f"{minute['rows']:,}, the last one after {minute['row']:.1f} s",
        "lost": f"{minute['lost']}",
        "critical; alerts": f"{minute['critical']}; {minute['alerts']}",
        "on the failed-updates queue": f"{minute['failed']}",
        "from put to row, p50 and p99": f"{p50} and {p99} ms",
        "put later than due, at most": f"{1000 * minute['late']:.0f} ms",
    }
    return table(("", "found"), rows.items())


def around(quartiles: Sequence[float]) -> str:
    """Return a median with its quartiles."""
    low, middle, high = quartiles
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def ranged(values: Sequence[float]) -> str:
    """Return a median with the least and the most."""
    low, middle, high = values
    return f"{middle:.0f} ({low:.0f} to {high:.0f})"


def latency(found: Fields) -> tuple[str, str]:
    """Return the median and the 99th percentile in ms."""
    return f"{found['p50']:.0f}", f"{found['p99']:.0f}"


def table(heads: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table in Markdown."""
    lines: list[Iterable[object]] = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)


def main() -> None:
    """Write the page and the picture."""
    grown, loaded = (json.loads(each.RESULTS.read_text("utf-8")) for each in (growth, load))
    PICTURE.write_bytes(picture(grown))
    PAGE.write_text(render(grown, loaded), "utf-8")


if __name__ == "__main__":
    main()
