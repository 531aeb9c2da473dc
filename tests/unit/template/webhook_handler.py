"""What lambda/webhook.py reads, calls and prints, observed by posting to it in a mocked account."""

import ast
from functools import cache
from types import ModuleType
from typing import Any

from scripts.embed import WEBHOOK_HANDLER
from tests.unit.handler.gate import refusal
from tests.unit.webhook.account import opened_with_webhook, tracker

Fields = dict[str, Any]
# IAM's name of each call.
ACTIONS = {
    "GetSecretValue": "secretsmanager:GetSecretValue",
    "PutEvents": "events:PutEvents",
}


@cache
def posted() -> dict[str, tuple[Fields, set[str]]]:
    """Return the line of each kind of request, and the IAM actions of its calls."""
    with opened_with_webhook() as account:
        account.empty()
        account.start()
        found = {
            "sent": account.post_signed(tracker()),
            "forged": account.post_signed(tracker(), "guess"),
            "unusable": account.post_signed({}),
        }
        account.gate.break_calls("PutEvents", refusal(400, "AccessDeniedException"))
        found["failed"] = account.post_signed(tracker())
    return {
        kind: (each.log, {ACTIONS[call] for call in each.calls}) for kind, each in found.items()
    }


@cache
def module() -> ModuleType:
    """Return the handler, for its constants."""
    with opened_with_webhook() as account:
        return account.start()


@cache
def aws_actions() -> set[str]:
    """Return the IAM actions of all the calls that the handler makes."""
    return {action for _, actions in posted().values() for action in actions}


@cache
def environment_variables() -> set[str]:
    """Return the names that the handler reads from its environment."""
    tree = list(ast.walk(ast.parse(WEBHOOK_HANDLER.read_text("utf-8"))))
    named = [each for each in tree if isinstance(each, ast.Subscript)]
    keys = [each.slice for each in named if ast.unparse(each.value) == "os.environ"]
    assert len(keys) == sum(ast.unparse(each) == "os.environ" for each in tree)
    return {ast.literal_eval(each) for each in keys}
