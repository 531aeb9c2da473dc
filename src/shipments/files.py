"""Opens the files that hold shipments' data: only their owner may read them."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Literal

FLAGS = {"x": os.O_EXCL, "a": os.O_APPEND, "w": os.O_TRUNC}


def private(path: Path, mode: Literal["x", "a", "w"]) -> IO[str]:
    """Open a file to write text to: a new one ("x"), or one to add to ("a") or replace ("w").

    A file that is made gets mode 0600. Raises OSError, FileExistsError with "x" among them.
    """
    flags = os.O_WRONLY | os.O_CREAT | FLAGS[mode]
    return os.fdopen(os.open(path, flags, 0o600), mode.replace("x", "w"), encoding="utf-8")


def add_line(file: IO[str], fields: Mapping[str, Any]) -> None:
    """Add a line of JSON to a file; return when it is on the disk. Raises OSError."""
    file.write(json.dumps(fields) + "\n")
    file.flush()
    os.fsync(file.fileno())
