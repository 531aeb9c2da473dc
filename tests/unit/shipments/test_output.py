"""What every command prints and writes passes these two places."""

import os
from pathlib import Path

import pytest

from shipments.files import add_line, private
from shipments.output import Output

HOSTILE = "SHIP-1\x1b[2J\r\x07\u202e\x9b31mLOST"


def test_nothing_that_is_printed_controls_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=False)
    output.show(HOSTILE)
    output.say(HOSTILE)
    printed = capfd.readouterr()
    for text in printed:
        assert text.count("\n") == 1
        assert text.rstrip("\n").isprintable()


def test_a_saved_line_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_size))
    path = tmp_path / "saved.jsonl"
    with private(path, "a") as file:
        add_line(file, {"body": "x"})
        assert synced == [path.stat().st_size] != [0]
