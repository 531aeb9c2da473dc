"""The handlers' mutants: each statement, branch, operator, argument and constant of them."""

import ast
import re
import sys
from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scripts.embed import WEBHOOK_HANDLER
from shipments import handler
from tests.campaigns.mutants.campaign import Mutant

UNIT_TESTS = handler.PATH.parents[1] / "tests" / "unit"
# Source lines, or parts of them, whose change nobody can notice, each with the reason.
EQUIVALENT = {
    "other comparison: if event_ms < YEAR_2000_MS": "the year 2000 itself is accepted before",
    ": Fields = dict[str, Any]": "a name for type checkers",
    "pattern without 'x' at 2: if re.search": "an octal 0 is the same character",
    "pattern without 'x' at 7: SEPARATORS": "an octal 0 is the same character",
    "at 0: return UNSENDABLE.sub(lambda": "what is replaced has four digits",
    "at 1: return UNSENDABLE.sub(lambda": "what is replaced has four digits",
    "'(?![x': BLANKS": "no run of blanks begins with an x in any case",
}
# The same of lambda/status.py.
STATUS_EQUIVALENT: dict[str, str] = {
    "'9999' becomes '9999x'": "is later than any time, too",
    "1 becomes 2: lines = (line.partition": "the second line is blank",
    "0 becomes -1: shipment_id, status = items[0]": "there is one",
    "nobody has confirmed a subscri": "the log names the error's type only",
    "':final' becomes": "the name is used where it is made only",
    "0 becomes -1: if records and": "the records of one event are all of one source",
}

# The same of lambda/webhook.py.
WEBHOOK_EQUIVALENT = {
    "0 becomes 1: held": "is long ago, too",
    "0 becomes -1: held": "is long ago, too",
    "without strict: pairs": "EventBridge answers each entry",
    "True becomes False: pairs": "EventBridge answers each entry",
}

# What Python 3.10 alone refuses, as fromisoformat takes more from 3.11 on.
if sys.version_info >= (3, 11):
    EQUIVALENT |= {
        '3 becomes 4: f"{year}': "a fraction of four digits",
        "'0<3' becomes '': f\"{year}": "a fraction of one or two digits",
        "':' becomes '': f\"{year}": "a time without its colons",
    }
    STATUS_EQUIVALENT |= {"'Z' becomes 'Zx': moment": "a Z is taken from 3.11 on"}


class Part(NamedTuple):
    """A handler, the folder of its tests, and the names of those that no mutant is tried on.

    These try many events each, and what they notice the others notice sooner.
    """

    path: Path
    tests: Path
    slow: Container[str]
    equivalent: Mapping[str, str]


PARTS = {
    "handler": Part(
        handler.PATH,
        UNIT_TESTS / "handler",
        {"test_properties.py", "test_questions.py", "test_emf_rules.py"},
        EQUIVALENT,
    ),
    "status": Part(
        handler.STATUS_PATH,
        UNIT_TESTS / "status",
        {"test_properties.py", "test_hostile.py"},
        STATUS_EQUIVALENT,
    ),
    "webhook": Part(WEBHOOK_HANDLER, UNIT_TESTS / "webhook", set(), WEBHOOK_EQUIVALENT),
}

# A change of a node in a tree: what it is called, and what makes it.
Change = tuple[str, Callable[[], None]]

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
}
PATTERN_CALLS = {"compile", "sub", "search"}


def mutants(source: str, install: Callable[[Any], None]) -> list[Mutant]:
    """Return every mutant of a source. install: takes the code of one, for the tests to load."""
    lines = source.splitlines()
    found: list[Mutant] = []
    tree = ast.parse(source)
    for number, node in enumerate(_nodes(tree)):
        for at, (change, _) in enumerate(_changes(node)):
            line = node.lineno
            name = f"{line}: {change}: {lines[line - 1].strip()}"
            make = _maker(source, number, at, install)
            found.append(Mutant(name, _function(tree, line), make))
    return found


def _maker(source: str, number: int, at: int, install: Callable[[Any], None]) -> Callable[[], None]:
    def make() -> None:
        tree = ast.parse(source)
        _, change = list(_changes(list(_nodes(tree))[number]))[at]
        change()
        install(compile(ast.fix_missing_locations(tree), "mutant", "exec"))

    return make


