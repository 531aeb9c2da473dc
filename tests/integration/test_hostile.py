"""Odd updates are the same on the bus; test_corpus.py hands many more to the function itself."""

import json
from typing import Any

import pytest

from tests.integration.pipeline import Pipeline

NULL, NEWLINE, ESCAPE = "\x00", "\n", "\x1b[31m"
# All over 400 KB as a row and under 1 MB as an event: how a letter is escaped must not matter.
TOO_BIG = {"letters": "x" * 410_000, "accents": "é" * 410_000, "escapes": NULL * 160_000}

STORED: dict[str, dict[str, Any]] = {
    "control characters": {"location": f"a{NULL}b{NEWLINE}c{ESCAPE}", "carrier": "\u2028\x85"},
    "any script": {"location": "北京 🚚 \u202eمحمد", "carrier": "é" * 256},
    "an unknown status": {"status": "gestrandet!"},
    "blank optional fields": {"location": "  ", "carrier": None, "eventTime": ""},
    "descriptions of any type": {"location": [{}], "carrier": 1e308},
    "a long carrier": {"carrier": "x" * 257},
    "every type of JSON": {"extra": [None, True, 1, -0.5, 1e308, "", [], {}, {"": [[]]}]},
    "an injection for each service": {"location": "'); DROP TABLE", "carrier": "${jndi:ldap://x}"},
    "names of ours": {"timestamp": 1, "alertedAt": "x", "rawEvent": "x", "expiresAt": 1},
    "nearly too big for a row": {"note": "x" * 390_000},
}


@pytest.mark.parametrize("kind", STORED)
def test_an_odd_but_valid_update_is_stored(pipeline: Pipeline, kind: str) -> None:
    detail = {"shipmentId": pipeline.shipment(), "status": "IN_TRANSIT", **STORED[kind]}
    pipeline.put(detail)
    (row,) = pipeline.wait_for_rows(detail["shipmentId"])
    assert json.loads(row["rawEvent"]) == detail


def test_an_update_that_breaks_a_rule_is_kept_with_the_reason(pipeline: Pipeline) -> None:
    detail = {"shipmentId": pipeline.shipment(), "status": ["LOST"]}
    pipeline.put(detail)
    (kept,) = pipeline.wait_for_failed(detail["shipmentId"])
    assert (kept["reason"], kept["envelope"]["detail"]) == ("status: must be a string", detail)


@pytest.mark.parametrize("kind", TOO_BIG)
def test_an_update_too_big_for_a_row_is_stored_without_its_text_kept_whole_and_alerted(
    pipeline: Pipeline, kind: str
) -> None:
    detail = {"shipmentId": pipeline.shipment(), "status": "LOST", "note": TOO_BIG[kind]}
    pipeline.put(detail)
    (kept,) = pipeline.wait_for_failed(detail["shipmentId"])
    assert kept["envelope"]["detail"] == detail
    (row,) = pipeline.wait_for_rows(detail["shipmentId"])
    assert (row["rawEventTruncated"], "rawEvent" in row) == (True, False)
    assert len(pipeline.wait_for_alerts(detail["shipmentId"])) == 1
