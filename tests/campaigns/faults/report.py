"""Renders docs/reliability.md from what a run of the table has seen.

Run as a module it runs the table in memory and on a deployed stack, and writes the page if both
saw what the table says.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from tests.campaigns.faults import status_cases, status_report, status_run
from tests.campaigns.faults.cases import CASES, TABLE, Case, Section, State
from tests.campaigns.faults.deployed import laboratory
from tests.campaigns.faults.run import Seen, alone, tried
from tests.campaigns.worlds import report as worlds_report
from tests.unit.handler.account import opened

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reliability.md"

INTRODUCTION = """\
# Reliability: every fault, and where the update then is

`make reliability` breaks each AWS call of both handlers in every way below, looks where the update
is, and writes this page. A test runs the same table and fails if this page says anything else. The
[status stack](#the-status-stack) has a table of its own.

## What is promised

An update that reached the function is a row, or is on the failed-updates queue, or Lambda has it
and will try it again. It is never lost. It is one row however often it is delivered. A critical
update sends its alert before its row is marked as alerted: a failure in between repeats the alert,
and two deliveries of one update at the same instant can do so, too. Nothing else repeats an alert,
and nothing loses one.

## The sum

{sum}

## How to read the table

A fault is in one call (`PutItem` stores the row, `Publish` sends the alert, `UpdateItem` marks the
row as alerted, `SendMessage` keeps what is rejected or too big for its row) and lasts: every
request of that call meets it. *Done* means that the service does what was asked and the function
does not hear of it.

- **Ends with**: the error that the first attempt raises, as the log line names it. *killed*: Lambda
  ends the function while it waits for the call; a crash there is the same. *-*: nothing is raised,
  the update is done.
- **Once**: after one attempt. **Retried**: after Lambda's two more, with the fault still there.
  **Repaired**: the fault is gone, and the update was redriven from the queue, or delivered once
  more if it was not there.
- Each of these says whether there is a row, and whether it is marked as alerted; how many messages
  were sent about the update so far; and where it is: in the table, on the queue (with the number of
  copies if there are several), or with Lambda, which will try again.
- **Stack**: yes if the case is also tried on the deployed stack, by a proxy between function and
  emulator, with real retries, the real on-failure destination and the operator's own redrive. The
  others (the function's clock, twins at one exact point, a port where nobody listens) are tried on
  the handler alone.

A rejected update stays on the queue until it is fixed or deleted, and so does the text of one that
is too big for its row, so *Repaired* leaves them there. If an update was kept more than once, all
its copies are deleted when one of them has become a row. A function whose clock is behind rejects
updates as being in the future; when the clock is right, a redrive stores them.
"""

ENDING = """\
## Reproduce

`make reliability` runs all of it, in memory and on a stack that it deploys in a local emulator, and
takes a few minutes. `.venv/bin/python -m pytest tests/campaigns/faults` runs the part in memory; of
the status stack it tries each call of each row with one of the row's faults. `make soak` sends ten
thousand updates through a stack of which one AWS call in twenty fails, and as many past the status
stack, and balances the books of both;
`make fuzz SECONDS=600` looks for an event that nobody thought of.

## What is not in the table

- A service that answers 200 and has not done it. The connection is TLS, so no one else can answer
  in its place, and DynamoDB's answers carry a checksum that the client compares.
- The queue refuses Lambda's record of an update that failed three times, or EventBridge's of one
  that it could not deliver. Each has an alarm, and the archive has the update: see the
  [runbook](runbook.md).
- A batch of rows that were erased or expired, which the stream gives up after its hundred attempts:
  its message on the queue tells only times, in which a redrive finds no such row any more.
  `shipments status rebuild` finds the items that have no rows, or too many.
- An update that stays on the queue for 14 days is deleted by SQS. There is an alarm from the first
  minute on.
"""

HEADER = """\
| Fault | Ends with | Once | Retried | Repaired | Stack |
| --- | --- | --- | --- | --- | --- |
"""


def render(seen: Mapping[str, Seen]) -> str:
    """Return the page. seen: what was seen of each case, by its name."""
    parts = [INTRODUCTION.format(sum=_sum(seen)), "## The table\n"]
    for section in TABLE:
        parts.append(f"### {section.title}\n")
        parts += [_table(group, seen) for group in _groups(section)]
    worlds = worlds_report.render(PAGE.read_text("utf-8"))
    return "\n".join([*parts, worlds, status_report.render(), ENDING])


def sums(seen: Mapping[str, Seen]) -> dict[str, int]:
    """Return what is to be nothing, and what is not, over all the cases."""
    window = {case.name for section in TABLE if section.window for case in section.cases}
    critical = [case for case in CASES if case.update.is_critical]
    repeats = {case.name: max(0, _alerts(seen[case.name]) - 1) for case in critical}
    return {
        "cases": len(seen),
        "updates lost": sum(_is_lost(case, seen[case.name]) for case in CASES),
        "rows doubled": sum(each.rows > 1 for each in seen.values()),
        "critical alerts lost": sum(not seen[case.name].repaired.alerts for case in critical),
        "alerts repeated outside the window": sum(
            count for name, count in repeats.items() if name not in window
        ),
        "alerts repeated between publish and mark": sum(
            count for name, count in repeats.items() if name in window
        ),
    }


def _alerts(seen: Seen) -> int:
    """Return how many alerts of its status were sent of an update: not that it was rejected."""
    rejections = seen.once.alerts if seen.once.row == "no row" else 0
    return seen.repaired.alerts - rejections


def _is_lost(case: Case, seen: Seen) -> bool:
    """Return whether an update was nowhere at some point, or a valid one is no row in the end."""
    stored = seen.repaired.row != "no row" or "rejected" in case.update.name
    return not stored or not all(state.where for state in seen.states)


def _sum(seen: Mapping[str, Seen]) -> str:
    lines = [f"| {name} | {number} |" for name, number in sums(seen).items()]
    return "\n".join(["| over all the faults | |", "| --- | ---: |", *lines])


def _groups(section: Section) -> list[list[Case]]:
    """Return a section's cases, those of one call and one sort of update together."""
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in section.cases:
        groups.setdefault((case.call, case.update.name), []).append(case)
    return list(groups.values())


def _table(cases: list[Case], seen: Mapping[str, Seen]) -> str:
    call = f"`{cases[0].call}`" if cases[0].call[0].isupper() else cases[0].call
    title = f"Call: {call}. Update: {cases[0].update.name}.\n\n"
    return title + HEADER + "".join(_line(case, seen[case.name]) for case in cases)


def _line(case: Case, seen: Seen) -> str:
    ends = f"`{seen.raised[0]}`" if seen.raised[0] else "-"
    stack = "yes" if case.fault.wire else ""
    cells = [case.fault.title, ends, *map(_cell, seen.states), stack]
    return f"| {' | '.join(cells)} |\n"


def _cell(state: State) -> str:
    alerts = "no message" if not state.alerts else f"{state.alerts} message"
    return f"{state.row}; {alerts}{'s' if state.alerts > 1 else ''}; {state.where}"


def main() -> int:
    """Run the table both ways and write the page; return 1 if a case differs from the table."""
    console = Console(highlight=False)
    with console.status("Breaking calls in memory"):
        seen = in_memory()
    with console.status("Breaking calls on a deployed stack"), laboratory() as deployed:
        trials = deployed.run([case for case in CASES if case.fault.wire])
    with console.status("Breaking calls of the status stack in memory"):
        status = [(line, case) for line in status_cases.TABLE for case in line.cases()]
        states = status_run.in_memory(case for _, case in status)
    wrong = [case.name for case in CASES if not seen[case.name].is_as(case)]
    wrong += [case.name for line, case in status if states[case.name] != line.states]
    wrong += [f"{trial.case.name} (deployed)" for trial in trials if not trial.is_as_expected]
    for name in wrong:
        console.print(f"not as the table says: {name}", markup=False)
    if wrong:
        return 1
    PAGE.write_text(render(seen), "utf-8")
    console.print(
        f"{len(seen)} cases in memory, {len(trials)} deployed, and {len(states)} of the status "
        "stack in memory are as the tables say."
    )
    return 0


def in_memory() -> dict[str, Seen]:
    """Return what is seen of each case on the handler alone, by the case's name."""
    with alone(), opened() as account:
        return {case.name: tried(account, case) for case in CASES}


if __name__ == "__main__":
    sys.exit(main())
