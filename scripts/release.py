"""Builds a release into build/release/: templates, package, checksums, and the notes of it."""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cfn_flip
import click

from scripts.embed import ROOT
from scripts.lint import compact_json
from shipments.check.plans import TEMPLATE_BYTES
from shipments.errors import CommandError
from shipments.oneline import OneLine

VERSIONS = re.compile(r"\d+\.\d+\.\d+")
IN_PACKAGE = re.compile(r'(?m)^__version__ = "([^"]*)"$')
# Of a page that is not in the repository, a relative link leads nowhere.
LINK = re.compile(r"\[([^\]]+)\]\((?!\w+:)([^)#]+)[^)]*\)")


def refuse(root: Path, version: str) -> None:
    """Raise CommandError if this version cannot be built of what is in a folder.

    version: such as 1.0.0; that of the package, of the templates and of a section of CHANGELOG.md.
    """
    if not VERSIONS.fullmatch(version):
        raise CommandError(
            f"VERSION: {version or 'none'} is no version: pass one, as VERSION=1.0.0"
        )
    found = IN_PACKAGE.findall((root / "src/shipments/__init__.py").read_text("utf-8"))
    if found != [version]:
        raise CommandError(
            f"VERSION: {version} is not {', '.join(found)}, the one of src/shipments/__init__.py: "
            "pass that, or change it there"
        )
    for name, other in versions(root):
        if other != version:
            raise CommandError(f"{name}: Version is {other}, and not {version}: change it there")
    notes((root / "CHANGELOG.md").read_text("utf-8"), version)
    git = ["git", "status", "--porcelain"]
    status = subprocess.run(git, cwd=root, capture_output=True, text=True, check=True).stdout
    if status:
        changed = ", ".join(line[3:] for line in status.splitlines())
        raise CommandError(f"the tree has changes, commit or remove them: {changed}")


def versions(root: Path) -> Iterator[tuple[str, str]]:
    """Yield where a template has its version, and that version."""
    for path in sorted((root / "templates").glob("*.yml")):
        template = cfn_flip.load_yaml(path.read_text("utf-8"))
        places = {
            "Metadata": template.get("Metadata", {}).get("Version"),
            "Outputs": template["Outputs"].get("Version", {}).get("Value"),
        }
        # Each byte counts in a template with a handler: only the main one has it for sure.
        for place, value in places.items():
            if value is not None or path.name == "TapStack.yml":
                yield f"templates/{path.name}, {place}", str(value)


def notes(changelog: str, version: str) -> str:
    """Return the section of a version; raise CommandError if there is none, or a newer one."""
    sections = re.split(r"(?m)^## (.+)\n", changelog)[1:]
    heading, text = sections[0], sections[1]
    if not re.fullmatch(rf"{re.escape(version)} - \d{{4}}-\d\d-\d\d", heading):
        raise CommandError(
            f"CHANGELOG.md: the first section is {heading}: name it {version} - and the date"
        )
    return LINK.sub(_named, text.strip()) + "\n"


def _named(link: "re.Match[str]") -> str:
    words, path = link.groups()
    return words if path in words else f"{words} ({path})"


def build(root: Path, folder: Path, version: str) -> None:
    """Build the release in a folder, emptied first; raise CommandError if it is too big."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in (root / "templates").glob("*.yml"):
        shutil.copyfile(path, folder / path.name)
    as_json = compact_json((root / "templates/TapStack.yml").read_text("utf-8"))
    if (size := len(as_json.encode())) > TEMPLATE_BYTES:
        raise CommandError(f"TapStack.json has {size:,} bytes, over {TEMPLATE_BYTES:,}: shorten it")
    (folder / "TapStack.json").write_text(as_json, "utf-8")
    wheel = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([sys.executable, *wheel, "--wheel-dir", folder, root], check=True)
    sums = {path.name: hashlib.sha256(path.read_bytes()) for path in sorted(folder.iterdir())}
    text = "".join(f"{found.hexdigest()}  {name}\n" for name, found in sums.items())
    (folder / "SHA256SUMS").write_text(text, "utf-8")
    (folder / "notes.md").write_text(
        notes((root / "CHANGELOG.md").read_text("utf-8"), version), "utf-8"
    )


@click.command(cls=OneLine, epilog="Example: make release VERSION=1.0.0")
@click.argument("version")
def main(version: str) -> None:
    """Build VERSION into build/release/ and print what is in it."""
    refuse(ROOT, version)
    folder = ROOT / "build" / "release"
    build(ROOT, folder, version)
    for path in sorted(folder.iterdir()):
        click.echo(f"{path.stat().st_size:>7,}  {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main(prog_name="make release")
