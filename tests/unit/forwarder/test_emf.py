"""What CloudWatch makes of a log line."""

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.forwarder import metric_data

Fields = dict[str, Any]
TIME = datetime(2026, 2, 3, 4, 5, 6, 789000, tzinfo=timezone.utc)
TIME_MS = 1_770_091_506_789
COUNT = {"Name": "Updates", "Unit": "Count"}
BY_ENVIRONMENT = [{"Name": "Environment", "Value": "dev"}]
BY_STATUS = [*BY_ENVIRONMENT, {"Name": "Status", "Value": "LOST"}]
ROOT = {"Environment": "dev", "Status": "LOST", "Updates": 1, "Latency": 12.5, "reason": "none"}


def directive(*metrics: Any, by: Any = (("Environment",),), namespace: Any = "Own") -> Fields:
    return {"Namespace": namespace, "Dimensions": by, "Metrics": metrics}


def line(*directives: Any, timestamp: Any = TIME_MS, **root: Any) -> str:
    metadata = {"Timestamp": timestamp, "CloudWatchMetrics": directives}
    return json.dumps({"_aws": metadata, **ROOT, **root})


def datum(name: str, dimensions: list[Fields], **fields: Any) -> Fields:
    return {"MetricName": name, "Dimensions": dimensions, "Timestamp": TIME, **fields}


def test_a_line_gives_one_datum_a_metric_and_dimension_set() -> None:
    latency = {"Name": "Latency", "Unit": "Milliseconds"}
    found = metric_data(
        line(
            directive(latency),
            directive(COUNT, by=[["Environment", "Status"], ["Environment"], []]),
            directive(COUNT, namespace="Other"),
        )
    )
    assert found == {
        "Own": [
            datum("Latency", BY_ENVIRONMENT, Unit="Milliseconds", Value=12.5),
            datum("Updates", BY_STATUS, Unit="Count", Value=1),
            datum("Updates", BY_ENVIRONMENT, Unit="Count", Value=1),
            datum("Updates", [], Unit="Count", Value=1),
        ],
        "Other": [datum("Updates", BY_ENVIRONMENT, Unit="Count", Value=1)],
    }


@pytest.mark.parametrize(
    ("metric", "value", "fields"),
    [
        (COUNT, 0, {"Unit": "Count", "Value": 0}),
        (COUNT, -2.5, {"Unit": "Count", "Value": -2.5}),
        (COUNT, [1, 2, 2], {"Unit": "Count", "Values": [1, 2, 2]}),
        (COUNT, [1] * 100, {"Unit": "Count", "Values": [1] * 100}),
        ({"Name": "Updates"}, 1, {"Unit": "None", "Value": 1}),
        ({"Name": "Updates", "Unit": "Shipments"}, 1, {"Unit": "None", "Value": 1}),
        ({"Name": "Updates", "Unit": ["Count"]}, 1, {"Unit": "None", "Value": 1}),
        ({"Name": "Updates", "Unit": "Kilobytes/Second"}, 1, {"Unit": "Kilobytes/Second"}),
        ({**COUNT, "StorageResolution": 1}, 1, {"StorageResolution": 1}),
        ({**COUNT, "StorageResolution": 60}, 2**360, {"Unit": "Count", "Value": 2.0**360}),
    ],
)
def test_a_metric_keeps_its_unit_and_value(metric: Fields, value: Any, fields: Fields) -> None:
    (found,) = metric_data(line(directive(metric), Updates=value))["Own"]
    assert found.items() >= fields.items()
    assert ("StorageResolution" in found) == (metric.get("StorageResolution") == 1)


NONE_OF_IT = {
    "no JSON": "START RequestId: 1 Version: $LATEST",
    "more than JSON": line(directive(COUNT)) + " and more",
    "a number": "7",
    "a list": "[]",
    "a deep list": "[" * 100_000,
    "a long number": "9" * 5000,
    "another object": json.dumps(ROOT),
    "no metadata": json.dumps({"_aws": None}),
    "no time": json.dumps({"_aws": {"CloudWatchMetrics": [directive(COUNT)]}, **ROOT}),
    "a time as text": line(directive(COUNT), timestamp=str(TIME_MS)),
    "a time that is true": line(directive(COUNT), timestamp=True),
    "a time beyond the calendar": line(directive(COUNT), timestamp=10**18),
    "NaN": line(directive(COUNT), Updates=float("nan")),
    "NaN beside the metric": line(directive(COUNT), weight=float("nan")),
    "infinity": line(directive(COUNT), Updates=float("inf")),
    "directives that are no list": json.dumps(
        {"_aws": {"Timestamp": TIME_MS, "CloudWatchMetrics": directive(COUNT)}, **ROOT}
    ),
}


