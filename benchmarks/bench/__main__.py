"""`make bench`: measures all contestants and writes docs/benchmarks.md."""

import subprocess
from collections.abc import Callable, Collection
from typing import Any

import click
from rich.progress import Progress

from benchmarks.bench import measure, page
from benchmarks.bench.processes import FILES, ROOT, opened
from shipments.errors import CommandError
from shipments.oneline import OneLine

PYTHON = ROOT / ".venv-bench" / "bin" / "python"
VERSIONS = """
import platform
from importlib.metadata import version
print("Python", platform.python_version())
for name in ("boto3", "aws-lambda-powertools"): print(name, version(name))
"""
# Of ours to the bare put.
RATIOS = {
    "warm": ("ordinary", "cpu_ms"),
    "init": (measure.START, "init_ms"),
    "cold": ("ordinary", "cold_ms"),
}


def rounds_option(default: int) -> Callable[[Any], Any]:
    """Return the option --rounds."""
    return click.option(
        "--rounds",
        type=click.IntRange(min=1),
        default=default,
        show_default=True,
        help="How often each contestant is started.",
    )


def versions(python: str) -> dict[str, str]:
    """Return the versions of what is measured. python: the contestants' interpreter."""
    run = [python, "-c", VERSIONS]
    printed = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    return dict(map(str.split, printed.splitlines()))


def results(python: str, contestants: Collection[str], rounds: int) -> dict[str, Any]:
    """Measure, with a line of progress, and return the spreads of all samples."""
    with opened(python) as bench, Progress(transient=True) as progress:
        task = progress.add_task("Measuring", total=measure.ticks(contestants, rounds))
        samples = measure.measured(bench, contestants, rounds, lambda: progress.advance(task))
    figures: dict[str, Any] = {}
    for kind in page.TITLES:
        for where, values in samples.items():
            if where.kind == kind:
                row = figures.setdefault(kind, {}).setdefault(where.figure, {})
                row[where.contestant] = measure.spread(values)
    ratios = {name: measure.ratio(samples, *figure, to="put") for name, figure in RATIOS.items()}
    return {"rounds": rounds, "figures": figures, "ratios": ratios}


def python() -> str:
    """Return the interpreter of the contestants; raise CommandError if there is none yet."""
    if not PYTHON.exists():
        raise CommandError(f"{PYTHON}: is missing; `make bench` makes it")
    return str(PYTHON)


@click.command(cls=OneLine, epilog="Example: make bench")
@rounds_option(3)
def main(rounds: int) -> None:
    """Measure the handler beside others, and write docs/benchmarks.md."""
    found = {"versions": versions(python()), **results(python(), list(FILES), rounds)}
    page.write("contestants", found, page.RESULTS, page.comparison(found))
    click.echo(page.comparison(found))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.bench")
