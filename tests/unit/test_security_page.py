"""SECURITY.md: what proves that somebody cannot do a thing is there."""

import re

import pytest

from scripts.embed import ROOT

PAGE = (ROOT / "SECURITY.md").read_text("utf-8")
# A path, and what the file has at the place that is meant.
LINKS = re.findall(r'\]\((?!#)([^)\s#]+)[^)\s]*(?: "([^"]+)")?\)', PAGE)


@pytest.mark.parametrize(("path", "text"), LINKS)
def test_what_it_links_to_exists(path: str, text: str) -> None:
    assert text in (ROOT / path).read_text("utf-8")


def test_what_each_of_them_cannot_do_is_proven() -> None:
    rows = [row.split(" | ") for row in PAGE.splitlines() if row.startswith("| **")]
    assert len(rows) == 8
    for _, _, cannot in rows:
        assert any(text and path in cannot for path, text in LINKS)
