"""Whose code runs: packages and actions by their digests, and none of the current folder."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.embed import ROOT
from tests.campaigns import pythons

LISTS = sorted((ROOT / "requirements").glob("*.in"))
PACKAGE = re.compile(r"[a-z0-9-]+==[^\s;]+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
RELEASE = ROOT / ".github" / "workflows" / "release.yml"
PINNED = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
each_list = pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    """Return a workflow's jobs."""
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))["jobs"]
    return loaded


@each_list
def test_a_locked_package_has_one_version_and_its_hashes_and_no_address(path: Path) -> None:
    assert PACKAGE.sub("", path.with_suffix(".txt").read_text("utf-8")) == ""


@each_list
def test_what_an_environment_is_for_is_locked(path: Path) -> None:
    wanted = re.findall(r"(?m)^\w[\w-]*", path.read_text("utf-8"))
    locked = re.findall(r"(?m)^[\w-]+(?===)", path.with_suffix(".txt").read_text("utf-8"))
    assert set(wanted) <= set(locked)


def test_the_benchmarks_run_with_the_boto3_of_the_tests() -> None:
    pins = {
        re.findall(r"(?m)^boto3==\S+", path.with_suffix(".txt").read_text("utf-8"))[0]
        for path in LISTS
        if path.stem in ("bench", "dev")
    }
    assert len(pins) == 1


@pytest.mark.parametrize(
    "target",
    ["setup", "bench", "taskcat", "taskcat-aws", "lock", "audit-templates", "audit-workflows"],
)
def test_make_installs_wheels_with_the_locked_hashes_only(target: str) -> None:
    make = ["make", "--dry-run", "--always-make", target]
    printed = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    installs = re.findall(r"pip install ([^&\n]+)", printed)
    assert installs
    # The interpreter's own pip, which may be old, installs the locked one and nothing else.
    for first, second in zip(installs[::2], installs[1::2], strict=True):
        assert first.endswith("--require-hashes --only-binary :all: -r requirements/install.txt ")
        assert "--require-hashes --only-binary :all: --no-binary yattag --no-build-iso" in second


def test_the_package_of_node_js_has_a_hash_and_no_address() -> None:
    lock = json.loads((ROOT / "requirements/node/package-lock.json").read_text("utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert "node_modules/@aws-sdk/client-eventbridge" in packages
    for package in packages.values():
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package


def test_make_installs_the_package_of_node_js_by_its_lock_and_runs_none_of_its_code() -> None:
    make = ["make", "--dry-run", "--always-make", "publishing"]
    printed = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"npm .+? &&", printed) == ["npm ci --ignore-scripts --no-audit --no-fund &&"]


def test_the_handler_s_interpreters_get_wheels_with_the_locked_hashes_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pythons, "ENVIRONMENTS", tmp_path)
    python = tmp_path / "python"
    python.write_text(
        f"""#!/bin/sh
echo "$*" >> {tmp_path}/calls
case $2 in venv) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;; esac
""",
        "utf-8",
    )
    python.chmod(0o700)
    pythons.environment(python, 13)
    (install,) = re.findall(r"-m pip install .+", (tmp_path / "calls").read_text("utf-8"))
    assert install.endswith(f"--require-hashes --only-binary :all: -r {pythons.LOCK}")


