"""The handler in this process, with clients that get their answers here, too.

Its client runs up to where it would sign and send a call. Signing and sending are left out, because
they would double the time of a million updates.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from time import process_time
from types import SimpleNamespace
from typing import Any

import boto3

from shipments import handler
from shipments.events import DETAIL_TYPE, SOURCE

START_MS = 1_768_478_400_000  # 2026-01-15T12:00:00Z

Fields = dict[str, Any]
# So many of each kind between two samples, as a day has them.
MIX = {"ordinary": 89, "critical": 8, "redelivered": 2, "rejected": 1}
ACCEPTED = SimpleNamespace(status_code=200, headers={})
REFUSED = SimpleNamespace(status_code=400, headers={})
OCCUPIED = "ConditionalCheckFailedException"
VARIABLES = {
    "DYNAMODB_TABLE": "shipment-logs-bench",
    "SNS_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:shipment-alerts-bench",
    "FAILED_UPDATES_QUEUE_URL": "https://127.0.0.1/000000000000/shipment-failed-updates-bench",
    "ENVIRONMENT": "bench",
    "CRITICAL_STATUSES": "DELAYED,DELAY,LOST,LOSS,DAMAGED,DAMAGE,EXCEPTION",
    "RUNBOOK_URL": "docs/runbook.md",
    "ROW_RETENTION_DAYS": "0",
}


def event(kind: str, number: int, **detail: Any) -> Fields:
    """Return an update of a kind in MIX, each number of a shipment and a status of its own."""
    values = {
        "shipmentId": f"SHIP-{number}",
        "status": "DELAYED" if kind == "critical" else f"AT_HUB_{number}",
        "location": "Memphis, TN",
        "carrier": "FedEx",
        "eventTime": "noon" if kind == "rejected" else START_MS + number,
    }
    return {
        "version": "0",
        "id": f"event-{number}",
        "detail-type": DETAIL_TYPE,
        "source": SOURCE,
        "account": "000000000000",
        "time": "2026-01-15T12:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {**values, **detail},
    }


class Bench:
    """A handler that was just started, with clients that are answered in this process.

    rows: what the table has, by shipment and timestamp (epoch ms); calls: how many there were.
    """

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "bench", "aws_secret_access_key": "bench"}
        session = boto3.Session(region_name="us-east-1", **keys)
        session.events.register("before-call", self._answer)
        boto3.DEFAULT_SESSION = session
        self.module = handler.load(VARIABLES)
        self.rows: dict[tuple[str, int], Fields] = {}
        self.calls = 0
        self._numbers = itertools.count(1)
        self._again = event("redelivered", 0)
        self.add_row(self._again)

    def events(self, kind: str, count: int) -> Iterator[Fields]:
        """Yield updates of a kind; only the redelivered ones are always the same one."""
        for _ in range(count):
            yield self._again if kind == "redelivered" else event(kind, next(self._numbers))

    def mixed(self, count: int) -> Iterator[Fields]:
        """Yield so many updates, the kinds mixed as MIX says."""
        kinds = [kind for kind, share in MIX.items() for _ in range(share)]
        for kind in itertools.islice(itertools.cycle(kinds), count):
            yield from self.events(kind, 1)

    def add_row(self, update: Fields) -> None:
        """Store an update in the first free place of those that the handler tries, past it."""
        parsed = self.module.parse(update, START_MS)
        places = ((parsed.shipment_id, at) for at in self.module.places(parsed))
        key = next(key for key in places if key not in self.rows)
        self.rows[key] = self.module.row(parsed, START_MS)

    def run(self, updates: Iterable[Fields]) -> float:
        """Process updates; return the processor time in seconds."""
        handle = self.module.lambda_handler
        started = process_time()
        for update in updates:
            handle(update, None)
        return process_time() - started

    def calls_of(self, updates: Sequence[Fields]) -> list[int]:
        """Process updates; return how many AWS calls each one made."""
        counts = []
        for update in updates:
            before = self.calls
            self.run([update])
            counts.append(self.calls - before)
        return counts

    def _answer(self, event_name: str, params: Fields, **_: Any) -> tuple[Any, Fields]:
        self.calls += 1
        if event_name.endswith("PutItem"):
            item = json.loads(params["body"])["Item"]
            existing = self.rows.get((item["shipmentId"]["S"], int(item["timestamp"]["N"])))
            if existing is not None:
                return REFUSED, {"Error": {"Code": OCCUPIED}, "Item": existing}
        return ACCEPTED, {}
