"""Whether the policy of a queue, a topic or a function lets a service in, as IAM decides it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

Fields = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What a service asks of a resource (ARN), on behalf of its source (ARN). It uses TLS."""

    service: str
    action: str
    resource: str
    source: str

    @property
    def context(self) -> dict[str, str]:
        """The condition keys that are known of it, in lower case."""
        return {
            "aws:sourcearn": self.source,
            "aws:sourceaccount": self.source.split(":")[4],
            "aws:securetransport": "true",
        }


def allows(policy: str | None, request: Request) -> bool:
    """Return whether a resource's policy lets a request in.

    Raise KeyError for an element, an operator or a condition key that is not known here.
    """
    statements = _listed(json.loads(policy or "{}").get("Statement", []))
    return {each["Effect"] for each in statements if _applies(each, request)} == {"Allow"}


def _applies(statement: Fields, request: Request) -> bool:
    principal = statement["Principal"]
    everybody = principal == "*" or "*" in _listed(principal.get("AWS", []))
    actions = [each.lower() for each in _listed(statement["Action"])]
    return (
        (everybody or request.service in _listed(principal.get("Service", [])))
        and _any(fnmatchcase, request.action.lower(), actions)
        and _any(fnmatchcase, request.resource, statement["Resource"])
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
    return any(test(value, pattern) for pattern in _listed(patterns))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
