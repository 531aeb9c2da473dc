"""What `shipments cost` computes with agrees with the templates, the handlers and the pages."""

import json
import re
from typing import Any

import boto3
import cfn_flip
import pytest

from benchmarks import sizes
from scripts import capacity
from scripts.drawing.cost import draw
from scripts.drawing.picture import png
from scripts.embed import HANDLER, ROOT, STATUS_HANDLER, STATUS_TEMPLATE, TEMPLATE
from shipments import rules
from shipments.cost import companion, model
from shipments.cost.data import FOLDER, loaded
from shipments.cost.model import Traffic
from tests.account import REGION

PAGE = (ROOT / "docs" / "aws.md").read_text("utf-8")
MAIN = cfn_flip.load_yaml(TEMPLATE.read_text("utf-8"))
STATUS = cfn_flip.load_yaml(STATUS_TEMPLATE.read_text("utf-8"))
MILLION = Traffic(1_000_000)


def of_type(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    resources = template["Resources"].values()
    return [each["Properties"] for each in resources if each["Type"] == kind]


def watched(alarms: list[dict[str, Any]]) -> int:
    return sum(
        len([each for each in alarm.get("Metrics", [{"MetricStat": 1}]) if "MetricStat" in each])
        for alarm in alarms
    )


# ---- the data


def test_each_source_of_a_price_or_quota_is_on_the_page_about_aws() -> None:
    data = loaded()
    for name, entry in {**data["prices"], **data["quotas"]}.items():
        assert entry["source"] in PAGE, name
        assert name in PAGE.replace("\n", " "), name


def test_a_price_without_a_source_is_an_open_question_on_the_page() -> None:
    unsourced = [name for name, entry in loaded()["prices"].items() if not entry["source"]]
    section = PAGE.partition("### What EventBridge is paid for")[2].partition("\n### ")[0]
    assert unsourced == ["GB in the archive"]
    assert "open" in section.partition("- State:")[2]


def test_each_price_and_quota_is_used() -> None:
    used = {use.unit for use in model.ours(MILLION) + model.plain(MILLION)}
    used |= {use.unit for use in companion.status(MILLION)}
    assert used == loaded()["prices"].keys()


def test_the_sizes_and_calls_are_those_of_the_handlers_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    now = sizes.measure_sizes()
    then = json.loads((FOLDER / "measured.json").read_text("utf-8"))
    for name in sizes.HANDLERS:
        for kind in then[name]["kinds"].values():
            del kind["cpuMs"]  # of another machine
    assert now == {name: then[name] for name in now}, "run benchmarks/sizes.py"


# ---- the model


def test_the_parameters_have_the_defaults_of_the_template() -> None:
    found = {name: str(MAIN["Parameters"][name]["Default"]) for name in model.PARAMETERS}
    assert found == model.PARAMETERS
    for name, choices in model.CHOICES.items():
        assert tuple(MAIN["Parameters"][name]["AllowedValues"]) == choices


@pytest.mark.parametrize(
    ("days", "retention", "mean"),
    [(30, 30, 15), (7, 30, 3.5), (60, 45, 41.25), (365, 365, 350), (365, 30, 30), (30, 0, 0)],
)
def test_what_is_kept_is_the_mean_of_the_month_s_days(
    days: int, retention: int, mean: float
) -> None:
    assert model.kept_days(days, retention) == mean


def test_as_many_alarm_metrics_are_paid_as_the_templates_have() -> None:
    silence = {**model.PARAMETERS, "ExpectUpdatesEveryHours": "1"}
    assert model.alarm_metrics(silence) == watched(of_type(MAIN, "AWS::CloudWatch::Alarm"))
    assert watched(of_type(STATUS, "AWS::CloudWatch::Alarm")) == companion.ALARMS


def test_as_many_metrics_are_paid_as_the_functions_log() -> None:
    code = HANDLER.read_text("utf-8")
    counted = [name for _, names in rules.handler().METRICS for name in names]
    assert len(counted) == model.METRICS_WITHOUT_STATUS
    known = re.search(r"^KNOWN_STATUSES = \((.*?)\)\.split", code, re.DOTALL | re.MULTILINE)
    assert known
    words = " ".join(re.findall(r'"(.*?)"', known[1])).split()
    assert Traffic(1).statuses == len({*words, "OTHER"})
    text = STATUS_HANDLER.read_text("utf-8")
    of_status = set(re.findall(r'log(?:: Fields = {.*|\[|\.get\()"([A-Z]\w+)"', text))
    assert len(of_status) == companion.METRICS


@pytest.mark.parametrize("template", [MAIN, STATUS])
def test_a_function_is_paid_by_its_memory_on_arm(template: dict[str, Any]) -> None:
    (function,) = of_type(template, "AWS::Lambda::Function")
    assert function["MemorySize"] == model.MEMORY_GB * 1024
    assert function["Architectures"] == ["arm64"]


def test_the_status_stack_collects_as_its_template_says() -> None:
    (mapping,) = of_type(STATUS, "AWS::Lambda::EventSourceMapping")
    assert mapping["BatchSize"] == companion.BATCH
    assert int(STATUS["Parameters"]["BatchWindowSeconds"]["Default"]) == companion.WINDOW_SECONDS


def test_an_index_is_paid_for_each_key_that_an_update_changes() -> None:
    (table,) = of_type(STATUS, "AWS::DynamoDB::Table")
    keys = {
        index["IndexName"]: [each["AttributeName"] for each in index["KeySchema"]]
        for index in table["GlobalSecondaryIndexes"]
    }
    assert keys["status-index"] == ["status", "timestamp"]


# ---- the pages


def test_the_pages_have_what_is_computed() -> None:
    texts = [path.read_text("utf-8") for path in capacity.PAGES]
    assert [capacity.page(text) for text in texts] == texts, "run scripts/capacity"
    for name in capacity.tables():
        assert f"<!-- {name}: scripts/capacity -->" in "".join(texts)


def test_the_picture_has_a_point_for_each_order_of_magnitude() -> None:
    figure = draw(capacity.PER_DAY, *capacity.curves())
    for axes in figure.axes:
        for line in axes.get_lines():
            if not line.get_label().startswith("_"):
                assert list(line.get_xdata()) == capacity.PER_DAY
    assert png(figure, dpi=30).startswith(b"\x89PNG")


def test_the_readme_has_what_is_computed() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    status = model.total(model.bill(companion.status(MILLION), free=False))
    small = model.total(model.bill(companion.status(Traffic(1)), free=False))
    a_million = model.total(model.bill(model.ours(MILLION))) / 30
    few = model.total(model.bill(model.ours(Traffic(1500))))
    assert f"about ${few:.0f} a month" in readme
    assert f"about ${a_million:.2f} per million updates" in readme
    assert f"about ${(status - small) / 30:.2f} per million updates and ${small:.0f}" in readme
