"""Whatever text comes with updates, it stays data in what the commands print."""

import csv
import io
import json
import shlex
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shipments.check.model import Finding
from shipments.commands.check import Report
from shipments.options import Target
from shipments.output import Output
from tests.hostile import TEXTS, computed, hidden, shown, stored, texts
from tests.unit.shipments.cloud import Cloud, Fields, envelope, opened, refusal

SOME = 4
KEPT, SHORT = 100, 32  # characters of a value that are printed everywhere
COMMANDS = {
    "failed": (),
    "list": (),
    "log": (),
    "replay": ("--from", "2h", "--to", "1h"),
    "redrive": ("--dry-run", "--as-is", "--reason", "(reason)", "--fix", "eventTime=null"),
}
# How often a command prints each value, and how often the first one.
PRINTED = {"failed": 4, "list": 4, "log": 6}
PRINTED_FIRST = {
    "replay": 1,
    "redrive": 1,
    "track 0": 6,
    "track 0, not stored": 2,
    "send FILE": 1,
    "discard": 1,
    "discard, not there": 1,
    "erase": 1,
}


class Filled:
    """An account with texts wherever an update can have them, each in a shipment of its own."""

    def __init__(self, cloud: Cloud, texts: list[str]) -> None:
        self.cloud, self.texts = cloud, texts
        self.ids = [f"{stored(text)}S{n}".strip() for n, text in enumerate(texts)]
        self.failed = [f"{stored(text)}F{n}".strip() for n, text in enumerate(texts)]
        self.events = [self._fail(n, text) for n, text in enumerate(texts)]
        cloud.put_on_queue(json.dumps(texts))  # unreadable
        names = ("status", "location", "carrier", "eventTime", "rawEvent")
        self.rows: list[Fields] = [
            {"shipmentId": self.ids[n], "timestamp": -n, **dict.fromkeys(names, stored(text))}
            for n, text in enumerate(texts)
        ]
        for row in self.rows:
            cloud.put_row(**row)
        self.log = [
            {"_aws": {}, "outcome": outcome, "shipmentId": self.failed[n], "reason": text}
            | {"status": text, "updateId": text}
            for outcome in ("rejected", "stored")
            for n, text in enumerate(texts)
        ]
        cloud.broken["FilterLogEvents"] = self._events
        cloud.on_replay.append(lambda name: [each.update(replay=name) for each in self.log])

    def _fail(self, n: int, text: str) -> Fields:
        fields = dict.fromkeys(("status", "location", "carrier", "eventTime"), text)
        event = envelope({"shipmentId": self.failed[n], **fields}, id=f"{text}{n}")
        self.cloud.put_on_queue(json.dumps({"reason": f"{text} (reason)", "envelope": event}))
        return event

    def _events(self, _: Any) -> Fields:
        now_ms = time.time_ns() // 1_000_000
        return {"events": [{"timestamp": now_ms, "message": json.dumps(e)} for e in self.log]}

    def json(self, *command: str) -> list[Any]:
        """Return what a command prints as JSON."""
        lines = self.cloud.run(*command, "--json").stdout.splitlines()
        assert all(line.isascii() and line.isprintable() for line in lines)
        return [json.loads(line) for line in lines]

    def printed(self, folder: Path) -> dict[str, str]:
        """Return what commands print for people."""
        run, text = self.cloud.run, self.texts[0]
        printed = {name: run(name, *options).output for name, options in COMMANDS.items()}
        for n in range(SOME):
            printed[f"track {n}"] = run("track", "--", self.ids[n]).output
            printed[f"track {n}, not stored"] = run("track", "--", self.failed[n]).output
        one = ("--shipment-id", text, "--status", text, "--event-time", f"{text}!")
        printed["send"] = run("send", *one).output
        file = folder / "broken.jsonl"
        broken = "{" + stored(text).replace("\n", " ")
        file.write_text(f'{broken}\n{{"shipmentId": "S"}}\n', "utf-8")
        printed["send FILE"] = run("send", str(file)).output
        saved = ("--save", str(folder / "saved.jsonl"))
        found = self.events[0]["id"]
        printed["discard"] = run("discard", "--message", found, *saved).output
        printed["discard, not there"] = run("discard", "--message", found, *saved).output
        printed["erase"] = run("erase", "--yes", "--", self.ids[0]).output
        return printed


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100000")  # no line is folded because it is long


