"""Writes what describes an update to other tools, from docs/shipment-update.schema.json."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from scripts.embed import ROOT
from shipments.bus import SAMPLE
from shipments.events import DETAIL_TYPE, SOURCE
from shipments.oneline import OneLine

SCHEMA = ROOT / "docs" / "shipment-update.schema.json"
ASYNCAPI = SCHEMA.with_name("shipment-update.asyncapi.json")
EVENTBRIDGE = SCHEMA.with_name("shipment-update.eventbridge.json")
VERSION = "1.0.0"  # of what an update may have; it changes with a rule
# JSON Schema's words that a schema of OpenAPI 3.0 does not have.
NOT_IN_OPENAPI = {"$schema", "$comment", "examples"}
# With null beside them: it knows no type of that name.
TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string", "nullable": True},
    "integer": {"type": "integer", "format": "int64", "nullable": True},
}
UPDATE = "#/components/schemas/ShipmentUpdate"

Fields = dict[str, Any]


def asyncapi(schema: Fields) -> Fields:
    """Return the document of AsyncAPI 3.0, whose own schemas know each word of ours."""
    # The keywords that we use mean the same in draft 7, which AsyncAPI extends.
    detail = {name: value for name, value in schema.items() if name != "$schema"}
    return {
        "asyncapi": "3.0.0",
        "info": _info(schema),
        "defaultContentType": "application/json",
        "channels": {
            "bus": {
                "address": "default",
                "description": "The event bus of the stack's parameter EventBusName.",
                "messages": {"update": {"$ref": "#/components/messages/update"}},
            }
        },
        "operations": {
            "storeUpdate": {
                "action": "receive",
                "channel": {"$ref": "#/channels/bus"},
                "messages": [{"$ref": "#/channels/bus/messages/update"}],
            }
        },
        "components": {
            "messages": {
                "update": {"name": DETAIL_TYPE, "payload": {"$ref": "#/components/schemas/Event"}}
            },
            "schemas": {
                "Event": _event({"const": SOURCE}, {"const": DETAIL_TYPE}),
                "ShipmentUpdate": detail,
            },
        },
    }


def eventbridge(schema: Fields) -> Fields:
    """Return the document of OpenAPI 3.0 that EventBridge's schema registry takes."""
    event = _event({"type": "string", "enum": [SOURCE]}, {"type": "string", "enum": [DETAIL_TYPE]})
    return {
        "openapi": "3.0.0",
        "info": _info(schema),
        "paths": {},
        "components": {
            "schemas": {
                "AWSEvent": {
                    "x-amazon-events-detail-type": DETAIL_TYPE,
                    "x-amazon-events-source": SOURCE,
                    **event,
                },
                "ShipmentUpdate": openapi(schema),
            }
        },
    }


def openapi(schema: Mapping[str, Any]) -> Fields:
    """Return a schema in the words of OpenAPI 3.0; a field with several types may be null."""
    found = {name: value for name, value in schema.items() if name not in NOT_IN_OPENAPI}
    if "examples" in schema:
        found["example"] = schema["examples"][0]
    if "properties" in schema:
        found["properties"] = {name: openapi(each) for name, each in schema["properties"].items()}
    if isinstance(schema.get("type"), list):
        kinds = [TYPES[name] for name in found.pop("type") if name != "null"]
        found |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    return found


def _info(schema: Fields) -> Fields:
    return {
        "title": schema["title"],
        "version": VERSION,
        "description": schema["description"],
    }


def _event(source: Fields, detail_type: Fields) -> Fields:
    """Return the schema of an event as EventBridge delivers it."""
    own: Fields = {
        "source": source,
        "detail-type": detail_type,
        "time": {"type": "string", "format": "date-time"},
        "resources": {"type": "array", "items": {"type": "string"}},
        "detail": {"$ref": UPDATE},
    }
    properties = {name: own.get(name, {"type": "string"}) for name in SAMPLE}
    return {"type": "object", "required": list(properties), "properties": properties}


def documents() -> dict[Path, str]:
    """Return the text of each file that is generated."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    made = {ASYNCAPI: asyncapi(schema), EVENTBRIDGE: eventbridge(schema)}
    return {path: json.dumps(document, indent=2) + "\n" for path, document in made.items()}


@click.command(cls=OneLine, epilog="Example: scripts/schemas --check")
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if a file is not up to date.")
def main(*, check: bool) -> int:
    """Write the AsyncAPI document and the EventBridge schema of an update."""
    old = 0
    for path, text in documents().items():
        if not check:
            path.write_text(text, "utf-8")
            click.echo(f"Wrote {path.relative_to(ROOT)}.")
        elif not path.exists() or path.read_text("utf-8") != text:
            click.echo(f"Run scripts/schemas: {path.relative_to(ROOT)} is not up to date.")
            old = 1
    return old


if __name__ == "__main__":
    main(prog_name="scripts/schemas")
