"""The worlds that are explored."""

import json

from tests.campaigns.worlds.world import Delivery, World
from tests.unit.handler.updates import EVENT_ID, TIME_MS, update


def event(status: str, update_id: str, **fields: str) -> str:
    """Return an event of a world as JSON; all are of one shipment and millisecond."""
    envelope = update(status=status, updateId=update_id, eventTime=TIME_MS, **fields)
    return json.dumps({**envelope, "id": f"{EVENT_ID}-{update_id}"})


DELAYED = event("DELAYED", "delayed")
IN_TRANSIT = event("IN_TRANSIT", "in-transit")
# The producer's own key of another update, with other content.
LOST = event("LOST", "delayed")
TOO_BIG = event("DELAYED", "too-big", note="x" * 406_000)
REJECTED = event("", "rejected")
REPLAYED = json.dumps({**json.loads(DELAYED), "replay-name": "after-the-outage"})

WORLDS = [
    World("an ordinary update, often failing", (Delivery("it", IN_TRANSIT),), faults=8),
    World("a critical update, often failing", (Delivery("it", DELAYED),), faults=6),
    World("a rejected update, often failing", (Delivery("it", REJECTED),), faults=6),
    World("an update too big for its row, often failing", (Delivery("it", TOO_BIG),), faults=4),
    World(
        "twins of a critical update",
        (Delivery("one", DELAYED), Delivery("other", DELAYED)),
        faults=3,
    ),
    World(
        "twins of a critical update in their last attempts",
        (Delivery("one", DELAYED, 1), Delivery("other", DELAYED, 1)),
        faults=3,
    ),
    World(
        "an ordinary and a critical update of one millisecond",
        (Delivery("ordinary", IN_TRANSIT), Delivery("critical", DELAYED)),
    ),
    World(
        "one updateId with two contents, and a twin",
        (Delivery("one", DELAYED), Delivery("other", LOST), Delivery("twin", LOST)),
    ),
    World(
        "twins of an update too big for its row",
        (Delivery("one", TOO_BIG), Delivery("other", TOO_BIG)),
    ),
    World(
        "twins of a rejected update, and an ordinary one",
        (Delivery("one", REJECTED), Delivery("other", REJECTED), Delivery("it", IN_TRANSIT)),
    ),
    World(
        "a critical update that is redriven, and replayed meanwhile",
        (Delivery("redriven", DELAYED, is_queued=True), Delivery("replayed", REPLAYED)),
        faults=3,
    ),
    World(
        "a critical update in its last attempt, its replay, and one of the same millisecond",
        (Delivery("it", DELAYED, 1), Delivery("replayed", REPLAYED, 1), Delivery("other", LOST, 1)),
    ),
]


def named(beginning: str) -> World:
    """Return the first world whose name begins so."""
    return next(world for world in WORLDS if world.name.startswith(beginning))
