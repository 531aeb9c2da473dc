"""Loads the handler as a cold start does: the one place where tests get its code from."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType

import pytest

PATH = Path(__file__).resolve().parent.parent / "lambda" / "index.py"


@cache
def code() -> CodeType:
    """Return the handler's compiled code. `make mutants` puts another function in its place."""
    return compile(PATH.read_text("utf-8"), PATH, "exec")


def load(variables: Mapping[str, str]) -> ModuleType:
    """Return a new module of the handler, made with these environment variables."""
    module = ModuleType("index")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        exec(code(), module.__dict__)  # noqa: S102 - an import, of a folder called lambda
    return module
