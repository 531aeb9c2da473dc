"""Checks the templates with the tools that security reviews use: `make audit-templates`.

An answer: a finding that is accepted has its reason in answers.yml. A finding without an answer
fails, and so does an answer to something that no tool finds any more.

A tool: add its packages as requirements/audit-NAME.in (`make lock` pins them), a script run_NAME.py
here, and NAME to AUDIT_TOOLS in the Makefile. The script runs in the tool's own environment,
.venv-audit-NAME. Its arguments are the templates, rendered as JSON files. It prints a JSON list
with a report for each set of rules:

    {"name": "cdk-nag Serverless", "version": "3.0.2", "rules": 18 or null if unknown,
     "findings": [[rule, logical id of the resource, text], ...]}
"""
