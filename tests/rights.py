"""What docs/ says that users need to be allowed: the actions of each command, and the policies."""

import json
import re
from functools import cache
from typing import Any

from scripts.embed import ROOT

DOCS = ROOT / "docs"
POLICIES = DOCS / "policies"
Statement = dict[str, Any]


@cache
def table(
    page: str = "operating.md", heading: str = "What it needs to be allowed"
) -> dict[str, str]:
    """Return the rows of a table in docs/, by the command: the actions that it needs."""
    text = (DOCS / page).read_text("utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([a-z][a-z -]+) \| (.+) \|$", section, re.MULTILINE)
    return dict(rows[1:])  # after the heads of the columns


def documented(command: str) -> set[str]:
    """Return the actions that the table has for a command, with those of others that it names."""
    row = table()[command]
    if row == "none":
        return set()
    others = {"all", *re.findall(r"those of (\w+)", row)} - {command}
    return set(actions(row)).union(*map(documented, others))


def actions(text: str) -> list[str]:
    """Return the actions that a text names."""
    return re.findall(r"`([a-z]+:[A-Z]\w+)`", text)


@cache
def groups() -> dict[str, set[str]]:
    """Return the Sids of the operator's statements by the command, as docs/permissions.md says.

    An action that IAM cannot narrow is in a second one, such as CheckAny.
    """
    sids = [each["Sid"] for each in statements("operator")]
    return {
        command: {sid for sid in sids if f"`{sid.removesuffix('Any')}`" in row}
        for command, row in table("permissions.md", "Who operates").items()
    }


def statements(*policies: str, **words: str) -> list[Statement]:
    """Return the statements of policies, with words in place of REGION, SUFFIX and the others."""
    found: list[Statement] = []
    for policy in policies:
        text = (POLICIES / f"{policy}.json").read_text("utf-8")
        for name, word in words.items():
            text = text.replace(name, word)
        found += json.loads(text)["Statement"]
    return found
