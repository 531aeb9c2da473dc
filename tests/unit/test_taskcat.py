"""The tests of .taskcat.yml, as taskcat reads them, and the workflow that runs them on AWS."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import cfn_flip
import pytest

from scripts import emulator
from scripts.embed import ROOT, STATUS_TEMPLATE, TEMPLATE
from scripts.taskcat import OURS, REGION

RANDOM_STRING = "$[taskcat_random-string]"
RENDERED = "abcdefghijklmnopqrst"  # taskcat's random string has 20 lower-case letters


def load(path: str | Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(cfn_flip.to_json((ROOT / path).read_text("utf-8")))
    return loaded


CONFIG = load(".taskcat.yml")
PROJECT, TESTS = CONFIG["project"], CONFIG["tests"]
GIVEN = {name: test["parameters"] for name, test in TESTS.items()}
PARAMETERS = load(TEMPLATE)["Parameters"]
STATUS_PARAMETERS = load(STATUS_TEMPLATE)["Parameters"]
NESTINGS = {name: load(test["template"]) for name, test in TESTS.items() if "template" in test}
# The tests that give every parameter of a template, and the resource that has it nested.
EVERY = {
    "every-parameter": ("TapStack", PARAMETERS),
    "both-stacks": ("ShipmentStatus", STATUS_PARAMETERS),
}
# What a nesting template takes from a stack that it has nested, instead of the test's value.
MADE = {
    "KmsKeyArn": {"Fn::GetAtt": ["Key", "Outputs.KmsKeyArn"]},
    "StreamArn": {"Fn::GetAtt": ["TapStack", "Outputs.ShipmentLogsTableStreamArn"]},
}
each_test = pytest.mark.parametrize("test", TESTS)
each_nesting = pytest.mark.parametrize("test", NESTINGS)
each_parameter = pytest.mark.parametrize(
    ("test", "name"), [(test, name) for test, (_, own) in EVERY.items() for name in own]
)


def nested(test: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the stacks that a test's template has nested, by their names."""
    found = NESTINGS[test]["Resources"].items()
    return {name: each["Properties"] for name, each in found if "TemplateURL" in each["Properties"]}


def test_two_runs_and_all_tests_can_share_an_account() -> None:
    suffixes = [given["EnvironmentSuffix"] for given in GIVEN.values()]
    assert all(RANDOM_STRING in suffix for suffix in suffixes)
    assert len(set(suffixes)) == len(suffixes) == 4


def test_two_regions_are_listed_for_taskcat_lint_and_no_test_has_others() -> None:
    assert len(set(PROJECT["regions"])) == len(PROJECT["regions"]) == 2
    assert not [test for test in TESTS.values() if "regions" in test]


def test_the_region_on_the_emulator_is_not_listed_so_that_the_list_cannot_limit_it() -> None:
    # taskcat's option --regions only selects from the list: any other region deploys nothing.
    assert REGION not in {*PROJECT["regions"], emulator.REGION}


def test_files_are_uploaded_with_the_one_acl_that_a_bucket_without_acls_accepts() -> None:
    assert PROJECT["s3_object_acl"] == "bucket-owner-full-control"


@each_nesting
def test_the_bucket_is_in_the_region_that_a_nested_template_s_url_names(test: str) -> None:
    assert PROJECT["s3_regional_buckets"] is True
    urls = [properties["TemplateURL"]["Fn::Sub"] for properties in nested(test).values()]
    assert len(urls) >= 2
    assert all("${TemplateBucket}.s3.${AWS::Region}." in url for url in urls)


@pytest.mark.parametrize(
    ("region", "deployed"),
    [
        ("eu-west-1", ["eu-west-1"]),
        ("eu-west-1 sa-east-1", ["eu-west-1", "sa-east-1"]),
        ("", PROJECT["regions"]),
        ("$(echo sa-east-1) *", ["$(echo", "sa-east-1)", "*"]),
    ],
)
def test_make_deploys_to_each_region_that_it_is_given_and_waits_for_no_line(
    tmp_path: Path, region: str, deployed: list[str]
) -> None:
    python = tmp_path / "venv-taskcat" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"; cat\n', "utf-8")
    python.chmod(0o700)
    (tmp_path / "venv-taskcat" / "ready").touch()
    make = ["make", "--silent", "taskcat-aws", f"VENV={tmp_path}/venv"]
    ran = subprocess.run(
        make,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "REGION": region},
        input="a line",
        capture_output=True,
        text=True,
        check=True,
    )
    hold = "-I -W ignore scripts/taskcat_hold.py ."
    assert ran.stdout.splitlines() == [f"{hold} {each}" for each in deployed]


