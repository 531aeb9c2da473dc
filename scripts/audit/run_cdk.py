"""Runs what the AWS CDK can check a template with; see __init__.py. In an environment of its own.

That is the rule packs of cdk-nag, the proactive rules of AWS Control Tower, and the CDK's own check
against CloudFormation's schemas. They are plugins, whose findings the CDK writes into one report.
"""

import json
import os
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

# `make clean` removes it there. Read when jsii starts, with the first import of the CDK.
os.environ["JSII_RUNTIME_PACKAGE_CACHE_ROOT"] = str(Path(sys.prefix) / "jsii-cache")
if not shutil.which("node"):
    sys.exit("needs Node.js: install version 22 or 24, and have node on the PATH")

# Our own environment does not have the CDK.
import cdk_nag as nag
from aws_cdk import App, Stack, Validations
from aws_cdk.cloudformation_include import CfnInclude
from cdklabs.cdk_validator_cfnguard import CfnGuardValidator

PACKS = (
    nag.AwsSolutionsChecks,
    nag.HIPAASecurityChecks,
    nag.NIST80053R5Checks,
    nag.PCIDSS321Checks,
    nag.ServerlessChecks,
)


def main(templates: list[str]) -> None:
    """Print the reports; exit with a message if a plugin fails."""
    with tempfile.TemporaryDirectory() as folder:
        app = App(outdir=folder, analytics_reporting=False)
        control_tower = CfnGuardValidator()
        Validations.of(app).add_plugins(*(pack(app) for pack in PACKS), control_tower)
        for template in templates:
            stack = Stack(app, Path(template).stem)
            CfnInclude(stack, "Template", template_file=template)
        try:
            app.synth()
        except RuntimeError as error:  # jsii has no other; expected if there are findings
            failure = str(error)
        report = Path(folder) / "validation-report.json"
        if not report.exists():
            sys.exit(failure)
        found = json.loads(report.read_text("utf-8"))["pluginReports"]
    rules = {control_tower.name: len(control_tower.rule_ids)}
    print(json.dumps([converted(each, rules) for each in found]))  # noqa: T201


def converted(report: dict[str, Any], rules: dict[str, int]) -> dict[str, Any]:
    """Return a plugin's report in the form that all tools have."""
    name = report["pluginName"]
    if error := report.get("metadata", {}).get("error"):
        sys.exit(f"{name}: {error}")
    is_pack = "pluginVersion" not in report
    found = [
        (violation["ruleName"], resource, violation["description"])
        for violation in report["violations"]
        for resource in resources(violation["violatingConstructs"])
    ]
    return {
        "name": f"cdk-nag {name}" if is_pack else name,
        "version": version("cdk-nag") if is_pack else report["pluginVersion"],
        "rules": rules.get(name),
        "findings": found,
    }


def resources(constructs: list[dict[str, Any]]) -> list[str]:
    """Return the logical ids of what violates a rule; cfn-guard repeats some without their path."""
    names = {each["constructPath"].rpartition("/")[2] for each in constructs}
    return sorted(names - {""}) or ["unknown"]


if __name__ == "__main__":
    main(sys.argv[1:])
