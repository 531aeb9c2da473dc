"""docs/architecture.md: each sequence diagram has the calls that the handler makes."""

import re

import pytest

from scripts.embed import ROOT
from tests.unit.handler import gate
from tests.unit.handler.account import Account
from tests.unit.handler.updates import critical, update

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
DIAGRAM = re.compile(r"(?ms)^### ([^\n]+)\n\n```mermaid\nsequenceDiagram\n(.+?)^```$")
DIAGRAMS = dict(DIAGRAM.findall(PAGE))
ARROW = re.compile(r"^ +(\w+)-?->>(\w+): (.+)$")
NOTE = re.compile(r"^ +Note over (\w+)(?:,(\w+))?: .+$")
CASES = {
    "An ordinary update is *stored*": ([update()], "stored"),
    "The same update again is a *duplicate*": ([update(), update()], "duplicate"),
    "A critical update is *stored* and alerted": ([critical()], "stored"),
    "An update that breaks a rule is *rejected*": ([update(status=4)], "rejected"),
}


def operations(lines: list[str]) -> list[str]:
    """Return the function's calls of AWS in lines of a diagram."""
    found = [match for line in lines if (match := ARROW.match(line))]
    calls = [
        (caller, said.split(",")[0].split(":")[0])
        for caller, _, said in map(re.Match.groups, found)
    ]
    return [
        said for caller, said in calls if caller == "Function" and re.fullmatch("[A-Z]\\w+", said)
    ]


@pytest.mark.parametrize("title", CASES)
def test_a_diagram_has_the_handler_s_calls_and_its_outcome(account: Account, title: str) -> None:
    events, outcome = CASES[title]
    *_, last = [account.attempt(event) for event in events]
    assert operations(DIAGRAMS[title].splitlines()) == last.calls
    assert (last.log["outcome"], f"*{outcome}*" in title) == (outcome, True)


def test_the_diagram_of_a_failure_has_the_calls_of_an_attempt_that_fails_and_of_the_redrive(
    account: Account,
) -> None:
    (title,) = DIAGRAMS.keys() - CASES.keys()
    attempt, redrive = DIAGRAMS[title].split("    end\n")
    account.gate.break_calls("PutItem", gate.refusal(400, "ThrottlingException"))
    failed = account.attempt(update())
    assert operations(attempt.splitlines()) == failed.calls
    assert (len(failed.attempts), failed.log["outcome"], "*failed*" in title) == (2, "failed", True)
    account.gate.repair()
    stored = account.attempt(update())
    assert (operations(redrive.splitlines()), stored.log["outcome"]) == (stored.calls, "stored")


@pytest.mark.parametrize("title", DIAGRAMS)
def test_each_line_of_a_diagram_is_between_its_participants(title: str) -> None:
    participants, others = set(), set()
    for line in DIAGRAMS[title].splitlines():
        if line.startswith("    participant "):
            participants.add(line.split()[1])
        elif match := ARROW.match(line) or NOTE.match(line):
            others |= {name for name in match.groups()[:2] if name}
        else:
            assert re.fullmatch("    (loop .+|end)", line)
    assert participants == others
