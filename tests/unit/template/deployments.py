"""Two deployments of each template, which have no parameter and no place in common."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts.embed import STATUS_TEMPLATE, TEMPLATE, WEBHOOK_TEMPLATE
from tests.unit.template.resolve import ACCOUNT, Deployment

Values = dict[str, str]
# The second deployment's place.
ELSEWHERE = {"region": "cn-north-1", "partition": "aws-cn"}
SECRET = f"{{}}:{ACCOUNT}:secret:{{}}-a1B2c3"
TOPIC = f"{{}}:{ACCOUNT}:shipment-alarms-{{}}"
STREAM = f"{{}}:{ACCOUNT}:table/shipment-logs-{{}}/stream/2026-01-15T12:00:00.000"
# Of each parameter a value that is not its default. A value that is written out instead of a
# parameter is then wrong in one of the deployments.
COMMON = {
    "EnvironmentSuffix": "prod-7",
    "LambdaRuntime": "python3.10",
    "AlertEmail": "ops@example.com",
    "CriticalStatuses": "LOST,159",
    "RunbookUrl": "https://example.com/runbook",
    "LogRetentionDays": "7",
    "KmsKeyArn": "arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-0123abc",
}
OF_MAILS = {"AlertEmail", "CriticalStatuses"}
OTHER_VALUES = {
    TEMPLATE: {
        **COMMON,
        "EventBusName": "carriers",
        "TracingMode": "Active",
        "AlertMail": "critical",
        "ExpectUpdatesEveryHours": "24",
        "UnheardAlertsAlarmEnabled": "false",
        "RowRetentionDays": "365",
        "ArchiveRetentionDays": "90",
        "TableDeletionProtection": "false",
    },
    STATUS_TEMPLATE: {
        **COMMON,
        "StreamArn": STREAM.format("arn:aws-cn:dynamodb:cn-north-1", "prod-7"),
        "FinalStatuses": "DELIVERED,159",
        "StuckAfterDays": "5",
        "BatchWindowSeconds": "60",
    },
    WEBHOOK_TEMPLATE: {
        **{name: value for name, value in COMMON.items() if name not in OF_MAILS},
        "Carrier": "other",
        "SecretArn": SECRET.format("arn:aws-cn:secretsmanager:cn-north-1", "carriers/other"),
        "EventBusName": "carriers",
        "AlarmTopicArn": TOPIC.format("arn:aws-cn:sns:cn-north-1", "prod-7"),
        "ReservedConcurrency": "0",
    },
}
# What has no default.
NEEDED: dict[Path, Values] = {
    TEMPLATE: {},
    STATUS_TEMPLATE: {"StreamArn": STREAM.format("arn:aws:dynamodb:us-east-1", "dev")},
    WEBHOOK_TEMPLATE: {
        "Carrier": "easypost",
        "SecretArn": SECRET.format("arn:aws:secretsmanager:us-east-1", "easypost"),
        "AlarmTopicArn": TOPIC.format("arn:aws:sns:us-east-1", "dev"),
    },
}
NAMES = ["defaults", "other values"]


def longest(template: dict[str, Any]) -> Values:
    """Return the longest value of each parameter whose length matters to what is built."""
    values = {"RunbookUrl": "u" * 200, "StreamArn": STREAM, "Carrier": "easypost"}
    for name, parameter in template["Parameters"].items():
        if "MaxLength" in parameter:
            values[name] = "s" * parameter["MaxLength"]
        elif "MaxValue" in parameter:
            values[name] = str(parameter["MaxValue"])
    return {name: value for name, value in values.items() if name in template["Parameters"]}


def deployment(path: Path, template: dict[str, Any], which: str) -> Deployment:
    """Return one of NAMES of a template."""
    if which == "defaults":
        return Deployment(template, NEEDED[path])
    return Deployment(template, OTHER_VALUES[path], **ELSEWHERE)


def for_each(name: str, members: Mapping[Path, Iterable[Any]]) -> pytest.MarkDecorator:
    """Return what runs a test with each member of each template, and with ``any_`` of that one.

    A member is a text or begins with one.
    """
    pairs = [(path, each) for path, several in members.items() for each in several]
    ids = [f"{path.stem}-{each if isinstance(each, str) else each[0]}" for path, each in pairs]
    return pytest.mark.parametrize(("path", name), pairs, ids=ids, indirect=["path"])
