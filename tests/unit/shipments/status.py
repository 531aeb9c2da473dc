"""The status stack beside the stack in memory: its table, its topic, and the real function."""

import json
from types import ModuleType, SimpleNamespace
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

from tests.account import ENVIRONMENT, REGION, FakeAccount, Fields

NAME = f"shipment-status-{ENVIRONMENT}"


class StatusStack:
    """The stack; it is there once it is deployed. No stream leads to its function: see follow."""

    table = function = NAME

    def __init__(self, account: FakeAccount) -> None:
        self._account = account
        self._module: ModuleType | None = None

    def deploy(self) -> Fields:
        """Make its table, topic and function; return its outputs."""
        account = self._account
        account.make_status_stack()
        topic = self._topic = account.digest_topic
        account.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="alerts@example.com")
        self._module = account.start_status(RUNBOOK_URL="docs/runbook.md")
        vars(self._module)["print"] = lambda _: None  # the log, which would be the command's output
        return {
            "ShipmentStatusTableName": self.table,
            "ShipmentStatusFunctionName": self.function,
            "DigestTopicArn": topic,
        }

    def invoke(self, request: Any) -> Any:
        """Return what the function answers."""
        assert self._module is not None
        return self._module.lambda_handler(request, SimpleNamespace(aws_request_id="r"))

    def answer(self, request: Any) -> Fields:
        """Answer an invocation as Lambda does."""
        return {"StatusCode": 200, "Payload": json.dumps(self.invoke(request)).encode()}

    def follow(self) -> None:
        """Refresh each shipment, as the batches of the stream would."""
        ids = sorted({row["shipmentId"] for row in self._account.rows()})
        assert self.invoke({"do": "refresh", "shipments": ids})["failed"] == {}

    def items(self) -> dict[str, Fields]:
        """Return the items of shipments by their ids, as DynamoDB has them."""
        items = self._account.dynamodb.scan(TableName=self.table)["Items"]
        return {item["shipmentId"]["S"]: item for item in items if "status" in item}

    def mails(self) -> list[str]:
        """Return the subjects of the mails so far."""
        topic = sns_backends[DEFAULT_ACCOUNT_ID][REGION].topics[self._topic]
        return [subject for _, _, subject, *_ in topic.sent_notifications]
