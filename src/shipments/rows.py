"""The rows of the table, as the commands read and show them."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from shipments import rules
from shipments.stack import Stack

Row = dict[str, Any]
Item = dict[str, dict[str, Any]]  # a row as DynamoDB has it, each value with its type


def plain(item: Mapping[str, Mapping[str, Any]]) -> Row:
    """Return a row without DynamoDB's types, its numbers as numbers."""
    row: Row = {}
    for name, typed in item.items():
        ((kind, value),) = typed.items()
        row[name] = int(value) if kind == "N" else value
    return row


class Statuses:
    """Statuses as the handler of a stack reads them."""

    def __init__(self, stack: Stack) -> None:
        handler = rules.handler(stack.parameters.get("CriticalStatuses", rules.CRITICAL))
        # A table has few different statuses, and many rows.
        self.is_critical: Callable[[str], bool] = cache(handler.is_critical)
        # Returns the word that a row has for a status in any spelling.
        self.word: Callable[[str], str] = handler.status_word

    def marked(self, status: str) -> str:
        """Return a status as people see it: a critical one says so."""
        return f"{status} (critical)" if self.is_critical(status) else status
