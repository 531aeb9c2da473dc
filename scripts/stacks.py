"""The stacks that `make demo` and `make up` deploy: the template, and its status stack."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from scripts import deployment, emulator
from scripts.embed import STATUS_TEMPLATE, TEMPLATE
from shipments.stack import Stack, describe

SUFFIX, ADDRESS = "dev", "alerts@example.com"
STACK_NAME = f"logistics-processing-{SUFFIX}"
# People get the status stack's digests instead of a mail for each alert.
PARAMETERS = {
    "EnvironmentSuffix": SUFFIX,
    "AlertEmail": ADDRESS,
    "AlertMail": "off",
    **emulator.PARAMETERS,
}
STATUS_STACK_NAME = f"shipment-status-{SUFFIX}"
# Shorter than anybody wants mails, so that nobody has to wait here for one.
STATUS_PARAMETERS = {
    "EnvironmentSuffix": SUFFIX,
    "AlertEmail": ADDRESS,
    "BatchWindowSeconds": "3",
}
NAMES = (STACK_NAME, STATUS_STACK_NAME)


@dataclass(frozen=True)
class Stacks:
    """Both deployed stacks."""

    main: Stack
    status: Stack

    @property
    def topics(self) -> dict[str, str]:
        """The topic (ARN) of each channel."""
        return {
            "alert": self.main["AlertTopicArn"],
            "digest": self.status["DigestTopicArn"],
            "alarm": self.main["AlarmTopicArn"],
        }


def deploying(client: Callable[[str], Any]) -> Iterator[Stack]:
    """Deploy one stack after the other; yield each. Raise StackError."""
    main = deployment.deploy(client, STACK_NAME, TEMPLATE.read_text("utf-8"), PARAMETERS)
    yield main
    text = STATUS_TEMPLATE.read_text("utf-8")
    stream = {"StreamArn": main["ShipmentLogsTableStreamArn"]}
    yield deployment.deploy(client, STATUS_STACK_NAME, text, {**STATUS_PARAMETERS, **stream})


def deployed(client: Callable[[str], Any]) -> Stacks:
    """Return the stacks; raise ClientError if one is missing."""
    return Stacks(describe(client, STACK_NAME), describe(client, STATUS_STACK_NAME))
