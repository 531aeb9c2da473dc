"""What the handler's source says of its surroundings, for the template to agree with."""

import ast
import re

from tests.unit.template.resolve import HANDLER

SOURCE = HANDLER.read_text("utf-8")


def environment_variables() -> set[str]:
    """Return the names that the handler reads from its environment, in whatever way."""
    return set(re.findall(r'(?:environ\[|environ\.get\(|getenv\()\s*"(\w+)"', SOURCE))


def aws_actions() -> set[str]:
    """Return the IAM actions of the calls that the handler makes: ``client("sns").publish``."""
    calls = re.findall(r'(?:client\("(\w+)"\)|\b(dynamodb))\.([a-z_]+)\(', SOURCE)
    return {
        f"{service or name}:{operation.title().replace('_', '')}"
        for service, name, operation in calls
    }


def metrics() -> set[str]:
    """Return the names of the metrics that the handler's log lines carry."""
    table = next(
        node.value
        for node in ast.parse(SOURCE).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "METRICS"
    )
    words = {node.value for node in ast.walk(table) if isinstance(node, ast.Constant)}
    return words - {"Count", "Milliseconds"}
