"""Runs checkov on the templates; see __init__.py. In its own environment, and without network."""

import json
import sys
from importlib.metadata import version

# Our own environment does not have checkov.
from checkov.cloudformation.checks.resource.registry import cfn_registry
from checkov.cloudformation.runner import Runner
from checkov.runner_filter import RunnerFilter


def main(templates: list[str]) -> None:
    """Print the report; exit with a message if checkov cannot read a template."""
    runner = Runner()
    report = runner.run(None, files=templates, runner_filter=RunnerFilter(["cloudformation"]))
    if report.parsing_errors:
        sys.exit(f"cannot read {report.parsing_errors}")
    by_type = [*cfn_registry.checks.values(), *cfn_registry.wildcard_checks.values()]
    rules = {check.id for checks in by_type for check in checks}
    rules |= {check.id for check in runner.graph_registry.checks}
    found = [
        (check.check_id, check.resource.rpartition(".")[2], check.check_name)
        for check in report.failed_checks
    ]
    reports = [
        {"name": "checkov", "version": version("checkov"), "rules": len(rules), "findings": found}
    ]
    print(json.dumps(reports))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
