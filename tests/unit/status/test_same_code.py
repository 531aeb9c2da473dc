"""What both handlers have is the same code, so that they agree on what is critical and printable.

Each is one file, which its template carries, so that neither can import the other.
"""

import ast
from pathlib import Path

import pytest

from shipments import handler
from tests.campaigns.hostile.carriers import WORDS
from tests.campaigns.hostile.statuses import CRITICAL, LOOKALIKES, ORDINARY
from tests.unit.status.account import StatusAccount

# What has one name and two codes, each with the reason.
DIFFERENT = {
    "lambda_handler": "each takes other events",
    "publish": "the facts of one update, or the lines of a digest",
    "report": "the metrics are others",
    "epoch_ms": "the times of updates have many forms, those of rows one",
    "TOPIC_ARN": "each has a topic of its own",
}


def definitions(path: Path) -> dict[str, str]:
    """Return the source of each top-level definition of a module by name."""
    source = path.read_text("utf-8")
    found = {}
    for node in ast.parse(source).body:
        text = ast.get_source_segment(source, node) or ""
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            decorators = [f"@{ast.unparse(each)}\n" for each in node.decorator_list]
            found[node.name] = "".join(decorators) + text
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {ast.unparse(target): text for target in targets}
    return found


UPDATES, STATUS = definitions(handler.PATH), definitions(handler.STATUS_PATH)
COMMON = sorted(UPDATES.keys() & STATUS.keys())


@pytest.mark.parametrize("name", [name for name in COMMON if name not in DIFFERENT])
def test_what_both_handlers_have_is_the_same(name: str) -> None:
    assert STATUS[name] == UPDATES[name]


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_differs_is_in_both_and_differs(name: str) -> None:
    assert name in COMMON
    assert STATUS[name] != UPDATES[name]


def test_the_handlers_share_what_makes_a_status_critical_and_a_text_printable() -> None:
    assert {"normalised", "is_critical", "iso", "clock_ms", "printable"} <= set(COMMON)


STATUSES = sorted(
    {
        *(word.status for word in WORDS if word.status),
        *CRITICAL.values(),
        *LOOKALIKES.values(),
        *ORDINARY.values(),
    }
)


@pytest.mark.parametrize("words", ["", "Exception, returned To-sender,004", "lost4good"])
def test_both_handlers_find_the_same_of_the_carriers_words_critical(
    account: StatusAccount, words: str
) -> None:
    changes = {"CRITICAL_STATUSES": words} if words else {}
    account.restart(**changes)
    account.restart_status(**changes)
    found = [status for status in STATUSES if account.status.is_critical(status)]
    assert found == [status for status in STATUSES if account.handler.is_critical(status)]
    assert found
    assert len(found) < len(STATUSES)


def test_what_alerts_by_the_default_is_critical_to_the_companion(account: StatusAccount) -> None:
    for word in WORDS:
        if word.status:
            assert account.status.is_critical(word.status) == (word.outcome == "alert"), word
