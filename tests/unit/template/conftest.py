"""The template, and two deployments of it that have no parameter and no place in common."""

from typing import Any

import pytest

from tests.unit.template import resolve
from tests.unit.template.resolve import Deployment


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    return resolve.load()


@pytest.fixture(scope="session")
def other_values() -> dict[str, str]:
    """Return a value of each parameter that is not its default.

    What is written out where a parameter belongs is then wrong in one of the two deployments.
    """
    return {
        "EnvironmentSuffix": "prod-7",
        "AlertEmail": "ops@example.com",
        "CriticalStatuses": "LOST,STOLEN",
        "EventBusName": "carriers",
        "LambdaRuntime": "python3.10",
        "LogRetentionDays": "7",
        "ArchiveRetentionDays": "90",
        "RowRetentionDays": "365",
        "TableDeletionProtection": "false",
        "TracingMode": "PassThrough",
    }


@pytest.fixture(scope="session", params=["defaults", "other values"])
def stack(
    request: pytest.FixtureRequest, template: dict[str, Any], other_values: dict[str, str]
) -> Deployment:
    if request.param == "defaults":
        return Deployment(template)
    return Deployment(template, other_values, region="cn-north-1", partition="aws-cn")
