"""As much of CloudWatch Logs Insights as docs/questions.md asks of it, on lines in memory."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from math import ceil
from typing import Any

Row = dict[str, Any]
HOUR_MS = 3_600_000
_TERM = re.compile(r'(?P<name>\w+) = "(?P<value>[^"]*)"|not ispresent\((?P<absent>\w+)\)')
_AGGREGATE = re.compile(
    r"(?:(?P<count>count)\(\*\)|latest\((?P<latest>\w+)\)|pct\((?P<of>\w+), (?P<percent>\d+)\))"
    r" as (?P<alias>\w+)"
)
# What `wanted` has between commas, of which there is one within pct().
_COMMA = re.compile(r", (?![^(]*\))")


@dataclass(frozen=True)
class Question:
    """A query, and the fields of the log line that it names."""

    text: str

    @property
    def commands(self) -> list[tuple[str, str]]:
        """The commands in their order: a word, and what follows it."""
        steps = [step.strip() for step in self.text.split("\n|")]
        return [(word, rest) for word, _, rest in (step.partition(" ") for step in steps)]

    def answer(self, lines: list[str]) -> list[Row]:
        """Return the rows that it makes of a log's lines, the first one logged first.

        Raises an error for a command, or a form of one, that is not known here.
        """
        rows = [discovered(line) for line in lines]
        for word, rest in self.commands:
            rows = {
                "filter": _filter,
                "sort": _sort,
                "limit": lambda rows, rest: rows[: int(rest)],
                "display": _display,
                "stats": _stats,
            }[word](rows, rest)
        return rows

    def fields(self) -> set[str]:
        """Return the names of the log line's fields, without the aliases that it makes."""
        aliases = set(re.findall(r" as (\w+)", self.text))
        plain = re.sub(r'"[^"]*"', "", self.text)
        known = {"filter", "sort", "limit", "display", "stats", "by", "as", "and", "not", "asc"}
        known |= {"desc", "count", "latest", "pct", "bin", "ispresent"}
        return set(re.findall(r"@?\b[A-Za-z]\w*", plain)) - aliases - known


def discovered(line: str) -> Row:
    """Return a line's fields as Insights finds them: what is missing is not there."""
    row: Row = json.loads(line)
    return {**row, "@timestamp": row["_aws"]["Timestamp"]}


def _filter(rows: list[Row], rest: str) -> list[Row]:
    for each in rest.split(" and "):
        term = _TERM.fullmatch(each)
        assert term is not None, each
        name, value = term["name"] or term["absent"], term["value"]
        rows = [row for row in rows if row.get(name) == value]
    return rows


def _sort(rows: list[Row], rest: str) -> list[Row]:
    field, order = rest.split()
    assert order in {"asc", "desc"}
    return sorted(rows, key=lambda row: row[field], reverse=order == "desc")


def _display(rows: list[Row], rest: str) -> list[Row]:
    return [{name: row[name] for name in rest.split(", ") if name in row} for row in rows]


def _stats(rows: list[Row], rest: str) -> list[Row]:
    wanted, _, by = rest.partition(" by ")
    names = by.split(", ")
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        binned = {**row, "bin(1h)": row["@timestamp"] // HOUR_MS * HOUR_MS}
        groups[tuple(binned.get(name) for name in names)].append(row)
    return [
        {**dict(zip(names, values, strict=True)), **_aggregates(wanted, group)}
        for values, group in groups.items()
    ]


def _aggregates(wanted: str, group: list[Row]) -> Row:
    found = {}
    for each in _COMMA.split(wanted):
        term = _AGGREGATE.fullmatch(each)
        assert term is not None, each
        if term["count"]:
            found[term["alias"]] = len(group)
        elif term["latest"]:
            found[term["alias"]] = group[-1].get(term["latest"])
        else:
            values = sorted(row[term["of"]] for row in group)
            found[term["alias"]] = values[ceil(len(values) * int(term["percent"]) / 100) - 1]
    return found
