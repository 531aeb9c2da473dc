"""A carrier's webhook in front of a main stack's bus: what is posted, and what comes of it."""

import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from scripts import deployment
from scripts.embed import WEBHOOK_TEMPLATE
from scripts.emulator import Emulator
from scripts.mailbox import Fields
from shipments.stack import Stack
from tests.integration.pipeline import Pipeline
from tests.unit.webhook.account import HEADERS, by_easypost, by_shippo, to_bytes

SECRET = "s3cret"


class Answer(NamedTuple):
    """An HTTP status and what is said with it."""

    status: int
    message: str


class Webhook:
    """A deployed webhook of a carrier, and the pipeline of the main stack behind it."""

    def __init__(self, pipeline: Pipeline, stack: Stack, emulator: Emulator) -> None:
        self.pipeline, self.stack, self._emulator = pipeline, stack, emulator
        self.client = pipeline.client
        self.carrier = stack.parameters["Carrier"]

    @property
    def function(self) -> str:
        """The name of its function."""
        return self.stack["WebhookFunctionName"]

    def post(self, payload: Any, secret: str | None = SECRET, **headers: str) -> Answer:
        """Post a payload (or its bytes), with a carrier's signature if there is a secret."""
        body = to_bytes(payload)
        if secret is not None:
            headers[HEADERS[self.carrier]] = self.signature(body, secret)
        url = urlsplit(self._emulator.endpoint)
        trust = ssl.create_default_context(cafile=self._emulator.environment["AWS_CA_BUNDLE"])
        connection = HTTPSConnection(str(url.hostname), url.port, timeout=30, context=trust)
        # By the URL's name, which no resolver knows here.
        headers["Host"] = str(urlsplit(self.stack["WebhookEndpointFunctionUrl"]).hostname)
        try:
            connection.request("POST", "/", body, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            return Answer(answer.status, json.loads(answer.read())["message"])
        finally:
            connection.close()

    def signature(self, body: bytes, secret: str) -> str:
        """Return what a carrier sends in its header."""
        if self.carrier == "easypost":
            return by_easypost(body, secret)
        return by_shippo(body, int(time.time()), secret) if self.carrier == "shippo" else secret

    def lines(self) -> list[Fields]:
        """Return the function's own log lines so far."""
        logs = self.client("logs")
        found = logs.filter_log_events(logGroupName=self.stack["WebhookLogGroupName"])["events"]
        texts = [event["message"] for event in found]
        return [json.loads(text) for text in texts if text.startswith('{"_aws"')]


@contextmanager
def posting(
    pipeline: Pipeline, emulator: Emulator, carrier: str, **parameters: str
) -> Iterator[Webhook]:
    """Deploy a carrier's webhook, and its secret, for the length of a with block."""
    client: Callable[[str], Any] = pipeline.client
    suffix = pipeline.stack.parameters["EnvironmentSuffix"]
    name = f"{carrier}-{suffix}"
    secret = client("secretsmanager").create_secret(Name=name, SecretString=f"{SECRET}\n")
    given = {
        "EnvironmentSuffix": suffix,
        "Carrier": carrier,
        "SecretArn": secret["ARN"],
        "EventBusName": pipeline.stack["EventBusName"],
        "AlarmTopicArn": pipeline.stack["AlarmTopicArn"],
        **parameters,
    }
    text = WEBHOOK_TEMPLATE.read_text("utf-8")
    stack = deployment.deploy(client, f"webhook-{name}", text, given)
    try:
        yield Webhook(pipeline, stack, emulator)
    finally:
        deployment.delete(client, stack.name)
        client("secretsmanager").delete_secret(
            SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True
        )