@each_test
def test_taskcat_passes_every_parameter_of_a_test_on(test: str) -> None:
    # It drops what the template does not have, and what has a number for its default.
    own = load(TESTS[test].get("template", PROJECT["template"]))["Parameters"]
    for name in {**GIVEN[test], **emulator.PARAMETERS}:
        assert not isinstance(own[name].get("Default"), int), name


@each_test
def test_no_table_is_protected_from_being_deleted(test: str) -> None:
    assert GIVEN[test]["TableDeletionProtection"] == "false"


def test_the_first_test_is_the_template_with_its_defaults() -> None:
    assert "template" not in TESTS["defaults"]
    assert ROOT / PROJECT["template"] == TEMPLATE
    assert GIVEN["defaults"].keys() == {"EnvironmentSuffix", "TableDeletionProtection"}


def test_a_test_has_the_oldest_runtime_and_the_template_s_other_defaults() -> None:
    given = GIVEN["oldest-runtime"]
    assert "template" not in TESTS["oldest-runtime"]
    assert given.keys() == {*GIVEN["defaults"], "LambdaRuntime"}
    assert given["LambdaRuntime"] == min(
        PARAMETERS["LambdaRuntime"]["AllowedValues"],
        key=lambda name: int(name.removeprefix("python3.")),
    )


@each_parameter
def test_every_parameter_is_given_another_value_than_its_default(test: str, name: str) -> None:
    rule = EVERY[test][1][name]
    assert str(GIVEN[test][name]) != str(rule.get("Default"))


@pytest.mark.parametrize(("test", "name"), [(t, name) for t in TESTS for name in GIVEN[t]])
def test_every_value_is_one_that_the_template_takes(test: str, name: str) -> None:
    rule = {**STATUS_PARAMETERS, **PARAMETERS}.get(name, {})
    if name in MADE:
        rule = NESTINGS[test]["Parameters"][name]
    value = str(GIVEN[test][name]).replace(RANDOM_STRING, RENDERED)
    assert re.fullmatch(rule.get("AllowedPattern", ".*"), value)
    assert value in map(str, rule.get("AllowedValues", [value]))
    assert len(value) <= rule.get("MaxLength", len(value))
    if rule.get("Type") == "Number" and "MinValue" in rule:
        assert rule["MinValue"] <= int(value) <= rule["MaxValue"]


@each_parameter
def test_a_nesting_template_passes_every_parameter_on(test: str, name: str) -> None:
    passed = nested(test)[EVERY[test][0]]["Parameters"]
    assert passed[name] == {"EventBusName": {"Ref": "Bus"}, **MADE}.get(name, {"Ref": name})


def test_both_stacks_have_the_same_values_and_leaves_the_mails_to_it() -> None:
    main, status = (nested("both-stacks")[name]["Parameters"] for name in OURS)
    own = {"EventBusName", "AlertMail", "TableDeletionProtection", *emulator.PARAMETERS}
    assert {name: main[name] for name in main.keys() - own}.items() <= status.items()
    assert GIVEN["both-stacks"]["AlertMail"] == "off"


@each_nesting
def test_a_nesting_template_makes_the_bus_that_it_names(test: str) -> None:
    bus = {"Type": "AWS::Events::EventBus", "Properties": {"Name": {"Ref": "EventBusName"}}}
    assert NESTINGS[test]["Resources"]["Bus"] == bus


@each_nesting
def test_a_nesting_template_has_no_default_that_a_forgotten_value_would_fall_back_to(
    test: str,
) -> None:
    assert not [name for name, rule in NESTINGS[test]["Parameters"].items() if "Default" in rule]
