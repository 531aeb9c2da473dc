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

    A value that is written out instead of a parameter is then wrong in one of the deployments.
    """
    return {
        "EnvironmentSuffix": "prod-7",
        "EventBusName": "carriers",
        "LambdaRuntime": "python3.10",
        "TracingMode": "PassThrough",
        "AlertEmail": "ops@example.com",
        "AlertMail": "critical",
        "CriticalStatuses": "LOST,159",
        "ExpectUpdatesEveryHours": "24",
        "UnheardAlertsAlarmEnabled": "false",
        "RunbookUrl": "https://example.com/runbook",
        "RowRetentionDays": "365",
        "ArchiveRetentionDays": "90",
        "LogRetentionDays": "7",
        "KmsKeyArn": "arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-0123abc",
        "TableDeletionProtection": "false",
    }


@pytest.fixture(scope="session")
def longest_values(template: dict[str, Any]) -> dict[str, str]:
    """Return the longest value of each parameter whose length matters to what is built."""
    parameters = template["Parameters"]
    return {
        "EnvironmentSuffix": "s" * parameters["EnvironmentSuffix"]["MaxLength"],
        "CriticalStatuses": "S" * parameters["CriticalStatuses"]["MaxLength"],
        "RunbookUrl": "u" * 200,
        "RowRetentionDays": str(parameters["RowRetentionDays"]["MaxValue"]),
        "ExpectUpdatesEveryHours": str(parameters["ExpectUpdatesEveryHours"]["MaxValue"]),
    }


@pytest.fixture(scope="session", params=["defaults", "other values"])
def stack(
    request: pytest.FixtureRequest, template: dict[str, Any], other_values: dict[str, str]
) -> Deployment:
    if request.param == "defaults":
        return Deployment(template)
    return Deployment(template, other_values, region="cn-north-1", partition="aws-cn")
