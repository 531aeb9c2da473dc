"""What holds for any JSON that comes as an update, in any order and any number of times."""

import itertools
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.handler import emf, gate
from tests.unit.handler.account import Account
from tests.unit.handler.updates import TIME, TIME_MS, envelope

CRITICAL = {"DELAYED", "LOST", "DAMAGED", "EXCEPTION"}
OPERATIONS = ("PutItem", "Publish", "UpdateItem", "SendMessage")
FAULTS = (
    gate.refusal(400, "AccessDeniedException"),
    gate.refusal(500, "InternalError"),
    gate.lost_request,
    gate.lost_response,
)

texts = st.text(st.characters(), max_size=20)  # any character, halves of surrogate pairs too
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
statuses = st.sampled_from(
    ["in_transit", "Delivered", "delayed", "LOST", "Damaged.", "held at customs", "", " - "]
)
times = (
    st.datetimes(timezones=st.none()).map(lambda moment: f"{moment.isoformat()}Z")
    | st.integers(TIME_MS - 5, TIME_MS + 86_400_001)
    | st.just(TIME)
)
# Fields that are right often enough for rows, and wrong often enough for rejections.
details = st.fixed_dictionaries(
    {},
    optional={
        "shipmentId": st.just("SHIP-1") | texts | values,
        "status": statuses | texts | values,
        "location": texts | values,
        "carrier": texts | values,
        "eventTime": times | values,
        "updateId": texts | values,
        "extra": values,
    },
)
likely = st.fixed_dictionaries(
    {"shipmentId": texts.filter(str.strip), "status": statuses | texts.filter(str.strip)},
    optional={"location": texts, "carrier": texts, "eventTime": times, "extra": values},
)
envelopes = values | st.builds(
    envelope,
    details | likely | values,
    time=st.just(TIME) | times | values,
    id=st.just("event-1") | texts | values,
)


def parsed(value: Any) -> Any:
    """Return a value as it is when it has gone through JSON."""
    return json.loads(json.dumps(value))


@settings(max_examples=150)
@given(event=envelopes)
def test_whatever_comes_is_a_row_or_kept(shared_account: Account, event: Any) -> None:
    account = shared_account
    account.empty()
    delivery = account.deliver(event)
    rows, kept = account.rows(), account.kept()
    assert delivery.result is not None
    if delivery.result["statusCode"] == 200:
        (row,) = rows
        assert kept == []
        assert json.loads(row["rawEvent"]) == parsed(event["detail"])
    else:
        assert delivery.result["statusCode"] == 400
        assert rows == []
        assert [message["envelope"] for message in kept] == [parsed(event)]


@settings(max_examples=100)
@given(event=envelopes, replay=st.none() | values)
def test_whatever_comes_is_told_safely(shared_account: Account, event: Any, replay: Any) -> None:
    account = shared_account
    account.empty()
    if isinstance(event, dict) and replay is not None:
        event["replay-name"] = replay
    delivery = account.deliver(event)
    emf.read(delivery.printed)
    assert delivery.printed.isascii()
    for alert in account.alerts():
        assert alert.subject.isascii()
        assert alert.subject.isprintable()
        assert len(alert.subject) <= 100
        assert all(line.isprintable() for line in alert.body.split("\n"))
        assert all(value and value.isprintable() for value in alert.attributes.values())


@settings(max_examples=75)
@given(
    event=envelopes,
    broken=st.lists(st.tuples(st.sampled_from(OPERATIONS), st.sampled_from(FAULTS)), max_size=3),
)
def test_whatever_fails_is_tried_again_until_it_is_a_row_or_kept(
    shared_account: Account, event: Any, broken: list[tuple[str, gate.Fault]]
) -> None:
    account = shared_account
    account.empty()
    for operation, fault in broken:
        account.gate.break_calls(operation, fault, times=2)
    delivery = account.attempt(event)
    tries = 1
    while delivery.error is not None:
        assert emf.read(delivery.printed)["outcome"] == "failed"
        tries += 1
        assert tries <= 1 + 2 * len(broken)
        delivery = account.attempt(event)
    rows, kept, alerts = account.rows(), account.kept(), account.alerts()
    assert bool(rows) != bool(kept)
    assert len(rows) <= 1
    if kept or rows[0]["status"] in CRITICAL:
        assert alerts
    else:
        assert not alerts


identities = st.tuples(
    st.sampled_from(["SHIP-1", "SHIP-2"]),
    st.integers(TIME_MS, TIME_MS + 3),
    st.sampled_from(["u-1", "u-2", "u-3", "u-4"]),
)


@settings(max_examples=50)
@given(deliveries=st.lists(identities, min_size=1, max_size=8), data=st.data())
def test_each_identity_is_one_row_and_alerts_once_in_any_order_of_deliveries(
    shared_account: Account, deliveries: list[tuple[str, int, str]], data: st.DataObject
) -> None:
    account = shared_account
    account.empty()
    again = data.draw(st.permutations(deliveries))
    for shipment_id, event_ms, update_id in itertools.chain(deliveries, again):
        # An update is critical or not for all its deliveries.
        status = "LOST" if event_ms % 2 else "DELIVERED"
        detail = {"shipmentId": shipment_id, "status": status, "eventTime": event_ms}
        account.deliver(envelope({**detail, "updateId": update_id}))
    rows = account.rows()
    stored = sorted((row["shipmentId"], row["eventTime"], row["updateId"]) for row in rows)
    sent = {
        (shipment_id, f"2026-01-15T12:00:00.{event_ms - TIME_MS:03}Z", update_id)
        for shipment_id, event_ms, update_id in deliveries
    }
    assert stored == sorted(sent)
    assert sorted(alert.attributes["shipmentId"] for alert in account.alerts()) == [
        row["shipmentId"] for row in rows if row["status"] == "LOST"
    ]
