"""docs/aws.md: each claim about AWS has a line that relies on it, a source, and a state."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "aws.md"
PARTS = ["Relies", "Source", "Emulator", "State"]
PART = re.compile(r"^- (\w+): (.+?)(?=\n- |\Z)", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"`([^`:]+): ([^`]+)`")


class Claim(NamedTuple):
    """A claim by its heading, and what is said about it, by part."""

    heading: str
    parts: list[tuple[str, str]]


def claims() -> list[Claim]:
    """Return the page's claims, each part on one line."""
    found = []
    for section in PAGE.read_text("utf-8").split("\n### ")[1:]:
        heading, _, rest = section.partition("\n")
        text = rest.split("\n## ")[0].strip()
        parts = [(name, " ".join(said.split())) for name, said in PART.findall(text)]
        found.append(Claim(heading, parts))
    return found


CLAIMS = claims()
each_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.heading)


def test_each_claim_is_made_once() -> None:
    assert len({claim.heading for claim in CLAIMS}) == len(CLAIMS) > 50


@each_claim
def test_a_claim_has_a_line_a_source_the_emulator_and_a_state(claim: Claim) -> None:
    assert [name for name, _ in claim.parts] == PARTS


@each_claim
def test_the_lines_that_rely_on_a_claim_exist(claim: Claim) -> None:
    lines = LINE.findall(dict(claim.parts)["Relies"])
    assert lines
    for path, text in lines:
        assert text in (ROOT / path).read_text("utf-8"), f"{path} has no {text}"


@each_claim
def test_a_claim_is_confirmed_or_inferred_from_a_source_or_open(claim: Claim) -> None:
    parts = dict(claim.parts)
    assert re.match(r"(confirmed|inferred from|open:)", parts["State"])
    is_sourced = "](https://" in parts["Source"] or re.search(r"recorded|`.+`", parts["Source"])
    assert is_sourced or "open" in parts["State"]
