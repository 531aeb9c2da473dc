"""Bugs that are put into the handler on purpose: the exploration must find each."""

from dataclasses import dataclass
from typing import NamedTuple

from shipments import handler
from tests.campaigns.worlds.promises import (
    ALERTED,
    ANSWERED,
    KEPT,
    NOT_REPEATED,
    ONE_ROW,
    SETTLED,
)


@dataclass(frozen=True)
class Variant:
    """Another handler: ours with some edits, each of an old text to a new one."""

    name: str
    edits: tuple[tuple[str, str], ...]

    def source(self) -> str:
        """Return its source; raise ValueError if what is to change is not in ours once."""
        source = handler.PATH.read_text("utf-8")
        for old, new in self.edits:
            if source.count(old) != 1:
                raise ValueError(
                    f"{self.name}: {old!r} is in the handler {source.count(old)} times"
                )
            source = source.replace(old, new)
        return source


class Bug(NamedTuple):
    """A variant that breaks promises. world: what the name of a world that shows it begins with."""

    variant: Variant
    world: str
    breaks: tuple[str, ...]


def bug(name: str, world: str, breaks: tuple[str, ...], *edits: tuple[str, str]) -> Bug:
    """Return a bug by its edits."""
    return Bug(Variant(name, edits), world, breaks)


ALERT = "        alert(update)\n"
MARK = '        marks["alertedAt"] = {"S": iso(clock_ms())}\n'
KEEP = (
    '        send_to_failed_updates("rawEvent: too big for a row, which is stored without it", '
    "event)\n"
)
RAISE = '        log["requestId"] = str(getattr(context, "aws_request_id", ""))\n        raise\n'
COMPARE = "all(existing.get(name) == item[name] for name in same)"
UPDATE = "        dynamodb.update_item(\n"
PROBED = '        log["probes"] = log.get("probes", 0) + 1\n'
CONDITION = '                ConditionExpression="attribute_not_exists(shipmentId)",\n'
IS_NEW_ALERT = 'if is_critical(update.status) and "alertedAt" not in existing:'

BUGS = [
    bug(
        "mark before publish",
        "a critical update",
        (ALERTED, SETTLED),
        (ALERT, ""),
        (
            '    return "alertedAt" in marks\n',
            '    if "alertedAt" in marks:\n' + ALERT + '    return "alertedAt" in marks\n',
        ),
    ),
    bug("no mark", "a critical update", (SETTLED,), (MARK, "")),
    bug("no comparison of content", "one updateId", (ONE_ROW, SETTLED), (COMPARE, "True")),
    bug(
        "comparison by updateId alone",
        "one updateId",
        (ONE_ROW, SETTLED),
        (COMPARE, 'existing["updateId"] == item["updateId"]'),
    ),
    bug(
        "the first place alone is compared",
        "one updateId",
        (ONE_ROW,),
        (COMPARE, f'"probes" not in log and {COMPARE}'),
    ),
    bug(
        "put without its condition",
        "an ordinary and a critical",
        (ONE_ROW, SETTLED),
        (CONDITION, ""),
    ),
    bug(
        "a probe skips a place after a row that is marked",
        "one updateId",
        (ONE_ROW,),
        (PROBED, PROBED + '        "alertedAt" in existing and next(free)\n'),
    ),
    bug(
        "the second of twins leaves the alert to the first, which died",
        "twins of a critical update",
        (ALERTED, SETTLED),
        (IS_NEW_ALERT, "if is_critical(update.status) and not existing:"),
    ),
    bug(
        "a row of another update on the way is taken for the update's own",
        "one updateId",
        (ALERTED, SETTLED),
        (
            "    while time.monotonic() < give_up:\n",
            "    existing = {}\n    while time.monotonic() < give_up:\n",
        ),
        ("            return timestamp, {}\n", "            return timestamp, existing\n"),
    ),
    bug(
        "the mark is put on the first place",
        "an ordinary and a critical",
        (SETTLED,),
        (
            '{"N": str(timestamp)}},\n            UpdateExpression',
            '{"N": str(update.event_ms)}},\n            UpdateExpression',
        ),
    ),
    bug(
        "a failed alert is forgotten",
        "a critical update",
        (SETTLED, ALERTED),
        (ALERT, "        with contextlib.suppress(Exception):\n    " + ALERT),
        ("import hashlib\n", "import contextlib\nimport hashlib\n"),
    ),
    bug(
        "a failed mark is forgotten",
        "a critical update",
        (SETTLED,),
        (UPDATE, "        with contextlib.suppress(Exception): dynamodb.update_item(\n"),
        ("import hashlib\n", "import contextlib\nimport hashlib\n"),
    ),
    bug(
        "an error is returned, not raised",
        "an ordinary update",
        (SETTLED,),
        (RAISE, RAISE.replace("raise\n", 'return answer(500, "failed", "", "")\n')),
    ),
    bug(
        "a redelivery alerts again",
        "twins of a critical update",
        (NOT_REPEATED,),
        (IS_NEW_ALERT, "if is_critical(update.status):"),
    ),
    bug(
        "a rejected update raises",
        "a rejected update",
        (ANSWERED,),
        (
            "            return reject(event, envelope, error, log)\n",
            "            reject(event, envelope, error, log)\n            raise\n",
        ),
    ),
    bug(
        "a rejected update is published and not kept",
        "a rejected update",
        (SETTLED, KEPT),
        ("    send_to_failed_updates(reason, event)\n", ""),
    ),
    bug(
        "a text too big for its row is not kept beside an alert",
        "an update too big",
        (SETTLED, KEPT),
        (
            '    if update.raw_event is None and "rawEventKeptAt"',
            '    elif update.raw_event is None and "rawEventKeptAt"',
        ),
    ),
    bug(
        "a text too big for its row is kept after its mark",
        "an update too big",
        (SETTLED, KEPT),
        (KEEP, ""),
        (
            '    return "alertedAt" in marks\n',
            '    if "rawEventKeptAt" in marks:\n' + KEEP + '    return "alertedAt" in marks\n',
        ),
    ),
]
