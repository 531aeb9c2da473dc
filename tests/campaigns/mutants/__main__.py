"""The command: ``python -m tests.campaigns.mutants``, or ``make mutants``.

Exit status: 0 if every mutant is noticed, 1 if one survives, 2 if a test fails on what is there.
"""

import subprocess
import sys
import time
from functools import partial

import click

from tests.campaigns import pythons
from tests.campaigns.mutants import handler, template
from tests.campaigns.mutants.campaign import Campaign, FailingTestError, Mutant, run

HERE = f"3.{sys.version_info.minor}"
OLDEST = pythons.MINORS[0]


@click.command(epilog="Example: python -m tests.campaigns.mutants handler --only places")
@click.argument("part", type=click.Choice(["template", *handler.PARTS]), required=False)
@click.option("--only", default="", help="Try only the mutants with this text in their lines.")
def main(*, part: str | None, only: str) -> None:
    """Try every mutant on the tests and list those that no test notices.

    PART: the template, the handler, or another stack's, status or webhook. Default: all, and the
    handlers on Python 3.10 too.
    """
    if part:
        sys.exit(attempt(part, only))
    commands = [[sys.executable, part] for part in ("template", *handler.PARTS)]
    oldest = pythons.find(OLDEST)
    if oldest is None:
        click.echo(f"Python 3.{OLDEST} is not found: the handlers are tried on {HERE} only")
    elif f"3.{OLDEST}" != HERE:
        python = str(pythons.environment(oldest[0], OLDEST))
        commands += [[python, part] for part in handler.PARTS]
    sys.exit(max(_apart(python, name, only) for python, name in commands))


def _apart(python: str, part: str, only: str) -> int:
    command = [python, "-m", "tests.campaigns.mutants", part, "--only", only]
    return subprocess.run(command, cwd=pythons.ROOT, check=False).returncode


def attempt(part: str, only: str) -> int:
    """Try the mutants of a part on this Python; return the exit status."""
    started = time.monotonic()
    if part == "template":
        every, may_notice, tests = template.all_mutants, template.may_notice, template.TESTS
    else:
        every, may_notice = partial(handler.all_mutants, part), partial(handler.may_notice, part)
        tests = [handler.PARTS[part].tests]

    def chosen() -> list[Mutant]:
        return [mutant for mutant in every() if only in mutant.name]

    campaign = Campaign(
        chosen, may_notice, (lambda: None) if part == "template" else handler.prepare
    )
    try:
        run(campaign, tests)
    except FailingTestError:
        click.echo(f"a test fails on the {part} as it is: run pytest {tests[0]}", err=True)
        return 2
    for survivor in campaign.survivors:
        click.echo(survivor)
    counts = f"{campaign.tried} mutants, {len(campaign.survivors)} survive"
    click.echo(f"{part} on Python {HERE}: {counts} ({time.monotonic() - started:.0f} s)")
    return 1 if campaign.survivors else 0


if __name__ == "__main__":
    main()
