"""One version in package, templates and changelog, and what a release is built of."""

import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import cfn_flip
import pytest
from click.testing import CliRunner

import shipments
from scripts import release
from scripts.embed import ROOT, TEMPLATE
from shipments.errors import CommandError
from tests.releases import RELEASES

VERSION = shipments.__version__
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
HEADINGS = re.findall(r"(?m)^## (.+)$", CHANGELOG)
RELEASED = [heading.partition(" - ")[0] for heading in HEADINGS if heading != "Unreleased"]
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
# What the package and a release are built of.
SOURCES = (
    *("src", "lambda", "templates", "docs/operating.md", "docs/shipment-update.schema.json"),
    *("LICENSE", "pyproject.toml"),
)
GIT = ("git", "-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of its own with what a release is built of, and nothing to commit."""
    root = tmp_path_factory.mktemp("tree")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in (*SOURCES, "CHANGELOG.md", ".gitignore"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=ignored)
        else:
            (root / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(ROOT / name, root / name)
    # What a release needs, whether or not the next one is begun.
    begun = CHANGELOG.index(f"## {VERSION} - ")
    (root / "CHANGELOG.md").write_text("# Changelog\n\n" + CHANGELOG[begun:], "utf-8")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run([*GIT, *command], cwd=root, check=True)
    return root


@pytest.fixture(scope="module")
def built(tree: Path) -> Path:
    folder = tree / "build" / "release"
    release.refuse(tree, VERSION)
    release.build(tree, folder, VERSION)
    return folder


# ---- one version


@pytest.mark.parametrize(("name", "version"), [*release.versions(ROOT)])
def test_a_template_has_the_version_of_the_package(name: str, version: str) -> None:
    assert version == VERSION, name


def test_the_changelog_s_newest_version_is_that_of_the_package() -> None:
    assert RELEASED[0] == VERSION
    assert "Unreleased" not in HEADINGS[1:]


def test_each_version_of_the_changelog_has_its_date_and_they_are_in_order() -> None:
    dated = [heading for heading in HEADINGS if heading != "Unreleased"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", heading) for heading in dated)
    numbers = [[int(part) for part in version.split(".")] for version in RELEASED]
    assert numbers == sorted(numbers, reverse=True)
    dates = [heading.partition(" - ")[2] for heading in dated]
    assert dates == sorted(dates, reverse=True)


def test_the_changelog_sorts_changes_as_keep_a_changelog_does() -> None:
    for section in re.split(r"(?m)^## ", CHANGELOG)[1:]:
        kinds = re.findall(r"(?m)^### (.+)$", section)
        assert set(kinds) <= KINDS
        assert len(kinds) == len(set(kinds))


def test_each_version_before_this_one_is_kept_for_the_tests_of_updates() -> None:
    # Of 0.1.0 nobody has a stack.
    assert list(RELEASES) == [each for each in reversed(RELEASED) if each not in {"0.1.0", VERSION}]


# ---- what is built


def test_a_release_has_the_templates_the_package_checksums_and_notes(built: Path) -> None:
    names = {path.name for path in (ROOT / "templates").glob("*.yml")}
    assert {path.name for path in built.iterdir()} == {
        *names,
        "TapStack.json",
        f"tapstack-{VERSION}-py3-none-any.whl",
        "SHA256SUMS",
        "notes.md",
    }
    for name in names:
        assert (built / name).read_bytes() == (ROOT / "templates" / name).read_bytes()


def test_the_json_form_is_the_same_template_and_needs_no_bucket(built: Path) -> None:
    text = (built / "TapStack.json").read_text("utf-8")
    assert json.loads(text) == json.loads(cfn_flip.to_json(TEMPLATE.read_text("utf-8")))
    assert len(text.encode()) <= 51_200


def test_the_checksums_are_those_of_all_that_is_published(built: Path) -> None:
    lines = (built / "SHA256SUMS").read_text("utf-8").splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    assert sums.keys() == {path.name for path in built.iterdir()} - {"SHA256SUMS", "notes.md"}
    for name, found in sums.items():
        assert hashlib.sha256((built / name).read_bytes()).hexdigest() == found


def test_the_same_release_is_built_again_to_the_byte(built: Path, tree: Path) -> None:
    again = tree / "build" / "again"
    release.build(tree, again, VERSION)
    assert (again / "SHA256SUMS").read_text("utf-8") == (built / "SHA256SUMS").read_text("utf-8")


def test_the_package_has_the_version(built: Path) -> None:
    with zipfile.ZipFile(built / f"tapstack-{VERSION}-py3-none-any.whl") as wheel:
        assert f'__version__ = "{VERSION}"' in wheel.read("shipments/__init__.py").decode()


def test_the_notes_are_the_version_s_section_without_links_into_the_repository(built: Path) -> None:
    text = (built / "notes.md").read_text("utf-8")
    assert text.startswith("### ")
    assert "\n## " not in text
    assert re.findall(r"\]\((?!https:)", text) == []


def test_a_link_becomes_its_words_and_the_path() -> None:
    text = (
        "# C\n\n## 1.2.3 - 2026-01-15\n\n[Steps](docs/a.md#b), [docs/c.md](docs/c.md)\n\n## 1.2.2\n"
    )
    assert release.notes(text, "1.2.3") == "Steps (docs/a.md), docs/c.md\n"


def test_building_leaves_nothing_of_a_release_before(tree: Path) -> None:
    folder = tree / "build" / "stale"
    folder.mkdir(parents=True)
    (folder / "tapstack-0.0.1-py3-none-any.whl").touch()
    release.build(tree, folder, VERSION)
    assert not (folder / "tapstack-0.0.1-py3-none-any.whl").exists()


# ---- what is refused

# The version to build, a file with a part of it and what is there instead, and the message.
REFUSED = {
    "no version": ("", "LICENSE", "", "", "VERSION: none is no version"),
    "a tag": ("v1.0.0", "LICENSE", "", "", "VERSION: v1.0.0 is no version"),
    "another version": ("9.9.9", "LICENSE", "", "", f"VERSION: 9.9.9 is not {VERSION}, the one of"),
    "another template": (
        VERSION,
        "templates/TapStack.yml",
        f"Version: {VERSION}",
        "Version: 9.9.9",
        f"templates/TapStack.yml, Metadata: Version is 9.9.9, and not {VERSION}",
    ),
    "another output": (
        VERSION,
        "templates/TapStack.yml",
        f"Value: {VERSION}",
        "Value: 9.9.9",
        f"templates/TapStack.yml, Outputs: Version is 9.9.9, and not {VERSION}",
    ),
    "a template without": (
        VERSION,
        "templates/TapStack.yml",
        f"Version: {VERSION}",
        f"Was: {VERSION}",
        f"templates/TapStack.yml, Metadata: Version is None, and not {VERSION}",
    ),
    "no section": (
        VERSION,
        "CHANGELOG.md",
        f"## {VERSION} - ",
        "## 9.9.9 - ",
        "CHANGELOG.md: the first section is 9.9.9 - ",
    ),
    "a section without date": (
        VERSION,
        "CHANGELOG.md",
        f"## {VERSION} - ",
        f"## {VERSION} ",
        f"CHANGELOG.md: the first section is {VERSION} ",
    ),
    "changes": (
        VERSION,
        "LICENSE",
        "MIT",
        "BSD",
        "the tree has changes, commit or remove them: LI",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_that_version_in_full_is_refused(case: str, tree: Path) -> None:
    version, name, part, other, message = REFUSED[case]
    text = (tree / name).read_text("utf-8")
    assert part in text
    try:
        (tree / name).write_text(text.replace(part, other, 1), "utf-8")
        with pytest.raises(CommandError, match="^" + re.escape(message)):
            release.refuse(tree, version)
    finally:
        (tree / name).write_text(text, "utf-8")


def test_an_unreleased_section_is_refused(tree: Path) -> None:
    text = (tree / "CHANGELOG.md").read_text("utf-8")
    begun = text.replace("\n## ", "\n## Unreleased\n\n- More.\n\n## ", 1)
    with pytest.raises(CommandError, match="the first section is Unreleased: name it 1"):
        release.notes(begun, VERSION)


def test_a_file_that_is_not_committed_is_refused(tree: Path) -> None:
    (tree / "more").touch()
    try:
        with pytest.raises(CommandError, match=r"the tree has changes, .*: more$"):
            release.refuse(tree, VERSION)
    finally:
        (tree / "more").unlink()


def test_a_refusal_is_one_line_with_status_2() -> None:
    done = CliRunner().invoke(release.main, ["9.9.9"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
