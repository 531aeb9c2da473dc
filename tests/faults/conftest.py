"""Runs the whole table once."""

import pytest

from tests.faults.report import in_memory
from tests.faults.run import Seen
from tests.unit.conftest import _no_aws_settings  # noqa: F401 - a fixture, for here too


@pytest.fixture(scope="session")
def seen(_no_aws_settings: None) -> dict[str, Seen]:  # noqa: F811 - as above
    """Return what is seen of each case, by its name."""
    return in_memory()