def _function(tree: ast.Module, line: int) -> str:
    """Return the name of the function that a line is in."""
    names = [
        node.name
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return "".join(names)


def _nodes(tree: ast.AST) -> Iterator[Any]:
    """Yield the nodes that have a place and run: no annotation, no docstring."""
    for name, value in ast.iter_fields(tree):
        if name in {"annotation", "returns"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _is_docstring(child):
                continue
            if hasattr(child, "lineno"):
                yield child
            yield from _nodes(child)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _changes(node: Any) -> Iterator[Change]:
    """Yield the changes to one node, not to those below it."""
    yield from _changes_of_statements(node)
    yield from _changes_of_tests(node)
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in OPERATORS:
            yield _put(node, "ops", [OPERATORS[type(operator)]()], "other comparison")
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator) if type(operator) in OPERATORS:
            yield _put(node, "op", OPERATORS[type(operator)](), "other operator")
        case ast.Call(keywords=keywords, args=arguments):
            for keyword in keywords:
                rest = [each for each in keywords if each is not keyword]
                yield _put(node, "keywords", rest, f"without {keyword.arg}")
            if isinstance(node.func, ast.Attribute) and node.func.attr in PATTERN_CALLS:
                yield from _changes_of_pattern(arguments[0])
        case ast.Constant(value=value):
            for other in _other_values(value):
                yield _put(node, "value", other, f"{_short(value)} becomes {_short(other)}")
        case ast.List(elts=elements) | ast.Tuple(elts=elements) if len(elements) > 1:
            for at in range(len(elements) if isinstance(node.ctx, ast.Load) else 0):
                rest = [*elements[:at], *elements[at + 1 :]]
                yield _put(node, "elts", rest, f"without element {at}")


def _changes_of_statements(node: Any) -> Iterator[Change]:
    """Yield a node's block without each of its statements, and a try without its handlers."""
    for block in ("body", "orelse", "finalbody"):
        statements = getattr(node, block, None)
        if isinstance(node, (ast.Module, ast.ClassDef)) or not isinstance(statements, list):
            continue
        for at, statement in enumerate(statements):
            if not _is_docstring(statement) and not isinstance(statement, ast.Pass):
                rest = [*statements[:at], ast.Pass(), *statements[at + 1 :]]
                yield _put(node, block, rest, f"without line {statement.lineno}")
    if isinstance(node, ast.Return) and node.value is not None:
        yield _put(node, "value", ast.Constant(None), "returns None")


def _changes_of_tests(node: Any) -> Iterator[Change]:
    """Yield other tests of a branch, and parts of a test."""
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield _put(node, "test", ast.UnaryOp(ast.Not(), test), "negated")
            if not isinstance(node, ast.While):
                yield _put(node, "test", ast.Constant(value=True), "always")
            yield _put(node, "test", ast.Constant(value=False), "never")
        case ast.BoolOp(op=operator, values=values):
            yield _put(node, "op", OPERATORS[type(operator)](), "and for or")
            for at in range(len(values)):
                rest = [*values[:at], *values[at + 1 :]]
                yield _put(node, "values", rest if len(rest) > 1 else rest * 2, f"without {at}")
        case ast.UnaryOp(op=ast.Not()):
            yield _put(node, "op", ast.UAdd(), "without not")


def _changes_of_pattern(argument: Any) -> Iterator[Change]:
    """Yield a regular expression without each of its characters, where it still is one."""
    constants = [
        each
        for each in ast.walk(argument)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    for constant in constants:
        text = constant.value
        for at in range(len(text)):
            other = text[:at] + text[at + 1 :]
            if _is_pattern(other) and other != text[: at - 1] + text[at:]:
                yield _put(constant, "value", other, f"pattern without {text[at]!a} at {at}")


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _other_values(value: object) -> Iterator[object]:
    match value:
        case bool():
            yield not value
        case int():
            yield value + 1
            yield value - 1
        case str():
            yield f"{value}x"
            if value:
                yield ""


def _short(value: object) -> str:
    return repr(value if not isinstance(value, str) else value[:30])


def _put(node: Any, field: str, value: object, change: str) -> Change:
    return change, lambda: setattr(node, field, value)


def all_mutants(part: str = "handler") -> list[Mutant]:
    """Return the mutants of a part but the equivalent ones; raise ValueError if one is gone."""
    path, *_, equivalent = PARTS[part]
    source = path.read_text("utf-8")
    copied = _copied(source) if path != handler.PATH else set()
    found = [
        mutant
        for mutant in mutants(source, partial(_install, path))
        if int(mutant.name.partition(":")[0]) not in copied
    ]
    for name in equivalent:
        if not any(name in mutant.name for mutant in found):
            raise ValueError(f"EQUIVALENT: no mutant is called {name!r}; take it out")
    return [mutant for mutant in found if not any(name in mutant.name for name in equivalent)]


def _copied(source: str) -> set[int]:
    """Return the lines of a handler's definitions that the main handler has word for word.

    They are tried there, and a test compares them (tests/unit/status/test_same_code.py).
    """
    originals = {ast.dump(node) for node in ast.parse(handler.PATH.read_text("utf-8")).body}
    return {
        line
        for node in ast.parse(source).body
        if ast.dump(node) in originals
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def _install(path: Path, code: Any) -> None:
    others = handler.code
    handler.code = lambda asked=handler.PATH: code if asked == path else others(asked)


def may_notice(part: str, item: pytest.Item) -> bool:
    """Return whether a test is run on the mutants of a part."""
    return item.path.name not in PARTS[part].slow


def prepare() -> None:
    """Load what all tests need once, in the process that the others are forked from."""
    from tests.unit.status.account import opened_with_status  # noqa: PLC0415 - after pytest started

    with opened_with_status():
        pass
