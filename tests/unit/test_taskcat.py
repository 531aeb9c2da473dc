"""The two tests of .taskcat.yml, as taskcat reads them, and the workflow that runs them on AWS."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import cfn_flip
import pytest

from scripts import emulator
from scripts.embed import ROOT, TEMPLATE

PSEUDO_PARAMETER = re.compile(r"\$\[taskcat_random-string\]")
RANDOM_STRING = "abcdefghijklmnopqrst"  # taskcat's has 20 lower-case letters


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(cfn_flip.to_json(path.read_text("utf-8")))
    return loaded


WORKFLOW = ROOT / ".github" / "workflows" / "taskcat.yml"
CONFIG = load(ROOT / ".taskcat.yml")
PROJECT, TESTS = CONFIG["project"], CONFIG["tests"]
PARAMETERS = load(TEMPLATE)["Parameters"]
NESTING = ROOT / TESTS["every-parameter"]["template"]
each_test = pytest.mark.parametrize("test", TESTS)
each_parameter = pytest.mark.parametrize("name", PARAMETERS)


def own_parameters(test: str) -> dict[str, Any]:
    """Return the parameters of the template that a test deploys."""
    return load(ROOT / TESTS[test].get("template", PROJECT["template"]))["Parameters"]


def test_a_lambda_is_not_packaged_as_that_needs_docker() -> None:
    assert PROJECT["package_lambda"] is False


def test_files_are_uploaded_with_the_one_acl_that_a_bucket_without_acls_accepts() -> None:
    assert PROJECT["s3_object_acl"] == "bucket-owner-full-control"


def test_no_list_of_regions_limits_the_regions_that_taskcat_can_be_given() -> None:
    # taskcat's option --regions only selects from such a list: any other region deploys nothing.
    assert not [part for part in (PROJECT, *TESTS.values()) if "regions" in part]


def test_the_bucket_is_in_the_region_that_the_nested_template_s_url_names() -> None:
    assert PROJECT["s3_regional_buckets"] is True
    url = load(NESTING)["Resources"]["TapStack"]["Properties"]["TemplateURL"]["Fn::Sub"]
    assert "${TemplateBucket}.s3.${AWS::Region}." in url


def test_the_workflow_deploys_to_the_region_of_its_input_and_waits_for_no_line(
    tmp_path: Path,
) -> None:
    steps = load(WORKFLOW)["jobs"]["taskcat"]["steps"]
    (step,) = [step for step in steps if "run" in step]
    assert step["env"] == {"REGION": "${{ inputs.region }}"}
    python = tmp_path / "venv-taskcat" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho $@; cat\n", "utf-8")
    python.chmod(0o700)
    (tmp_path / "venv-taskcat" / "ready").touch()
    ran = subprocess.run(
        ["/bin/sh", "-c", f"{step['run']} --silent VENV={tmp_path}/venv"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "REGION": "eu-west-1"},
        input="a line",
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "-I -W ignore scripts/taskcat_hold.py . eu-west-1\n"


@each_test
def test_every_parameter_of_a_test_is_one_of_its_template(test: str) -> None:
    # taskcat drops any other without a word.
    assert not TESTS[test]["parameters"].keys() - own_parameters(test).keys()


@each_test
def test_no_parameter_of_a_test_has_a_number_for_its_default(test: str) -> None:
    # taskcat drops a test's value for such a one without a word.
    given = {**TESTS[test]["parameters"], **emulator.PARAMETERS}
    defaults = {name: own_parameters(test)[name].get("Default") for name in given}
    assert [name for name in defaults if isinstance(defaults[name], int)] == []


@each_test
def test_two_runs_of_a_test_cannot_have_the_same_suffix(test: str) -> None:
    assert PSEUDO_PARAMETER.search(TESTS[test]["parameters"]["EnvironmentSuffix"])


@each_test
def test_a_suffix_is_one_that_the_template_takes(test: str) -> None:
    rule = PARAMETERS["EnvironmentSuffix"]
    asked = TESTS[test]["parameters"]["EnvironmentSuffix"]
    suffix = PSEUDO_PARAMETER.sub(RANDOM_STRING, asked)
    assert re.fullmatch(rule["AllowedPattern"], suffix)
    assert len(suffix) <= rule["MaxLength"]


def test_the_suffixes_differ_by_more_than_chance() -> None:
    fixed = {PSEUDO_PARAMETER.sub("", t["parameters"]["EnvironmentSuffix"]) for t in TESTS.values()}
    assert len(fixed) == len(TESTS) == 2


@each_test
def test_no_table_is_protected_from_being_deleted(test: str) -> None:
    assert TESTS[test]["parameters"]["TableDeletionProtection"] == "false"


def test_the_first_test_is_the_template_with_its_defaults() -> None:
    assert "template" not in TESTS["defaults"]
    assert ROOT / PROJECT["template"] == TEMPLATE
    given = TESTS["defaults"]["parameters"].keys()
    assert given == {"EnvironmentSuffix", "TableDeletionProtection"}


@each_parameter
def test_the_second_test_gives_every_parameter_another_value_than_its_default(name: str) -> None:
    given = TESTS["every-parameter"]["parameters"]
    assert str(given[name]) != str(PARAMETERS[name]["Default"])


@each_parameter
def test_the_second_test_gives_every_parameter_a_value_that_the_template_takes(name: str) -> None:
    rule = PARAMETERS[name]
    asked = str(TESTS["every-parameter"]["parameters"][name])
    value = PSEUDO_PARAMETER.sub(RANDOM_STRING, asked)
    assert re.fullmatch(rule.get("AllowedPattern", ".*"), value)
    assert value in map(str, rule.get("AllowedValues", [value]))
    if rule["Type"] == "Number" and "MinValue" in rule:
        assert rule["MinValue"] <= int(value) <= rule["MaxValue"]


@each_parameter
def test_the_nesting_template_hands_every_parameter_on(name: str) -> None:
    nested = load(NESTING)["Resources"]["TapStack"]["Properties"]["Parameters"]
    source = "Bus" if name == "EventBusName" else name
    assert nested[name] == {"Ref": source}


def test_the_nesting_template_makes_the_bus_that_it_names() -> None:
    bus = load(NESTING)["Resources"]["Bus"]
    assert bus == {"Type": "AWS::Events::EventBus", "Properties": {"Name": {"Ref": "EventBusName"}}}


def test_the_nesting_template_has_no_default_that_a_forgotten_value_would_fall_back_to() -> None:
    assert not [name for name, rule in load(NESTING)["Parameters"].items() if "Default" in rule]
