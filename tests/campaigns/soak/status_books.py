"""Balances each shipment's item, and the mails, against the rows of the log."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from tests.account import Fields
from tests.campaigns.soak.companion import Companion


@dataclass(frozen=True)
class StatusBooks:
    """The numbers that have to agree, and each disagreement in words."""

    rows: int
    shipments: int
    entries: int
    mailed: int
    mails: int
    repeated: int
    wrong: list[str]


def balance(companion: Companion, is_critical: Any, poison: set[str]) -> StatusBooks:
    """Return the books; poison: shipments of which a row is not the handler's."""
    rows = companion.rows()
    items = {key: item for key, item in companion.items().items() if "status" in item}
    shipments = {
        shipment: list(each) for shipment, each in groupby(rows, key=lambda row: row["shipmentId"])
    }
    names = Counter(name for named, _ in companion.mails for name in named)
    entries = {
        (shipment, run[0]["timestamp"]): {
            (shipment, f"{row['timestamp']} {row['status']}") for row in run
        }
        for shipment, each in shipments.items()
        if shipment not in poison
        for status, run in _runs(each)
        if is_critical(status)
    }
    wrong = [
        *_wrong_items(shipments, items, poison),
        *(
            f"{entry}: not mailed"
            for entry, names_of in entries.items()
            if not names_of & set(names)
        ),
        *_repeated_outside(companion),
    ]
    return StatusBooks(
        rows=len(rows),
        shipments=len(shipments),
        entries=len(entries),
        mailed=sum(bool(names_of & set(names)) for names_of in entries.values()),
        mails=len(companion.mails),
        repeated=sum(number - 1 for number in names.values()),
        wrong=wrong,
    )


def _runs(rows: list[Fields]) -> Iterator[tuple[str, list[Fields]]]:
    for status, run in groupby(rows, key=lambda row: row["status"]):
        yield status, list(run)


def _wrong_items(
    shipments: dict[str, list[Fields]], items: dict[str, Fields], poison: set[str]
) -> Iterator[str]:
    """Yield each shipment whose item is not what its rows say, and each item of no shipment."""
    for shipment, rows in shipments.items():
        if shipment in poison:
            continue
        (*_, (status, run)), newest = list(_runs(rows)), rows[-1]
        expected = {
            "status": {"S": status},
            "since": {"S": run[0]["eventTime"]},
            "timestamp": {"N": str(newest["timestamp"])},
            "updates": {"N": str(len(rows))},
            **{name: {"S": newest[name]} for name in ("eventTime", "location", "carrier")},
        }
        item = items.get(shipment, {})
        if {name: item.get(name) for name in expected} != expected:
            yield f"{shipment}: {item}, and not {expected}"
        if "dueAt" in item or "unheard" in item:
            yield f"{shipment}: still waits for its mail"
    yield from (f"{name}: an item of nobody's" for name in items.keys() - shipments.keys())


def _repeated_outside(companion: Companion) -> Iterator[str]:
    """Yield what was mailed again though the function had marked it as mailed."""
    marked: set[tuple[str, str]] = set()
    for named, is_marked in companion.mails:
        yield from (f"{name}: mailed again" for name in named if name in marked)
        if is_marked[0]:
            marked |= set(named)
