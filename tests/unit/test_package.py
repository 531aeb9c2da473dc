"""The command as a wheel: it needs what it declares and nothing else, and not the checkout."""

import ast
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import shipments
from scripts.embed import HANDLER, ROOT, STATUS_HANDLER
from scripts.schemas import SCHEMA

MAY_IMPORT = {"boto3", "botocore", "click", "rich", "shipments", *sys.stdlib_module_names}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([sys.executable, *build, "--wheel-dir", folder, ROOT], check=True)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment that has the wheel and what the wheel declares."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    (metadata,) = packages.glob("*.dist-info")
    for each in closure(Distribution.at(metadata)):
        tops = {file.parts[0] for file in each.files or [] if file.parts[0] != ".."}
        for top in tops - {"__pycache__"}:
            (packages / top).symlink_to(each.locate_file(top))
    return environment / "bin" / "python"


def closure(package: Distribution) -> Iterator[Distribution]:
    """Yield the packages that one needs, and those that they need."""
    found: dict[str, Distribution] = {}
    waiting = [package]
    while waiting:
        for text in waiting.pop().requires or []:
            needed = Requirement(text)
            if needed.name in found or (
                needed.marker and not needed.marker.evaluate({"extra": ""})
            ):
                continue
            found[needed.name] = distribution(needed.name)
            waiting.append(found[needed.name])
    yield from found.values()


def run(python: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}
    entry = "from shipments.cli import main; main()"
    command = [python, "-c", entry, *arguments]
    return subprocess.run(
        command, env=environment, cwd="/", check=False, capture_output=True, text=True
    )


def test_the_wheel_has_both_handlers_and_nothing_of_the_harness(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        for handler in (HANDLER, STATUS_HANDLER):
            assert opened.read(f"shipments/lambda/{handler.name}") == handler.read_bytes()
        folders = {name.partition("/")[0] for name in opened.namelist()}
        entry = next(name for name in opened.namelist() if name.endswith("entry_points.txt"))
        assert "shipments = shipments.cli:main" in opened.read(entry).decode()
    assert folders == {"shipments", f"tapstack-{shipments.__version__}.dist-info"}


def test_the_wheel_is_built_by_the_pinned_hatchling(wheel: Path) -> None:
    pinned = re.search(r"(?m)^hatchling==(\S+)", (ROOT / "requirements/dev.txt").read_text("utf-8"))
    assert pinned
    with zipfile.ZipFile(wheel) as opened:
        about = opened.read(f"tapstack-{shipments.__version__}.dist-info/WHEEL").decode()
    assert f"Generator: hatchling {pinned[1]}\n" in about


def test_it_says_its_version_where_nothing_else_is_installed(installed: Path) -> None:
    assert run(installed, "--version").stdout == f"shipments, version {shipments.__version__}\n"


def test_it_checks_updates_by_the_handler_s_rules_without_the_checkout(installed: Path) -> None:
    done = run(
        installed, "send", "--shipment-id", "SHIP-1", "--status", "LOST", "--event-time", "x"
    )
    assert done.returncode == 2
    assert "eventTime: must be ISO 8601" in done.stderr


def test_a_program_finds_the_schema_of_an_update_in_the_package(installed: Path) -> None:
    page = (ROOT / "docs" / "publishing.md").read_text("utf-8")
    (found,) = re.findall(r"`(importlib\.resources\..+)`", page)
    program = f"import importlib.resources; print(({found}).read_text('utf-8'), end='')"
    run = [installed, "-I", "-c", program]  # not the checkout, where PYTHONPATH has it
    done = subprocess.run(run, cwd="/", check=True, capture_output=True, text=True)
    assert done.stdout == SCHEMA.read_text("utf-8")


@pytest.mark.parametrize(
    "module", sorted((ROOT / "src").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_module_imports_only_what_the_package_declares(module: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported <= MAY_IMPORT
