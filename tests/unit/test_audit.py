"""make audit-templates: what the tools are given, and when it fails."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cfn_flip
import pytest
from click.testing import CliRunner, Result

from scripts.audit import __main__ as audit
from scripts.audit.render import render
from scripts.embed import TEMPLATE

OPEN = ["R1", "Queue", "Queues must be blue"]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, list[list[str]]], Result]:
    """Return a function that audits with these answers, with a tool that finds this."""

    def audited(answers: str, findings: list[list[str]]) -> Result:
        report = {"name": "tool", "version": "1.2", "rules": 7, "findings": findings}
        # Stands for the tool's own Python, and so for the tool.
        python = tmp_path / ".venv-audit-tool" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f"#!/bin/sh\necho '{json.dumps([report])}'\n", "utf-8")
        python.chmod(0o755)
        monkeypatch.setattr(audit, "ROOT", tmp_path)
        monkeypatch.setattr(audit, "ANSWERS", tmp_path / "answers.yml")
        audit.ANSWERS.write_text(answers, "utf-8")
        return CliRunner().invoke(audit.main, ["tool"])

    return audited


def answer(rules: str, reason: str = "because") -> str:
    return f"- resource: Queue\n  rules: {rules}\n  reason: {reason}\n"


def test_a_finding_with_an_answer_is_counted_and_passes(run: Callable[..., Result]) -> None:
    result = run(answer("[R1]"), [OPEN])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[1].split() == ["tool", "1.2", "7", "1", "1", "0"]


@pytest.mark.parametrize("other", [["R2", "Queue", "x"], ["R1", "Topic", "x"]])
def test_a_finding_without_an_answer_fails(run: Callable[..., Result], other: list[str]) -> None:
    result = run(answer("[R1]"), [OPEN, other])
    assert result.exit_code == 1
    assert result.output.splitlines()[2:] == [f"OPEN  {other[0]} of {other[1]}: x"]


def test_an_answer_to_what_no_tool_finds_fails(run: Callable[..., Result]) -> None:
    result = run(answer("[R1, R9]"), [OPEN])
    assert result.exit_code == 1
    line = "OPEN  answers.yml: no tool finds R9 of Queue; take it out"
    assert result.output.splitlines()[2:] == [line]


def test_an_answer_without_a_reason_is_an_error_of_one_line(run: Callable[..., Result]) -> None:
    result = run(answer("[R1]") + answer("[R2]", reason=""), [OPEN])
    assert result.exit_code == 2
    assert result.stderr == "Error: answers.yml: entry 2 needs a resource, rules and a reason\n"


def test_a_tool_that_fails_is_an_error_of_one_line(run: Callable[..., Result]) -> None:
    run("[]", [])
    python = audit.ROOT / ".venv-audit-tool" / "bin" / "python"
    python.write_text("#!/bin/sh\necho first >&2; echo no disk >&2; exit 3\n", "utf-8")
    result = CliRunner().invoke(audit.main, ["tool"])
    assert result.exit_code == 2
    assert result.stderr == "Error: tool: no disk\n"


def test_tools_see_every_resource_and_no_parameter_or_condition(tmp_path: Path) -> None:
    for path in audit.rendered(tmp_path):
        text = path.read_text("utf-8")
        template = cfn_flip.load_yaml((TEMPLATE.parent / f"{path.stem}.yml").read_text("utf-8"))
        assert list(json.loads(text)["Resources"]) == list(template["Resources"])
        left = ["Fn::If", "AWS::NoValue", '"Condition": "']
        for name in template["Parameters"]:
            left += [f'"Ref": "{name}"', f"${{{name}}}"]
        assert [each for each in left if each in text] == []


STACK: dict[str, Any] = {
    "Parameters": {
        "Key": {"Type": "String", "Default": ""},
        "Days": {"Type": "Number", "Default": "30"},
    },
    "Conditions": {
        "HasKey": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Key"}, ""]}]},
        "HasKeyForAMonth": {
            "Fn::And": [{"Condition": "HasKey"}, {"Fn::Equals": [{"Ref": "Days"}, 30]}]
        },
    },
    "Outputs": {},
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Key"}, "k"),
        ({"Ref": "Days"}, 30),
        ({"Ref": "Other"}, {"Ref": "Other"}),
        ({"Fn::If": ["HasKey", {"Ref": "Key"}, "none"]}, "k"),
        ({"Fn::If": ["HasKeyForAMonth", "yes", "no"]}, "yes"),
        ([{"Fn::If": ["HasKey", {"Ref": "AWS::NoValue"}, 1]}, 2], [2]),
        ({"a": {"Fn::If": ["HasKey", {"Ref": "AWS::NoValue"}, 1]}, "b": 2}, {"b": 2}),
        ({"Fn::Sub": "x-${Key}-${Days}"}, "x-k-30"),
        ({"Fn::Sub": "${AWS::Region}/${Key}"}, {"Fn::Sub": "${AWS::Region}/k"}),
        (
            {"Fn::Sub": ["${Key}${Name}", {"Name": {"Fn::If": ["HasKey", "a", "b"]}}]},
            {"Fn::Sub": ["k${Name}", {"Name": "a"}]},
        ),
    ],
)
def test_a_value_is_rendered_as_it_is_deployed(value: Any, expected: Any) -> None:
    template = {**STACK, "Resources": {"R": {"Type": "T", "Properties": {"P": value}}}}
    resource = render(json.dumps(template), {"Key": "k"})["Resources"]["R"]
    assert resource == {"Type": "T", "Properties": {"P": expected}}


@pytest.mark.parametrize(("key", "expected"), [("k", ["R"]), ("", [])])
def test_a_resource_whose_condition_fails_is_left_out(key: str, expected: list[str]) -> None:
    template = {**STACK, "Resources": {"R": {"Type": "T", "Condition": "HasKey"}}}
    assert list(render(json.dumps(template), {"Key": key})["Resources"]) == expected
