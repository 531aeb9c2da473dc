"""The template of each release, as users have deployed it, and what updating it may change."""

from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Allowed(NamedTuple):
    """A change that an update makes all the same, because there is a reason for it.

    line: as ``tests.unit.template.changes`` reports it; heading: the section of CHANGELOG.md that
    has the steps for a user of the release.
    """

    release: str
    line: str
    reason: str
    heading: str


ALLOWED: tuple[Allowed, ...] = ()


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _releases() -> dict[str, str]:
    files = {path.stem.removeprefix("TapStack-"): path for path in FOLDER.glob("TapStack-*.yml")}
    return {version: files[version].read_text("utf-8") for version in sorted(files, key=_number)}


# The templates' texts by version, the last release last.
RELEASES = _releases()