@pytest.mark.parametrize("text", NONE_OF_IT.values(), ids=NONE_OF_IT.keys())
def test_a_line_that_is_no_emf_has_no_metrics(text: str) -> None:
    assert metric_data(text) == {}


def many(number: int) -> Fields:
    return {f"name{index}": "value" for index in range(number)}


LEFT_OUT = {
    "a metric that the line lacks": line(directive({"Name": "Absent"})),
    "a metric that is a text": line(directive({"Name": "reason"})),
    "a metric that is true": line(directive(COUNT), Updates=True),
    "a metric without a name": line(directive({"Unit": "Count"})),
    "a metric that is no object": line(directive("Updates")),
    "a value too great": line(directive(COUNT), Updates=2**361),
    "a value that reads as infinity": line(directive(COUNT), Updates=0).replace(
        '"Updates": 0', '"Updates": 1e999'
    ),
    "no value": line(directive(COUNT), Updates=[]),
    "over 100 values": line(directive(COUNT), Updates=[1] * 101),
    "a text among values": line(directive(COUNT), Updates=[1, "2"]),
    "a dimension that the line lacks": line(directive(COUNT, by=[["Absent"]])),
    "a dimension that is a number": line(directive(COUNT, by=[["Latency"]])),
    "a dimension that is empty": line(directive(COUNT), Environment=""),
    "a dimension that is blank": line(directive(COUNT), Environment=" "),
    "a dimension that is not ASCII": line(directive(COUNT), Environment="dév"),
    "a dimension of two lines": line(directive(COUNT), Environment="d\nev"),
    "a dimension of 1,025 characters": line(directive(COUNT), Environment="d" * 1025),
    "over 30 dimensions": line(directive(COUNT, by=[list(many(31))]), **many(31)),
    "dimensions that are no list": line(directive(COUNT, by=["Environment"])),
    "no dimensions": line({"Namespace": "Own", "Metrics": [COUNT]}),
    "over 100 metrics": line(directive(*[COUNT] * 101)),
    "a directive that is no object": line("Own"),
    "no namespace": line(directive(COUNT, namespace="")),
    "a namespace of AWS": line(directive(COUNT, namespace="AWS/Lambda")),
}


@pytest.mark.parametrize("text", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_what_cloudwatch_does_not_take_is_left_out(text: str) -> None:
    assert metric_data(text) == {}


def test_what_is_left_out_takes_nothing_else_with_it() -> None:
    bad = [directive({"Name": "Absent"}, COUNT, by=[["Absent"], ["Environment"]]), "Own"]
    (found,) = metric_data(line(*bad))["Own"]
    assert found == datum("Updates", BY_ENVIRONMENT, Unit="Count", Value=1)


def test_a_dimension_set_may_have_30_names_and_a_name_1024_characters() -> None:
    texts = {**many(29), "Environment": "d" * 1024}
    (found,) = metric_data(line(directive(COUNT, by=[list(texts)]), **texts))["Own"]
    assert {each["Name"]: each["Value"] for each in found["Dimensions"]} == texts


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(["Updates", "Latency", "Environment", "Status", "reason", "", "é"]) | JSON
METRICS = st.lists(JSON | st.fixed_dictionaries({"Name": NAMES}, optional={"Unit": JSON}))
DIRECTIVES = JSON | st.fixed_dictionaries(
    {},
    optional={
        "Namespace": st.just("Own") | JSON,
        "Dimensions": st.lists(st.lists(NAMES, max_size=3) | JSON, max_size=3) | JSON,
        "Metrics": METRICS | JSON,
    },
)


@given(st.text(st.characters()))
def test_no_text_raises(text: str) -> None:
    metric_data(text)


@given(st.lists(DIRECTIVES, max_size=3) | JSON, st.just(TIME_MS) | JSON, JSON, JSON)
def test_no_metadata_raises_and_what_comes_of_it_is_what_cloudwatch_takes(
    directives: Any, timestamp: Any, updates: Any, environment: Any
) -> None:
    metadata = {"Timestamp": timestamp, "CloudWatchMetrics": directives}
    root = {**ROOT, "Updates": updates, "Environment": environment}
    for namespace, data in metric_data(json.dumps({"_aws": metadata, **root})).items():
        assert 1 <= len(namespace) <= 255
        for each in data:
            assert isinstance(each["Timestamp"], datetime)
            assert len(each.keys() & {"Value", "Values"}) == 1
            assert all(abs(value) <= 2**360 for value in each.get("Values", [each.get("Value", 0)]))
            for dimension in each["Dimensions"]:
                assert dimension["Name"].strip()
                assert dimension["Value"].strip()
                assert dimension["Value"].isascii()
