"""What holds for any JSON that comes as an update, in any order and any number of times."""

import itertools
import json
import shlex
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile import SHOWN_IN_MAILS, TEXTS, blank_runs, hidden, stored
from tests.hostile import texts as hostile_texts
from tests.unit.handler import emf, gate
from tests.unit.handler.account import Account, Alert
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


def check_reports(account: Account, event: Any) -> list[Alert]:
    """Deliver an event; fail unless its log line and mails are safe to read. Return the mails."""
    printed = account.deliver(event).printed
    emf.read(printed)
    assert printed.isascii()
    assert printed.removesuffix("\n").isprintable()
    alerts = account.alerts()
    for alert in alerts:
        assert alert.subject.isascii()
        assert alert.subject.isprintable()
        assert len(alert.subject) <= 100
        lines = alert.body.split("\n")
        assert (
            len(lines)
            == {"CRITICAL_STATUS": 12, "PROCESSING_ERROR": 13}[alert.attributes["alertType"]]
        )
        for text in (*lines, *alert.attributes.values()):
            assert hidden(text) <= SHOWN_IN_MAILS
            assert blank_runs(text) == []
        words = shlex.split(lines[-2])
        assert (words[0], words[-2:]) == ("shipments", ["--environment", "test"])
        assert len(words) == (5 if words[1] == "track" else 6)
    return alerts


@settings(max_examples=75)
@given(event=envelopes, replay=st.none() | values)
def test_whatever_comes_is_reported_safely(
    shared_account: Account, event: Any, replay: Any
) -> None:
    shared_account.empty()
    if isinstance(event, dict) and replay is not None:
        event["replay-name"] = replay
    check_reports(shared_account, event)


@settings(max_examples=20)
@given(text=hostile_texts)
def test_hostile_text_stays_data_in_a_mail_and_in_the_log(
    shared_account: Account, text: str
) -> None:
    check_hostile(shared_account, text)


@pytest.mark.parametrize("text", TEXTS)
def test_each_known_trick_stays_data_in_a_mail_and_in_the_log(account: Account, text: str) -> None:
    check_hostile(account, text)


def check_hostile(account: Account, text: str) -> None:
    """Deliver updates with a text in each field; fail unless it is only in the mails' own lines."""
    places = {"location": text, "carrier": text}
    for fields in (
        {"shipmentId": text, **places},
        {"shipmentId": text, "carrier": text, "eventTime": f"{text}!", "updateId": text},
        {"status": f"LOST {text}", **places},
        {"status": "LOST", **places},
    ):
        account.empty()
        detail = {"shipmentId": "S-1", "status": "LOST", "updateId": "u", **fields}
        event = envelope(detail, id=text)
        for alert in check_reports(account, event):
            names = [line.partition(":")[0] for line in alert.body.split("\n") if ": " in line]
            assert [names.count(name) for name in ("Status", "Shipment ID", "Carrier")] == [1, 1, 1]
    (row,) = account.rows()  # as it was sent
    assert row["location"][:255] == stored(text.strip())[:255]
    assert json.loads(row["rawEvent"]) == detail


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
