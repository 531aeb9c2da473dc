"""What every unit test stands on: no AWS settings of this machine, the same examples each run."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# The same examples on every machine and every run, and none of them judged by a busy machine's
# pace: a test that fails here fails for everybody.
settings.register_profile("same-everywhere", derandomize=True, database=None, deadline=None)
settings.load_profile("same-everywhere")


@pytest.fixture(scope="session", autouse=True)
def _no_aws_settings() -> Iterator[None]:
    """Hide this machine's endpoint, profile and keys, through which a test might reach AWS."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _aws_settings():
            patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", "/dev/null")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


def _aws_settings() -> list[str]:
    return [name for name in os.environ if name.startswith(("AWS_", "BOTO_"))]
