"""Reads the filter command of Logs Insights: comparisons, in, like, ispresent, and, or, not."""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

TOKEN = re.compile(
    r"\s*(?:(?P<text>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')|(?P<regex>/(?:\\.|[^/\\])+/i?)"
    r"|(?P<sign>=~|<=|>=|!=|[=<>()\[\],])|(?P<word>`[^`]+`|[@\w.-]+))"
)
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

Keeps = Callable[[Mapping[str, Any]], bool]
Token = tuple[str, str]  # (kind, text)
END: Token = ("end", "")


class FilterError(Exception):
    """A part of a query that only Insights itself can do; the message is that part."""


def parse_filter(text: str) -> Keeps:
    """Return what tells whether a filter keeps a row; raise FilterError if it is not known."""
    tokens, at = [], 0
    while text[at:].strip():
        found = TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise FilterError(f"filter {text}")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    reader = _Reader(tokens, text)
    keeps = reader.either()
    if reader.next != END:
        raise FilterError(f"filter {text}")
    return keeps


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[Token], text: str) -> None:
        self._tokens, self._text = [*tokens, END], text

    @property
    def next(self) -> Token:
        return self._tokens[0]

    def either(self) -> Keeps:
        """Read conditions with or between them."""
        keeps = self._all()
        while self._takes("or"):
            keeps = _or(keeps, self._all())
        return keeps

    def _all(self) -> Keeps:
        keeps = self._one()
        while self._takes("and"):
            keeps = _and(keeps, self._one())
        return keeps

    def _one(self) -> Keeps:
        if self._takes("not"):
            return _not(self._one())
        if self._takes("("):
            keeps = self.either()
            self._must(")")
            return keeps
        if self._takes("ispresent"):
            self._must("(")
            name = self._field()
            self._must(")")
            return lambda row: row.get(name) is not None
        return self._comparison(self._field())

    def _comparison(self, name: str) -> Keeps:
        if self._takes("not"):
            return _not(self._comparison(name))
        if self._takes("in"):
            self._must("[")
            values = [self._value()]
            while self._takes(","):
                values.append(self._value())
            self._must("]")
            return lambda row: any(_compared(operator.eq, row.get(name), each) for each in values)
        if self._takes("like") or self._takes("=~"):
            pattern = self._pattern()
            return lambda row: pattern.search(str(row.get(name, ""))) is not None
        kind, sign = self._take()
        if kind != "sign" or sign not in COMPARE:
            raise FilterError(f"filter {self._text}")
        value, compare = self._value(), COMPARE[sign]
        return lambda row: _compared(compare, row.get(name), value)

    def _field(self) -> str:
        kind, text = self._take()
        if kind != "word":
            raise FilterError(f"filter {self._text}")
        return text.strip("`")

    def _value(self) -> str:
        kind, text = self._take()
        if kind not in {"text", "word"}:
            raise FilterError(f"filter {self._text}")
        return re.sub(r"\\(.)", r"\1", text[1:-1]) if kind == "text" else text

    def _pattern(self) -> "re.Pattern[str]":
        kind, text = self._take()
        try:
            if kind == "regex":
                body, _, flags = text[1:].rpartition("/")
                return re.compile(body.replace("\\/", "/"), re.IGNORECASE if flags else 0)
            if kind == "text":
                return re.compile(re.escape(text[1:-1]))
        except re.error:
            pass
        raise FilterError(f"filter {self._text}")

    def _take(self) -> Token:
        return self._tokens.pop(0) if len(self._tokens) > 1 else END

    def _takes(self, word: str) -> bool:
        kind, text = self.next
        if kind in {"word", "sign"} and text.lower() == word:
            self._take()
            return True
        return False

    def _must(self, word: str) -> None:
        if not self._takes(word):
            raise FilterError(f"filter {self._text}")


def _compared(compare: Callable[[Any, Any], bool], found: Any, value: str) -> bool:
    """Compare as numbers if both are, else as texts; what is missing is only unlike."""
    if found is None:
        return compare is operator.ne
    if isinstance(found, bool):
        found = str(found).lower()
    try:
        return compare(float(found), float(value))
    except (TypeError, ValueError):
        return compare(str(found), value)


def _or(left: Keeps, right: Keeps) -> Keeps:
    return lambda row: left(row) or right(row)


def _and(left: Keeps, right: Keeps) -> Keeps:
    return lambda row: left(row) and right(row)


def _not(keeps: Keeps) -> Keeps:
    return lambda row: not keeps(row)
