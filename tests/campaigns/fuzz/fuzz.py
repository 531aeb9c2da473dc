"""Puts events that nobody thought of through the handler, for as long as one likes."""

import json
import secrets
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import click
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from rich.console import Console

from tests.campaigns.fuzz.events import shots
from tests.campaigns.fuzz.oracle import Broken, check
from tests.unit.handler.account import Account, opened

EXAMPLES = 500
# As many different findings are enough for a day.
ENOUGH = 10
PHASES = (Phase.generate, Phase.shrink)


@dataclass
class Hunt:
    """What came of it so far. findings: reports, by what they say; until: by the clock."""

    account: Account
    until: float
    deliveries: int = 0
    shots: int = 0
    findings: dict[str, str] = field(default_factory=dict)

    def round(self, number: int) -> None:
        """Fire some shots, all made from a number; note what is found, made as small as can be."""

        @seed(number)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        @given(shot=shots)
        def fire(shot: tuple[list[Any], list[Broken]]) -> None:
            if time.monotonic() > self.until:
                return
            self.shots += 1
            try:
                self.deliveries += check(self.account, *shot)
            except Exception as error:
                self._note(error, *shot)
                raise

        # What fails is noted; that time was up while it was made smaller does not matter.
        with suppress(Exception):
            fire()

    def _note(self, error: Exception, events: list[Any], broken: list[Broken]) -> None:
        """Note a finding and how to have it again, if it is the smallest of its kind."""
        line = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
        lines = [line, *(f"  event: {json.dumps(event)}" for event in events)]
        for operation, fault, times in broken:
            name = getattr(fault, "__qualname__", "fault").partition(".")[0]
            lines.append(f"  broken: {operation}, {name}, {times} times")
        report = "\n".join(lines)
        self.findings[line] = min(self.findings.get(line, report), report, key=len)


@click.command()
@click.option("--seconds", default=60.0, show_default=True, type=click.FloatRange(min=1))
@click.option("--seed", "start", type=click.IntRange(min=0), help="Of a run to have again.")
def main(seconds: float, start: int | None) -> None:
    """Put events that nobody thought of through the handler for a while.

    Whatever comes must be a row or a kept rejection, or raise while a call fails; an identity is
    never two rows, a critical one is always alerted, the log line is always valid.

    Exit status: 1 if something was found; the event that shows it is printed.
    """
    console = Console(highlight=False)
    start = secrets.randbelow(1_000_000) if start is None else start
    console.print(f"{seconds:g} s, seed {start}")
    with opened() as account, pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", lambda _: None)  # the client's pauses between its requests
        hunt = Hunt(account, time.monotonic() + seconds)
        with console.status("") as status:
            while time.monotonic() < hunt.until and len(hunt.findings) < ENOUGH:
                hunt.round(start)
                start += 1
                status.update(f"{hunt.deliveries:,} deliveries, {len(hunt.findings)} findings")
    for report in hunt.findings.values():
        console.print(report, markup=False, soft_wrap=True)
    console.print(
        f"{hunt.deliveries:,} deliveries in {hunt.shots:,} shots, {len(hunt.findings)} findings"
    )
    sys.exit(1 if hunt.findings else 0)


if __name__ == "__main__":
    main()
