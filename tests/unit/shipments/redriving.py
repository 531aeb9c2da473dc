"""What the tests of redrive have in common."""

import json
from typing import Any

from tests.unit.shipments.cloud import Cloud, Fields, envelope

REDRIVE = ("redrive", "--watch", "5", "--json")
SOME = 12  # more than a queue gives at once
AGAIN = "would be rejected again"


def redriven(cloud: Cloud, *options: str) -> Fields:
    """Redrive, and return what is reported."""
    result: Fields = json.loads(cloud.run(*REDRIVE, *options).stdout)
    return result


def reject(cloud: Cloud, detail: Fields, **fields: Any) -> Fields:
    """Have the function reject an update; return its envelope."""
    event = envelope(detail, **fields)
    cloud.invoke(event)
    return event


def kept(cloud: Cloud) -> list[str]:
    """Return the ids of the events on the queue."""
    found = map(json.loads, cloud.run("failed", "--json").stdout.splitlines())
    return sorted(each["envelopeId"] for each in found if not each["copy"])


def depth(cloud: Cloud) -> int:
    """Return how many messages the queue has, hidden ones too."""
    # Two questions, hidden ones first: in one answer the mock counts what can be received before
    # what is hidden, and so overlooks a message that becomes readable in between.
    total = 0
    for name in ("ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessages"):
        answer = cloud.sqs.get_queue_attributes(QueueUrl=cloud.queue, AttributeNames=[name])
        total += int(answer["Attributes"][name])
    return total
