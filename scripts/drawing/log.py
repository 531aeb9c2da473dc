"""Runs a log widget's query with CloudWatch Logs Insights."""

import json
import re
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from scripts.drawing.body import Query
from scripts.drawing.metrics import Span

DEADLINE_SECONDS = 30
POLL_SECONDS = 0.2
UNFINISHED = {"Scheduled", "Running"}
# What an emulator's Insights really does; MiniStack passes over any other filter without a word.
EMULATED = re.compile(
    r"fields (?P<fields>[@\w., ]+?)"
    r"(?: \| filter @message like /(?:\\.|[^/\\])+/)*"
    r"(?: \| sort @timestamp(?: asc| desc)?)?(?: \| limit \d+)?"
)


class QueryError(Exception):
    """A query has no answer; the message says why."""


class Table(NamedTuple):
    """What a query found: columns, and rows of texts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def run(query: Query, logs: Any, span: Span, *, emulated: bool) -> Table:
    """Return what a query finds; raise QueryError.

    emulated: whether logs is an emulator's, which does not find the fields of a JSON message.
    """
    rows, text = [], query.text
    known = EMULATED.fullmatch(text.strip())
    if not emulated:
        rows = _ask(query, text, logs, span)
    elif known is None:
        raise QueryError(f"the emulator does not run this query: {text}")
    else:
        fields = known["fields"]
        found = _ask(query, text.replace(fields, f"{fields}, @message", 1), logs, span)
        for row in map(_with_fields, found):
            rows.append({name: row.get(name, "") for name in fields.split(", ")})
    # A row does not have the fields that are empty in it: take the order of the query.
    filled = {name for row in rows for name, value in row.items() if value and name != "@ptr"}
    columns = tuple(sorted(filled, key=text.find))
    return Table(columns, tuple(tuple(row.get(name, "") for name in columns) for row in rows))


def _ask(query: Query, text: str, logs: Any, span: Span) -> list[dict[str, str]]:
    """Return the rows that Insights finds, once the query has ended."""
    identifier = logs.start_query(
        logGroupNames=list(query.groups),
        queryString=text,
        startTime=int(span.start.timestamp()),
        endTime=int(span.end.timestamp()) + 1,
    )["queryId"]
    give_up = time.monotonic() + DEADLINE_SECONDS
    while (answer := logs.get_query_results(queryId=identifier))["status"] in UNFINISHED:
        if time.monotonic() > give_up:
            logs.stop_query(queryId=identifier)
            raise QueryError(f"the query did not end within {DEADLINE_SECONDS} s")
        time.sleep(POLL_SECONDS)
    if answer["status"] != "Complete":
        raise QueryError(f"the query ended with status {answer['status']}")
    return [{each["field"]: each["value"] for each in row} for row in answer["results"]]


def _with_fields(row: dict[str, str]) -> dict[str, str]:
    """Return a row with the fields of its JSON message that it lacks."""
    try:
        message = json.loads(row.get("@message", ""))
    except ValueError:
        message = None
    fields = _flat(message) if isinstance(message, dict) else {}
    return fields | {name: value for name, value in row.items() if value}


def _flat(value: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Return the fields of an object as Insights names them: a.b for b in a."""
    fields: dict[str, str] = {}
    for name, member in value.items():
        if isinstance(member, dict):
            fields |= _flat(member, f"{before}{name}.")
        elif member is not None:
            fields[before + name] = member if isinstance(member, str) else json.dumps(member)
    return fields
