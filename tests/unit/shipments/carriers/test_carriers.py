"""What carriers send becomes updates that the handler stores, and trouble becomes critical."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipments import rules
from shipments.carriers import SOURCES
from shipments.carriers.reading import worded
from shipments.lines import event
from tests.unit.shipments.carriers.samples import PAYLOADS, STORED, Update
from tests.unit.shipments.cloud import Cloud, envelope

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
Detail = dict[str, Any]


def mapped(source: str) -> list[Detail]:
    return [detail for payload in PAYLOADS[source] for detail in SOURCES[source](payload)]


def stored(detail: Detail) -> Update:
    """Return what the handler stores of a detail."""
    who = rules.identity(event(detail))
    assert who, rules.broken_rule(event(detail))
    status, location = (who.attributes[name]["S"] for name in ("status", "location"))
    return Update(who.shipment, status, str(who.event_ms), location, who.critical)


def expected(source: str) -> list[Update]:
    return [each._replace(time=str(rules.epoch_ms(each.time))) for each in STORED[source]]


def test_each_source_has_samples() -> None:
    assert PAYLOADS.keys() == STORED.keys() == SOURCES.keys()


@pytest.mark.parametrize("source", SOURCES)
def test_the_handler_stores_each_event_of_a_source_s_payloads(source: str) -> None:
    assert list(map(stored, mapped(source))) == expected(source)


# DCSA has no code for a lost or damaged container: its only trouble is a delay.
TROUBLE = {"DELAY": SOURCES, "LO": SOURCES.keys() - {"dcsa"}, "DAMAGE": SOURCES.keys() - {"dcsa"}}
TROUBLE["EXCEPTION"] = SOURCES.keys() - {"dcsa", "shippo"}  # which says FAILURE


@pytest.mark.parametrize(
    ("word", "source"), [(word, source) for word in TROUBLE for source in sorted(TROUBLE[word])]
)
def test_trouble_of_a_source_is_critical(word: str, source: str) -> None:
    found = {each.critical for each in map(stored, mapped(source)) if word in each.status}
    assert True in found


@pytest.mark.parametrize("source", SOURCES)
def test_a_detail_has_no_person_s_name_and_no_sentence(source: str) -> None:
    text = json.dumps([list(detail.values()) for detail in mapped(source)])
    assert "Doe" not in text
    assert "text of the carrier" not in text
    assert "DOE" not in text


# ---- any JSON


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value in a payload."""
    yield path
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def changed(payload: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a payload with another value at a path."""
    if not path:
        return value
    payload = copy.deepcopy(payload)
    inner = payload
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return payload


@pytest.mark.parametrize("source", SOURCES)
@given(data=st.data())
def test_a_payload_is_mapped_or_refused_in_one_line(source: str, data: st.DataObject) -> None:
    payload = data.draw(st.sampled_from(PAYLOADS[source]))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(places(payload))))
        payload = changed(payload, path, data.draw(JSON))
    found, refusal = attempt(source, payload)
    assert bool(refusal) == (": must " in refusal)
    assert "\n" not in refusal
    assert all(isinstance(text, str) for detail in found for text in detail.values())


def attempt(source: str, payload: Any) -> tuple[list[Detail], str]:
    """Return a payload's details, and why it is refused."""
    try:
        return SOURCES[source](payload), ""
    except ValueError as error:
        return [], str(error) or "no reason"


@given(JSON)
def test_whatever_is_no_payload_is_refused(value: Any) -> None:
    for details in SOURCES.values():
        with pytest.raises(ValueError, match=": must "):
            details(value)


WRONG = [
    ("easypost", (), [], "payload: must be an object"),
    ("easypost", ("result",), None, "result: must be an object"),
    ("easypost", ("result", "tracking_code"), "", "result.tracking_code: must be a string"),
    (
        "easypost",
        ("result", "tracking_details", 1, "datetime"),
        7,
        "result.tracking_details[1].datetime: must be a string",
    ),
    (
        "easypost",
        ("result", "tracking_details", 0),
        7,
        "result.tracking_details[0]: must be an object",
    ),
    ("shippo", ("event",), None, "event: must be a string"),
    (
        "shippo",
        ("data", "tracking_status", "substatus"),
        "x",
        "data.tracking_status.substatus: must be an object",
    ),
    ("aftership", ("msg", "checkpoints"), {}, "msg.checkpoints: must be a list"),
    (
        "aftership",
        ("msg", "checkpoints", 1, "created_at"),
        None,
        "msg.checkpoints[1].created_at: must be a string",
    ),
    (
        "fedex",
        ("output", "completeTrackResults", 0, "trackResults", 0, "scanEvents", 0, "date"),
        None,
        "output.completeTrackResults[0].trackResults[0].scanEvents[0].date: must be a string",
    ),
    ("fedex", ("output", "completeTrackResults"), None, "output.completeTrackResults: must be a"),
    ("ups", ("gmtActivityTime",), "1", "gmtActivityDate: must be YYYYMMDD"),
    ("ups", ("activityStatus",), None, "activityStatus: must be an object"),
    ("dcsa", ("eventType",), "VESSEL", "eventType: must be one of TRANSPORT, EQUIPMENT, SHIPMENT"),
    ("dcsa", ("eventClassifierCode",), "X", "eventClassifierCode: must be ACT, PLN or EST"),
    ("epcis", ("type",), "Thing", "type: must be one of ObjectEvent"),
    (
        "epcis",
        ("epcisBody", "eventList", 0, "epcList"),
        [1],
        "epcisBody.eventList[0].epcList: must be a list of strings",
    ),
]


@pytest.mark.parametrize(("source", "path", "value", "message"), WRONG)
def test_what_is_wrong_with_a_payload_is_said_with_its_path(
    source: str, path: tuple[Any, ...], value: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        SOURCES[source](changed(PAYLOADS[source][0], path, value))
    assert str(refused.value).startswith(message)


# ---- the same payload again


def test_a_webhook_that_repeats_the_history_adds_what_is_new_and_alerts_once(cloud: Cloud) -> None:
    whole = PAYLOADS["easypost"][0]
    known = whole["result"]["tracking_details"]
    alerted = set()
    for count in range(1, len(known) + 1):
        part = changed(whole, ("result", "tracking_details"), known[:count])
        newest = known[count - 1]
        part["result"] |= {name: newest[name] for name in ("status", "status_detail")}
        for detail in SOURCES["easypost"](changed(part, ("id",), f"evt_{count}")):
            cloud.invoke(envelope(detail))
        alerted |= {row["alertedAt"] for row in cloud.rows() if "alertedAt" in row}
    assert [row["status"] for row in cloud.rows()] == [
        each.status for each in STORED["easypost"] if each.shipment == "EZ1000000001"
    ]
    assert len(alerted) == 1


def test_a_webhook_s_retry_adds_nothing_to_a_status_that_no_entry_has(cloud: Cloud) -> None:
    for _ in range(2):
        for detail in SOURCES["easypost"](PAYLOADS["easypost"][1]):
            cloud.invoke(envelope(detail))
    assert [row["status"] for row in cloud.rows()] == ["IN_TRANSIT", "FAILURE_LOST"]


# ---- what is special of a source


def test_shippo_s_newest_event_is_added_if_the_history_has_not_got_it_yet() -> None:
    payload = PAYLOADS["shippo"][0]
    late = changed(payload, ("data", "tracking_history"), payload["data"]["tracking_history"][:3])
    assert SOURCES["shippo"](late) == SOURCES["shippo"](payload)


def test_a_time_without_a_zone_is_kept_beside_when_aftership_got_it() -> None:
    (_, arrived, *_) = SOURCES["aftership"](PAYLOADS["aftership"][0])
    assert (arrived["eventTime"], arrived["carrierTime"]) == (
        "2026-11-20T22:30:00+00:00",
        "2026-11-20T23:10:00",
    )


@pytest.mark.parametrize("path", [("gmtOffset",), ("localActivityDate",)])
def test_ups_s_local_time_without_its_offset_is_refused(path: tuple[str, ...]) -> None:
    local = next(each for each in PAYLOADS["ups"] if not each["gmtActivityDate"])
    with pytest.raises(ValueError, match=r": must be"):
        SOURCES["ups"](changed(local, path, ""))


def test_an_event_of_several_bookings_is_an_update_of_each() -> None:
    references = [
        {"documentReferenceType": "BKG", "documentReferenceValue": value} for value in ("A", "B")
    ]
    event = changed(PAYLOADS["dcsa"][2], ("documentReferences",), references)
    assert [detail["shipmentId"] for detail in SOURCES["dcsa"](event)] == ["A", "B"]


@pytest.mark.parametrize(
    "word",
    ["damaged", "urn:epcglobal:cbv:disp:damaged", "https://ref.gs1.org/cbv/Disp-damaged"],
)
def test_a_disposition_of_epcis_is_one_word_however_it_is_written(word: str) -> None:
    (detail,) = SOURCES["epcis"](changed(PAYLOADS["epcis"][2], ("disposition",), word))
    assert detail["status"] == "DAMAGED"


@given(st.text(max_size=300) | st.lists(st.sampled_from(["your", "x" * 30])).map(" ".join))
def test_no_cut_of_a_ups_text_hides_its_trouble(text: str) -> None:
    payload = PAYLOADS["ups"][0]
    text = f"a {text} package will be delayed"
    (detail,) = SOURCES["ups"](changed(payload, ("activityStatus", "description"), text))
    assert stored(detail).critical


@pytest.mark.parametrize("word", rules.CRITICAL.split(","))
def test_a_word_that_is_critical_by_default_is_kept_first(word: str) -> None:
    assert worded("x" * 60, "and", word).split("_")[0] == word
