"""What tests share: the same examples each run, and an environment without AWS settings."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# The same examples on every machine and every run, and none of them judged by a busy machine's
# pace: a test that fails here fails for everybody.
settings.register_profile("same-everywhere", derandomize=True, database=None, deadline=None)
settings.load_profile("same-everywhere")


@pytest.fixture(scope="session", autouse=True)
def _no_aws_settings(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hide this machine's endpoint, profile and keys, through which a test might reach AWS.

    With --stack-name that is what is asked for.
    """
    with pytest.MonkeyPatch.context() as patch:
        if not request.config.getoption("--stack-name", None):
            for name in [name for name in os.environ if name.startswith(("AWS_", "BOTO_"))]:
                if name != "AWS_DATA_PATH":  # of the AWS CLI, which sets it when it is imported
                    patch.delenv(name)
            patch.setenv("AWS_CONFIG_FILE", "/dev/null")
            patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield
