"""A policy lets a service in or not, as IAM decides it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shipments.check.policy import Request, allows

RULE = "arn:aws:events:us-east-1:123456789012:rule/carriers/shipment-update-rule-prod"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:shipment-failed-updates-prod"
REQUEST = Request("events.amazonaws.com", "sqs:SendMessage", QUEUE, RULE)
USUAL: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": QUEUE,
    "Condition": {"ArnEquals": {"aws:SourceArn": RULE}},
}
DENIED = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}


def source(pattern: Any, operator: str = "ArnLike", key: str = "aws:SourceArn") -> dict[str, Any]:
    return {"Condition": {operator: {key: pattern}}}


ALLOWING: dict[str, dict[str, Any]] = {
    "the rule": {},
    "any source": {"Condition": {}},
    "one of two rules": source([f"{RULE}-2", RULE]),
    "all rules of the bus": source("arn:aws:events:*:123456789012:rule/carriers/*"),
    "the key in capitals": source(RULE, key="AWS:SourceArn"),
    "the source as a text": source(RULE, "StringEquals"),
    "a pattern as a text": source("arn:*/shipment-update-rule-prod", "StringLike"),
    "rules of the account": source("123456789012", "StringEquals", "aws:SourceAccount"),
    "only TLS": source("true", "Bool", "aws:SecureTransport"),
    "one of two services": {"Principal": {"Service": ["x", "events.amazonaws.com"]}},
    "everybody": {"Principal": "*"},
    "every principal": {"Principal": {"AWS": "*"}},
    "all actions": {"Action": "SQS:*"},
    "one of two actions": {"Action": ["sqs:ReceiveMessage", "SQS:SendMessage"]},
    "all queues": {"Resource": "*"},
}
REFUSING: dict[str, dict[str, Any]] = {
    "a denial": {"Effect": "Deny"},
    "another rule": source(f"{RULE}-2"),
    "another account's rule": source(RULE.replace("123456789012", "210987654321")),
    "a pattern with five parts": source("arn:aws:events:us-east-1:*"),
    "a pattern as a literal text": source("arn:*", "StringEquals"),
    "another account": source("210987654321", "StringEquals", "aws:SourceAccount"),
    "both of two conditions, one of which fails": {
        "Condition": {
            "ArnLike": {"aws:SourceArn": RULE},
            "StringEquals": {"aws:SourceAccount": "210987654321"},
        }
    },
    "only plain http": source("false", "Bool", "aws:SecureTransport"),
    "another service": {"Principal": {"Service": "sns.amazonaws.com"}},
    "a user": {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
    "another action": {"Action": "sqs:ReceiveMessage"},
    "another queue": {"Resource": f"{QUEUE}-2"},
}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]})


@pytest.mark.parametrize("case", ALLOWING)
def test_a_policy_lets_a_service_in(case: str) -> None:
    assert allows(policy({**USUAL, **ALLOWING[case]}), REQUEST)


def test_a_statement_without_a_resource_is_about_the_one_that_has_it() -> None:
    whole = {key: value for key, value in USUAL.items() if key != "Resource"}
    assert allows(policy(whole), REQUEST)
    assert not allows(policy({**whole, **REFUSING["another rule"]}), REQUEST)


@pytest.mark.parametrize("case", REFUSING)
def test_a_policy_does_not_let_a_service_in(case: str) -> None:
    assert not allows(policy({**USUAL, **REFUSING[case]}), REQUEST)


@pytest.mark.parametrize("text", [None, "", "{}", policy()])
def test_without_a_statement_nobody_is_let_in(text: str | None) -> None:
    assert not allows(text, REQUEST)


def test_a_statement_alone_needs_no_list() -> None:
    assert allows(json.dumps({"Statement": USUAL}), REQUEST)


def test_a_statement_that_denies_counts_more_than_one_that_allows() -> None:
    assert not allows(policy(USUAL, DENIED), REQUEST)


def test_a_denial_of_something_else_does_not_count() -> None:
    assert allows(
        policy(USUAL, {**DENIED, **source("false", "Bool", "aws:SecureTransport")}), REQUEST
    )


UNKNOWN: list[dict[str, Any]] = [
    source(RULE, "ArnNotEquals"),
    source("o-1", "StringEquals", "aws:SourceOrgID"),
    {"Action": None, "NotAction": "sqs:ReceiveMessage"},
]


def with_unknown(unknown: dict[str, Any], effect: str) -> dict[str, Any]:
    statement = {**USUAL, **unknown, "Effect": effect}
    return {key: value for key, value in statement.items() if value is not None}


@pytest.mark.parametrize("unknown", UNKNOWN)
def test_what_is_not_known_here_counts_for_the_service(unknown: dict[str, Any]) -> None:
    assert allows(policy(with_unknown(unknown, "Allow")), REQUEST)
    assert allows(policy(USUAL, with_unknown(unknown, "Deny")), REQUEST)
    assert not allows(policy(with_unknown(unknown, "Deny")), REQUEST)


@pytest.mark.parametrize("unknown", UNKNOWN)
def test_what_is_not_known_here_is_no_answer_to_who_is_strict(unknown: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        allows(policy(with_unknown(unknown, "Allow")), REQUEST, is_strict=True)


@pytest.mark.parametrize("condition", [source("*", "StringLike"), source(RULE)])
def test_who_sends_no_source_is_let_in_by_no_condition_on_it(condition: dict[str, Any]) -> None:
    request = replace(REQUEST, source="")
    assert not allows(policy({**USUAL, **condition}), request)
    assert allows(policy({**USUAL, "Condition": {}}), request)


@pytest.mark.parametrize(("group", "is_allowed"), [("ours", True), ("another", False)])
def test_a_policy_can_be_asked_by_another_key_than_the_source_s(
    group: str,
    is_allowed: bool,  # noqa: FBT001 - a case
) -> None:
    key, start = "kms:EncryptionContext:aws:logs:arn", "arn:aws:logs:us-east-1:123456789012:"
    condition = source([f"{start}ours", f"{start}theirs"], "ArnEquals", key)
    request = replace(REQUEST, source="", others={key: start + group})
    assert allows(policy({**USUAL, **condition}), request) == is_allowed
