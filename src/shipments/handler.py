"""Loads a handler's code from lambda/: the one place that does so outside of Lambda.

The wheel has copies of both handlers in this package; in a checkout the originals are used.
"""

import hashlib
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType

_CHECKOUT = Path(__file__).resolve().parents[2] / "lambda"
_PACKAGED = Path(__file__).resolve().with_name("lambda")
_FOLDER = _PACKAGED if _PACKAGED.exists() else _CHECKOUT
PATH = _FOLDER / "index.py"
STATUS_PATH = _FOLDER / "status.py"  # the companion stack's


@cache
def code(path: Path = PATH) -> CodeType:
    """Return the compiled code. `make mutants` puts another function in its place."""
    return compile(path.read_text("utf-8"), path, "exec")


def digest(path: Path = PATH) -> str:
    """Return what tells versions of a handler apart: 12 hex digits of the SHA-256 of its text."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def load(variables: Mapping[str, str], path: Path = PATH) -> ModuleType:
    """Return a new module of a handler, as a cold start with these environment variables does."""
    module = ModuleType("index")
    before = dict(os.environ)
    try:
        os.environ.update(variables)
        exec(code(path), module.__dict__)  # noqa: S102 - an import of a file that is in no package
    finally:
        for name in variables.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
    return module
