"""Events that are nearly right: arbitrary JSON, and entries of the corpus with changes."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.campaigns.hostile.corpus import OWN
from tests.campaigns.hostile.outcome import ENTRIES
from tests.unit.handler import gate
from tests.unit.handler.updates import TIME, TIME_MS, envelope

# Bigger entries are left to the corpus: they would take all the time.
SMALL_BYTES = 3_000
OPERATIONS = ("PutItem", "Publish", "UpdateItem", "SendMessage")
FAULTS = (
    gate.refusal(400, "AccessDeniedException"),
    gate.refusal(500, "InternalError"),
    gate.no_connection,
    gate.lost_request,
    gate.lost_response,
    gate.killed,
)
FIELDS = ("shipmentId", "status", "location", "carrier", "eventTime", "updateId")
# Few, so that updates meet each other.
NAMES = ("S-1", "S-2", " s-1", "U-1", "u-2")
PLACES = ("Memphis", {"city": "Memphis"}, 7)
WORDS = ("IN_TRANSIT", "Delivered", "LOST", "Damaged.", "ex ception", "Shipment delayed", "!", "")

letters = st.characters() | st.sampled_from(
    "\x00\n\u200b\u202e\ufeff\ud800\udfff\u2028\u0130\u017f\u00df1.Z-:T"
)
texts = st.text(letters, max_size=12) | st.text(letters, min_size=60, max_size=130)
numbers = (
    st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.integers(TIME_MS - 5, TIME_MS + 5)
    | st.sampled_from([0, -1, 1.5, 1e999, -1e999, 253_402_300_799_999, -62_135_596_800_000])
)
scalars = st.none() | st.booleans() | numbers | texts | st.sampled_from((*NAMES, *WORDS, TIME))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
digits = st.integers(0, 99).map(lambda number: f"{number:02d}")
times = st.builds(
    "{}{}-{}-{}{}{}:{}:{}{}{}".format,
    st.sampled_from(["20", "00", "99", "19"]),
    digits,
    digits,
    digits,
    st.sampled_from("Tt Z_"),
    digits,
    digits,
    digits,
    st.sampled_from(["", ".5", ",123456789", ".", ".0009"]),
    st.sampled_from(["Z", "z", "+01:00", "-23:59", "+0530", "+24:00", "", "+1"]),
)
details = st.fixed_dictionaries(
    {
        "shipmentId": st.sampled_from(NAMES) | texts | values,
        "status": st.sampled_from(WORDS) | texts | values,
    },
    optional={
        "location": st.sampled_from(PLACES) | texts | values,
        "carrier": st.sampled_from(PLACES) | texts | values,
        "eventTime": times | numbers | values,
        "updateId": st.sampled_from(NAMES) | texts | values,
        "extra": values,
    },
)
made = st.builds(
    envelope,
    details | values,
    time=st.just(TIME) | times | values,
    id=st.sampled_from(NAMES) | texts | values,
)


def _known() -> list[Any]:
    small = [entry for entry in ENTRIES if not entry.raised and len(entry.text) < SMALL_BYTES]
    return [json.loads(entry.event(OWN)) for entry in small]


@st.composite
def changed(draw: st.DrawFn) -> Any:
    """Return an event of the corpus with some of its fields changed or gone."""
    event = json.loads(json.dumps(draw(st.sampled_from(KNOWN))))
    if not isinstance(event, dict):
        return event
    for _ in range(draw(st.integers(0, 3))):
        detail = event.get("detail")
        inner = isinstance(detail, dict) and draw(st.booleans())
        target = detail if inner else event
        names = [*FIELDS, *target] if inner else [*target, "id", "time", "detail"]
        name = draw(st.sampled_from(names))
        if draw(st.integers(0, 5)):
            target[name] = draw(texts | times | values | st.sampled_from(WORDS))
        else:
            target.pop(name, None)
    return event


KNOWN = _known()
events = changed() | made | values
# What breaks in the first delivery, and for how many requests.
faults = st.tuples(st.sampled_from(OPERATIONS), st.sampled_from(FAULTS), st.integers(1, 3))
shots = st.tuples(st.lists(events, min_size=1, max_size=3), st.lists(faults, max_size=2))
