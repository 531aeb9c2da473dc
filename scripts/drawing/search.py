"""Resolves SEARCH expressions where the service does not: by the list of its metrics."""

import re
from dataclasses import dataclass
from typing import Any

from scripts.drawing.widgets import Metric

CALL = re.compile(
    r"\s*SEARCH\s*\(\s*(?P<quote>['\"])(?P<what>.*)(?P=quote)\s*,\s*"
    r"(?P<q>['\"])(?P<stat>[^'\"]+)(?P=q)\s*(?:,\s*(?P<period>\d+)\s*)?\)\s*",
    re.DOTALL | re.IGNORECASE,
)
SCHEMA = re.compile(r"\s*\{(?P<names>[^{}]+)\}(?P<terms>.*)", re.DOTALL)
TERM = re.compile(
    r"\s*(?:AND\s+)?(?:(?P<name>[\w.:/-]+|\"[^\"]+\")\s*=\s*)?"
    r"(?P<value>\"[^\"]*\"|[^\s\"'(){}=]+)(?=\s|$)"
)


class SearchError(Exception):
    """An expression is no SEARCH of the kind that is resolved here."""


@dataclass(frozen=True)
class Search:
    """A SEARCH: the schema (namespace and names of dimensions) and the terms that must hold.

    exact: (property, value); words: what must occur in the metric's name or a dimension.
    """

    namespace: str
    dimensions: frozenset[str]
    exact: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    stat: str
    period: int | None

    def finds(self, metric: Metric) -> bool:
        """Say whether it finds a metric."""
        dimensions = dict(metric.dimensions)
        if metric.namespace != self.namespace or dimensions.keys() != self.dimensions:
            return False
        properties = {**dimensions, "MetricName": metric.name, "Namespace": metric.namespace}
        if any(properties.get(name) != value for name, value in self.exact):
            return False
        text = " ".join([metric.name, *dimensions, *dimensions.values()]).lower()
        return all(word.lower() in text for word in self.words)


def parse(expression: str) -> Search:
    """Return a SEARCH; raise SearchError if it is none, or has OR, NOT or brackets in it."""
    call = CALL.fullmatch(expression)
    schema = SCHEMA.fullmatch(call["what"]) if call else None
    if call is None or schema is None:
        raise SearchError("is no SEARCH by namespace and dimensions")
    namespace, *dimensions = (name.strip().strip('"') for name in schema["names"].split(","))
    exact, words = [], []
    terms, at = schema["terms"].rstrip(), 0
    while at < len(terms):
        term = TERM.match(terms, at)
        if term is None or (not term["name"] and term["value"].upper() in {"OR", "NOT", "AND"}):
            raise SearchError("has more than terms that must all hold")
        at, value = term.end(), term["value"].strip('"')
        if term["name"]:
            exact.append((term["name"].strip('"'), value))
        else:
            words.append(value)
    period = int(call["period"]) if call["period"] else None
    names = frozenset(dimensions)
    return Search(namespace, names, tuple(exact), tuple(words), call["stat"], period)


def with_period(expression: str, period: int) -> str:
    """Return a SEARCH with another period; any other expression as it is."""
    call = CALL.fullmatch(expression)
    if call is None:
        return expression
    quote, q = call["quote"], call["q"]
    return f"SEARCH({quote}{call['what']}{quote}, {q}{call['stat']}{q}, {period})"


def resolve(search: Search, cloudwatch: Any) -> list[Metric]:
    """Return the metrics that a SEARCH finds, sorted by their dimensions' values."""
    asked: dict[str, Any] = {"Namespace": search.namespace}
    named = dict(search.exact).get("MetricName")
    if named:
        asked["MetricName"] = named
    pages = cloudwatch.get_paginator("list_metrics").paginate(**asked)
    listed = {
        Metric(
            each["Namespace"],
            each["MetricName"],
            tuple(sorted((pair["Name"], pair["Value"]) for pair in each.get("Dimensions", []))),
            search.stat,
        )
        for page in pages
        for each in page["Metrics"]
    }
    found = (metric for metric in listed if search.finds(metric))
    return sorted(found, key=lambda metric: (metric.name, metric.dimensions))
