"""What every command saves passes this place."""

import os
from pathlib import Path

import pytest

from shipments.files import add_line, private


def test_a_saved_line_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_size))
    path = tmp_path / "saved.jsonl"
    with private(path, "a") as file:
        add_line(file, {"body": "x"})
        assert synced == [path.stat().st_size] != [0]
