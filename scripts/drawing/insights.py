"""Runs a log widget's query with CloudWatch Logs Insights.

A service may take a query and do only a part of it: not find the fields of a JSON message, or
pass over a filter. So the message is asked for besides, the fields that are missing are taken
from it, and rows that the query's own filter and order rule out are a reason to ask for all the
rows and to do here what has not been done there.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.drawing.filters import FilterError, parse_filter
from scripts.drawing.widgets import Query

DEADLINE_SECONDS = 30
POLL_SECONDS = 0.2
MOST_ROWS = 10_000  # what Insights returns at most
# A bar in a text, or in the expression after like, does not end a command.
SPLIT = re.compile(
    r"""((?:\blike|=~)\s*/(?:\\.|[^/\\])+/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^|])|\|""",
    re.IGNORECASE | re.DOTALL,
)
SORT = re.compile(r"([^\s,]+)(?:\s+(asc|desc))?", re.IGNORECASE)

Row = dict[str, str]


@dataclass(frozen=True)
class Table:
    """What a query gave: columns, rows of texts, and what is to be said beside."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A query taken apart, as far as it is understood here.

    columns: name in the log to name in the table; keeps: the filter; sort: (field, descending).
    """

    columns: Mapping[str, str]
    keeps: tuple[Callable[[Mapping[str, Any]], bool], ...]
    sort: tuple[str, bool] | None
    limit: int


def run(query: Query, logs: Any, start: datetime, end: datetime) -> Table:
    """Return a query's table; one without rows and with a note if the query does not end."""
    ask = _Asking(logs, query.groups, start, end)
    try:
        wanted = plan(query.text)
    except FilterError as error:
        rows, note = ask(query.text, MOST_ROWS)
        columns = tuple(dict.fromkeys(name for row in rows for name in row if name != "@ptr"))
        table = tuple(tuple(row.get(name, "") for name in columns) for row in rows)
        return Table(columns, table, (note or f"As the service answers it: {error}.",))
    fields = ", ".join(dict.fromkeys([*wanted.columns, "@timestamp", "@message"]))
    rest = [stage for stage in stages(query.text) if stage.split()[0].lower() not in SHOWING]
    rows, note = ask(" | ".join([f"fields {fields}", *rest]), wanted.limit)
    found = [_filled(row) for row in rows]
    if _arranged(found, wanted) != found:
        rows, note = ask(f"fields {fields}", MOST_ROWS)
        found = _arranged([_filled(row) for row in rows], wanted)
    shown = tuple(tuple(_text(row.get(name, "")) for name in wanted.columns) for row in found)
    return Table(tuple(wanted.columns.values()), shown, (note,) if note else ())


SHOWING = {"fields", "display"}


def stages(text: str) -> list[str]:
    """Return the commands of a query."""
    parts = [""]
    for found in SPLIT.finditer(text):
        if found[1] is None:
            parts.append("")
        else:
            parts[-1] += found[1]
    return [stripped for part in parts if (stripped := part.strip())]


def plan(text: str) -> Plan:
    """Return a query taken apart; raise FilterError for what only Insights itself can do."""
    columns: dict[str, str] = {}
    keeps = []
    sort, limit = None, MOST_ROWS
    for stage in stages(text):
        command, _, rest = stage.partition(" ")
        match command.lower():
            case "fields":
                columns |= _columns(rest)
            case "display":
                columns = _columns(rest)
            case "filter":
                keeps.append(parse_filter(rest))
            case "sort":
                order = SORT.fullmatch(rest.strip())
                if order is None:
                    raise FilterError(f"sort {rest.strip()}")
                sort = (order[1], (order[2] or "desc").lower() == "desc")
            case "limit" if rest.strip().isdigit():
                limit = int(rest)
            case _:
                raise FilterError(stage)
    columns = columns or {"@timestamp": "@timestamp", "@message": "@message"}
    return Plan(columns, tuple(keeps), sort, limit)


def _columns(text: str) -> dict[str, str]:
    columns = {}
    for part in text.split(","):
        name, _, alias = part.strip().partition(" as ")
        if not re.fullmatch(r"[@\w.`-]+", name.strip()):
            raise FilterError(f"fields {part.strip()}")
        columns[name.strip("` ")] = alias.strip() or name.strip("` ")
    return columns


class _Asking:
    """Starts queries of some log groups and waits for what they find."""

    def __init__(self, logs: Any, groups: tuple[str, ...], start: datetime, end: datetime) -> None:
        self._logs, self._groups = logs, list(groups)
        self._span = {"startTime": int(start.timestamp()), "endTime": int(end.timestamp()) + 1}

    def __call__(self, text: str, limit: int) -> tuple[list[Row], str]:
        """Return the rows that a query finds, and what is to be said if it does not end."""
        started = self._logs.start_query(
            logGroupNames=self._groups, queryString=text, limit=limit, **self._span
        )
        give_up = time.monotonic() + DEADLINE_SECONDS
        while True:
            answer = self._logs.get_query_results(queryId=started["queryId"])
            if answer["status"] not in {"Scheduled", "Running"}:
                break
            if time.monotonic() > give_up:
                self._logs.stop_query(queryId=started["queryId"])
                return [], f"The query did not end within {DEADLINE_SECONDS} s."
            time.sleep(POLL_SECONDS)
        if answer["status"] != "Complete":
            return [], f"The query ended: {answer['status']}."
        return [{each["field"]: each["value"] for each in row} for row in answer["results"]], ""


def _filled(row: Row) -> dict[str, Any]:
    """Return a row with the fields of its JSON message that it lacks."""
    try:
        message = json.loads(row.get("@message", ""))
    except ValueError:
        message = None
    fields = dict(_flat(message)) if isinstance(message, dict) else {}
    return fields | {name: value for name, value in row.items() if value != ""}


def _flat(value: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Return the fields of an object as Insights names them: a.b for b in a."""
    pairs: list[tuple[str, Any]] = []
    for name, member in value.items():
        if isinstance(member, dict):
            pairs += _flat(member, f"{before}{name}.")
        else:
            pairs.append((before + name, member))
    return pairs


def _arranged(rows: list[dict[str, Any]], wanted: Plan) -> list[dict[str, Any]]:
    """Return the rows that a query keeps, in its order, no more than it wants."""
    kept = [row for row in rows if all(keeps(row) for keeps in wanted.keeps)]
    if wanted.sort:
        name, descending = wanted.sort
        kept.sort(key=lambda row: _rank(row.get(name)), reverse=descending)
    return kept[: wanted.limit]


def _rank(value: Any) -> tuple[bool, float, str]:
    """Return what a value is sorted by: what is missing, then numbers, then texts."""
    try:
        return value is not None, float(value), ""
    except (TypeError, ValueError):
        return value is not None, float("inf") if value is not None else 0, str(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