@pytest.mark.parametrize("command", ["shipments", "dashboard"])
def test_a_command_takes_no_module_from_the_folder_that_it_is_called_from(
    command: str, tmp_path: Path
) -> None:
    (tmp_path / "click.py").write_text("raise SystemExit('planted')", "utf-8")
    run = [ROOT / "scripts" / command, "--help"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@each_workflow
def test_an_action_is_named_by_its_commit_with_the_version_beside_it(path: Path) -> None:
    uses = re.findall(r"uses: .+", path.read_text("utf-8"))
    assert uses
    for each in uses:
        assert PINNED.fullmatch(each), each


@each_workflow
def test_a_job_that_can_take_a_role_is_in_the_environment_that_the_role_trusts(path: Path) -> None:
    for name, job in jobs(path).items():
        allowed = dict(job["permissions"])
        assert allowed.pop("id-token", None) == {"aws": "write"}.get(job.get("environment"))
        is_publishing = (path, name) == (RELEASE, "publish")
        assert allowed == {"contents": "write" if is_publishing else "read"}


def test_where_the_repository_can_be_written_to_no_code_of_it_or_of_a_package_runs() -> None:
    job = jobs(RELEASE)["publish"]
    actions = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
    commands = "\n".join(step["run"] for step in job["steps"] if "run" in step)
    assert actions == ["actions/download-artifact"]
    assert re.findall(r"^\w+", commands, re.MULTILINE) == ["sha256sum", "mv", "gh"]


def test_a_release_is_published_only_of_a_tag_that_was_tried_on_aws() -> None:
    made = jobs(RELEASE)
    assert made["publish"]["needs"] == "build"
    assert set(made["build"]["needs"]) == {"taskcat", "integration"}
    assert made["build"]["if"] == "github.ref_type == 'tag'"


@pytest.mark.parametrize(
    ("job", "installs", "runs"),
    [
        ("taskcat", "make .venv-taskcat/ready", ["make taskcat-aws"]),
        ("integration", "make setup", [".venv/bin/aws", ".venv/bin/python", "scripts/shipments"]),
    ],
)
def test_packages_are_installed_before_there_are_credentials(
    job: str, installs: str, runs: list[str]
) -> None:
    names = [
        step.get("run") or step["uses"].partition("@")[0] for step in jobs(RELEASE)[job]["steps"]
    ]
    credentials = names.index("aws-actions/configure-aws-credentials")
    assert names[credentials - 1] == installs
    # What the later steps need is there already.
    later = names[credentials + 1 :]
    assert len(later) == len(runs)
    assert all(name.startswith(run) for name, run in zip(later, runs, strict=True))


def test_the_regions_of_the_workflow_are_those_of_make() -> None:
    (step,) = [step for step in jobs(RELEASE)["taskcat"]["steps"] if "env" in step]
    assert step == {"run": "make taskcat-aws", "env": {"REGION": "${{ inputs.regions }}"}}
    default = re.search(r"default: (.+)", RELEASE.read_text("utf-8"))
    made = re.search(r"(?m)^TASKCAT_REGIONS := (.+)$", (ROOT / "Makefile").read_text("utf-8"))
    assert default
    assert made
    assert default[1] == made[1]


@pytest.mark.parametrize("target", ["lint", "unit", "integration", "taskcat", "demo"])
def test_each_push_runs_it_on_each_python(target: str) -> None:
    job = jobs(RELEASE.with_name("ci.yml"))["laptop"]
    assert job["strategy"]["matrix"]["python"] == [f"3.{minor}" for minor in pythons.MINORS]
    assert ".ci/run" in [step.get("run") for step in job["steps"]]
    made = re.findall(r"(?m)^make ([a-z]+)$", (ROOT / ".ci" / "run").read_text("utf-8"))
    assert made == ["demo", "test", "taskcat"]
    make = ["make", "--dry-run", *made]
    printed = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    part = ["make", "--dry-run", target]
    alone = subprocess.run(part, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    commands = set(re.findall(r"-m [\w. /-]+|bin/ruff [\w -]+|bin/mypy", alone))
    assert commands
    assert all(command.strip() in printed for command in commands)


def test_each_night_the_campaigns_run_that_a_push_does_not_wait_for() -> None:
    job = jobs(RELEASE.with_name("nightly.yml"))["campaign"]
    assert job["strategy"]["matrix"]["target"] == ["soak", "fuzz", "worlds", "audit"]
    for target in job["strategy"]["matrix"]["target"]:
        make = ["make", "--dry-run", target, "SECONDS=1800"]
        subprocess.run(make, cwd=ROOT, capture_output=True, check=True)
