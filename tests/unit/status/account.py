"""The account with the companion stack in it: rows of the log, batches of its stream, and mails."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any

from tests.account import Fields
from tests.unit.handler.account import Account, Alert, Delivery, opened
from tests.unit.handler.gate import Gate
from tests.unit.handler.updates import TIME_MS

SHIPMENT = "S-1"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def iso(milliseconds: int) -> str:
    """Return epoch ms as ISO 8601 in UTC."""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def row(status: str, at: int = 0, shipment: str = SHIPMENT, **fields: str | int) -> Fields:
    """Return a row as the other handler stores it. at: its event's time, in ms since TIME_MS."""
    return {
        "shipmentId": shipment,
        "timestamp": TIME_MS + at,
        "status": status,
        "location": "Memphis, TN",
        "carrier": "FedEx",
        "eventTime": iso(TIME_MS + at),
        "updateId": f"u-{at}",
        "processedAt": iso(TIME_MS + at),
        "rawEvent": '{"contact": "jane.doe@example.com"}',
        **fields,
    }


def entry(status: str, at: int = 0) -> str:
    """Return what an item keeps of the row by which a shipment came into a critical status."""
    return f"{TIME_MS + at} {status}"


class StatusAccount(Account):
    """The account, and both handlers in it. What is invoked is the companion stack's."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate)
        self.make_status_stack()
        self._people = self.subscribe(self.digest_topic, "people")
        self.restart_status()
        self._warm_status = self.status

    def restart_status(self, **changes: str) -> None:
        """Replace the companion's handler by one that is just started."""
        self.status = self.start_status(**changes)

    def limit(self, **limits: int) -> None:
        """Restart it with other numbers in its code: with its own a test would take a minute."""
        self.restart_status()
        for name, number in limits.items():
            assert hasattr(self.status, name)
            setattr(self.status, name, number)

    def empty(self) -> None:
        """Make all as it was in the beginning, but for the handlers, which are warm by now."""
        super().empty()
        self.delete_rows(self.status_table)
        self._numbers = count(1)
        self.status = self._warm_status

    # ---- what goes in

    def records(self, *rows: Fields, event: str = "INSERT") -> list[Fields]:
        """Return the stream's records of rows, numbered on."""
        return [self._record(each, event) for each in rows]

    def _record(self, stored: Fields, event: str) -> Fields:
        change: Fields = {
            "Keys": _typed({name: stored[name] for name in ("shipmentId", "timestamp")}),
            "SequenceNumber": f"{next(self._numbers):021}",
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        }
        change["OldImage" if event == "REMOVE" else "NewImage"] = _typed(stored)
        return {"eventSource": "aws:dynamodb", "eventName": event, "dynamodb": change}

    def store(self, *rows: Fields) -> list[Fields]:
        """Put rows into the log; return the stream's records of them."""
        for each in rows:
            self.put_row(**each)
        return self.records(*rows)

    def remove(self, *rows: Fields) -> list[Fields]:
        """Delete rows from the log; return the stream's records of that."""
        for each in rows:
            key = {name: each[name] for name in ("shipmentId", "timestamp")}
            self.dynamodb.delete_item(TableName=self.table, Key=_typed(key))
        return self.records(*rows, event="REMOVE")

    # ---- what is done

    def ask(self, request: Any) -> Delivery:
        """Invoke the companion's handler as Lambda does; return what came of it, errors too."""
        return self.invoke(self.status, request)

    def do(self, request: Any) -> Fields:
        """Invoke it, and return its answer; raise what it raises."""
        delivery = self.ask(request)
        if delivery.error is not None:
            raise delivery.error
        assert delivery.result is not None
        return delivery.result

    def batch(self, records: Iterable[Fields]) -> Fields:
        """Hand over a batch of the stream's records; return the answer."""
        return self.do({"Records": list(records)})

    def follow(self, *rows: Fields) -> None:
        """Store rows and hand over one batch of their records, of which none may fail."""
        assert self.batch(self.store(*rows)) == {"batchItemFailures": []}

    def refresh(self, *shipments: str, **since: str | None) -> Fields:
        """Ask for shipments to be refreshed; return the answer."""
        return self.do({"do": "refresh", "shipments": list(shipments), **since})

    # ---- what comes out

    def items(self) -> dict[str, Fields]:
        """Return the status table's items by key, as plain values, sets as sorted lists."""
        items = self.dynamodb.scan(TableName=self.status_table)["Items"]
        return {item["shipmentId"]["S"]: _plain(item) for item in items}

    def item(self, shipment: str = SHIPMENT) -> Fields:
        """Return a shipment's item, which must be there."""
        return self.items()[shipment]

    def put_items(self, *items: Fields) -> None:
        """Put items into the status table past the handler."""
        puts = [{"PutRequest": {"Item": _typed(item)}} for item in items]
        for start in range(0, len(puts), 25):
            request = {self.status_table: puts[start : start + 25]}
            self.dynamodb.batch_write_item(RequestItems=request)

    def digests(self) -> list[Alert]:
        """Return what people were mailed since the last call."""
        return self.mails(self._people)

    def digest(self) -> Alert:
        """Return the one mail since the last call."""
        (mail,) = self.digests()
        return mail

    def subjects(self) -> list[str]:
        """Return the subjects of the mails since the last call."""
        return [mail.subject for mail in self.digests()]


@contextmanager
def opened_with_status() -> Iterator[StatusAccount]:
    """Open an account with the companion stack for the length of a with block."""
    with opened(StatusAccount) as account:
        account.empty()
        yield account


def parsed(body: str) -> Fields:
    """Return a JSON object."""
    found: Fields = json.loads(body)
    return found


def _typed(values: Fields) -> Fields:
    kinds = {str: "S", int: "N", list: "SS"}
    return {
        name: {kinds[type(value)]: str(value) if isinstance(value, int) else value}
        for name, value in values.items()
    }


def _plain(item: Fields) -> Fields:
    found: Fields = {}
    for name, typed in item.items():
        ((kind, value),) = typed.items()
        found[name] = int(value) if kind == "N" else sorted(value) if kind == "SS" else value
    return found