def line_counts(printed: dict[str, str]) -> dict[str, int]:
    return {name: text.count("\n") for name, text in printed.items()}


@cache
def usual_line_counts(number: int) -> dict[str, int]:
    """Return how many lines commands print of so many harmless texts."""
    with opened() as cloud, TemporaryDirectory() as folder:
        return line_counts(Filled(cloud, ["x"] * number).printed(Path(folder)))


some = st.lists(texts, min_size=SOME, max_size=SOME)


@settings(max_examples=5)
@given(values=some)
@example(values=TEXTS)
def test_text_stays_text_for_people(
    values: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with opened() as cloud:
        account = Filled(cloud, values)
        printed = account.printed(tmp_path_factory.mktemp("files"))
    assert {name: hidden(text) for name, text in printed.items() if hidden(text)} == {}
    assert line_counts(printed) == usual_line_counts(len(values))
    for value in values:
        for name, times in PRINTED.items():
            assert printed[name].count(shown(value[:KEPT])) >= times, name
    for name, times in PRINTED_FIRST.items():
        assert printed[name].count(shown(stored(values[0])[:SHORT])) >= times, name
    for n, shipment in enumerate(account.failed[:SOME]):
        words = shlex.split(printed[f"track {n}, not stored"].rpartition("see: ")[2])
        assert words[:3] == ["shipments", "failed", "--shipment"]
        assert [shown(word) for word in words[3:]] == [shown(shipment)]


@settings(max_examples=10)
@given(values=some)
@example(values=TEXTS)
def test_scripts_get_what_is_stored(values: list[str]) -> None:
    with opened() as cloud:
        account = Filled(cloud, values)
        failed = [each["envelope"] for each in account.json("failed", "--envelopes")]
        by_id = {event["id"]: event for event in failed if event}
        assert by_id == {event["id"]: event for event in account.events}
        assert account.json("log") == account.log
        exported = account.json("export")
        assert sorted(exported, key=lambda row: row["timestamp"], reverse=True) == account.rows
        listed = {each["shipmentId"]: each["location"] for each in account.json("list")}
        assert listed == dict(zip(account.ids, map(stored, values), strict=True))
        for command in ("list", "export"):
            sheet = cloud.run(command, "--csv").stdout
            assert (sheet.count("\n"), hidden(sheet)) == (1 + len(values), set())
            for row in csv.DictReader(io.StringIO(sheet)):
                assert int(row.pop("timestamp", "0")) <= 0
                assert [part for cell in row.values() for part in computed(cell)] == []


@pytest.mark.parametrize("name", ["a b.jsonl", "$(reboot) 'x'.jsonl", "x\n\u202e  [red].jsonl"])
def test_a_file_s_name_is_one_word_of_the_command_that_sends_it(
    cloud: Cloud, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    file.write_text('{"shipmentId": "S-1", "status": "LOST"}\n')
    cloud.broken["PutEvents"] = lambda _: refusal("AccessDeniedException")
    (line,) = (
        each for each in cloud.run("send", str(file)).stderr.splitlines() if "again: " in each
    )
    words = shlex.split(line.partition("again: ")[2])
    assert words[:2] == ["shipments", "send"]
    assert [shown(word) for word in words[2:]] == [shown(str(file).replace(".j", ".unsent.j"))]


@pytest.mark.parametrize("text", TEXTS)
def test_what_a_check_finds_is_one_line(capsys: pytest.CaptureFixture[str], text: str) -> None:
    target = Target(None, None, None, None, None)
    Report(Output(as_json=False), target).add("alarms", "", [Finding(text, text)])
    found, remedy = capsys.readouterr().out.splitlines()
    assert shown(text) in found
    assert hidden(found + remedy) == set()
