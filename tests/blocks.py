"""The commands of the pages: each block of README.md and docs/, and which test runs it.

A block is chosen by ``page``, ``page#heading`` or either with ``: beginning of its text``.
"""

import re
from typing import NamedTuple

from scripts.embed import ROOT

COMMANDS = {"sh", "console"}
FENCE = re.compile(
    r"(?ms)^#+ (?P<heading>[^\n]+)$|^```(?P<kind>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$"
)
PAGES = ("README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))


class Block(NamedTuple):
    """A block of a page: its page and heading, its kind, its text, and its file's name, if any."""

    page: str
    heading: str
    kind: str
    file: str
    text: str

    @property
    def name(self) -> str:
        """What tells it apart from other blocks, as a choice: page, heading and first line."""
        return f"{self.page}#{self.heading}: {self.text.partition(chr(10))[0]}"

    def is_chosen(self, choice: str) -> bool:
        """Return whether a choice is about this block."""
        where, _, beginning = choice.partition(": ")
        page, _, heading = where.partition("#")
        return (
            page == self.page
            and heading in ("", self.heading)
            and self.text.removeprefix("$ ").startswith(beginning)
        )


def blocks(*choices: str) -> list[Block]:
    """Return the blocks that are chosen, in the order of the choices."""
    return [block for choice in choices for block in ALL if block.is_chosen(choice)]


def to_run(name: str) -> list[Block]:
    """Return the blocks that the test of this name runs, in its order, with the pages' files."""
    left_out = blocks(*NOT_RUN)
    return [block for block in blocks(*RUN[name]) if block not in left_out]


def _read() -> list[Block]:
    found = []
    for page in PAGES:
        heading = ""
        for part in FENCE.finditer((ROOT / page).read_text("utf-8")):
            # In docs/operating.md a heading is a command, a colon and a question.
            heading = (part["heading"] or heading).partition(":")[0]
            if part["kind"]:
                found.append(Block(page, heading, part["kind"], part["file"] or "", part["text"]))
    return found


ALL = _read()

# Each is run in this order on a new stack by the test that names it.
RUN: dict[str, tuple[str, ...]] = {
    "an operator's day": tuple(
        f"docs/operating.md#{heading}"
        for heading in (
            *("check", "send", "track", "list", "export", "log", "cost", "failed", "redrive"),
            *("discard", "erase", "replay", "dashboard", "map"),
        )
    ),
    "access and erasure": ("docs/privacy.md",),
    "rows are restored": ("docs/runbook.md#Runbook", "docs/runbook.md#Restore rows"),
    "consumers": ("docs/consuming.md",),
    "producers": ("docs/publishing.md",),
    "the life of a stack": (
        "docs/production.md#Going to production",
        "docs/production.md#Deploy: shipments check --before",
        "README.md#Deploy to AWS",
        "README.md#Send an update and see it",
        "README.md#Which statuses are critical",
        "README.md#What it costs",
        "docs/questions.md#Questions to the log: shipments log",
        "docs/production.md#Deploy: aws cloudformation deploy",
        "docs/production.md#After you have deployed",
        "docs/production.md#Update a stack",
        "README.md#Fewer mails, and the status of each shipment",
        "docs/operating.md#status",
        "docs/runbook.md#Alarms",
        "docs/runbook.md#What was missed",
        "docs/production.md#The status stack: aws cloudformation delete-stack",
        "docs/production.md#The status stack: stream=",
        "docs/production.md#The status stack: aws cloudformation delete-stack",
        "docs/production.md#A key of your own",
        "docs/production.md#Deleting a stack: aws dynamodb create-backup",
        "docs/production.md#Deleting a stack: aws cloudformation deploy",
    ),
    "a webhook": (
        "README.md#A carrier's webhook, optional",
        "docs/production.md#A carrier's webhook",
    ),
    "what is made before a stack": (
        "docs/production.md#Before you deploy",
        "docs/permissions.md",
    ),
}

INSTALLS = "installs from a package index; tests/unit/test_package.py installs what it builds"
HALFWAY = "for a stack that AWS left in a state in which the emulator leaves none"
NOT_RUN: dict[str, str] = {
    "README.md#Try it": "the demo and all the tests; CI runs both",
    "docs/demo.md": "the demo; tests/unit/test_demo.py checks its parts, and CI runs it",
    "README.md#Operating it: pipx install": INSTALLS,
    "docs/operating.md#Operating it: pipx install": INSTALLS,
    "README.md#Operating it: shipments check": "a list of forms; docs/operating.md has each",
    "docs/operating.md#restore": "runs in docs/runbook.md, with a table that was restored",
    "docs/production.md#Deploy: aws cloudformation delete-stack": HALFWAY,
    "docs/production.md#Deploy: aws dynamodb update-table": HALFWAY,
    "docs/production.md#Deleting a stack: aws dynamodb update-table": HALFWAY,
    "docs/production.md#Deleting a stack: aws cloudformation delete-stack": HALFWAY,
    "docs/questions.md#Questions to the log: aws()": "AWS only: Logs Insights",
    "docs/runbook.md#Restore rows: backup=": "AWS only: system backups",
    "docs/runbook.md#Restore the resources": "AWS only: change sets that revert drift",
}
