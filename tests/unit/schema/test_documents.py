"""What scripts/schemas generates from the schema of an update."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from scripts import schemas
from shipments.events import DETAIL_TYPE, SOURCE
from tests.unit.handler.updates import update


def test_the_documents_for_other_tools_are_up_to_date() -> None:
    for path, text in schemas.documents().items():
        assert path.read_text("utf-8") == text, "run scripts/schemas"


def test_check_names_the_document_that_is_not_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old := tmp_path / "old.json").write_text("{}", "utf-8")
    monkeypatch.setattr(schemas, "ROOT", tmp_path)
    monkeypatch.setattr(schemas, "documents", lambda: {old: "{ }"})
    done = CliRunner().invoke(schemas.main, ["--check"], standalone_mode=False)
    assert done.return_value == 1
    assert done.output == "Run scripts/schemas: old.json is not up to date.\n"
    assert old.read_text("utf-8") == "{}"


@pytest.mark.parametrize(
    "path", [schemas.ASYNCAPI, schemas.EVENTBRIDGE], ids=lambda path: path.stem
)
def test_a_document_describes_the_event_that_eventbridge_delivers(path: Path) -> None:
    document = json.loads(path.read_text("utf-8"))
    name = "AWSEvent" if path == schemas.EVENTBRIDGE else "Event"
    validator = Draft7Validator({**document, "$ref": f"#/components/schemas/{name}"})
    good, bad = update(), update(status="x" * 65)
    assert [validator.is_valid(event) for event in (good, bad)] == [True, False]
    assert not validator.is_valid({**good, "source": "another"})


def test_the_registry_s_document_says_which_events_it_is_of() -> None:
    event = json.loads(schemas.EVENTBRIDGE.read_text("utf-8"))["components"]["schemas"]["AWSEvent"]
    found = [event[f"x-amazon-events-{name}"] for name in ("source", "detail-type")]
    assert found == [SOURCE, DETAIL_TYPE]
