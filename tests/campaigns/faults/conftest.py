"""Runs the whole table once."""

import pytest

from tests.campaigns.faults.report import in_memory
from tests.campaigns.faults.run import Seen


@pytest.fixture(scope="session")
def seen() -> dict[str, Seen]:
    """Return what is seen of each case, by its name."""
    return in_memory()
