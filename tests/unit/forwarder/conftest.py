"""An account of its own for each test, with a stack in it."""

import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from scripts.stack import Stack
from tests.unit.forwarder.account import Client, opened


@pytest.fixture(autouse=True)
def _paths_into_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read an event's fields for the mock of EventBridge, which has a library for it elsewhere."""

    def parse(path: str) -> Any:
        name = path.removeprefix("$.").strip('"')
        return SimpleNamespace(find=lambda event: [SimpleNamespace(value=event.get(name))])

    library = ModuleType("jsonpath_ng.ext")
    vars(library)["parse"] = parse
    monkeypatch.setitem(sys.modules, "jsonpath_ng", ModuleType("jsonpath_ng"))
    monkeypatch.setitem(sys.modules, "jsonpath_ng.ext", library)


@pytest.fixture
def account() -> Iterator[tuple[Client, Stack]]:
    with opened() as account:
        yield account


@pytest.fixture
def client(account: tuple[Client, Stack]) -> Client:
    return account[0]


@pytest.fixture
def stack(account: tuple[Client, Stack]) -> Stack:
    return account[1]
