"""Whether the policy of a queue, a topic, a function or a key lets a service in, as IAM decides."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

Fields = dict[str, Any]

EVENTS, CLOUDWATCH = "events.amazonaws.com", "cloudwatch.amazonaws.com"
ELEMENTS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


@dataclass(frozen=True)
class Request:
    """What a service asks of a resource (ARN), by TLS.

    source: the ARN that it asks on behalf of, if it sends one; others: further condition keys and
    their values.
    """

    service: str
    action: str
    resource: str
    source: str = ""
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def context(self) -> dict[str, str]:
        """The condition keys that are known of it, in lower case; empty if it does not send one."""
        return {
            "aws:sourcearn": self.source,
            "aws:sourceaccount": self.source.split(":")[4] if self.source else "",
            "aws:securetransport": "true",
            **{key.lower(): value for key, value in self.others.items()},
        }


def allows(policy: str | None, request: Request, *, is_strict: bool = False) -> bool:
    """Return whether a resource's policy lets a request in.

    What is not known here, an element, an operator or a condition key, is taken as if it lets the
    request in; if is_strict, it raises KeyError.
    """
    statements = _listed(json.loads(policy or "{}").get("Statement", []))
    effects = {each["Effect"] for each in statements if _applies(each, request, is_strict)}
    return effects == {"Allow"}


def _applies(statement: Fields, request: Request, is_strict: bool) -> bool:  # noqa: FBT001
    try:
        return _is_known_to_apply(statement, request)
    except KeyError:
        if is_strict:
            raise
        return bool(statement["Effect"] == "Allow")


def _is_known_to_apply(statement: Fields, request: Request) -> bool:
    for element in statement.keys() - ELEMENTS:
        raise KeyError(element)
    principal = statement["Principal"]
    everybody = principal == "*" or "*" in _listed(principal.get("AWS", []))
    actions = [each.lower() for each in _listed(statement["Action"])]
    return (
        (everybody or request.service in _listed(principal.get("Service", [])))
        and _any(fnmatchcase, request.action.lower(), actions)
        and _any(fnmatchcase, request.resource, statement.get("Resource", "*"))
        and all(
            _any(OPERATORS[operator], request.context[key.lower()], values)
            for operator, test in statement.get("Condition", {}).items()
            for key, values in test.items()
        )
    )


def _same_arn(arn: str, pattern: str) -> bool:
    """Compare each of six parts: a wildcard does not reach into the next one."""
    ours, theirs = arn.split(":", 5), pattern.split(":", 5)
    return len(ours) == len(theirs) and all(map(fnmatchcase, ours, theirs))


OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "ArnEquals": _same_arn,
    "ArnLike": _same_arn,
    "Bool": lambda value, given: value == str(given).lower(),
    "StringEquals": lambda value, given: value == given,
    "StringLike": fnmatchcase,
}


def _any(test: Callable[[str, str], bool], value: str, patterns: Any) -> bool:
    return value != "" and any(test(value, pattern) for pattern in _listed(patterns))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
